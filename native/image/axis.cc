#include "axis.h"

#include <algorithm>
#include <cmath>

namespace tench::image {

namespace {

// Half away from zero. Adding the half in double and cutting off is part of the result: it decides ties.
int32_t to_fixed(double weight) {
  return static_cast<int32_t>(weight * (1 << kWeightBits) + (weight < 0 ? -0.5 : 0.5));
}

double step_of(const AxisRange& range) { return static_cast<double>(range.end - range.begin) / range.outputs; }

}  // namespace

AxisWeights make_weights(const AxisRange& range, Filter filter) {
  const double step = step_of(range);
  const double stretch = std::max(step, 1.0);
  const double reach = filter_support(filter) * stretch;
  AxisWeights axis;
  axis.stride = std::min(static_cast<int>(std::ceil(reach)) * 2 + 1, range.inputs);
  axis.windows.resize(range.count);
  axis.weights.resize(static_cast<size_t>(range.count) * axis.stride);
  std::vector<double> exact(axis.stride);
  const double per_pixel = 1 / stretch;
  for (int i = 0; i < range.count; ++i) {
    const double centre = range.begin + (range.first + i + 0.5) * step;
    const int first = std::max(static_cast<int>(centre - reach + 0.5), 0);
    const int last = std::min(static_cast<int>(centre + reach + 0.5), range.inputs);
    double sum = 0;
    for (int x = first; x < last; ++x) sum += exact[x - first] = filter_weight(filter, (x - centre + 0.5) * per_pixel);
    int32_t* weights = axis.weights.data() + static_cast<size_t>(i) * axis.stride;
    for (int t = 0; t < last - first; ++t) weights[t] = to_fixed(sum == 0 ? exact[t] : exact[t] / sum);
    if (i == 0) axis.begin = first;
    axis.windows[i] = {first - axis.begin, last - first};
  }
  axis.length = axis.windows.back().first + axis.windows.back().count;
  return axis;
}

std::vector<int> nearest_pixels(const AxisRange& range) {
  std::vector<int> pixels(range.count);
  const double step = step_of(range);
  // Adding step by step instead of multiplying is part of the result: it decides ties.
  double position = range.begin + step * 0.5;
  for (int i = 0; i < range.first + range.count; ++i, position += step) {
    if (i >= range.first) pixels[i - range.first] = std::clamp(static_cast<int>(position), 0, range.inputs - 1);
  }
  return pixels;
}

}  // namespace tench::image
