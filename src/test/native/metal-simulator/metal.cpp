// The Metal classes, as far as Millrace uses them. Command buffers are executed on another thread some time after
// commit, so that a program that does not wait reads stale data. What the framework would refuse is written to the log.
#include <sys/mman.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "compiler.h"
#include "executor.h"
#include "objects.h"

namespace sim {

namespace {

constexpr size_t CANARY = 4096;
constexpr unsigned char CANARY_BYTE = 0xc5;
constexpr size_t MAX_SET_BYTES = 4096;
constexpr unsigned long BARRIER_SCOPE_BUFFERS = 1;
constexpr unsigned long DISPATCH_CONCURRENT = 1;

struct Limits {
  unsigned long max_threads = MAX_THREADS;
  unsigned long max_buffer_length = 1ul << 32;
  unsigned long working_set = 8ul << 30;
};

struct Totals {
  long command_buffers = 0;
  long waits = 0;
  long buffers = 0;
  long scopes = 0;  // memoryBarrierWithScope:
};

Compiler compiler;
Limits limits;
Totals totals;
bool execution = true;
bool each_order = false;
std::string next_failure;

struct Buffer : Object {
  Buffer(unsigned char* bytes, size_t length, unsigned char* block)
      : Object(class_named("MTLBuffer")), bytes(bytes), length(length), block(block) {}
  unsigned char* bytes;
  size_t length;
  unsigned char* block;  // with canaries on both sides; null for memory of the caller
};

std::mutex buffers_lock;
std::set<Buffer*> own_buffers;

struct Library : Object {
  explicit Library(const std::string& file)
      : Object(class_named("MTLLibrary")), program(std::make_shared<Program>(load(file))) {}
  std::shared_ptr<Program> program;
};

struct Function : Object {
  Function(std::shared_ptr<Program> program, const msl::Kernel* kernel)
      : Object(class_named("MTLFunction")), program(program), kernel(kernel) {}
  std::shared_ptr<Program> program;
  const msl::Kernel* kernel;
};

struct Pipeline : Object {
  explicit Pipeline(Function* function)
      : Object(class_named("MTLComputePipelineState")), program(function->program), kernel(function->kernel) {}
  std::shared_ptr<Program> program;
  const msl::Kernel* kernel;
};

struct ConstantValues : Object {
  ConstantValues() : Object(class_named("MTLFunctionConstantValues")) {}
  std::map<unsigned, std::string> values;
};

struct CompileOptions : Object {
  CompileOptions() : Object(class_named("MTLCompileOptions")) {}
  bool fast_math = true;
};

struct Binding {
  Buffer* buffer = nullptr;
  size_t offset = 0;
  std::shared_ptr<std::string> bytes;
};

struct Command {
  Pipeline* pipeline;
  Job job;
  Binding bindings[msl::BUFFERS];
  unsigned phase;  // commands of one phase may run in any order
};

enum Status : unsigned long { NOT_ENQUEUED = 0, COMMITTED = 2, COMPLETED = 4, ERROR = 5 };

struct CommandBuffer : Object {
  CommandBuffer() : Object(class_named("MTLCommandBuffer")) {}
  std::deque<Command> commands;
  std::vector<Object*> retained;
  Status status = NOT_ENQUEUED;
  bool waited = false;
  bool encoding = false;
  unsigned phase = 0;
  Object* error = nullptr;
  double start = 0;
  double end = 0;
};

struct Encoder : Object {
  Encoder(CommandBuffer* buffer, bool concurrent)
      : Object(class_named("MTLComputeCommandEncoder")), buffer(buffer), concurrent(concurrent) {}
  CommandBuffer* buffer;
  bool concurrent;
  bool ended = false;
  Pipeline* pipeline = nullptr;
  Binding bindings[msl::BUFFERS];
  size_t threadgroup_bytes[msl::BUFFERS] = {};
};

struct Queue : Object {
  Queue() : Object(class_named("MTLCommandQueue")) {}
};

struct Device : Object {
  Device() : Object(class_named("MTLDevice")) {}
};

// Allocations that are to stay in the GPU's memory. What is added counts from the next commit on.
struct ResidencySet : Object {
  ResidencySet() : Object(class_named("MTLResidencySet")) {}
  std::set<Object*> added;
  std::set<Object*> committed;
  bool requested = false;
};

std::mutex residency_lock;
std::set<ResidencySet*> residency_sets;

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

// ---- execution

bool intact(Buffer* buffer) {
  for (size_t i = 0; i < CANARY; i++) {
    if (buffer->block[i] != CANARY_BYTE || buffer->bytes[buffer->length + i] != CANARY_BYTE) return false;
  }
  return true;
}

void repair(Buffer* buffer) {
  memset(buffer->block, CANARY_BYTE, CANARY);
  memset(buffer->bytes + buffer->length, CANARY_BYTE, CANARY);
}

std::string run(Command& command) {
  Job& job = command.job;
  const msl::Kernel& kernel = *job.kernel;
  for (unsigned i = 0; i < kernel.count; i++) {
    const msl::Parameter& parameter = kernel.parameters[i];
    if (parameter.source != msl::Source::BUFFER) continue;
    Binding& binding = command.bindings[parameter.index];
    void*& address = job.arguments.buffers[parameter.index];
    if (binding.bytes) address = &(*binding.bytes)[0];
    else address = binding.buffer->bytes + binding.offset;
  }
  std::string fault = sim::run(job);
  std::lock_guard<std::mutex> held(buffers_lock);
  for (Buffer* buffer : own_buffers) {
    if (!intact(buffer)) {
      repair(buffer);
      if (fault.empty()) fault = std::string(kernel.name) + ": a store outside a buffer of " + std::to_string(buffer->length) + " bytes";
    }
  }
  return fault;
}

// Commands that may run at the same time, one after the other in the order of the day.
typedef std::vector<Command*> Phase;

std::string run(const Phase& phase) {
  for (size_t i : permutation(phase.size())) {
    std::string fault = run(*phase[i]);
    if (!fault.empty()) return fault;
  }
  return "";
}

// Runs commands in every order, each time from the same state: the results must have the same bits.
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
    std::string fault = run(phase);
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

void execute(CommandBuffer* buffer) {
  buffer->start = now();
  std::string fault = next_failure;
  next_failure.clear();
  if (execution && fault.empty()) {
    auto next = buffer->commands.begin();
    while (next != buffer->commands.end() && fault.empty()) {
      Phase phase;
      for (unsigned number = next->phase; next != buffer->commands.end() && next->phase == number; ++next) {
        phase.push_back(&*next);
      }
      fault = each_order ? run_in_each_order(phase) : run(phase);
      if (!fault.empty()) report("%s", fault.c_str());
    }
  }
  if (!fault.empty()) buffer->error = new_error(fault, 1);
  buffer->end = now();
}

// The GPU: takes command buffers in order, not before somebody waits, or a while has passed.
class Gpu {
 public:
  void submit(CommandBuffer* buffer) {
    std::lock_guard<std::mutex> held(lock);
    if (!started) std::thread([this] { loop(); }).detach();
    started = true;
    retain(buffer);
    pending.push_back(buffer);
    changed.notify_all();
  }

