// tench::sample_maps: each picture of a batch read through a projective map of its own, what affine_grid and
// grid_sampler do in two steps, without the grid.
//
// A picture's channels are first laid side by side, four floats a pixel, with a border of zeros around them. So a
// neighbour's channels come in one load, bytes are converted once, and no place needs a case of its own.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "per_processor.h"

namespace {

using Four = float __attribute__((vector_size(16)));
using Eight = float __attribute__((vector_size(32)));

enum class Mode { bilinear, nearest, bicubic };
enum class Outside { zeros, border, reflection };

// How many pixels are under way at a time.
constexpr int64_t kBlock = 256;
constexpr int64_t kChannels = 4;

struct Sides {
  int64_t width;
  int64_t height;
};

// One side of a picture, and where it is mirrored: at the middles of the outermost pixels, or at their edges.
struct Side {
  Side(int64_t size, bool align_corners)
      : last(static_cast<float>(size - 1)), start(align_corners ? 0 : -0.5F), span(align_corners ? last : last + 1) {}

  float last;
  float start;
  float span;
};

// Where the channels of some pictures are in memory, in elements.
struct Strides {
  int64_t channel;
  int64_t row;
  int64_t pixel;
};

// From pixels of the result to pixels of the picture: (x w, y w, w) = map (column, row, 1).
struct PixelMap {
  double x[3];
  double y[3];
  double w[3];
};

// What is done to each channel in the end.
struct Finish {
  std::vector<float> factor;
  std::vector<float> offset;
};

// -1 to 1 as a line: pixel = scale * place + shift, and back.
struct Line {
  double scale;
  double shift;
};

Line line_of(int64_t size, bool align_corners) {
  const double n = static_cast<double>(size);
  return align_corners ? Line{(n - 1) / 2, (n - 1) / 2} : Line{n / 2, (n - 1) / 2};
}

PixelMap pixel_map(const double* m, Sides from, Sides to, bool align_corners) {
  const Line x = line_of(from.width, align_corners), y = line_of(from.height, align_corners);
  const Line u = line_of(to.width, align_corners), v = line_of(to.height, align_corners);
  // A result of one pixel is read in the middle.
  const double du = u.scale == 0 ? 0 : 1 / u.scale, dv = v.scale == 0 ? 0 : 1 / v.scale;
  double place[3][3];
  for (int row = 0; row < 3; ++row) {
    const double* line = m + 3 * row;
    place[row][0] = line[0] * du;
    place[row][1] = line[1] * dv;
    place[row][2] = line[2] - line[0] * du * u.shift - line[1] * dv * v.shift;
  }
  PixelMap map{};
  for (int k = 0; k < 3; ++k) {
    map.x[k] = x.scale * place[0][k] + x.shift * place[2][k];
    map.y[k] = y.scale * place[1][k] + y.shift * place[2][k];
    map.w[k] = place[2][k];
  }
  return map;
}

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
template <Outside Out>
TENCH_INLINE float bring_inside(float place, const Side& side) {
  if constexpr (Out == Outside::zeros) return clamp(place, -1, side.last + 1);
  if constexpr (Out == Outside::reflection) place = reflect(place, side);
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

// A picture with its channels side by side and a border of zeros, one pixel wide.
struct Canvas {
  const float* pixels;
  Sides sides;

  int64_t stride() const { return sides.width + 2; }
  TENCH_INLINE const float* at(int64_t x, int64_t y) const { return pixels + kChannels * ((y + 1) * stride() + x + 1); }
};

TENCH_INLINE Four load(const float* from) {
  Four value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <Outside Out>
TENCH_INLINE void bilinear(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  int32_t at[kBlock];
  const auto stride = static_cast<int32_t>(canvas.stride());
  for (int64_t i = 0; i < count; ++i) {
    const float px = bring_inside<Out>(x[i], across), py = bring_inside<Out>(y[i], down);
    const float left = std::min(std::floor(px), across.last), top = std::min(std::floor(py), down.last);
    x[i] = px - left;
    y[i] = py - top;
    at[i] = (static_cast<int32_t>(top) + 1) * stride + static_cast<int32_t>(left) + 1;
  }
  for (int64_t i = 0; i < count; ++i) {
    const float* corner = canvas.pixels + kChannels * static_cast<int64_t>(at[i]);
    Eight upper, lower;
    std::memcpy(&upper, corner, sizeof upper);
    std::memcpy(&lower, corner + kChannels * stride, sizeof lower);
    const Eight both = upper + (lower - upper) * y[i];
    Four pair[2];
    std::memcpy(pair, &both, sizeof both);
    target[i] = pair[0] + (pair[1] - pair[0]) * x[i];
  }
}

template <Outside Out>
TENCH_INLINE void nearest(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  for (int64_t i = 0; i < count; ++i) {
    x[i] = std::nearbyint(bring_inside<Out>(x[i], across));
    y[i] = std::nearbyint(bring_inside<Out>(y[i], down));
  }
  for (int64_t i = 0; i < count; ++i)
    target[i] = load(canvas.at(static_cast<int64_t>(x[i]), static_cast<int64_t>(y[i])));
}

// Weights of the pixels before, at, after and beyond a place: Keys' cubic with a = -0.75.
TENCH_INLINE void cubic_weights(float t, float* weights) {
  constexpr float a = -0.75F;
  const auto near = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  weights[0] = far(t + 1);
  weights[1] = near(t);
  weights[2] = near(1 - t);
  weights[3] = far(2 - t);
}

// The four pixels that a cubic reads along one side, and their weights.
template <Outside Out>
TENCH_INLINE void cubic_taps(float place, const Side& side, int64_t* taps, float* weights) {
  // Far outside everything repeats or is the same; whole numbers must fit into an int.
  const float reach = side.last * 2 + 10;
  if constexpr (Out == Outside::reflection) {
    const float period = 2 * side.span;
    place = period > 0 ? place - period * std::floor(place / period) : 0;
  }
  place = clamp(place, -reach, reach);
  const float before = std::floor(place);
  cubic_weights(place - before, weights);
  for (int k = 0; k < 4; ++k)
    taps[k] = static_cast<int64_t>(bring_inside<Out>(before + static_cast<float>(k - 1), side));
}

template <Outside Out>
TENCH_INLINE void bicubic(const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y, Four* target) {
  const Side across(canvas.sides.width, align_corners), down(canvas.sides.height, align_corners);
  for (int64_t i = 0; i < count; ++i) {
    int64_t columns[4], rows[4];
    float of_column[4], of_row[4];
    cubic_taps<Out>(x[i], across, columns, of_column);
    cubic_taps<Out>(y[i], down, rows, of_row);
    Four sum{};
    for (int row = 0; row < 4; ++row) {
      Four line{};
      for (int column = 0; column < 4; ++column)
        line += load(canvas.at(columns[column], rows[row])) * of_column[column];
      sum += line * of_row[row];
    }
    target[i] = sum;
  }
}

template <Outside Out>
TENCH_INLINE void read_block(Mode mode, const Canvas& canvas, bool align_corners, int64_t count, float* x, float* y,
                             Four* target) {
  switch (mode) {
    case Mode::bilinear:
      return bilinear<Out>(canvas, align_corners, count, x, y, target);
    case Mode::nearest:
      return nearest<Out>(canvas, align_corners, count, x, y, target);
    case Mode::bicubic:
      return bicubic<Out>(canvas, align_corners, count, x, y, target);
  }
}

// Four channels of one result, from the first of them on.
struct Work {
  Canvas canvas;
  PixelMap map;
  Sides to;
  Mode mode;
  Outside outside;
  bool align_corners;
  float* target;
  Strides strides;
  int64_t channels;
  const float* factor;
  const float* offset;
};

TENCH_PER_PROCESSOR void sample(const Work& work) {
  float x[kBlock], y[kBlock];
  Four pixels[kBlock];
  for (int64_t row = 0; row < work.to.height; ++row) {
    for (int64_t column = 0; column < work.to.width; column += kBlock) {
      const int64_t count = std::min(kBlock, work.to.width - column);
      places_of(work.map, row, column, count, x, y);
      if (work.outside == Outside::zeros)
        read_block<Outside::zeros>(work.mode, work.canvas, work.align_corners, count, x, y, pixels);
      else if (work.outside == Outside::border)
        read_block<Outside::border>(work.mode, work.canvas, work.align_corners, count, x, y, pixels);
      else
        read_block<Outside::reflection>(work.mode, work.canvas, work.align_corners, count, x, y, pixels);
      for (int64_t channel = 0; channel < work.channels; ++channel) {
        const float* source = reinterpret_cast<const float*>(pixels) + channel;
        float* target = work.target + channel * work.strides.channel + row * work.strides.row;
        const float factor = work.factor[channel], offset = work.offset[channel];
        if (work.strides.pixel == 1) {
          target += column;
          for (int64_t i = 0; i < count; ++i) target[i] = source[kChannels * i] * factor + offset;
        } else {
          target += column * work.strides.pixel;
          for (int64_t i = 0; i < count; ++i) target[i * work.strides.pixel] = source[kChannels * i] * factor + offset;
        }
      }
    }
  }
}

// Lays up to four channels side by side; the canvas was zeros before, and its border stays so.
template <typename Number>
TENCH_INLINE void lay_out(const Number* source, Strides strides, int64_t channels, Sides sides, float* canvas) {
  for (int64_t row = 0; row < sides.height; ++row) {
    float* target = canvas + kChannels * ((row + 1) * (sides.width + 2) + 1);
    const Number* line = source + row * strides.row;
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
    for (int64_t channel = 0; channel < channels; ++channel) {
      const Number* values = line + channel * strides.channel;
      for (int64_t i = 0; i < sides.width; ++i)
        target[kChannels * i + channel] = static_cast<float>(values[i * strides.pixel]);
    }
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

std::vector<float> per_channel(const std::optional<std::vector<double>>& given, const char* name, int64_t channels,
                               double otherwise) {
  if (!given) return std::vector<float>(channels, static_cast<float>(otherwise));
  const auto count = static_cast<int64_t>(given->size());
  TORCH_CHECK(count == channels || count == 1, "sample_maps: expected one ", name, " for each of ", channels,
              " channels, or one, not ", count);
  std::vector<float> values(channels);
  for (int64_t i = 0; i < channels; ++i) values[i] = static_cast<float>((*given)[count == 1 ? 0 : i]);
  return values;
}

Strides strides_of(const at::Tensor& x) { return {x.stride(1), x.stride(2), x.stride(3)}; }

at::Tensor sample_maps(const at::Tensor& input, const at::Tensor& maps, int64_t height, int64_t width, int64_t mode,
                       int64_t padding, bool align_corners, const std::optional<std::vector<double>>& factor,
                       const std::optional<std::vector<double>>& offset) {
  constexpr int64_t kLongest = int64_t{1} << 24;
  TORCH_CHECK(input.dim() == 4 && input.size(2) > 0 && input.size(3) > 0, "sample_maps: expected pictures [batch, ",
              "channels, height, width] of at least one pixel, not ", input.sizes());
  const bool bytes = input.scalar_type() == at::kByte;
  TORCH_CHECK(bytes || input.scalar_type() == at::kFloat, "sample_maps: expected uint8 or float32, not ",
              input.scalar_type());
  const int64_t batch = input.size(0), channels = input.size(1);
  TORCH_CHECK(maps.dim() == 3 && maps.size(0) == batch && maps.size(1) == 3 && maps.size(2) == 3,
              "sample_maps: expected maps [", batch, ", 3, 3], not ", maps.sizes());
  TORCH_CHECK(maps.is_cpu() && maps.is_floating_point(), "sample_maps: expected floating-point maps on the CPU");
  TORCH_CHECK(height > 0 && width > 0 && height <= kLongest && width <= kLongest,
              "sample_maps: expected sides of at least 1 for the result, not ", height, " and ", width);
  TORCH_CHECK(mode >= 0 && mode <= 2 && padding >= 0 && padding <= 2, "sample_maps: unknown mode or padding");
  const Sides from{input.size(3), input.size(2)}, to{width, height};
  TORCH_CHECK(from.width <= kLongest && from.height <= kLongest &&
                  (from.width + 2) * (from.height + 2) <= std::numeric_limits<int32_t>::max(),
              "sample_maps: pictures of ", from.height, " x ", from.width, " pixels are too large");
  const Finish finish{per_channel(factor, "factor", channels, bytes ? 1.0 / 255 : 1.0),
                      per_channel(offset, "offset", channels, 0)};
  at::Tensor output =
      at::empty({batch, channels, height, width}, input.options().dtype(at::kFloat), input.suggest_memory_format());
  if (output.numel() == 0) return output;
  const at::Tensor matrices = maps.detach().to(at::kDouble).contiguous();
  const double* of_map = matrices.const_data_ptr<double>();
  const int64_t tasks = std::min<int64_t>(batch, at::get_num_threads());
  const int64_t area = kChannels * (from.width + 2) * (from.height + 2);
  const at::Tensor scratch = at::empty({tasks, area}, output.options().memory_format(at::MemoryFormat::Contiguous));
  float* canvases = scratch.mutable_data_ptr<float>();
  float* target = output.mutable_data_ptr<float>();
  const void* source = input.const_data_ptr();
  at::parallel_for(0, tasks, 1, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      float* canvas = canvases + task * area;
      std::fill_n(canvas, area, 0.0F);
      for (int64_t picture = batch * task / tasks; picture < batch * (task + 1) / tasks; ++picture) {
        const PixelMap map = pixel_map(of_map + 9 * picture, from, to, align_corners);
        for (int64_t channel = 0; channel < channels; channel += kChannels) {
          const int64_t count = std::min(kChannels, channels - channel);
          const int64_t start = picture * input.stride(0) + channel * input.stride(1);
          if (bytes)
            lay_out_bytes(static_cast<const uint8_t*>(source) + start, strides_of(input), count, from, canvas);
          else
            lay_out_floats(static_cast<const float*>(source) + start, strides_of(input), count, from, canvas);
          sample({{canvas, from},
                  map,
                  to,
                  static_cast<Mode>(mode),
                  static_cast<Outside>(padding),
                  align_corners,
                  target + picture * output.stride(0) + channel * output.stride(1),
                  strides_of(output),
                  count,
                  finish.factor.data() + channel,
                  finish.offset.data() + channel});
        }
      }
    }
  });
  return output;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tench, library) {
  library.def(
      "sample_maps(Tensor input, Tensor maps, int height, int width, int mode, int padding, bool align_corners, "
      "float[]? factor=None, float[]? offset=None) -> Tensor");
}

TORCH_LIBRARY_IMPL(tench, CPU, library) { library.impl("sample_maps", sample_maps); }
