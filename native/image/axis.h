// One axis of a resize: for every output pixel, which input pixels it is made of, and their weights.
#pragma once

#include <cstdint>
#include <vector>

#include "filter.h"

namespace tench::image {

// The stretch of an axis that is resampled: input pixels from `begin` to `end` (fractions allowed) become `outputs`
// pixels, of which those from `first` on, `count` of them, are wanted.
struct AxisRange {
  int inputs;
  float begin;
  float end;
  int outputs;
  int first;
  int count;
};

// Weights are whole numbers: a weight of 1 is 1 << kWeightBits. Eight bits of a pixel, a sign and one bit for filters
// with negative lobes, whose sums pass 1 on the way, are left of 32.
inline constexpr int kWeightBits = 32 - 8 - 2;

struct AxisWeights {
  struct Window {
    int first;  // input pixel, counted from the first that any window has
    int count;
  };
  int begin = 0;  // the first input pixel that any window has, and how many there are from it to the last
  int length = 0;
  std::vector<Window> windows;   // one to an output pixel
  std::vector<int32_t> weights;  // `stride` to an output pixel, of which the window's count are used
  int stride = 0;

  const int32_t* of(int output) const { return weights.data() + static_cast<size_t>(output) * stride; }
};

// The filter is stretched by the factor of a reduction, so that every input pixel counts; never when enlarging.
// A weight that lies outside the input is dropped and the others make up for it.
AxisWeights make_weights(const AxisRange& range, Filter filter);

// For `nearest`: the one input pixel of every output pixel.
std::vector<int> nearest_pixels(const AxisRange& range);

}  // namespace tench::image
