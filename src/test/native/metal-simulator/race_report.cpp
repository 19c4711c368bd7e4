// What a race is told with.
#include "detector_state.h"

namespace sim {

namespace {

const Started& dispatch_of(uint32_t group) {
  size_t i = d.dispatches.size() - 1;
  while (i > 0 && d.dispatches[i].first > group) i--;
  return d.dispatches[i];
}

std::string place(const Program& program, uint32_t place) {
  if (place == 0) return "?";
  return place & LINE ? "line " + std::to_string(place & ~LINE) : line_of(program, place - 1);
}

std::string verb(bool write) { return write ? "writes" : "reads"; }

std::string memory_at(const char* address, Space space) {
  if (space == THREADGROUP) return threadgroup_array_at(address);
  for (Watched& region : d.regions) {
    if (address >= region.begin && address < region.begin + region.bytes) {
      return "byte " + std::to_string(address - region.begin) + " of buffer " + std::to_string(region.index);
    }
  }
  return "memory";
}

std::string name_of(unsigned thread) {
  return thread < MATRIX_THREAD ? "thread " + std::to_string(thread)
                                : "the matrix operation of simdgroup " + std::to_string(simdgroup_of(thread));
}

}  // namespace

void race_of_threads(const Access& access, size_t byte, Space space, uint64_t other, bool other_writes,
                                  uint32_t other_place) {
  unsigned thread = Mark::thread(other);
  bool same_simdgroup = simdgroup_of(thread) == simdgroup_of(access.thread);
  stop("race in threadgroup " + std::to_string(d.ids.back()) + " on " + memory_at(access.address + byte, space) + ": " +
       (thread == access.thread ? "another thread" : name_of(thread)) + " " + verb(other_writes) + " it (" +
       place(*d.program, other_place) + "), " + name_of(access.thread) + " " + verb(access.write) + " it (" +
       place(*d.program, access.place) + "), and no " + (same_simdgroup ? "simdgroup_barrier" : "threadgroup_barrier") +
       " with " + FLAG_NAME[space] + " is between");
}

void race_of_groups(const Access& access, size_t byte, uint32_t other, bool other_writes,
                                 uint32_t other_place) {
  const Started& started = dispatch_of(other);
  std::string at = memory_at(access.address + byte, DEVICE);
  std::string before = verb(other_writes) + " it (" + place(*started.program, other_place) + "), ";
  std::string now = verb(access.write) + " it (" + place(*d.program, access.place) + ")";
  if (other >= d.dispatch_first) {
    stop("race on " + at + ": threadgroup " +
         (other == d.group ? "?" : std::to_string(d.ids[other - d.phase_first])) + " " + before + "threadgroup " +
         std::to_string(d.ids.back()) + " " + now + ", and threadgroups of a dispatch have no order");
  }
  stop("hazard on " + at + ": kernel " + started.kernel + " " + before + "this one " + now +
       ", and no memoryBarrierWithScope: is between their dispatches");
}

void outside(const Access& access, const std::string& what) {
  stop(place(*d.program, access.place) + " " + verb(access.write) + " " + std::to_string(access.bytes) +
       " bytes outside " + what);
}

void write_to_const(const Access& access, unsigned index) {
  stop(place(*d.program, access.place) + " writes to buffer " + std::to_string(index) + ", which is const");
}

}  // namespace sim
