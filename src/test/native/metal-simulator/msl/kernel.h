// Calls a kernel with the values that its parameters' attributes ask for.
#pragma once

#include <utility>

#include "simdgroup.h"

namespace msl {

struct Slot {
  Source source;
  unsigned index;
};

inline uint32_t component(const Thread& t, Source source, int d) {
  switch (source) {
    case Source::POSITION_IN_GRID: return t.group[d] * t.dispatch->group_size[d] + t.position[d];
    case Source::POSITION_IN_THREADGROUP: return t.position[d];
    case Source::THREADGROUP_POSITION: return t.group[d];
    case Source::THREADGROUPS: return t.dispatch->groups[d];
    case Source::THREADS_PER_THREADGROUP: return t.size[d];
    case Source::INDEX_IN_THREADGROUP: return t.index;
    case Source::LANE: return t.lane();
    case Source::SIMDGROUP: return t.index / LANES;
    case Source::SIMDGROUPS: return t.simdgroups;
    case Source::SIMD_WIDTH: return LANES;
    default: return 0;
  }
}

template <class P>
struct Argument {  // a scalar
  static P of(const Thread& t, Slot slot) { return P(component(t, slot.source, 0)); }
  static constexpr size_t ALIGNMENT = 1;
  static constexpr bool WRITES = false;
};

template <class T>
struct Argument<metal::vec<T, 2>> {
  static metal::vec<T, 2> of(const Thread& t, Slot s) {
    return {T(component(t, s.source, 0)), T(component(t, s.source, 1))};
  }
  static constexpr size_t ALIGNMENT = 1;
  static constexpr bool WRITES = false;
};

template <class T>
struct Argument<metal::vec<T, 3>> {
  static metal::vec<T, 3> of(const Thread& t, Slot s) {
    return {T(component(t, s.source, 0)), T(component(t, s.source, 1)), T(component(t, s.source, 2))};
  }
  static constexpr size_t ALIGNMENT = 1;
  static constexpr bool WRITES = false;
};

template <class T>
struct Argument<T*> {
  static T* of(const Thread& t, Slot slot) {
    auto& from = slot.source == Source::BUFFER ? t.dispatch->buffers : t.dispatch->threadgroup;
    return static_cast<T*>(const_cast<void*>(static_cast<const void*>(from[slot.index])));
  }
  static constexpr size_t ALIGNMENT = alignof(T);
  static constexpr bool WRITES = !std::is_const_v<T>;
};

template <class T>
struct Argument<T&> {
  static T& of(const Thread& t, Slot slot) { return *Argument<T*>::of(t, slot); }
  static constexpr size_t ALIGNMENT = alignof(T);
  static constexpr bool WRITES = !std::is_const_v<T>;
};

template <class Function, Function kernel, const Slot* slots>
struct Bound;

template <class... P, void (*kernel)(P...), const Slot* slots>
struct Bound<void (*)(P...), kernel, slots> {
  static constexpr unsigned count = sizeof...(P);

  template <size_t... I>
  static void call(const Thread& t, std::index_sequence<I...>) {
    kernel(Argument<P>::of(t, slots[I])...);
  }
  static void run(const Thread& t) { call(t, std::make_index_sequence<sizeof...(P)>()); }

  template <size_t... I>
  struct Table {
    static constexpr Parameter parameters[] = {{slots[I].source, slots[I].index, Argument<P>::ALIGNMENT, Argument<P>::WRITES}...};
  };
  template <size_t... I>
  static constexpr const Parameter* table(std::index_sequence<I...>) {
    return Table<I...>::parameters;
  }
  static constexpr const Parameter* parameters = table(std::make_index_sequence<sizeof...(P)>());
};

}  // namespace msl
