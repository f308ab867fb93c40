#include "resample.h"

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "axis.h"
#include "passes.h"

namespace tench::image {

namespace {

struct Source {
  const uint8_t* pixels;
  int width;
  int height;
  int channels;
  size_t stride;
};

struct Target {
  uint8_t* pixels;
  size_t stride;
};

[[noreturn]] void refuse(const char* argument, const std::string& expected, const std::string& received) {
  throw std::invalid_argument("expected " + expected + " for `" + argument + "` but received " + received);
}

void check_side(const char* argument, int pixels) {
  if (pixels >= 1 && pixels <= kLongestSide) return;
  refuse(argument, "1 to " + std::to_string(kLongestSide) + " pixels", std::to_string(pixels));
}

void check_box(const Box& box, const Source& source) {
  // Written so that NaN is refused too.
  const bool inside = box.left >= 0 && box.top >= 0 && box.right <= static_cast<float>(source.width) &&
                      box.bottom <= static_cast<float>(source.height);
  if (inside && box.left < box.right && box.top < box.bottom) return;
  refuse("box",
         "a box of some width and height inside " + std::to_string(source.width) + "x" + std::to_string(source.height),
         "[" + std::to_string(box.left) + ", " + std::to_string(box.top) + ", " + std::to_string(box.right) + ", " +
             std::to_string(box.bottom) + "]");
}

void check_window(const Window& window, int width, int height) {
  if (window.left >= 0 && window.top >= 0 && window.width >= 1 && window.height >= 1 &&
      window.width <= width - window.left && window.height <= height - window.top) {
    return;
  }
  refuse("window", "a window inside " + std::to_string(width) + "x" + std::to_string(height),
         std::to_string(window.width) + "x" + std::to_string(window.height) + " at (" + std::to_string(window.left) +
             ", " + std::to_string(window.top) + ")");
}

void check(const Source& source, const Target& target, const Box& box, int width, int height, const Window& window) {
  if (source.channels < 1 || source.channels > 4) refuse("channels", "1, 2, 3 or 4", std::to_string(source.channels));
  check_side("src_w", source.width);
  check_side("src_h", source.height);
  check_side("dst_w", width);
  check_side("dst_h", height);
  check_box(box, source);
  check_window(window, width, height);
  const auto least = [&](int pixels) { return static_cast<size_t>(pixels) * source.channels; };
  if (source.stride < least(source.width)) refuse("src_stride", "at least a row", std::to_string(source.stride));
  if (target.stride < least(window.width)) refuse("dst_stride", "at least a row", std::to_string(target.stride));
}

// An axis that every pixel passes unchanged.
bool is_identity(const AxisRange& axis) {
  return axis.begin == 0 && axis.end == static_cast<float>(axis.inputs) && axis.inputs == axis.outputs;
}

// Between the passes pixels are rounded to bytes, so their order is part of the result. Pillow makes columns first,
// and since version 13 rows where the height shrinks by more than twice what the width does.
bool rows_come_first(int src_w, int src_h, int dst_w, int dst_h) {
  return dst_h < src_h && src_h - dst_h > 2 * (src_w - dst_w);
}

template <int Channels>
void pick_row(const uint8_t* source, const std::vector<int>& columns, uint8_t* target) {
  for (size_t x = 0; x < columns.size(); ++x) {
    std::memcpy(target + x * Channels, source + static_cast<size_t>(columns[x]) * Channels, Channels);
  }
}

void pick_nearest(const Source& source, const AxisRange& across, const AxisRange& down, const Target& target) {
  constexpr decltype(&pick_row<1>) kPickers[] = {pick_row<1>, pick_row<2>, pick_row<3>, pick_row<4>};
  const auto pick = kPickers[source.channels - 1];
  const std::vector<int> columns = nearest_pixels(across);
  const std::vector<int> rows = nearest_pixels(down);
  const size_t row_bytes = columns.size() * source.channels;
  for (size_t y = 0; y < rows.size(); ++y) {
    uint8_t* row = target.pixels + y * target.stride;
    if (y > 0 && rows[y] == rows[y - 1]) {
      std::memcpy(row, row - target.stride, row_bytes);
    } else {
      pick(source.pixels + rows[y] * source.stride, columns, row);
    }
  }
}

void copy_window(const Source& source, const Window& window, const Target& target) {
  const uint8_t* corner =
      source.pixels + window.top * source.stride + static_cast<size_t>(window.left) * source.channels;
  for (int y = 0; y < window.height; ++y) {
    std::memcpy(target.pixels + y * target.stride, corner + y * source.stride,
                static_cast<size_t>(window.width) * source.channels);
  }
}

}  // namespace

void resample_window(const uint8_t* src, int src_w, int src_h, int channels, size_t src_stride, Box box, uint8_t* dst,
                     int dst_w, int dst_h, Window window, size_t dst_stride, Filter filter) {
  const Source source{src, src_w, src_h, channels, src_stride};
  const Target target{dst, dst_stride};
  check(source, target, box, dst_w, dst_h, window);
  const AxisRange across{src_w, box.left, box.right, dst_w, window.left, window.width};
  const AxisRange down{src_h, box.top, box.bottom, dst_h, window.top, window.height};
  const bool columns_change = !is_identity(across);
  const bool rows_change = !is_identity(down);

  if (!columns_change && !rows_change) return copy_window(source, window, target);
  if (filter == Filter::nearest) return pick_nearest(source, across, down, target);
  const AxisWeights columns = columns_change ? make_weights(across, filter) : AxisWeights{};
  const AxisWeights rows = rows_change ? make_weights(down, filter) : AxisWeights{};
  // Only what both passes need is read.
  const int left = columns_change ? columns.begin : window.left;
  const int top = rows_change ? rows.begin : window.top;
  const Pixels needed{src + top * src_stride + static_cast<size_t>(left) * channels,
                      columns_change ? columns.length : window.width, rows_change ? rows.length : window.height,
                      channels, src_stride};
  if (!rows_change) return resample_columns(needed, columns, dst, dst_stride);
  if (!columns_change) return resample_rows(needed, rows, dst, dst_stride);

  const bool first_rows = rows_come_first(src_w, src_h, dst_w, dst_h);
  const int width = first_rows ? needed.width : window.width;
  const int height = first_rows ? window.height : needed.height;
  const size_t stride = static_cast<size_t>(width) * channels;
  const auto bytes = std::make_unique_for_overwrite<uint8_t[]>(stride * height);
  const Pixels between{bytes.get(), width, height, channels, stride};
  if (first_rows) {
    resample_rows(needed, rows, bytes.get(), stride);
    resample_columns(between, columns, dst, dst_stride);
  } else {
    resample_columns(needed, columns, bytes.get(), stride);
    resample_rows(between, rows, dst, dst_stride);
  }
}

void resample(const uint8_t* src, int src_w, int src_h, int channels, size_t src_stride, Box box, uint8_t* dst,
              int dst_w, int dst_h, size_t dst_stride, Filter filter) {
  resample_window(src, src_w, src_h, channels, src_stride, box, dst, dst_w, dst_h, {0, 0, dst_w, dst_h}, dst_stride,
                  filter);
}

}  // namespace tench::image