  void wait(CommandBuffer* buffer) {
    std::unique_lock<std::mutex> held(lock);
    buffer->waited = true;
    changed.notify_all();
    changed.wait(held, [&] { return buffer->status >= COMPLETED; });
  }

 private:
  void loop() {
    std::unique_lock<std::mutex> held(lock);
    for (;;) {
      changed.wait(held, [&] { return !pending.empty(); });
      CommandBuffer* buffer = pending.front();
      changed.wait_for(held, std::chrono::milliseconds(200), [&] { return buffer->waited; });
      held.unlock();
      execute(buffer);
      held.lock();
      pending.pop_front();
      buffer->status = buffer->error ? ERROR : COMPLETED;
      release(buffer);  // before who waits goes on, so that tests count the same objects each time
      changed.notify_all();
    }
  }

  std::mutex lock;
  std::condition_variable changed;
  std::deque<CommandBuffer*> pending;
  bool started = false;
};

Gpu& gpu() {
  static Gpu* one = new Gpu;
  return *one;
}

// ---- device

Object* new_buffer(size_t length) {
  if (length == 0 || length > limits.max_buffer_length) {
    report("newBufferWithLength: %zu bytes, the device allows 1 to %lu", length, limits.max_buffer_length);
    return nullptr;
  }
  totals.buffers++;
  size_t page = sysconf(_SC_PAGESIZE);
  // Aligned to a page as on a Mac, with canaries around, and NaN inside.
  size_t room = (length + page - 1) / page * page + 2 * CANARY;
  auto* block = static_cast<unsigned char*>(aligned_alloc(page, (room + page - 1) / page * page));
  auto* buffer = new Buffer(block + CANARY, length, block);
  memset(buffer->bytes, 0xff, length);
  repair(buffer);
  std::lock_guard<std::mutex> held(buffers_lock);
  own_buffers.insert(buffer);
  return buffer;
}

Object* new_buffer_no_copy(void* bytes, size_t length) {
  size_t page = sysconf(_SC_PAGESIZE);
  if (reinterpret_cast<size_t>(bytes) % page != 0 || length % page != 0 || length == 0) {
    report("newBufferWithBytesNoCopy: address %p and length %zu are not multiples of the page, %zu", bytes, length, page);
    return nullptr;
  }
  if (length > limits.max_buffer_length) {
    report("newBufferWithBytesNoCopy: %zu bytes, the device allows %lu", length, limits.max_buffer_length);
    return nullptr;
  }
  totals.buffers++;
  return new Buffer(static_cast<unsigned char*>(bytes), length, nullptr);
}

Object* new_library(Object* source, Object* options, Object** error) {
  try {
    bool fast_math = options ? static_cast<CompileOptions*>(options)->fast_math : true;
    return new Library(compile(compiler, text_of(source), fast_math));
  } catch (const std::string& message) {
    if (error) *error = autorelease(new_error(message, 3));
    return nullptr;
  }
}

Object* new_function(Library* library, Object* name, ConstantValues* values, Object** error) {
  std::string text = text_of(name);
  if (!library->program->find(text)) {
    if (error) *error = autorelease(new_error("there is no function " + text, 1));
    return nullptr;
  }
  auto program = library->program;
  if (values) {
    program = std::make_shared<Program>(load(program->file));
    for (unsigned i = 0; i < program->constant_count; i++) {
      const msl::Constant& constant = program->constants[i];
      auto found = values->values.find(constant.index);
      if (found != values->values.end()) memcpy(constant.value, found->second.data(), constant.bytes);
    }
  } else if (program->constant_count > 0) {
    report("function %s of a library with function constants, made without their values", text.c_str());
  }
  return new Function(program, program->find(text));
}

// ---- encoder

Encoder* open_encoder(Object* self, const char* message) {
  auto* encoder = static_cast<Encoder*>(self);
  if (encoder->ended) report("%s after endEncoding", message);
  if (encoder->owner != std::this_thread::get_id()) report("%s on another thread than the encoder's", message);
  return encoder;
}

bool check_index(unsigned long index, const char* message) {
  if (index < msl::BUFFERS) return true;
  report("%s index %lu, the largest is 30", message, index);
  return false;
}

void set_buffer(Object* self, Object* buffer, size_t offset, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setBuffer");
  if (!check_index(index, "setBuffer")) return;
  if (buffer && offset >= static_cast<Buffer*>(buffer)->length) {
    report("setBuffer offset %zu of a buffer of %zu bytes", offset, static_cast<Buffer*>(buffer)->length);
    return;
  }
  Binding binding;
  binding.buffer = static_cast<Buffer*>(buffer);
  binding.offset = offset;
  encoder->bindings[index] = binding;
  if (buffer) encoder->buffer->retained.push_back(retain(buffer));
}

void set_bytes(Object* self, const void* bytes, size_t length, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setBytes");
  if (!check_index(index, "setBytes")) return;
  if (length == 0 || length > MAX_SET_BYTES) {
    report("setBytes length %zu, expected 1 to %zu", length, MAX_SET_BYTES);
    return;
  }
  Binding binding;
  binding.bytes = std::make_shared<std::string>(static_cast<const char*>(bytes), length);
  encoder->bindings[index] = binding;
}

void set_threadgroup_memory(Object* self, size_t length, unsigned long index) {
  Encoder* encoder = open_encoder(self, "setThreadgroupMemoryLength");
  if (!check_index(index, "setThreadgroupMemoryLength")) return;
  if (length % 16 != 0) report("setThreadgroupMemoryLength %zu is not a multiple of 16", length);
  encoder->threadgroup_bytes[index] = length;
}

bool check_bindings(Encoder* encoder) {
  const msl::Kernel& kernel = *encoder->pipeline->kernel;
  for (unsigned i = 0; i < kernel.count; i++) {
    const msl::Parameter& parameter = kernel.parameters[i];
    if (parameter.source == msl::Source::THREADGROUP && encoder->threadgroup_bytes[parameter.index] == 0) {
      report("%s: threadgroup memory %u has no length", kernel.name, parameter.index);
      return false;
    }
    if (parameter.source != msl::Source::BUFFER) continue;
    const Binding& binding = encoder->bindings[parameter.index];
    if (!binding.buffer && !binding.bytes) {
      report("%s: buffer %u is not bound", kernel.name, parameter.index);
      return false;
    }
    if (binding.buffer && reinterpret_cast<size_t>(binding.buffer->bytes + binding.offset) % parameter.alignment != 0) {
      report("%s: buffer %u has offset %zu, expected a multiple of %zu", kernel.name, parameter.index, binding.offset,
             parameter.alignment);
      return false;
    }
    if (binding.bytes && binding.bytes->size() % parameter.alignment != 0) {
      report("%s: buffer %u has %zu bytes, expected a multiple of %zu", kernel.name, parameter.index,
             binding.bytes->size(), parameter.alignment);
      return false;
    }
  }
  return true;
}

void dispatch(Object* self, Size grid, Size group, bool whole_groups) {
  Encoder* encoder = open_encoder(self, "dispatch");
  if (!encoder->pipeline) {
    report("dispatch without a pipeline");
    return;
  }
  size_t threads = group.width * group.height * group.depth;
  if (threads == 0 || threads > limits.max_threads) {
    report("%s: %zu threads in a threadgroup, the pipeline allows 1 to %lu", encoder->pipeline->kernel->name, threads,
           limits.max_threads);
    return;
  }
  if (grid.width * grid.height * grid.depth == 0) {
    report("%s: an empty grid", encoder->pipeline->kernel->name);
    return;
  }
  if (!check_bindings(encoder)) return;
  Command& command = encoder->buffer->commands.emplace_back();
  command.pipeline = encoder->pipeline;
  Job& job = command.job;
  job.kernel = encoder->pipeline->kernel;
  job.runtime = encoder->pipeline->program->runtime;
  job.whole_groups = whole_groups;
  memset(&job.arguments, 0, sizeof job.arguments);
  memcpy(job.threadgroup_bytes, encoder->threadgroup_bytes, sizeof job.threadgroup_bytes);
  unsigned long grids[3] = {grid.width, grid.height, grid.depth};
  unsigned long groups[3] = {group.width, group.height, group.depth};
  for (int d = 0; d < 3; d++) {
    job.arguments.group_size[d] = groups[d];
    job.threads[d] = whole_groups ? grids[d] * groups[d] : grids[d];
    job.arguments.groups[d] = whole_groups ? grids[d] : (grids[d] + groups[d] - 1) / groups[d];
  }
  for (unsigned i = 0; i < job.kernel->count; i++) {
    const msl::Parameter& parameter = job.kernel->parameters[i];
    if (parameter.source == msl::Source::BUFFER) command.bindings[parameter.index] = encoder->bindings[parameter.index];
  }
  // A serial encoder runs its commands one after the other.
  if (!encoder->concurrent) encoder->buffer->phase++;
  command.phase = encoder->buffer->phase;
}

Object* new_encoder(Object* self, bool concurrent) {
  auto* buffer = static_cast<CommandBuffer*>(self);
  if (buffer->encoding) report("a second encoder before endEncoding of the first");
  if (buffer->status != NOT_ENQUEUED) report("an encoder of a command buffer that is committed");
  buffer->encoding = true;
  buffer->phase++;
  retain(buffer);
  return autorelease(new Encoder(buffer, concurrent));
}

// What a release of macOS brought: without it, classes and methods are not there.
constexpr int LATEST_SYSTEM = 15;

void set_system(int release) {
  Class& device = class_named("MTLDevice");
  Class& queue = class_named("MTLCommandQueue");
  Class& options = class_named("MTLCompileOptions");
  if (release < 15) {
    remove_class("MTLResidencySetDescriptor");
    remove_method(device, "newResidencySetWithDescriptor:error:");
    remove_method(queue, "addResidencySet:");
    remove_method(queue, "removeResidencySet:");
    remove_method(options, "setMathMode:");
    return;
  }
  Class& descriptor = class_named("MTLResidencySetDescriptor");
  add_method(*descriptor.isa, "new", +[](Object*, Selector) {
    return new Object(class_named("MTLResidencySetDescriptor"));
  });
  add_method(descriptor, "setInitialCapacity:", +[](Object*, Selector, unsigned long) {});
  add_method(device, "newResidencySetWithDescriptor:error:", +[](Object*, Selector, Object*, Object**) {
    auto* created = new ResidencySet;
    std::lock_guard<std::mutex> held(residency_lock);
    residency_sets.insert(created);
    return (Object*)created;
  });
  add_method(queue, "addResidencySet:", +[](Object*, Selector, Object*) {});
  add_method(queue, "removeResidencySet:", +[](Object*, Selector, Object*) {});
  add_method(options, "setMathMode:", +[](Object* self, Selector, long mode) {
    static_cast<CompileOptions*>(self)->fast_math = mode != 0;
  });
}

void residency() {
  Class& set = class_named("MTLResidencySet");
  set.dispose = [](Object* self) {
    auto* it = static_cast<ResidencySet*>(self);
    std::lock_guard<std::mutex> held(residency_lock);
    residency_sets.erase(it);
    for (Object* allocation : it->added) release(allocation);
  };
  add_method(set, "addAllocation:", +[](Object* self, Selector, Object* allocation) {
    if (static_cast<ResidencySet*>(self)->added.insert(allocation).second) retain(allocation);
  });
  add_method(set, "removeAllocation:", +[](Object* self, Selector, Object* allocation) {
    auto* it = static_cast<ResidencySet*>(self);
    if (it->added.erase(allocation)) {
      it->committed.erase(allocation);
      release(allocation);
    }
  });
  add_method(set, "commit", +[](Object* self, Selector) {
    auto* it = static_cast<ResidencySet*>(self);
    it->committed = it->added;
  });
  add_method(set, "requestResidency", +[](Object* self, Selector) { static_cast<ResidencySet*>(self)->requested = true; });
  add_method(set, "endResidency", +[](Object* self, Selector) { static_cast<ResidencySet*>(self)->requested = false; });
}

struct Metal {
  Metal() {
    buffers();
    libraries();
    commands();
    encoders();
    residency();
    set_system(LATEST_SYSTEM);
  }

