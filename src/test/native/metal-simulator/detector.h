// Finds data races: accesses to the same byte, one of them a write, that nothing orders. It sees each access of a kernel
// that was compiled to be watched, and judges by the rules of MSL, not by the order in which the simulator ran:
//  - threads of a threadgroup are ordered by threadgroup_barrier, those of a simdgroup by simdgroup_barrier too, if its
//    flags name the memory; other simd operations order nothing;
//  - threadgroups of a dispatch are never ordered;
//  - dispatches of a concurrent encoder are ordered by its memory barriers: what lies between two is a phase.
// On the way it counts the bytes that each threadgroup reads and writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sim {

struct Job;

// Memory that a dispatch may touch.
struct Region {
  char* begin;
  size_t bytes;
  unsigned index;   // of the buffer among the kernel's
  bool writes;      // whether the kernel may write there
  const void* key;  // whose it is: a buffer, or null for bytes that were passed by value
};

// One buffer may be bound twice.
void add_region(std::vector<Region>& regions, const Region& region);

void begin_phase();
void begin_dispatch(const Job& job);
void begin_group(uint32_t id);
void end_dispatch();
void passed_barrier(unsigned flags);
void passed_simdgroup_barrier(unsigned simdgroup, unsigned flags);

// What a kernel calls. `where` is an address in its code, or a line for an operation that knows it.
void accessed(const void* address, size_t bytes, bool write, const void* where);
void accessed_by_simdgroup(const void* address, size_t bytes, bool write, unsigned line);

// Lets go of what is known of a buffer.
void forget(const void* key);

std::string take_traffic();
void forget_traffic();

}  // namespace sim
