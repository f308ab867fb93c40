#include "activation_norm_loops.h"

#include <limits>
#include <type_traits>

#include "column.h"
#include "lanes.h"

namespace tench::nn {

namespace {

// How numbers below zero are met, `any` of them and with a limit above, or the usual ways in fewer instructions and
// without one: zeros, or a leak from 0 to 1, with which the greater of x and leak x is what is wanted.
enum class Below { zero, gentle, any };

// Every comparison is such that a NaN stays one.
template <Below below>
struct Kind {
  template <class A>
  static TENCH_INLINE Vector<A> activate(const Vector<A>& x, const Activation<A>& by) {
    if constexpr (below == Below::zero) return (0 > x ? Vector<A>{} : x) - by.sub;
    if constexpr (below == Below::gentle) return (x * by.leak > x ? x * by.leak : x) - by.sub;
    const Vector<A> value = unlimited(x, by);
    return by.most < value ? Vector<A>{} + by.most : value;
  }

  // g times the derivative at x.
  template <class A>
  static TENCH_INLINE Vector<A> derive(const Vector<A>& x, const Vector<A>& g, const Activation<A>& by) {
    if constexpr (below == Below::zero) return x <= 0 ? Vector<A>{} : g;
    if constexpr (below == Below::gentle) return x > 0 ? g : g * by.leak;
    const Vector<A> result = by.leaks ? (x > 0 ? g : g * by.leak) : (x <= 0 ? Vector<A>{} : g);
    return by.most < unlimited(x, by) ? Vector<A>{} : result;
  }

 private:
  template <class A>
  static TENCH_INLINE Vector<A> unlimited(const Vector<A>& x, const Activation<A>& by) {
    return (by.leaks ? (x > 0 ? x : x * by.leak) : (0 > x ? Vector<A>{} : x)) - by.sub;
  }
};

template <template <class Kind, class T> class Loop, class T>
TENCH_INLINE void run(const Work<T>& work, const Activation<Accumulator<T>>& by) {
  const auto with = [&](auto kind) __attribute__((always_inline)) {
    using One = Loop<decltype(kind), T>;
    Column<T, One>::each(work, One{by});
  };
  const bool limited = by.most < std::numeric_limits<Accumulator<T>>::infinity();
  // Double precision is for checking gradients.
  if (std::is_same_v<T, double> || limited) return with(Kind<Below::any>{});
  if (!by.leaks) return with(Kind<Below::zero>{});
  if (by.leak > 0 && by.leak <= 1) return with(Kind<Below::gentle>{});
  with(Kind<Below::any>{});
}

// given: centre; sums: of d and of d^2, or of g and of g d, where d is the activation less its centre
template <class Kind, class T, bool of_gradients>
struct Sums {
  using A = Accumulator<T>;
  static constexpr int64_t units = 4, unit = kUnit<A>;
  static constexpr size_t given = 1, sums = 2;
  static constexpr bool reads_gradients = of_gradients, writes = false;
  const Activation<A> by;

  TENCH_INLINE void operator()(const Work<T>& work) const {
    Lanes<A> centre[units], sum[units], products[units];
    arrange<T>(work.given[0], centre);
    arrange<T>(work.sums[0], sum);
    arrange<T>(work.sums[1], products);
    for (int64_t row = 0; row < work.rows; ++row) {
#pragma GCC unroll 8
      for (int64_t i = 0; i < units; ++i) {
        const int64_t place = row * work.stride + i * unit;
        fetch(work.x + place, work.stride);
        const Lanes<A> x = read(work.x + place);
        Lanes<A> g = x;
        if constexpr (of_gradients) {
          fetch(work.g + place, work.stride);
          g = read(work.g + place);
        }
        for (int64_t half = 0; half < 2; ++half) {
          const Vector<A> d = Kind::activate(x.part[half], by) - centre[i].part[half];
          const Vector<A> summed = of_gradients ? g.part[half] : d;
          sum[i].part[half] += summed;
          products[i].part[half] += summed * d;
        }
      }
    }
    put_back<T>(sum, work.sums[0]);
    put_back<T>(products, work.sums[1]);
  }
};
template <class Kind, class T>
using Moments = Sums<Kind, T, false>;
template <class Kind, class T>
using Gradients = Sums<Kind, T, true>;

// given: scale, offset
template <class Kind, class T>
struct Normalize {
  using A = Accumulator<T>;
  static constexpr int64_t units = 4, unit = kUnit<A>;
  static constexpr size_t given = 2, sums = 0;
  static constexpr bool reads_gradients = false, writes = true;
  const Activation<A> by;

