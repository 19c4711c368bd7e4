// Runs the threads of a dispatch as fibers on one CPU thread, in an order that the tests choose.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "msl/kernel_abi.h"

namespace sim {

enum class Order { FORWARD, REVERSE, RANDOM };

// What one dispatch runs.
struct Job {
  const msl::Kernel* kernel;
  msl::Runtime** runtime;  // the kernel library's pointer to ours
  msl::Dispatch arguments;
  size_t threadgroup_bytes[msl::BUFFERS];
  uint64_t threads[3];     // of the whole grid
  bool whole_groups;       // dispatchThreadgroups, not dispatchThreads
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

}  // namespace sim
