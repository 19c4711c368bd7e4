// Barriers, and operations of the lanes of a simdgroup: each lane posts its value, all wait, each computes.
#pragma once

#include "kernel_abi.h"
#include "types.h"
#include "watch.h"

namespace msl {

template <class T>
MSL_UNWATCHED const Thread* post(T value, unsigned site) {
  static_assert(sizeof value <= SLOT_BYTES, "too large for a slot");
  Thread* thread = msl_runtime->current;
  thread->parity ^= 1;
  memcpy(thread->slots[thread->parity], &value, sizeof value);
  msl_runtime->wait(Wait::SIMDGROUP, site, 0);
  return thread;
}

template <class T>
MSL_UNWATCHED T posted(const Thread* thread, uint32_t lane) {
  T value;
  memcpy(&value, thread->first[lane].slots[thread->parity], sizeof value);
  return value;
}

template <class T, class Combine>
T reduce(T value, unsigned site, Combine combine) {
  const Thread* thread = post(value, site);
  T result = posted<T>(thread, 0);
  for (uint32_t lane = 1; lane < thread->lanes; lane++) result = combine(result, posted<T>(thread, lane));
  return result;
}

// A value of a lane that does not exist is undefined: NaN, or a number that stands out.
template <class T>
T undefined() {
  T value;
  memset(&value, 0xff, sizeof value);
  return value;
}

template <class T>
T shuffle(T value, uint32_t lane, unsigned site) {
  const Thread* thread = post(value, site);
  return lane < thread->lanes ? posted<T>(thread, lane) : undefined<T>();
}

MSL_UNWATCHED inline uint32_t lane() { return msl_runtime->current->lane(); }

template <class T>
T& shared(unsigned site, const char* name) {
  return *static_cast<T*>(msl_runtime->shared(site, sizeof(T), name));
}

}  // namespace msl

namespace metal {

enum class mem_flags : unsigned { mem_none = 0, mem_device = 1, mem_threadgroup = 2 };

inline mem_flags operator|(mem_flags a, mem_flags b) { return mem_flags(unsigned(a) | unsigned(b)); }

#define MSL_SITE unsigned site = __builtin_LINE()

inline void threadgroup_barrier(mem_flags flags, MSL_SITE) {
  msl_runtime->wait(msl::Wait::THREADGROUP, site, unsigned(flags));
}
inline void simdgroup_barrier(mem_flags flags, MSL_SITE) {
  msl_runtime->wait(msl::Wait::SIMDGROUP, site, unsigned(flags));
}

template <class T>
T simd_sum(T value, MSL_SITE) {
  return msl::reduce(value, site, [](T a, T b) { return T(a + b); });
}
template <class T>
T simd_max(T value, MSL_SITE) {
  return msl::reduce(value, site, [](T a, T b) { return a != a || a > b ? a : b; });
}
template <class T>
T simd_min(T value, MSL_SITE) {
  return msl::reduce(value, site, [](T a, T b) { return a != a || a < b ? a : b; });
}
template <class T>
T simd_broadcast(T value, ushort lane, MSL_SITE) {
  return msl::shuffle(value, lane, site);
}
template <class T>
T simd_shuffle(T value, ushort lane, MSL_SITE) {
  return msl::shuffle(value, lane, site);
}
template <class T>
T simd_shuffle_xor(T value, ushort mask, MSL_SITE) {
  return msl::shuffle(value, msl::lane() ^ mask, site);
}
template <class T>
T simd_shuffle_down(T value, ushort delta, MSL_SITE) {
  return msl::shuffle(value, msl::lane() + delta, site);
}

}  // namespace metal
