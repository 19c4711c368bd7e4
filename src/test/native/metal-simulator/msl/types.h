// Scalars and vectors. A vector is a class: MSL's constructors and swizzles are not those of the compiler's own vectors.
#pragma once

#include <string.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

typedef unsigned char uchar;
typedef unsigned short ushort;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef _Float16 half;

// bfloat16: the upper half of a float.
struct bfloat {
  uint16_t bits;
  bfloat() = default;
  explicit bfloat(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    bool nan = (u & 0x7fffffff) > 0x7f800000;
    bits = nan ? (u >> 16) | 64 : (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  }
  operator float() const {
    uint32_t u = uint32_t(bits) << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
  }
};

constexpr half operator""h(long double v) { return half(v); }
constexpr half operator""h(unsigned long long v) { return half(v); }

namespace metal {

template <class T>
constexpr bool is_number = std::is_arithmetic_v<T> || std::is_same_v<T, half> || std::is_same_v<T, bfloat>;

template <class T, int N>
struct vec;

#define MSL_VECTOR(N)                                                                       \
  vec() = default;                                                                          \
  template <class S, class = std::enable_if_t<is_number<S>>>                                \
  vec(S s) {                                                                                \
    for (int i = 0; i < N; i++) data[i] = T(s);                                             \
  }                                                                                         \
  template <class S, class = std::enable_if_t<!std::is_same_v<S, T>>>                       \
  explicit vec(const vec<S, N>& v) {                                                        \
    for (int i = 0; i < N; i++) data[i] = T(v.data[i]);                                     \
  }                                                                                         \
  T& operator[](int i) { return data[i]; }                                                  \
  const T& operator[](int i) const { return data[i]; }

template <class T>
struct alignas(2 * sizeof(T)) vec<T, 2> {
  union {
    T data[2];
    struct {
      T x, y;
    };
  };
  MSL_VECTOR(2)
  vec(T a, T b) : data{a, b} {}
};

template <class T>
struct alignas(4 * sizeof(T)) vec<T, 3> {
  union {
    T data[3];
    struct {
      T x, y, z;
    };
  };
  MSL_VECTOR(3)
  vec(T a, T b, T c) : data{a, b, c} {}
};

template <class T>
struct alignas(4 * sizeof(T)) vec<T, 4> {
  union {
    T data[4];
    struct {
      T x, y, z, w;
    };
    struct {
      vec<T, 2> xy, zw;
    };
  };
  MSL_VECTOR(4)
  vec(T a, T b, T c, T d) : data{a, b, c, d} {}
};

#define MSL_OPERATOR(op)                                                                    \
  template <class T, int N>                                                                 \
  vec<T, N> operator op(const vec<T, N>& a, const vec<T, N>& b) {                           \
    vec<T, N> r;                                                                            \
    for (int i = 0; i < N; i++) r.data[i] = a.data[i] op b.data[i];                         \
    return r;                                                                               \
  }                                                                                         \
  template <class T, int N, class S, class = std::enable_if_t<is_number<S>>>                \
  vec<T, N> operator op(const vec<T, N>& a, S b) {                                          \
    return a op vec<T, N>(b);                                                               \
  }                                                                                         \
  template <class T, int N, class S, class = std::enable_if_t<is_number<S>>>                \
  vec<T, N> operator op(S a, const vec<T, N>& b) {                                          \
    return vec<T, N>(a) op b;                                                               \
  }                                                                                         \
  template <class T, int N, class B>                                                        \
  vec<T, N>& operator op##=(vec<T, N>& a, const B& b) {                                     \
    return a = a op b;                                                                      \
  }
MSL_OPERATOR(+)
MSL_OPERATOR(-)
MSL_OPERATOR(*)
MSL_OPERATOR(/)
#undef MSL_OPERATOR

#define MSL_NAMES(T) \
  typedef vec<T, 2> T##2; \
  typedef vec<T, 3> T##3; \
  typedef vec<T, 4> T##4;
MSL_NAMES(float)
MSL_NAMES(half)
MSL_NAMES(bfloat)
MSL_NAMES(char)
MSL_NAMES(uchar)
MSL_NAMES(short)
MSL_NAMES(ushort)
MSL_NAMES(int)
MSL_NAMES(uint)
MSL_NAMES(ulong)
#undef MSL_NAMES

template <class To, class From>
To as_type(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "as_type between types of different sizes");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

}  // namespace metal

using metal::as_type;
