// What the detector knows while a dispatch runs, and how it tells what it finds.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "detector.h"
#include "executor.h"
#include "shadow.h"

namespace sim {

enum Space { DEVICE, THREADGROUP, SPACES };
constexpr unsigned FLAG[SPACES] = {1, 2};  // mem_flags
constexpr const char* FLAG_NAME[SPACES] = {"mem_device", "mem_threadgroup"};
constexpr unsigned SIMDGROUPS = MAX_THREADS / msl::LANES;
constexpr uint32_t LINE = 1u << 31;  // a place that is a line, not an offset in the program

struct Watched : Region {
  Shadow* shadow;
  long read;
  long written;
};

// A dispatch of this phase.
struct Started {
  uint32_t first;  // number of its first threadgroup
  std::string kernel;
  const Program* program;
};

struct Detector {
  bool watching = false;
  uint64_t epoch[SPACES] = {1, 1};
  unsigned interval[SPACES][SIMDGROUPS] = {};
  uint32_t group = 0;  // number of the threadgroup that runs
  uint32_t phase_first = 1;
  uint32_t dispatch_first = 1;
  std::vector<Started> dispatches;  // of this phase
  std::vector<uint32_t> ids;        // of this phase's threadgroups
  std::vector<Watched> regions;
  Watched* region = nullptr;  // where the last access was
  const Program* program = nullptr;
  const char* constants_page = nullptr;  // a page of the program's data
  Shadow threadgroup{THREADGROUP_MEMORY};
  std::string traffic;
  long dispatch_number = 0;

  std::mutex lock;
  std::map<const void*, std::unique_ptr<Shadow>> shadows;
};

extern Detector d;

// An access that is being judged.
struct Access {
  const char* address;
  size_t bytes;
  bool write;
  uint32_t place;
  unsigned thread;
};

// End the dispatch, saying what raced: an access to memory, at a byte of it, with an earlier one.
[[noreturn]] void race_of_threads(const Access& access, size_t byte, Space space, uint64_t other, bool other_writes,
                                  uint32_t other_place);
[[noreturn]] void race_of_groups(const Access& access, size_t byte, uint32_t other, bool other_writes,
                                 uint32_t other_place);
[[noreturn]] void outside(const Access& access, const std::string& what);
[[noreturn]] void write_to_const(const Access& access, unsigned index);

}  // namespace sim
