// A run of pixels of the result takes three passes: where they lie in the picture, what is read there, and how that is
// written. The first is the same for every pixel, so that many are computed side by side.
#include "map_sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "per_processor.h"

namespace tench::image {

namespace {

using Four = float __attribute__((vector_size(16)));
using Eight = float __attribute__((vector_size(32)));

// How many pixels are under way at a time.
constexpr int64_t kBlock = 256;

// Nothing is asked of places that are known to lie inside of the picture.
enum class Beyond { nowhere, zeros, border, reflection };

// One side of a picture, and where it is mirrored: at the middles of the outermost pixels, or at their edges.
struct Side {
  Side(int64_t size, bool align_corners)
      : last(static_cast<float>(size - 1)), start(align_corners ? 0 : -0.5F), span(align_corners ? last : last + 1) {}

  float last;
  float start;
  float span;
};

// Comparisons that are false for NaN, so that no place is out of bounds.
TENCH_INLINE float clamp(float value, float least, float most) {
  value = value > least ? value : least;
  return value < most ? value : most;
}

TENCH_INLINE float reflect(float place, const Side& side) {
  if (side.span == 0) return 0;
  const float distance = std::fabs(place - side.start);
  const float times = std::floor(distance * (1 / side.span));
  const float rest = distance - times * side.span;
  const bool back = times - 2 * std::floor(times * 0.5F) != 0;
  return side.start + (back ? side.span - rest : rest);
}

// A place inside of the picture, or, where zeros lie outside, in their border.
template <Beyond Out>
TENCH_INLINE float bring_inside(float place, const Side& side) {
  if constexpr (Out == Beyond::nowhere) return place;
  if constexpr (Out == Beyond::zeros) return clamp(place, -1, side.last + 1);
  if constexpr (Out == Beyond::reflection) place = reflect(place, side);
  return clamp(place, 0, side.last);
}

// Places of a run of pixels in one row of the result.
TENCH_INLINE void places_of(const PixelMap& map, int64_t row, int64_t column, int64_t count, float* x, float* y) {
  const auto at = [&](const double* line) { return line[0] * column + line[1] * row + line[2]; };
  if (map.w[0] == 0 && map.w[1] == 0) {
    const double scale = 1 / map.w[2];
    const float x0 = static_cast<float>(at(map.x) * scale), dx = static_cast<float>(map.x[0] * scale);
    const float y0 = static_cast<float>(at(map.y) * scale), dy = static_cast<float>(map.y[0] * scale);
    for (int64_t i = 0; i < count; ++i) {
      x[i] = x0 + dx * static_cast<float>(i);
      y[i] = y0 + dy * static_cast<float>(i);
    }
    return;
  }
  const float x0 = static_cast<float>(at(map.x)), dx = static_cast<float>(map.x[0]);
  const float y0 = static_cast<float>(at(map.y)), dy = static_cast<float>(map.y[0]);
  const float w0 = static_cast<float>(at(map.w)), dw = static_cast<float>(map.w[0]);
  for (int64_t i = 0; i < count; ++i) {
    const float scale = 1 / (w0 + dw * static_cast<float>(i));
    x[i] = (x0 + dx * static_cast<float>(i)) * scale;
    y[i] = (y0 + dy * static_cast<float>(i)) * scale;
  }
}

// Whether all places are at least `margin` pixels from the middles of the outermost pixels.
TENCH_INLINE bool all_inside(const float* places, int64_t count, float margin, float last) {
  int32_t outside = 0;
  for (int64_t i = 0; i < count; ++i) outside |= !(places[i] >= margin) | !(places[i] <= last - margin);
  return outside == 0;
}

TENCH_INLINE Four load(const float* from) {
  Four value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Which pixel of the canvas is at a column and a row of the picture.
TENCH_INLINE int32_t index_of(float column, float row, int32_t stride) {
  return (static_cast<int32_t>(row) + 1) * stride + static_cast<int32_t>(column) + 1;
}

template <Beyond Out>
TENCH_INLINE void bilinear(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  int32_t at[kBlock];
  const auto stride = static_cast<int32_t>(canvas.stride());
  for (int64_t i = 0; i < count; ++i) {
    const float px = bring_inside<Out>(x[i], across), py = bring_inside<Out>(y[i], down);
    const float left = std::min(std::floor(px), across.last), top = std::min(std::floor(py), down.last);
    x[i] = px - left;
    y[i] = py - top;
    at[i] = index_of(left, top, stride);
  }
  for (int64_t i = 0; i < count; ++i) {
    const float* corner = canvas.pixels + kLanes * static_cast<int64_t>(at[i]);
    Eight upper, lower;
    std::memcpy(&upper, corner, sizeof upper);
    std::memcpy(&lower, corner + kLanes * stride, sizeof lower);
    const Eight both = upper + (lower - upper) * y[i];
    Four pair[2];
    std::memcpy(pair, &both, sizeof both);
    target[i] = pair[0] + (pair[1] - pair[0]) * x[i];
  }
}

template <Beyond Out>
TENCH_INLINE void nearest(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  int32_t at[kBlock];
  const auto stride = static_cast<int32_t>(canvas.stride());
  for (int64_t i = 0; i < count; ++i)
    at[i] = index_of(std::nearbyint(bring_inside<Out>(x[i], across)), std::nearbyint(bring_inside<Out>(y[i], down)),
                     stride);
  for (int64_t i = 0; i < count; ++i) target[i] = load(canvas.pixels + kLanes * static_cast<int64_t>(at[i]));
}

// The four pixels that a cubic reads along one side, as steps on the canvas, and their weights, for each place.
struct CubicTaps {
  int32_t steps[4][kBlock];
  float weights[4][kBlock];
};

// Weights of the pixels before, at, after and beyond a place: Keys' cubic with a = -0.75.
TENCH_INLINE void cubic_weights(float t, int64_t i, CubicTaps& taps) {
  constexpr float a = -0.75F;
  const auto near = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  taps.weights[0][i] = far(t + 1);
  taps.weights[1][i] = near(t);
  taps.weights[2][i] = near(1 - t);
  taps.weights[3][i] = far(2 - t);
}

template <Beyond Out>
TENCH_INLINE void cubic_taps(float* places, int64_t count, const Side& side, int32_t stride, CubicTaps& taps) {
  // Far outside everything repeats or is the same; whole numbers must fit into an int.
  const float reach = side.last * 2 + 10;
  const float period = 2 * side.span;
  for (int64_t i = 0; i < count; ++i) {
    float place = places[i];
    if constexpr (Out == Beyond::reflection) place = period > 0 ? place - period * std::floor(place / period) : 0;
    place = clamp(place, -reach, reach);
    const float before = std::floor(place);
    cubic_weights(place - before, i, taps);
    places[i] = before;
  }
  for (int k = 0; k < 4; ++k)
    for (int64_t i = 0; i < count; ++i)
      taps.steps[k][i] =
          (static_cast<int32_t>(bring_inside<Out>(places[i] + static_cast<float>(k - 1), side)) + 1) * stride;
}

template <Beyond Out>
TENCH_INLINE void bicubic(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  CubicTaps columns, rows;
  cubic_taps<Out>(x, count, across, 1, columns);
  cubic_taps<Out>(y, count, down, static_cast<int32_t>(canvas.stride()), rows);
  for (int64_t i = 0; i < count; ++i) {
    Four sum{};
    for (int row = 0; row < 4; ++row) {
      const float* line = canvas.pixels + kLanes * static_cast<int64_t>(rows.steps[row][i]);
      Four of_line{};
      for (int column = 0; column < 4; ++column)
        of_line += load(line + kLanes * static_cast<int64_t>(columns.steps[column][i])) * columns.weights[column][i];
      sum += of_line * rows.weights[row][i];
    }
    target[i] = sum;
  }
}

template <Beyond Out>
TENCH_INLINE void read_block(const Sampling& work, int64_t count, float* x, float* y, Four* target) {
  switch (work.mode) {
    case Mode::bilinear:
      return bilinear<Out>(work.canvas, work.align_corners, count, x, y, target);
    case Mode::nearest:
      return nearest<Out>(work.canvas, work.align_corners, count, x, y, target);
    case Mode::bicubic:
      return bicubic<Out>(work.canvas, work.align_corners, count, x, y, target);
  }
}

TENCH_INLINE void read(const Sampling& work, int64_t count, float* x, float* y, Four* target) {
  const auto [width, height] = work.canvas.sides;
  // A cubic reads two pixels to either side; of the second behind a whole place it takes nothing.
  const float margin = work.mode == Mode::bicubic ? 1 : 0;
  if (all_inside(x, count, margin, static_cast<float>(width - 1)) &&
      all_inside(y, count, margin, static_cast<float>(height - 1)))
    return read_block<Beyond::nowhere>(work, count, x, y, target);
  switch (work.outside) {
    case Outside::zeros:
      return read_block<Beyond::zeros>(work, count, x, y, target);
    case Outside::border:
      return read_block<Beyond::border>(work, count, x, y, target);
    case Outside::reflection:
      return read_block<Beyond::reflection>(work, count, x, y, target);
  }
}

TENCH_INLINE void write(const Sampling& work, int64_t row, int64_t column, int64_t count, const Four* pixels) {
  const Strides strides = work.strides;
  float* start = work.target + row * strides.row + column * strides.pixel;
  if (work.channels == 3 && strides.channel == 1 && strides.pixel == 3) {
    const Four factor{work.factor[0], work.factor[1], work.factor[2]};
    const Four offset{work.offset[0], work.offset[1], work.offset[2]};
    // The fourth number is written where the next pixel's first will be; behind the last pixel there is no place for
    // it.
    for (int64_t i = 0; i + 1 < count; ++i) {
      const Four value = pixels[i] * factor + offset;
      std::memcpy(start + 3 * i, &value, sizeof value);
    }
    const Four value = pixels[count - 1] * factor + offset;
    std::memcpy(start + 3 * (count - 1), &value, 3 * sizeof(float));
    return;
  }
  for (int64_t channel = 0; channel < work.channels; ++channel) {
    const float* source = reinterpret_cast<const float*>(pixels) + channel;
    float* target = start + channel * strides.channel;
    const float factor = work.factor[channel], offset = work.offset[channel];
    if (strides.pixel == 1)
      for (int64_t i = 0; i < count; ++i) target[i] = source[kLanes * i] * factor + offset;
    else
      for (int64_t i = 0; i < count; ++i) target[i * strides.pixel] = source[kLanes * i] * factor + offset;
  }
}

template <typename Number>
TENCH_INLINE void lay_out(const Number* source, Strides strides, int64_t channels, Sides sides, float* canvas) {
  for (int64_t row = 0; row < sides.height; ++row) {
    float* __restrict target = canvas + kLanes * ((row + 1) * (sides.width + 2) + 1);
    const Number* __restrict line = source + row * strides.row;
    if (channels == 3 && strides.pixel == 1) {
      const Number *a = line, *b = line + strides.channel, *c = line + 2 * strides.channel;
      for (int64_t i = 0; i < sides.width; ++i) {
        target[4 * i] = static_cast<float>(a[i]);
        target[4 * i + 1] = static_cast<float>(b[i]);
        target[4 * i + 2] = static_cast<float>(c[i]);
        target[4 * i + 3] = 0;
      }
      continue;
    }
    if (channels == 3 && strides.channel == 1 && strides.pixel == 3) {
      for (int64_t i = 0; i < sides.width; ++i) {
        target[4 * i] = static_cast<float>(line[3 * i]);
        target[4 * i + 1] = static_cast<float>(line[3 * i + 1]);
        target[4 * i + 2] = static_cast<float>(line[3 * i + 2]);
        target[4 * i + 3] = 0;
      }
      continue;
    }
    for (int64_t channel = 0; channel < channels; ++channel) {
      const Number* values = line + channel * strides.channel;
      for (int64_t i = 0; i < sides.width; ++i)
        target[kLanes * i + channel] = static_cast<float>(values[i * strides.pixel]);
    }
  }
}

}  // namespace

TENCH_PER_PROCESSOR void sample(const Sampling& work) {
  float x[kBlock], y[kBlock];
  Four pixels[kBlock];
  for (int64_t row = 0; row < work.to.height; ++row)
    for (int64_t column = 0; column < work.to.width; column += kBlock) {
      const int64_t count = std::min(kBlock, work.to.width - column);
      places_of(work.map, row, column, count, x, y);
      read(work, count, x, y, pixels);
      write(work, row, column, count, pixels);
    }
}

TENCH_PER_PROCESSOR void lay_out_floats(const float* source, Strides strides, int64_t channels, Sides sides,
                                        float* canvas) {
  lay_out(source, strides, channels, sides, canvas);
}

TENCH_PER_PROCESSOR void lay_out_bytes(const uint8_t* source, Strides strides, int64_t channels, Sides sides,
                                       float* canvas) {
  lay_out(source, strides, channels, sides, canvas);
}

}  // namespace tench::image
