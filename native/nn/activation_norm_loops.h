// The loops of a GeneralReLU with the batch normalisation behind it, over rows of lanes that each belong to a channel.
#pragma once

#include <c10/util/BFloat16.h>

#include <cstdint>

namespace tench::nn {

// What is computed with: as in LibTorch's own kernels, float for bfloat16.
template <class T>
struct AccumulatorOf {
  using type = T;
};
template <>
struct AccumulatorOf<c10::BFloat16> {
  using type = float;
};
template <class T>
using Accumulator = typename AccumulatorOf<T>::type;

// min(x > 0 ? x : leak x, - sub, most), in this order; a ReLU does not leak.
template <class A>
struct Activation {
  bool leaks;
  A leak;
  A sub;
  A most;
};

// `rows` x `lanes` numbers, each row `stride` behind the one before, and for each lane a number in every array of the
// calls below.
struct Strip {
  int64_t offset;
  int64_t rows;
  int64_t lanes;
  int64_t stride;
};

// Adds to each lane the sums of d and d^2, where d is the activation less the lane's `shift`.
#define TENCH_DECLARE_LOOPS(T)                                                                                    \
  void add_moments(const T* x, const Strip& strip, const Activation<Accumulator<T>>& activation,                  \
                   const Accumulator<T>* shift, Accumulator<T>* sum, Accumulator<T>* squares);                    \
  /* y = scale * activation + offset */                                                                           \
  void normalize(const T* x, T* y, const Strip& strip, const Activation<Accumulator<T>>& activation,              \
                 const Accumulator<T>* scale, const Accumulator<T>* offset);                                      \
  /* Adds to each lane the sums of g and g d, where d is the activation less the lane's `mean`. */                \
  void add_gradients(const T* x, const T* g, const Strip& strip, const Activation<Accumulator<T>>& activation,    \
                     const Accumulator<T>* mean, Accumulator<T>* sum, Accumulator<T>* dot);                       \
  /* dx = (scale g - flat - slope d) times the derivative of the activation */                                    \
  void propagate(const T* x, const T* g, T* dx, const Strip& strip, const Activation<Accumulator<T>>& activation, \
                 const Accumulator<T>* mean, const Accumulator<T>* scale, const Accumulator<T>* flat,             \
                 const Accumulator<T>* slope);

TENCH_DECLARE_LOOPS(float)
TENCH_DECLARE_LOOPS(double)
TENCH_DECLARE_LOOPS(c10::BFloat16)
#undef TENCH_DECLARE_LOOPS

}  // namespace tench::nn
