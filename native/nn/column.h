// A walk through the rows of a strip that keeps in registers what belongs to its lanes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "activation_norm_loops.h"
#include "lanes.h"

namespace tench::nn {

// Rows of numbers, and what belongs to their lanes.
template <class T>
struct Work {
  using A = Accumulator<T>;

  const T* x;
  const T* g;
  T* to;
  std::array<const A*, 4> given;
  std::array<A*, 2> sums;
  int64_t rows;
  int64_t lanes;
  int64_t stride;
};

// Columns of a fixed width go through the rows one after another, so that what belongs to their lanes stays in
// registers. The last may be narrower: it is brought to its width in here.
template <class T, class Loop>
class Column {
 public:
  using A = Accumulator<T>;
  static constexpr int64_t kWidth = Loop::units * kUnit<A>;
  // Few enough that the next column finds them in the cache.
  static constexpr int64_t kRows = 64;

  static TENCH_INLINE void each(const Work<T>& work, const Loop& loop) {
    Column padding;
    for (int64_t row = 0; row < work.rows; row += kRows) {
      for (int64_t lane = 0; lane < work.lanes; lane += kWidth) {
        Work<T> part = work;
        part.rows = std::min(kRows, work.rows - row);
        part.x += row * work.stride + lane;
        if constexpr (Loop::reads_gradients) part.g += row * work.stride + lane;
        if constexpr (Loop::writes) part.to += row * work.stride + lane;
        for (size_t i = 0; i < Loop::given; ++i) part.given[i] += lane;
        for (size_t i = 0; i < Loop::sums; ++i) part.sums[i] += lane;
        const int64_t lanes = std::min(kWidth, work.lanes - lane);
        loop(lanes == kWidth ? part : padding.filled(part, lanes));
        if (lanes < kWidth) padding.give_back(part, lanes);
      }
    }
  }

 private:
  Work<T> filled(const Work<T>& part, int64_t lanes) {
    Work<T> padded = part;
    padded.stride = kWidth;
    padded.x = copy(part.x, part, lanes, x_);
    if constexpr (Loop::reads_gradients) padded.g = copy(part.g, part, lanes, g_);
    if constexpr (Loop::writes) padded.to = to_;
    for (size_t i = 0; i < Loop::given; ++i) {
      std::fill(std::copy_n(part.given[i], lanes, given_[i]), given_[i] + kWidth, A{0});
      padded.given[i] = given_[i];
    }
    for (size_t i = 0; i < Loop::sums; ++i) {
      std::fill(std::copy_n(part.sums[i], lanes, sums_[i]), sums_[i] + kWidth, A{0});
      padded.sums[i] = sums_[i];
    }
    return padded;
  }
  static const T* copy(const T* from, const Work<T>& part, int64_t lanes, T* to) {
    for (int64_t row = 0; row < part.rows; ++row) {
      T* const end = std::copy_n(from + row * part.stride, lanes, to + row * kWidth);
      std::fill(end, to + (row + 1) * kWidth, T{0});
    }
    return to;
  }
  void give_back(const Work<T>& part, int64_t lanes) const {
    if constexpr (Loop::writes) {
      for (int64_t row = 0; row < part.rows; ++row) std::copy_n(to_ + row * kWidth, lanes, part.to + row * part.stride);
    }
    for (size_t i = 0; i < Loop::sums; ++i) std::copy_n(sums_[i], lanes, part.sums[i]);
  }

  T x_[kRows * kWidth];
  T g_[Loop::reads_gradients ? kRows * kWidth : 1];
  T to_[Loop::writes ? kRows * kWidth : 1];
  A given_[4][kWidth];
  A sums_[2][kWidth];
};

}  // namespace tench::nn
