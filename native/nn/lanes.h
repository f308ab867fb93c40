// Numbers that are computed side by side, as many as fill two vectors, each with what belongs to it.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "per_processor.h"

// Nothing of this is ever called: it is all compiled into its callers.
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace tench::nn {

// As many numbers as are computed at once; of each the compiler makes what the processor has.
template <class A>
struct VectorOf;
template <>
struct VectorOf<float> {
  using type __attribute__((vector_size(64))) = float;
};
template <>
struct VectorOf<double> {
  using type __attribute__((vector_size(64))) = double;
};
template <class A>
using Vector = typename VectorOf<A>::type;
using Words = uint32_t __attribute__((vector_size(64)));

// Two vectors are the unit of all loops: bfloat16 lies two by two in words, which a shift and a mask take apart.
template <class A>
struct Lanes {
  Vector<A> part[2];
};
template <class A>
constexpr int64_t kUnit = 2 * sizeof(Vector<A>) / sizeof(A);

template <class A>
TENCH_INLINE Lanes<A> read(const A* from) {
  Lanes<A> lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
TENCH_INLINE Lanes<float> read(const c10::BFloat16* from) {
  Words pairs;
  std::memcpy(&pairs, from, sizeof pairs);
  return {reinterpret_cast<Vector<float>>(pairs << 16), reinterpret_cast<Vector<float>>(pairs & 0xffff0000)};
}

// To the nearest, and to even between two. A NaN stays one: what comes of bfloat16 and of arithmetic has no low bits
// that could be carried into the exponent.
TENCH_INLINE Words rounded(const Vector<float>& value) {
  const Words bits = reinterpret_cast<Words>(value);
  return bits + 0x7fff + ((bits >> 16) & 1);
}
template <class A>
TENCH_INLINE void write(const Lanes<A>& lanes, A* to) {
  std::memcpy(to, &lanes, sizeof lanes);
}
TENCH_INLINE void write(const Lanes<float>& lanes, c10::BFloat16* to) {
  const Words pairs = (rounded(lanes.part[0]) >> 16) | (rounded(lanes.part[1]) & 0xffff0000);
  std::memcpy(to, &pairs, sizeof pairs);
}

// The numbers that belong to lanes as read() arranges those of a T, and back.
template <class T, class A>
TENCH_INLINE Lanes<A> arranged(const A* from) {
  const Lanes<A> given = read(from);
  if constexpr (std::is_same_v<T, A>)
    return given;
  else
    return {__builtin_shufflevector(given.part[0], given.part[1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28,
                                    30),
            __builtin_shufflevector(given.part[0], given.part[1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29,
                                    31)};
}
template <class T, class A>
TENCH_INLINE void put_back(const Lanes<A>& lanes, A* to) {
  const auto &even = lanes.part[0], &odd = lanes.part[1];
  if constexpr (std::is_same_v<T, A>)
    write(lanes, to);
  else
    write(Lanes<A>{__builtin_shufflevector(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
                   __builtin_shufflevector(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)},
          to);
}

// The same for as many units as there are.
template <class T, class A, size_t count>
TENCH_INLINE void arrange(const A* from, Lanes<A> (&to)[count]) {
  for (size_t i = 0; i < count; ++i) to[i] = arranged<T>(from + i * kUnit<A>);
}
template <class T, class A, size_t count>
TENCH_INLINE void put_back(const Lanes<A> (&from)[count], A* to) {
  for (size_t i = 0; i < count; ++i) put_back<T>(from[i], to + i * kUnit<A>);
}

// The processor does not see far enough ahead by itself.
template <class T>
TENCH_INLINE void fetch(const T* x, int64_t stride) {
  __builtin_prefetch(x + 8 * stride);
}

}  // namespace tench::nn
