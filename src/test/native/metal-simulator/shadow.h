// What the race detector remembers of each byte of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sim {

// An access of a thread, as 64 bits: the epoch, which threadgroup barriers and new threadgroups advance; the interval,
// which barriers of the thread's simdgroup advance; the thread; and, of reads, whether others have read too.
struct Mark {
  static constexpr uint64_t SEVERAL_LANES = 1;       // of the simdgroup, in the interval
  static constexpr uint64_t SEVERAL_SIMDGROUPS = 2;  // in the epoch
  static constexpr unsigned INTERVALS = 1 << 15;

  static uint64_t of(uint64_t epoch, unsigned interval, unsigned thread) {
    return epoch << 28 | static_cast<uint64_t>(interval) << 13 | thread << 2;
  }
  static uint64_t epoch(uint64_t mark) { return mark >> 28; }
  static unsigned interval(uint64_t mark) { return mark >> 13 & (INTERVALS - 1); }
  static unsigned thread(uint64_t mark) { return mark >> 2 & 2047; }
  static unsigned simdgroup(uint64_t mark);
};

// Threads are numbered in their threadgroup. Which lane of a simdgroup loads or stores which elements of a matrix is not
// for kernels to know: such an access is by a thread beyond the last, one for each simdgroup.
constexpr unsigned MATRIX_THREAD = 1024;

inline unsigned simdgroup_of(unsigned thread) { return thread < MATRIX_THREAD ? thread / 32 : thread - MATRIX_THREAD; }
inline unsigned Mark::simdgroup(uint64_t mark) { return simdgroup_of(thread(mark)); }

// A threadgroup that has read, as 32 bits: its number, which grows with each that runs, and whether others have read too.
struct Reader {
  static constexpr uint32_t SEVERAL_GROUPS = 1;      // of its dispatch
  static constexpr uint32_t SEVERAL_DISPATCHES = 2;  // of its phase
  static constexpr uint32_t LAST = (1u << 30) - 1;

  static uint32_t number(uint32_t reader) { return reader >> 2; }
};

// Arrays with an element for each byte. The kernel gives memory only to what is touched.
struct Shadow {
  explicit Shadow(size_t bytes);
  ~Shadow();
  Shadow(const Shadow&) = delete;

  size_t bytes;
  uint64_t* writes;    // marks of the last writes
  uint64_t* reads;     // and reads
  uint32_t* written;   // where the program was at the last write
  uint32_t* read;      // and read
  uint32_t* writers;   // numbers of the threadgroups that wrote last
  uint32_t* readers;

 private:
  void* memory;
};

}  // namespace sim
