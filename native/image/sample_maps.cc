// tench::sample_maps: each picture of a batch read through a projective map of its own, what affine_grid and
// grid_sampler do in two steps, without the grid.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "map_sampler.h"

namespace {

using tench::image::kLanes;
using tench::image::Mode;
using tench::image::Outside;
using tench::image::PixelMap;
using tench::image::Sides;
using tench::image::Strides;

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
  const int64_t area = kLanes * (from.width + 2) * (from.height + 2);
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
        for (int64_t channel = 0; channel < channels; channel += kLanes) {
          const int64_t count = std::min(kLanes, channels - channel);
          const int64_t start = picture * input.stride(0) + channel * input.stride(1);
          if (bytes)
            tench::image::lay_out_bytes(static_cast<const uint8_t*>(source) + start, strides_of(input), count, from,
                                        canvas);
          else
            tench::image::lay_out_floats(static_cast<const float*>(source) + start, strides_of(input), count, from,
                                         canvas);
          tench::image::sample({{canvas, from},
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
