#include "activation_norm_loops.h"

#include <bit>
#include <type_traits>

#include "per_processor.h"

namespace tench::nn {

namespace {

// By hand, since the compiler makes vectors of whole-number arithmetic only.
TENCH_INLINE float read(const c10::BFloat16& value) { return std::bit_cast<float>(uint32_t{value.x} << 16); }
TENCH_INLINE float read(float value) { return value; }
TENCH_INLINE double read(double value) { return value; }

TENCH_INLINE void write(float value, float& to) { to = value; }
TENCH_INLINE void write(double value, double& to) { to = value; }
TENCH_INLINE void write(float value, c10::BFloat16& to) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  // A NaN must not be rounded into an infinity.
  to.x = static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : nearest);
}

// The activation before its upper limit.
template <class A>
TENCH_INLINE A unlimited(A x, const Activation<A>& by) {
  const A below = by.leaks ? x * by.leak : (x != x ? x : A{0});
  return (x > 0 ? x : below) - by.sub;
}

template <class A>
TENCH_INLINE A activate(A x, const Activation<A>& by) {
  const A value = unlimited(x, by);
  return value > by.most ? by.most : value;
}

template <class T, class A>
TENCH_INLINE void add_moments_of(const T* __restrict x, const Strip& strip, const Activation<A>& given,
                                 const A* __restrict shift, A* __restrict sum, A* __restrict squares) {
  const Activation<A> by = given;
  for (int64_t row = 0; row < strip.rows; ++row, x += strip.lanes) {
    for (int64_t lane = 0; lane < strip.lanes; ++lane) {
      const A d = activate(read(x[lane]), by) - shift[lane];
      sum[lane] += d;
      squares[lane] += d * d;
    }
  }
}

template <class T, class A>
TENCH_INLINE void normalize_of(const T* __restrict x, T* __restrict y, const Strip& strip, const Activation<A>& given,
                               const A* __restrict scale, const A* __restrict offset) {
  const Activation<A> by = given;
  for (int64_t row = 0; row < strip.rows; ++row, x += strip.lanes, y += strip.lanes) {
    for (int64_t lane = 0; lane < strip.lanes; ++lane) {
      write(activate(read(x[lane]), by) * scale[lane] + offset[lane], y[lane]);
    }
  }
}

template <class T, class A>
TENCH_INLINE void add_gradients_of(const T* __restrict x, const T* __restrict g, const Strip& strip,
                                   const Activation<A>& given, const A* __restrict mean, A* __restrict sum,
                                   A* __restrict dot) {
  const Activation<A> by = given;
  for (int64_t row = 0; row < strip.rows; ++row, x += strip.lanes, g += strip.lanes) {
    for (int64_t lane = 0; lane < strip.lanes; ++lane) {
      const A gradient = read(g[lane]);
      sum[lane] += gradient;
      dot[lane] += gradient * (activate(read(x[lane]), by) - mean[lane]);
    }
  }
}

template <class T, class A>
TENCH_INLINE void propagate_of(const T* __restrict x, const T* __restrict g, T* __restrict dx, const Strip& strip,
                               const Activation<A>& given, const A* __restrict mean, const A* __restrict scale,
                               const A* __restrict flat, const A* __restrict slope) {
  const Activation<A> by = given;
  const A below = by.leaks ? by.leak : A{0};
  for (int64_t row = 0; row < strip.rows; ++row, x += strip.lanes, g += strip.lanes, dx += strip.lanes) {
    for (int64_t lane = 0; lane < strip.lanes; ++lane) {
      const A input = read(x[lane]);
      const A value = unlimited(input, by);
      const A d = (value > by.most ? by.most : value) - mean[lane];
      const A gradient = read(g[lane]) * scale[lane] - flat[lane] - d * slope[lane];
      const A derivative = value > by.most ? A{0} : (input > 0 ? A{1} : below);
      write(gradient * derivative, dx[lane]);
    }
  }
}

}  // namespace

#define TENCH_DEFINE_LOOPS(T)                                                                                        \
  TENCH_PER_PROCESSOR void add_moments(const T* x, const Strip& strip, const Activation<Accumulator<T>>& activation, \
                                       const Accumulator<T>* shift, Accumulator<T>* sum, Accumulator<T>* squares) {  \
    add_moments_of(x, strip, activation, shift, sum, squares);                                                       \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void normalize(const T* x, T* y, const Strip& strip,                                           \
                                     const Activation<Accumulator<T>>& activation, const Accumulator<T>* scale,      \
                                     const Accumulator<T>* offset) {                                                 \
    normalize_of(x, y, strip, activation, scale, offset);                                                            \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void add_gradients(const T* x, const T* g, const Strip& strip,                                 \
                                         const Activation<Accumulator<T>>& activation, const Accumulator<T>* mean,   \
                                         Accumulator<T>* sum, Accumulator<T>* dot) {                                 \
    add_gradients_of(x, g, strip, activation, mean, sum, dot);                                                       \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void propagate(const T* x, const T* g, T* dx, const Strip& strip,                              \
                                     const Activation<Accumulator<T>>& activation, const Accumulator<T>* mean,       \
                                     const Accumulator<T>* scale, const Accumulator<T>* flat,                        \
                                     const Accumulator<T>* slope) {                                                  \
    propagate_of(x, g, dx, strip, activation, mean, scale, flat, slope);                                             \
  }

TENCH_DEFINE_LOOPS(float)
TENCH_DEFINE_LOOPS(double)
TENCH_DEFINE_LOOPS(c10::BFloat16)

}  // namespace tench::nn
