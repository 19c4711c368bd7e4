#include "executor.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "fiber.h"
#include "objects.h"

namespace sim {

Counters counters;

namespace {

constexpr unsigned PASSED = 1 << 20;  // beyond the places of declarations: memory whose length was set

Order chosen_order = Order::FORWARD;
std::mt19937 random_numbers;

// A failure of the kernel that ends the dispatch.
struct Fault {
  std::string text;
};

}  // namespace

void set_order(Order order, unsigned seed) {
  chosen_order = order;
  random_numbers.seed(seed);
}

Order order() { return chosen_order; }

std::vector<size_t> permutation(size_t count) {
  std::vector<size_t> indices(count);
  for (size_t i = 0; i < count; i++) indices[i] = chosen_order == Order::REVERSE ? count - 1 - i : i;
  if (chosen_order == Order::RANDOM) std::shuffle(indices.begin(), indices.end(), random_numbers);
  return indices;
}

namespace {

// An array that the threads of a threadgroup share.
struct Array {
  std::string name;
  char* begin;
  size_t bytes;
};

// The threadgroup that is running. One at a time: a GPU gives no order between them.
struct Group {
  msl::Thread threads[MAX_THREADS];
  msl::Dispatch arguments;
  unsigned char* stacks = static_cast<unsigned char*>(
      mmap(nullptr, STACK * MAX_THREADS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  alignas(16) char memory[THREADGROUP_MEMORY];
  std::map<unsigned, Array> arrays;  // by the place of the declaration
  void* scheduler = nullptr;  // its stack, while a fiber runs
  std::string fault;          // what a fiber ran into
  const msl::Kernel* kernel = nullptr;
};

Group& group() {
  static Group* one = new Group;
  return *one;
}

}  // namespace

msl::Runtime runtime;
ThreadgroupMemory threadgroup_memory;

namespace {

void yield(msl::Thread* thread) { switch_fiber(&thread->stack, group().scheduler); }

void wait(msl::Wait kind, unsigned site, unsigned flags) {
  msl::Thread* thread = runtime.current;
  thread->wait = kind;
  thread->site = site;
  thread->flags = flags;
  yield(thread);
}

char* allocate(size_t bytes) {
  size_t needed = threadgroup_memory.used + (bytes + 15) / 16 * 16;
  if (needed > THREADGROUP_MEMORY) {
    group().fault = "threadgroup memory of " + std::to_string(needed) + " bytes exceeds 32768";
    return nullptr;
  }
  char* result = threadgroup_memory.begin + threadgroup_memory.used;
  threadgroup_memory.used = needed;
  return result;
}

void* shared(unsigned site, size_t bytes, const char* name) {
  Group& g = group();
  auto found = g.arrays.find(site);
  if (found == g.arrays.end()) {
    char* memory = allocate(bytes);
    if (!memory) wait(msl::Wait::EXITED, site, 0);  // does not come back
    found = g.arrays.emplace(site, Array{name, memory, bytes}).first;
  }
  return found->second.begin;
}

void fiber() {
  msl::Thread* thread = runtime.current;
  group().kernel->run(*thread);
  thread->wait = msl::Wait::EXITED;
  yield(thread);
}

void resume(msl::Thread& thread) {
  runtime.current = &thread;
  switch_fiber(&group().scheduler, thread.stack);
  if (!group().fault.empty()) throw Fault{group().fault};
}

std::string at(unsigned site) { return " (line " + std::to_string(site) + ")"; }

// Runs the lanes of a simdgroup until all have exited or wait at a threadgroup barrier.
msl::Wait run_simdgroup(msl::Thread* first, uint32_t lanes) {
  for (;;) {
    for (size_t lane : permutation(lanes)) {
      if (first[lane].wait == msl::Wait::NONE) resume(first[lane]);
    }
    msl::Wait kind = first[0].wait;
    unsigned site = first[0].site;
    for (uint32_t lane = 1; lane < lanes; lane++) {
      msl::Thread& thread = first[lane];
      if (thread.wait != kind) {
        unsigned line = kind == msl::Wait::EXITED ? thread.site : site;
        if (kind == msl::Wait::EXITED || thread.wait == msl::Wait::EXITED) {
          throw Fault{"some lanes of a simdgroup have exited while others synchronize" + at(line)};
        }
        throw Fault{"lanes of a simdgroup diverge: some are at a barrier, others at a simd operation" + at(line)};
      }
      if (kind != msl::Wait::EXITED && thread.site != site) {
        throw Fault{"lanes of a simdgroup diverge: they synchronize at lines " + std::to_string(site) + " and " +
                    std::to_string(thread.site)};
      }
    }
    if (kind != msl::Wait::SIMDGROUP) return kind;
    passed_simdgroup_barrier(first[0].index / msl::LANES, first[0].flags);
    for (uint32_t lane = 0; lane < lanes; lane++) first[lane].wait = msl::Wait::NONE;
  }
}

void run_group(uint32_t threads) {
  Group& g = group();
  uint32_t simdgroups = (threads + msl::LANES - 1) / msl::LANES;
  for (;;) {
    uint32_t exited = 0;
    for (size_t s : permutation(simdgroups)) {
      msl::Thread* first = &g.threads[s * msl::LANES];
      exited += run_simdgroup(first, first->lanes) == msl::Wait::EXITED;
    }
    if (exited == simdgroups) return;
    unsigned site = 0;
    for (uint32_t s = 0; s < simdgroups; s++) {
      msl::Thread& first = g.threads[s * msl::LANES];
      if (first.wait == msl::Wait::EXITED) continue;
      if (site != 0 && site != first.site) {
        throw Fault{"simdgroups wait at different barriers, lines " + std::to_string(site) + " and " +
                    std::to_string(first.site)};
      }
      site = first.site;
    }
    if (exited != 0) throw Fault{"a barrier is not reached by all simdgroups" + at(site)};
    counters.barriers++;
    passed_barrier(g.threads[0].flags);
    for (uint32_t i = 0; i < threads; i++) g.threads[i].wait = msl::Wait::NONE;
  }
}

// Threadgroup memory holds NaN until a kernel writes it.
void poison(const Job& job, msl::Dispatch& arguments) {
  Group& g = group();
  memset(g.memory, 0xff, sizeof g.memory);
  threadgroup_memory = {g.memory, 0};
  g.arrays.clear();
  for (unsigned i = 0; i < msl::BUFFERS; i++) {
    if (job.threadgroup_bytes[i] == 0) continue;
    char* memory = allocate(job.threadgroup_bytes[i]);
    if (!memory) throw Fault{g.fault};
    arguments.threadgroup[i] = memory;
    g.arrays[PASSED + i] = {"at index " + std::to_string(i), memory, job.threadgroup_bytes[i]};
  }
}

void run_groups(const Job& job, msl::Dispatch& arguments) {
  Group& g = group();
  const uint32_t* groups = arguments.groups;
  const uint32_t* size = arguments.group_size;
  for (size_t id : permutation(static_cast<size_t>(groups[0]) * groups[1] * groups[2])) {
    poison(job, arguments);
    begin_group(static_cast<uint32_t>(id));
    uint32_t place[3] = {static_cast<uint32_t>(id % groups[0]), static_cast<uint32_t>(id / groups[0] % groups[1]),
                         static_cast<uint32_t>(id / groups[0] / groups[1])};
    uint32_t extent[3];
    for (int d = 0; d < 3; d++) {
      uint64_t left = job.threads[d] - static_cast<uint64_t>(place[d]) * size[d];
      extent[d] = job.whole_groups ? size[d] : static_cast<uint32_t>(std::min<uint64_t>(size[d], left));
    }
    uint32_t threads = extent[0] * extent[1] * extent[2];
    for (uint32_t i = 0; i < threads; i++) {
      msl::Thread& thread = g.threads[i];
      memcpy(thread.group, place, sizeof place);
      memcpy(thread.size, extent, sizeof extent);
      thread.position[0] = i % extent[0];
      thread.position[1] = i / extent[0] % extent[1];
      thread.position[2] = i / extent[0] / extent[1];
      thread.dispatch = &arguments;
      thread.index = i;
      thread.simdgroups = (threads + msl::LANES - 1) / msl::LANES;
      thread.first = &g.threads[i / msl::LANES * msl::LANES];
      thread.lanes = std::min<uint32_t>(msl::LANES, threads - i / msl::LANES * msl::LANES);
      thread.wait = msl::Wait::NONE;
      thread.site = thread.flags = thread.parity = 0;
      thread.stack = new_fiber(g.stacks + i * STACK, fiber);
    }
    run_group(threads);
    counters.threads += threads;
  }
}

}  // namespace

std::string run(const Job& job) {
  Group& g = group();
  runtime.wait = wait;
  runtime.shared = shared;
  runtime.accessed = accessed;
  runtime.accessed_by_simdgroup = accessed_by_simdgroup;
  runtime.stacks = reinterpret_cast<uintptr_t>(g.stacks);
  // All memory passes for a thread's own when nobody watches.
  runtime.stack_bytes = job.watched ? STACK * MAX_THREADS : SIZE_MAX;
  *job.program->runtime = &runtime;
  counters.dispatches++;
  g.kernel = job.kernel;
  g.fault.clear();
  g.arguments = job.arguments;
  begin_dispatch(job);
  std::string fault;
  try {
    run_groups(job, g.arguments);
  } catch (const Fault& found) {
    fault = std::string(job.kernel->name) + ": " + found.text;
  }
  end_dispatch();
  return fault;
}

std::string threadgroup_array_at(const void* address) {
  for (auto& [site, array] : group().arrays) {
    ptrdiff_t byte = static_cast<const char*>(address) - array.begin;
    if (byte >= 0 && byte < static_cast<ptrdiff_t>(array.bytes)) {
      return "byte " + std::to_string(byte) + " of threadgroup memory " + array.name;
    }
  }
  return "threadgroup memory";
}

bool is_runtime(const void* address) {
  auto* at = static_cast<const char*>(address);
  auto* own = reinterpret_cast<const char*>(&group());
  auto* table = reinterpret_cast<const char*>(&runtime);
  return (at >= own && at < own + sizeof(Group)) || (at >= table && at < table + sizeof runtime);
}

void stop(const std::string& fault) {
  group().fault = fault;
  for (;;) wait(msl::Wait::EXITED, 0, 0);
}

}  // namespace sim