  void buffers() {
    Class& device = class_named("MTLDevice");
    add_method(device, "name", +[](Object*, Selector) { return autorelease(new_string("Metal simulator")); });
    add_method(device, "newCommandQueue", +[](Object*, Selector) { return (Object*)new Queue; });
    add_method(device, "supportsFamily:", +[](Object*, Selector, long family) {
      return (family >= 1001 && family <= 1008) || family == 5001;
    });
    add_method(device, "maxBufferLength", +[](Object*, Selector) { return limits.max_buffer_length; });
    add_method(device, "recommendedMaxWorkingSetSize", +[](Object*, Selector) { return limits.working_set; });
    add_method(device, "maxThreadgroupMemoryLength", +[](Object*, Selector) { return (unsigned long)THREADGROUP_MEMORY; });
    add_method(device, "hasUnifiedMemory", +[](Object*, Selector) { return true; });
    add_method(device, "newBufferWithLength:options:", +[](Object*, Selector, unsigned long length, unsigned long) {
      return new_buffer(length);
    });
    add_method(device, "newBufferWithBytesNoCopy:length:options:deallocator:",
               +[](Object*, Selector, void* bytes, unsigned long length, unsigned long, void*) {
                 return new_buffer_no_copy(bytes, length);
               });
    Class& buffer = class_named("MTLBuffer");
    buffer.dispose = [](Object* self) {
      auto* it = static_cast<Buffer*>(self);
      std::lock_guard<std::mutex> held(buffers_lock);
      own_buffers.erase(it);
      free(it->block);
    };
    add_method(buffer, "contents", +[](Object* self, Selector) { return (void*)static_cast<Buffer*>(self)->bytes; });
    add_method(buffer, "length", +[](Object* self, Selector) { return (unsigned long)static_cast<Buffer*>(self)->length; });
  }

