// 8x8 matrices spread over the lanes of a simdgroup, two elements each. Which lane has which is not for kernels to know.
#pragma once

#include "simdgroup.h"

namespace metal {

template <class T, int COLS, int ROWS>
struct simdgroup_matrix {
  static_assert(COLS == 8 && ROWS == 8, "simdgroup matrices are 8x8");
  T first, second;

  static uint row(uint lane) { return lane / 4; }
  static uint col(uint lane) { return lane % 4 * 2; }
};

typedef simdgroup_matrix<float, 8, 8> simdgroup_float8x8;
typedef simdgroup_matrix<half, 8, 8> simdgroup_half8x8;

template <class T, int COLS, int ROWS>
simdgroup_matrix<T, COLS, ROWS> make_filled_simdgroup_matrix(T value) {
  return {value, value};
}

// Loads and stores are a simdgroup's together: all lanes must get there.
template <class T, class Pointer>
MSL_UNWATCHED void simdgroup_load(simdgroup_matrix<T, 8, 8>& m, Pointer p, ulong stride = 8,
                                  ulong2 origin = ulong2(0, 0), bool transpose = false, MSL_SITE) {
  static_assert(std::is_same_v<std::decay_t<decltype(*p)>, T>, "a matrix is loaded from elements of its own type");
  msl_runtime->wait(msl::Wait::SIMDGROUP, site, 0);
  uint row = m.row(msl::lane()), col = m.col(msl::lane());
  p += origin.y * stride + origin.x;
  for (uint i = 0; i < 2; i++) {
    Pointer from = p + (transpose ? (col + i) * stride + row : row * stride + col + i);
    msl::watch_matrix(from, sizeof(T), false, site);
    (i == 0 ? m.first : m.second) = *from;
  }
}

template <class T, class Pointer>
MSL_UNWATCHED void simdgroup_store(const simdgroup_matrix<T, 8, 8>& m, Pointer p, ulong stride = 8,
                                   ulong2 origin = ulong2(0, 0), bool transpose = false, MSL_SITE) {
  static_assert(std::is_same_v<std::decay_t<decltype(*p)>, T>, "a matrix is stored to elements of its own type");
  msl_runtime->wait(msl::Wait::SIMDGROUP, site, 0);
  uint row = m.row(msl::lane()), col = m.col(msl::lane());
  p += origin.y * stride + origin.x;
  for (uint i = 0; i < 2; i++) {
    Pointer to = p + (transpose ? (col + i) * stride + row : row * stride + col + i);
    msl::watch_matrix(to, sizeof(T), true, site);
    *to = i == 0 ? m.first : m.second;
  }
}

// d = a · b + c
template <class D, class A, class B, class C>
void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8>& d, const simdgroup_matrix<A, 8, 8>& a,
                                   const simdgroup_matrix<B, 8, 8>& b, const simdgroup_matrix<C, 8, 8>& c, MSL_SITE) {
  struct Elements {
    float a[2], b[2];
  };
  const msl::Thread* thread =
      msl::post(Elements{{float(a.first), float(a.second)}, {float(b.first), float(b.second)}}, site);
  uint row = d.row(thread->lane()), col = d.col(thread->lane());
  float first = float(c.first), second = float(c.second);
  for (uint k = 0; k < 8; k++) {
    float left = msl::posted<Elements>(thread, row * 4 + k / 2).a[k % 2];
    Elements right = msl::posted<Elements>(thread, k * 4 + col / 2);
    first += left * right.b[0];
    second += left * right.b[1];
  }
  d.first = D(first);
  d.second = D(second);
}

}  // namespace metal
