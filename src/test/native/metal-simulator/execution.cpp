// Runs the commands of a command buffer, in the order of the day, and checks what they leave.
#include <cstring>

#include "detector.h"
#include "metal.h"

namespace sim {

namespace {

// Commands that may run at the same time. They run one after the other in the order of the day.
typedef std::vector<Command*> Phase;

bool intact(Buffer* buffer) {
  static const std::string expected(CANARY, static_cast<char>(CANARY_BYTE));
  return memcmp(buffer->block, expected.data(), CANARY) == 0 &&
         memcmp(buffer->bytes + buffer->length, expected.data(), CANARY) == 0;
}

std::string check_canaries(const std::string& kernel) {
  std::lock_guard<std::mutex> held(buffers().lock);
  for (Buffer* buffer : buffers().all) {
    if (buffer->block && !intact(buffer)) {
      buffer->mark_ends();
      return kernel + ": a store outside a buffer of " + std::to_string(buffer->length) + " bytes";
    }
  }
  return "";
}

std::string run(Command& command, bool watched) {
  Job& job = command.job;
  job.regions.clear();
  job.watched = watched && job.program->watched && job.kernel->count > 0;
  for (unsigned i = 0; i < job.kernel->count; i++) {
    const msl::Parameter& parameter = job.kernel->parameters[i];
    if (parameter.source != msl::Source::BUFFER) continue;
    Binding& binding = command.bindings[parameter.index];
    void*& address = job.arguments.buffers[parameter.index];
    if (binding.bytes) {
      address = &(*binding.bytes)[0];
      job.regions.push_back({&(*binding.bytes)[0], binding.bytes->size(), parameter.index, false, nullptr});
    } else {
      Buffer* buffer = binding.buffer;
      address = buffer->bytes + binding.offset;
      add_region(job.regions, {reinterpret_cast<char*>(buffer->bytes), buffer->length, parameter.index, parameter.writes, buffer});
    }
  }
  std::string fault = sim::run(job);
  std::string damage = check_canaries(job.kernel->name);
  return fault.empty() ? damage : fault;
}

std::string run(const Phase& phase, bool watched) {
  begin_phase();
  for (size_t i : permutation(phase.size())) {
    std::string fault = run(*phase[i], watched);
    if (!fault.empty()) return fault;
  }
  return "";
}

// Runs a phase in every order, each time from the same state: the results must have the same bits.
std::string run_in_each_order(const Phase& phase) {
  std::map<Buffer*, std::string> before;
  std::map<Buffer*, std::string> expected;
  std::string names;
  for (Command* command : phase) {
    names += (names.empty() ? "" : ", ") + std::string(command->job.kernel->name);
    for (Binding& binding : command->bindings) {
      Buffer* buffer = binding.buffer;
      if (buffer && buffer->block) before[buffer] = std::string((char*)buffer->bytes, buffer->length);
    }
  }
  for (Order order : {Order::FORWARD, Order::REVERSE, Order::RANDOM}) {
    set_order(order, 7);
    for (auto& [buffer, bytes] : before) memcpy(buffer->bytes, bytes.data(), bytes.size());
    // What is a race does not depend on the order.
    std::string fault = run(phase, order == Order::FORWARD);
    if (!fault.empty()) return fault;
    for (auto& [buffer, bytes] : before) {
      std::string found((char*)buffer->bytes, buffer->length);
      if (order == Order::FORWARD) expected[buffer] = found;
      if (found != expected[buffer]) {
        return names + ": the result depends on the order of " + (phase.size() > 1 ? "dispatches or threads" : "threads");
      }
    }
  }
  return "";
}

}  // namespace

std::string execute(CommandBuffer* buffer) {
  std::string fault;
  std::swap(fault, settings.next_failure);
  if (!settings.execution) return fault;
  auto next = buffer->commands.begin();
  while (next != buffer->commands.end() && fault.empty()) {
    Phase phase;
    for (unsigned number = next->phase; next != buffer->commands.end() && next->phase == number; ++next) {
      phase.push_back(&*next);
    }
    fault = settings.each_order ? run_in_each_order(phase) : run(phase, true);
    if (!fault.empty()) report("%s", fault.c_str());
  }
  return fault;
}

}  // namespace sim