  void libraries() {
    Class& device = class_named("MTLDevice");
    add_method(device, "newLibraryWithSource:options:error:",
               +[](Object*, Selector, Object* source, Object* options, Object** error) {
                 return new_library(source, options, error);
               });
    add_method(device, "newComputePipelineStateWithFunction:error:", +[](Object*, Selector, Object* function, Object**) {
      return (Object*)new Pipeline(static_cast<Function*>(function));
    });
    Class& options = class_named("MTLCompileOptions");
    add_method(*options.isa, "new", +[](Object*, Selector) { return (Object*)new CompileOptions; });
    add_method(options, "setLanguageVersion:", +[](Object*, Selector, unsigned long) {});
    add_method(options, "setFastMathEnabled:", +[](Object* self, Selector, bool on) {
      static_cast<CompileOptions*>(self)->fast_math = on;
    });
    Class& values = class_named("MTLFunctionConstantValues");
    add_method(*values.isa, "new", +[](Object*, Selector) { return (Object*)new ConstantValues; });
    add_method(values, "setConstantValue:type:atIndex:",
               +[](Object* self, Selector, const void* value, unsigned long type, unsigned long index) {
                 size_t bytes = type == 53 ? 1 : type == 16 ? 2 : 4;
                 static_cast<ConstantValues*>(self)->values[index] = std::string(static_cast<const char*>(value), bytes);
               });
    Class& library = class_named("MTLLibrary");
    add_method(library, "newFunctionWithName:", +[](Object* self, Selector, Object* name) {
      return new_function(static_cast<Library*>(self), name, nullptr, nullptr);
    });
    add_method(library, "newFunctionWithName:constantValues:error:",
               +[](Object* self, Selector, Object* name, Object* values, Object** error) {
                 return new_function(static_cast<Library*>(self), name, static_cast<ConstantValues*>(values), error);
               });
    Class& pipeline = class_named("MTLComputePipelineState");
    add_method(pipeline, "maxTotalThreadsPerThreadgroup", +[](Object*, Selector) { return limits.max_threads; });
    add_method(pipeline, "threadExecutionWidth", +[](Object*, Selector) { return (unsigned long)msl::LANES; });
  }

