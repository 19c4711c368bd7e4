// Functions on scalars, and on vectors element by element.
#pragma once

#include "types.h"

#define FLT_MAX 3.40282347e+38f
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

namespace metal {

inline float exp(float x) { return __builtin_expf(x); }
inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline float rsqrt(float x) { return 1.0f / __builtin_sqrtf(x); }
inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline float fabs(float x) { return __builtin_fabsf(x); }
inline float rint(float x) { return __builtin_rintf(x); }

// NaN wins, so that a mistake does not hide behind a maximum.
template <class T>
T max(T a, T b) {
  return a != a || a > b ? a : b;
}
template <class T>
T min(T a, T b) {
  return a != a || a < b ? a : b;
}
template <class T>
T clamp(T x, T low, T high) {
  return min(max(x, low), high);
}

template <class T, int N>
T dot(const vec<T, N>& a, const vec<T, N>& b) {
  T sum = 0;
  for (int i = 0; i < N; i++) sum += a.data[i] * b.data[i];
  return sum;
}

namespace fast {
using metal::exp;
}
namespace precise {
using metal::exp;
using metal::rsqrt;
using metal::sqrt;
}

}  // namespace metal