  TENCH_INLINE void operator()(const Work<T>& work) const {
    Lanes<A> scale[units], offset[units];
    arrange<T>(work.given[0], scale);
    arrange<T>(work.given[1], offset);
    for (int64_t row = 0; row < work.rows; ++row) {
#pragma GCC unroll 8
      for (int64_t i = 0; i < units; ++i) {
        const int64_t place = row * work.stride + i * unit;
        fetch(work.x + place, work.stride);
        fetch(work.to + place, work.stride);
        Lanes<A> y = read(work.x + place);
        for (int64_t half = 0; half < 2; ++half)
          y.part[half] = Kind::activate(y.part[half], by) * scale[i].part[half] + offset[i].part[half];
        write(y, work.to + place);
      }
    }
  }
};

// given: mean, scale, flat, slope
template <class Kind, class T>
struct Propagate {
  using A = Accumulator<T>;
  static constexpr int64_t units = 2, unit = kUnit<A>;
  static constexpr size_t given = 4, sums = 0;
  static constexpr bool reads_gradients = true, writes = true;
  const Activation<A> by;

  TENCH_INLINE void operator()(const Work<T>& work) const {
    Lanes<A> mean[units], scale[units], flat[units], slope[units];
    arrange<T>(work.given[0], mean);
    arrange<T>(work.given[1], scale);
    arrange<T>(work.given[2], flat);
    arrange<T>(work.given[3], slope);
    for (int64_t row = 0; row < work.rows; ++row) {
#pragma GCC unroll 8
      for (int64_t i = 0; i < units; ++i) {
        const int64_t place = row * work.stride + i * unit;
        fetch(work.x + place, work.stride);
        fetch(work.g + place, work.stride);
        fetch(work.to + place, work.stride);
        const Lanes<A> x = read(work.x + place), g = read(work.g + place);
        Lanes<A> dx;
        for (int64_t half = 0; half < 2; ++half) {
          const Vector<A> d = Kind::activate(x.part[half], by) - mean[i].part[half];
          const Vector<A> gradient = g.part[half] * scale[i].part[half] - flat[i].part[half] - d * slope[i].part[half];
          dx.part[half] = Kind::derive(x.part[half], gradient, by);
        }
        write(dx, work.to + place);
      }
    }
  }
};

}  // namespace

#define TENCH_DEFINE_LOOPS(T)                                                                                        \
  TENCH_PER_PROCESSOR void add_moments(const T* x, const Strip& strip, const Activation<Accumulator<T>>& activation, \
                                       const Accumulator<T>* shift, Accumulator<T>* sum, Accumulator<T>* squares) {  \
    run<Moments>(Work<T>{x, nullptr, nullptr, {shift}, {sum, squares}, strip.rows, strip.lanes, strip.stride},       \
                 activation);                                                                                        \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void normalize(const T* x, T* y, const Strip& strip,                                           \
                                     const Activation<Accumulator<T>>& activation, const Accumulator<T>* scale,      \
                                     const Accumulator<T>* offset) {                                                 \
    run<Normalize>(Work<T>{x, nullptr, y, {scale, offset}, {}, strip.rows, strip.lanes, strip.stride}, activation);  \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void add_gradients(const T* x, const T* g, const Strip& strip,                                 \
                                         const Activation<Accumulator<T>>& activation, const Accumulator<T>* mean,   \
                                         Accumulator<T>* sum, Accumulator<T>* dot) {                                 \
    run<Gradients>(Work<T>{x, g, nullptr, {mean}, {sum, dot}, strip.rows, strip.lanes, strip.stride}, activation);   \
  }                                                                                                                  \
  TENCH_PER_PROCESSOR void propagate(const T* x, const T* g, T* dx, const Strip& strip,                              \
                                     const Activation<Accumulator<T>>& activation, const Accumulator<T>* mean,       \
                                     const Accumulator<T>* scale, const Accumulator<T>* flat,                        \
                                     const Accumulator<T>* slope) {                                                  \
    run<Propagate>(Work<T>{x, g, dx, {mean, scale, flat, slope}, {}, strip.rows, strip.lanes, strip.stride},         \
                   activation);                                                                                      \
  }

TENCH_DEFINE_LOOPS(float)
TENCH_DEFINE_LOOPS(double)
TENCH_DEFINE_LOOPS(c10::BFloat16)

}  // namespace tench::nn
