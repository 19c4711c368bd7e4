// What the simulator and the kernels that it compiles know of each other. Kernels are separate shared objects, so they
// reach the simulator through the table of functions in Runtime.
#pragma once

#include <cstddef>
#include <cstdint>

namespace msl {

constexpr unsigned BUFFERS = 31;   // indices of buffers, and of threadgroup memory
constexpr unsigned LANES = 32;     // threads of a simdgroup
constexpr unsigned SLOT_BYTES = 64;

// Where a thread waits for others.
enum class Wait : unsigned { NONE, SIMDGROUP, THREADGROUP, EXITED };

// The arguments of a dispatch, shared by all its threads.
struct Dispatch {
  void* buffers[BUFFERS];
  void* threadgroup[BUFFERS];
  uint32_t groups[3];
  uint32_t group_size[3];
};

// One GPU thread, run as a fiber.
struct Thread {
  void* stack;
  const Dispatch* dispatch;
  uint32_t group[3];     // threadgroup_position_in_grid
  uint32_t position[3];  // thread_position_in_threadgroup
  uint32_t size[3];      // threads_per_threadgroup: smaller at the edges of a nonuniform grid
  uint32_t index;        // thread_index_in_threadgroup
  uint32_t simdgroups;
  Thread* first;         // lane 0 of its simdgroup
  uint32_t lanes;        // of its simdgroup
  Wait wait;
  unsigned site;         // line of the operation at which it waits
  unsigned flags;        // mem_flags of the barrier at which it waits
  unsigned parity;       // which slot the next simd operation uses
  alignas(16) unsigned char slots[2][SLOT_BYTES];

  uint32_t lane() const { return index % LANES; }
};

struct Runtime {
  Thread* current;
  // Lets the others run until all that must arrive have arrived.
  void (*wait)(Wait kind, unsigned site, unsigned flags);
  // The threadgroup's array that is declared at `site`; all threads of it get the same.
  void* (*shared)(unsigned site, size_t bytes, const char* name);
  // Tell the detector; kernels that are not watched do not.
  void (*accessed)(const void* address, size_t bytes, bool write, const void* where);
  void (*accessed_by_simdgroup)(const void* address, size_t bytes, bool write, unsigned line);
  // What is on the stack of a thread is its own.
  uintptr_t stacks;
  size_t stack_bytes;
};

enum class Source : unsigned {
  BUFFER,
  THREADGROUP,
  POSITION_IN_GRID,
  POSITION_IN_THREADGROUP,
  INDEX_IN_THREADGROUP,
  THREADGROUP_POSITION,
  THREADGROUPS,
  THREADS_PER_THREADGROUP,
  LANE,
  SIMDGROUP,
  SIMDGROUPS,
  SIMD_WIDTH,
};

// Where the value of a kernel's parameter comes from.
struct Parameter {
  Source source;
  unsigned index;
  size_t alignment;  // of what a buffer's pointer points to
  bool writes;       // whether a buffer's pointer is one to write through
};

struct Kernel {
  const char* name;
  void (*run)(const Thread&);
  const Parameter* parameters;
  unsigned count;
};

// A function constant: a variable that is set once, in a copy of the library of its own.
struct Constant {
  unsigned index;
  size_t bytes;
  void* value;
};

}  // namespace msl