  void commands() {
    add_method(class_named("MTLCommandQueue"), "commandBuffer", +[](Object*, Selector) {
      totals.command_buffers++;
      return autorelease(new CommandBuffer);
    });
    Class& buffer = class_named("MTLCommandBuffer");
    buffer.dispose = [](Object* self) {
      auto* it = static_cast<CommandBuffer*>(self);
      for (Object* object : it->retained) release(object);
      if (it->error) release(it->error);
      it->commands.clear();
      it->retained.clear();
    };
    add_method(buffer, "computeCommandEncoder", +[](Object* self, Selector) { return new_encoder(self, false); });
    add_method(buffer, "computeCommandEncoderWithDispatchType:", +[](Object* self, Selector, unsigned long type) {
      return new_encoder(self, type == DISPATCH_CONCURRENT);
    });
    add_method(buffer, "commit", +[](Object* self, Selector) {
      auto* it = static_cast<CommandBuffer*>(self);
      if (it->encoding) report("commit before endEncoding");
      if (it->status != NOT_ENQUEUED) report("commit of a command buffer that is committed");
      it->status = COMMITTED;
      gpu().submit(it);
    });
    add_method(buffer, "waitUntilCompleted", +[](Object* self, Selector) {
      totals.waits++;
      auto* it = static_cast<CommandBuffer*>(self);
      if (it->status == NOT_ENQUEUED) {
        report("waitUntilCompleted before commit would wait for ever");
        return;
      }
      gpu().wait(it);
    });
    add_method(buffer, "status", +[](Object* self, Selector) { return (unsigned long)static_cast<CommandBuffer*>(self)->status; });
    add_method(buffer, "error", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->error; });
    add_method(buffer, "GPUStartTime", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->start; });
    add_method(buffer, "GPUEndTime", +[](Object* self, Selector) { return static_cast<CommandBuffer*>(self)->end; });
  }

