#include "detector.h"

#include <algorithm>

#include "detector_state.h"

namespace sim {

Detector d;

namespace {

// ---- between threads of a threadgroup

inline bool ordered(uint64_t before, uint64_t now) {
  if (Mark::epoch(before) != Mark::epoch(now)) return true;
  if (Mark::thread(before) == Mark::thread(now)) return true;
  return Mark::simdgroup(before) == Mark::simdgroup(now) && Mark::interval(before) != Mark::interval(now);
}

// Whether nobody but the thread of `now` has read since, or all of that is ordered before it.
inline bool reads_ordered(uint64_t before, uint64_t now) {
  if (Mark::epoch(before) != Mark::epoch(now)) return true;
  if (before & Mark::SEVERAL_SIMDGROUPS || Mark::simdgroup(before) != Mark::simdgroup(now)) return false;
  if (Mark::interval(before) != Mark::interval(now)) return true;
  return !(before & Mark::SEVERAL_LANES) && Mark::thread(before) == Mark::thread(now);
}

// How many of the first elements to judge at once: four that are the same, as those of a number are, or one.
template <class T>
inline size_t alike(const T* a, const T* b, size_t count) {
  if (count < 4) return 1;
  return (a[0] == a[1] && a[0] == a[2] && a[0] == a[3] && b[0] == b[1] && b[0] == b[2] && b[0] == b[3]) ? 4 : 1;
}

inline void judge_threads(Shadow& shadow, size_t at, const Access& access, Space space) {
  uint64_t now = Mark::of(d.epoch[space], d.interval[space][simdgroup_of(access.thread)], access.thread);
  size_t end = at + access.bytes;
  for (size_t i = at, count; i < end; i += count) {
    uint64_t write = shadow.writes[i];
    uint64_t read = shadow.reads[i];
    count = alike(shadow.writes + i, shadow.reads + i, end - i);
    if (!ordered(write, now)) race_of_threads(access, i - at, space, write, true, shadow.written[i]);
    if (access.write) {
      if (!reads_ordered(read, now)) race_of_threads(access, i - at, space, read, false, shadow.read[i]);
      std::fill_n(shadow.writes + i, count, now);
      std::fill_n(shadow.written + i, count, access.place);
      continue;
    }
    uint64_t mark = now;
    if (Mark::epoch(read) == Mark::epoch(now)) {
      if (Mark::simdgroup(read) != Mark::simdgroup(now)) mark = read | Mark::SEVERAL_SIMDGROUPS;
      else if (Mark::interval(read) != Mark::interval(now)) mark = now | (read & Mark::SEVERAL_SIMDGROUPS);
      else if (Mark::thread(read) != Mark::thread(now)) mark = read | Mark::SEVERAL_LANES;
      else mark = read;
    }
    if (mark == read) continue;
    std::fill_n(shadow.reads + i, count, mark);
    if (mark >> 2 == now >> 2) std::fill_n(shadow.read + i, count, access.place);
  }
}

// ---- between threadgroups and dispatches

inline void judge_groups(Watched& region, size_t at, const Access& access) {
  Shadow& shadow = *region.shadow;
  size_t end = at + access.bytes;
  for (size_t i = at, count; i < end; i += count) {
    uint32_t writer = shadow.writers[i];
    uint32_t reader = shadow.readers[i];
    uint32_t number = Reader::number(reader);
    count = alike(shadow.writers + i, shadow.readers + i, end - i);
    // Threadgroups run one after the other: what this one has read, no other has written since.
    if (!access.write && number == d.group) continue;
    if (writer != d.group && writer >= d.phase_first) race_of_groups(access, i - at, writer, true, shadow.written[i]);
    if (access.write) {
      if (number >= d.phase_first) {
        bool earlier = reader & Reader::SEVERAL_DISPATCHES;
        if (number != d.group || reader & Reader::SEVERAL_GROUPS || earlier) {
          race_of_groups(access, i - at, earlier && number >= d.dispatch_first ? d.phase_first : number, false,
                         shadow.read[i]);
        }
      }
      if (writer != d.group) {
        std::fill_n(shadow.writers + i, count, d.group);
        std::fill_n(shadow.written + i, count, access.place);
        region.written += count;
      }
      continue;
    }
    uint32_t others = number < d.phase_first      ? 0
                      : number < d.dispatch_first ? Reader::SEVERAL_DISPATCHES
                                                  : (reader & Reader::SEVERAL_DISPATCHES) | Reader::SEVERAL_GROUPS;
    std::fill_n(shadow.readers + i, count, d.group << 2 | others);
    std::fill_n(shadow.read + i, count, access.place);
    region.read += count;
  }
}

inline bool is_in(const Region& region, const char* address) {
  return static_cast<size_t>(address - region.begin) < region.bytes;
}

bool find_region(const char* address) {
  for (Watched& region : d.regions) {
    if (is_in(region, address)) {
      d.region = &region;
      return true;
    }
  }
  return false;
}

bool is_own(const char* address) {
  constexpr size_t PAGE = 4096;
  const char* page = address - reinterpret_cast<size_t>(address) % PAGE;
  if (page == d.constants_page || is_runtime(address)) return true;
  if (!is_inside(*d.program, address)) return false;
  d.constants_page = page;
  return true;
}

void judge(const Access& access) {
  size_t at = access.address - threadgroup_memory.begin;
  if (at < THREADGROUP_MEMORY) {
    if (at + access.bytes > threadgroup_memory.used) outside(access, "the threadgroup's memory");
    judge_threads(d.threadgroup, at, access, THREADGROUP);
    return;
  }
  if (!is_in(*d.region, access.address) && !find_region(access.address)) {
    if (!is_own(access.address)) outside(access, "the buffers that are bound");
    return;
  }
  Watched* region = d.region;
  at = access.address - region->begin;
  if (at + access.bytes > region->bytes) outside(access, "buffer " + std::to_string(region->index));
  if (access.write && !region->writes) {
    write_to_const(access, region->index);
  }
  if (!region->shadow) return;
  judge_groups(*region, at, access);
  if (region->writes) judge_threads(*region->shadow, at, access, DEVICE);
}

}  // namespace

void add_region(std::vector<Region>& regions, const Region& added) {
  for (Region& region : regions) {
    if (added.key && region.key == added.key) {
      region.writes |= added.writes;
      return;
    }
  }
  regions.push_back(added);
}

void begin_phase() {
  if (d.group > Reader::LAST / 2) {  // numbers come to their end: begin anew
    std::lock_guard<std::mutex> held(d.lock);
    d.shadows.clear();
    d.group = 0;
  }
  d.phase_first = d.group + 1;
  d.dispatches.clear();
  d.ids.clear();
}

void begin_dispatch(const Job& job) {
  d.dispatch_number++;
  d.watching = job.watched;
  if (!d.watching) return;
  d.program = job.program;
  d.constants_page = nullptr;
  d.dispatch_first = d.group + 1;
  d.dispatches.push_back({d.dispatch_first, job.kernel->name, job.program});
  d.regions.clear();
  std::lock_guard<std::mutex> held(d.lock);
  for (const Region& region : job.regions) {
    Shadow* shadow = nullptr;
    if (region.key) {
      std::unique_ptr<Shadow>& own = d.shadows[region.key];
      if (!own) own = std::make_unique<Shadow>(region.bytes);
      shadow = own.get();
    }
    d.regions.push_back({{region}, shadow, 0, 0});
  }
  d.region = &d.regions.front();
}

void begin_group(uint32_t id) {
  if (!d.watching) return;
  d.group++;
  d.ids.push_back(id);
  for (unsigned space = 0; space < SPACES; space++) {
    d.epoch[space]++;
    for (unsigned& interval : d.interval[space]) interval = 0;
  }
}

void end_dispatch() {
  if (!d.watching) return;
  for (Watched& region : d.regions) {
    if (!region.shadow) continue;
    d.traffic += std::to_string(d.dispatch_number) + " " + d.dispatches.back().kernel + " " +
                 std::to_string(reinterpret_cast<size_t>(region.begin)) + " " + std::to_string(region.read) + " " +
                 std::to_string(region.written) + "\n";
  }
}

void passed_barrier(unsigned flags) {
  for (unsigned space = 0; space < SPACES; space++) {
    if (flags & FLAG[space]) d.epoch[space]++;
  }
}

void passed_simdgroup_barrier(unsigned simdgroup, unsigned flags) {
  for (unsigned space = 0; space < SPACES; space++) {
    if (!(flags & FLAG[space])) continue;
    unsigned& interval = d.interval[space][simdgroup];
    if (++interval < Mark::INTERVALS) continue;
    // More than a mark can hold: other simdgroups' accesses so far are forgotten.
    interval = 0;
    d.epoch[space]++;
  }
}

void accessed(const void* address, size_t bytes, bool write, const void* where) {
  uint32_t offset = static_cast<uint32_t>(static_cast<const char*>(where) - d.program->begin);
  judge({static_cast<const char*>(address), bytes, write, offset, runtime.current->index});
}

void accessed_by_simdgroup(const void* address, size_t bytes, bool write, unsigned line) {
  judge({static_cast<const char*>(address), bytes, write, line | LINE, MATRIX_THREAD + runtime.current->index / msl::LANES});
}

void forget(const void* key) {
  std::lock_guard<std::mutex> held(d.lock);
  d.shadows.erase(key);
}

std::string take_traffic() {
  std::string taken;
  std::swap(taken, d.traffic);
  return taken;
}

void forget_traffic() { d.traffic.clear(); }

}  // namespace sim
