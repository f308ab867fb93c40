#include "lamb.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>

#include "per_processor.h"

namespace tench::optim {

namespace {

// What stays in the innermost cache between the two loops over it.
constexpr size_t kAtOnce = 1024;
// Sums beside each other, so that they can be vectors; what one of them takes in is little enough for float.
constexpr size_t kLanes = 16;

template <typename T, typename Wide>
TENCH_INLINE double sum_of_squares(const T* __restrict values, size_t count) {
  Wide lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const Wide value = static_cast<Wide>(values[i + lane]);
      lanes[lane] += value * value;
    }
  double sum = 0;
  for (; i < count; ++i) {
    const double value = static_cast<double>(values[i]);
    sum += value * value;
  }
  for (const Wide lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

template <typename T, typename Wide>
TENCH_INLINE void direct(const T* __restrict weights, const T* __restrict grads, T* __restrict averages,
                         T* __restrict squares, Wide* __restrict direction, size_t count,
                         const LambSettings& settings) {
  const auto mom = static_cast<Wide>(settings.mom), damp = static_cast<Wide>(1 - settings.mom);
  const auto sqr_mom = static_cast<Wide>(settings.sqr_mom), sqr_damp = static_cast<Wide>(1 - settings.sqr_mom);
  const auto debias = static_cast<Wide>(settings.debias), sqr_debias = static_cast<Wide>(settings.sqr_debias);
  const auto eps = static_cast<Wide>(settings.eps), wd = static_cast<Wide>(settings.wd);
  for (size_t i = 0; i < count; ++i) {
    const Wide grad = static_cast<Wide>(grads[i]);
    const Wide average = mom * static_cast<Wide>(averages[i]) + damp * grad;
    const Wide square = sqr_mom * static_cast<Wide>(squares[i]) + sqr_damp * grad * grad;
    averages[i] = static_cast<T>(average);
    squares[i] = static_cast<T>(square);
    direction[i] = average * debias / (std::sqrt(square * sqr_debias) + eps) + wd * static_cast<Wide>(weights[i]);
  }
}

template <typename T, typename Wide>
TENCH_INLINE LambSums find_in(const LambStretch<T, Wide>& stretch, const LambSettings& settings) {
  LambSums sums;
  for (size_t start = 0; start < stretch.count; start += kAtOnce) {
    const size_t count = std::min(kAtOnce, stretch.count - start);
    direct<T, Wide>(stretch.weights + start, stretch.grads + start, stretch.averages + start, stretch.squares + start,
                    stretch.direction + start, count, settings);
    sums.weights += sum_of_squares<T, Wide>(stretch.weights + start, count);
    sums.direction += sum_of_squares<Wide, Wide>(stretch.direction + start, count);
  }
  return sums;
}

template <typename T, typename Wide>
TENCH_INLINE void go_in(T* __restrict weights, const Wide* __restrict direction, size_t count, double rate) {
  const auto wide_rate = static_cast<Wide>(rate);
  for (size_t i = 0; i < count; ++i)
    weights[i] = static_cast<T>(static_cast<Wide>(weights[i]) - wide_rate * direction[i]);
}

}  // namespace

template <>
TENCH_PER_PROCESSOR LambSums find_direction(const LambStretch<float, float>& stretch, const LambSettings& settings) {
  return find_in(stretch, settings);
}

template <>
TENCH_PER_PROCESSOR LambSums find_direction(const LambStretch<double, double>& stretch, const LambSettings& settings) {
  return find_in(stretch, settings);
}

template <>
LambSums find_direction(const LambStretch<c10::Half, float>& stretch, const LambSettings& settings) {
  return find_in(stretch, settings);
}

template <>
LambSums find_direction(const LambStretch<c10::BFloat16, float>& stretch, const LambSettings& settings) {
  return find_in(stretch, settings);
}

template <>
TENCH_PER_PROCESSOR void go(const LambStretch<float, float>& stretch, double rate) {
  go_in(stretch.weights, stretch.direction, stretch.count, rate);
}

template <>
TENCH_PER_PROCESSOR void go(const LambStretch<double, double>& stretch, double rate) {
  go_in(stretch.weights, stretch.direction, stretch.count, rate);
}

template <>
void go(const LambStretch<c10::Half, float>& stretch, double rate) {
  go_in(stretch.weights, stretch.direction, stretch.count, rate);
}

template <>
void go(const LambStretch<c10::BFloat16, float>& stretch, double rate) {
  go_in(stretch.weights, stretch.direction, stretch.count, rate);
}

}  // namespace tench::optim