  void encoders() {
    Class& encoder = class_named("MTLComputeCommandEncoder");
    encoder.dispose = [](Object* self) {
      auto* it = static_cast<Encoder*>(self);
      if (!it->ended) report("a command encoder released without endEncoding");
      for (Binding& binding : it->bindings) binding = Binding();
      release(it->buffer);
    };
    add_method(encoder, "setComputePipelineState:", +[](Object* self, Selector, Object* pipeline) {
      Encoder* it = open_encoder(self, "setComputePipelineState");
      it->pipeline = static_cast<Pipeline*>(pipeline);
      it->buffer->retained.push_back(retain(pipeline));
    });
    add_method(encoder, "setBuffer:offset:atIndex:",
               +[](Object* self, Selector, Object* buffer, unsigned long offset, unsigned long index) {
                 set_buffer(self, buffer, offset, index);
               });
    add_method(encoder, "setBytes:length:atIndex:",
               +[](Object* self, Selector, const void* bytes, unsigned long length, unsigned long index) {
                 set_bytes(self, bytes, length, index);
               });
    add_method(encoder, "setThreadgroupMemoryLength:atIndex:",
               +[](Object* self, Selector, unsigned long length, unsigned long index) {
                 set_threadgroup_memory(self, length, index);
               });
    add_method(encoder, "dispatchThreadgroups:threadsPerThreadgroup:", +[](Object* self, Selector, Size grid, Size group) {
      dispatch(self, grid, group, true);
    });
    add_method(encoder, "dispatchThreads:threadsPerThreadgroup:", +[](Object* self, Selector, Size grid, Size group) {
      dispatch(self, grid, group, false);
    });
    add_method(encoder, "memoryBarrierWithScope:", +[](Object* self, Selector, unsigned long scope) {
      if (scope != BARRIER_SCOPE_BUFFERS) report("memoryBarrierWithScope: %lu, buffers are scope 1", scope);
      totals.scopes++;
      open_encoder(self, "memoryBarrierWithScope")->buffer->phase++;
    });
    add_method(encoder, "endEncoding", +[](Object* self, Selector) {
      Encoder* it = open_encoder(self, "endEncoding");
      it->ended = true;
      it->buffer->encoding = false;
    });
  }
} metal;

}  // namespace

