// Resizes pictures of bytes, with the filters, the rounding and the antialiasing that Pillow has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "filter.h"

namespace tench::image {

// The part of the source that is resized, in source pixels; fractions count. Nothing outside of it gets into the
// result beyond what the filter reaches for.
struct Box {
  float left;
  float top;
  float right;
  float bottom;
};

// The part of the result that is wanted, in result pixels.
struct Window {
  int left;
  int top;
  int width;
  int height;
};

// The longest side of a picture, in pixels.
inline constexpr int kLongestSide = 1 << 20;

// Resizes `box` of the source to dst_w x dst_h. Pixels are bytes, interleaved (height, width, channels), 1 to 4
// channels which do not influence one another; strides are the bytes from row to row. `nearest` picks one pixel; every
// other filter is stretched on reduction. A pass that changes nothing is left out. Keeps no state and may run on any
// number of threads. Throws std::invalid_argument for impossible sizes, strides and boxes.
void resample(const uint8_t* src, int src_w, int src_h, int channels, size_t src_stride, Box box, uint8_t* dst,
              int dst_w, int dst_h, size_t dst_stride, Filter filter);

// The same, computing only `window` of the dst_w x dst_h result: a resize and then a crop. dst holds just the window.
void resample_window(const uint8_t* src, int src_w, int src_h, int channels, size_t src_stride, Box box, uint8_t* dst,
                     int dst_w, int dst_h, Window window, size_t dst_stride, Filter filter);

}  // namespace tench::image
