// Kernels that are compiled with -fsanitize=thread call these functions at each access to memory. They are the
// simulator's own, not those of the sanitizer's library: they tell the detector.
#pragma once

#include "kernel_abi.h"

extern "C" msl::Runtime* msl_runtime;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MSL_WATCHED 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define MSL_WATCHED 1
#endif

#ifdef MSL_WATCHED

#define MSL_UNWATCHED __attribute__((no_sanitize("thread")))
#define MSL_WATCHER extern "C" MSL_UNWATCHED __attribute__((noinline, used, visibility("hidden")))

namespace msl {

MSL_UNWATCHED inline void watch(const void* address, size_t bytes, bool write, const void* where) {
  if (reinterpret_cast<uintptr_t>(address) - msl_runtime->stacks >= msl_runtime->stack_bytes) {
    msl_runtime->accessed(address, bytes, write, where);
  }
}

MSL_UNWATCHED inline void watch_matrix(const void* address, size_t bytes, bool write, unsigned line) {
  msl_runtime->accessed_by_simdgroup(address, bytes, write, line);
}

}  // namespace msl

#define MSL_WATCH(bytes)                                                                                             \
  MSL_WATCHER void __tsan_read##bytes(void* p) { msl::watch(p, bytes, false, __builtin_return_address(0)); }         \
  MSL_WATCHER void __tsan_write##bytes(void* p) { msl::watch(p, bytes, true, __builtin_return_address(0)); }         \
  MSL_WATCHER void __tsan_unaligned_read##bytes(void* p) { msl::watch(p, bytes, false, __builtin_return_address(0)); } \
  MSL_WATCHER void __tsan_unaligned_write##bytes(void* p) { msl::watch(p, bytes, true, __builtin_return_address(0)); }
MSL_WATCH(1)
MSL_WATCH(2)
MSL_WATCH(4)
MSL_WATCH(8)
MSL_WATCH(16)
#undef MSL_WATCH

MSL_WATCHER void __tsan_read_range(void* p, size_t bytes) {
  msl::watch(p, bytes, false, __builtin_return_address(0));
}
MSL_WATCHER void __tsan_write_range(void* p, size_t bytes) {
  msl::watch(p, bytes, true, __builtin_return_address(0));
}
extern "C" MSL_UNWATCHED __attribute__((used)) void __tsan_init() {}  // the simulator looks for it
MSL_WATCHER void __tsan_func_entry(void*) {}
MSL_WATCHER void __tsan_func_exit() {}

// What clang makes of copies.
MSL_WATCHER void* __tsan_memcpy(void* to, const void* from, size_t bytes) {
  msl::watch(from, bytes, false, __builtin_return_address(0));
  msl::watch(to, bytes, true, __builtin_return_address(0));
  return __builtin_memcpy(to, from, bytes);
}
MSL_WATCHER void* __tsan_memset(void* to, int value, size_t bytes) {
  msl::watch(to, bytes, true, __builtin_return_address(0));
  return __builtin_memset(to, value, bytes);
}

#else

#define MSL_UNWATCHED

namespace msl {

inline void watch_matrix(const void*, size_t, bool, unsigned) {}

}  // namespace msl

#endif