extern "C" {

Object* MTLCreateSystemDefaultDevice() { return new Device; }

// ---- what tests set and read

void simulator_compiler(const char* command, const char* headers, const char* cache) {
  compiler = {command, headers, cache};
}

// 3 is each order, one after the other.
void simulator_order(int order, unsigned seed) {
  each_order = order == 3;
  set_order(each_order ? Order::FORWARD : static_cast<Order>(order), seed);
}

void simulator_limits(long max_threads, long max_buffer_length, long working_set) {
  limits = {(unsigned long)max_threads, (unsigned long)max_buffer_length, (unsigned long)working_set};
}

void simulator_execution(int on) { execution = on; }

void simulator_fail_next(const char* text) { next_failure = text; }

// As a Mac with this release of macOS: 15 is the first with residency sets.
void simulator_system(int release) { set_system(release); }

// Bytes of the buffers in residency sets that were committed and requested.
long simulator_resident() {
  std::lock_guard<std::mutex> held(residency_lock);
  std::set<Object*> resident;
  for (ResidencySet* set : residency_sets) {
    if (set->requested) resident.insert(set->committed.begin(), set->committed.end());
  }
  long bytes = 0;
  for (Object* buffer : resident) bytes += static_cast<Buffer*>(buffer)->length;
  return bytes;
}

const char* simulator_report() {
  static std::string text;
  text = take_report();
  return text.c_str();
}

long simulator_live() { return live_objects(); }

long simulator_live_of(const char* class_name) { return live_objects_of(class_name); }

void simulator_counters(long* into) {
  long values[] = {totals.command_buffers, totals.waits,       totals.buffers,   totals.scopes,
                   counters.dispatches,    counters.threads, counters.barriers};
  memcpy(into, values, sizeof values);
}
}

}  // namespace sim
