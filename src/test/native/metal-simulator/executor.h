// Runs the threads of a dispatch as fibers on one CPU thread, in an order that the tests choose.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compiler.h"
#include "detector.h"

namespace sim {

enum class Order { FORWARD, REVERSE, RANDOM };

// What one dispatch runs.
struct Job {
  const msl::Kernel* kernel;
  const Program* program;  // that the kernel is of
  msl::Dispatch arguments;
  size_t threadgroup_bytes[msl::BUFFERS];
  uint64_t threads[3];     // of the whole grid
  bool whole_groups;       // dispatchThreadgroups, not dispatchThreads
  bool watched;            // whether the detector judges its accesses
  std::vector<Region> regions;
};

// What has been done so far; tests read it.
struct Counters {
  long dispatches = 0;
  long threads = 0;
  long barriers = 0;
};

constexpr size_t THREADGROUP_MEMORY = 32768;
constexpr size_t MAX_THREADS = 1024;

void set_order(Order order, unsigned seed);
Order order();
std::vector<size_t> permutation(size_t count);

// Runs all threads. An empty text on success, else what the kernel did wrong.
std::string run(const Job& job);

extern Counters counters;

// What kernels call, and the thread that runs.
extern msl::Runtime runtime;

// The memory of the threadgroup that runs, and what stands at an address in it.
struct ThreadgroupMemory {
  char* begin;
  size_t used;
};
extern ThreadgroupMemory threadgroup_memory;
std::string threadgroup_array_at(const void* address);

// Whether an address is the simulator's own, which kernels reach through the headers.
bool is_runtime(const void* address);
// Ends the dispatch with a fault. Does not return.
[[noreturn]] void stop(const std::string& fault);

}  // namespace sim
