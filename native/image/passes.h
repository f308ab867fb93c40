// The two passes of a resize: every output pixel is a weighted sum along one axis, rounded to a byte.
#pragma once

#include <cstddef>
#include <cstdint>

#include "axis.h"

namespace tench::image {

// Pixels of 1 to 4 bytes in rows. `width` and `height` are in pixels, `stride` in bytes.
struct Pixels {
  const uint8_t* first;
  int width;
  int height;
  int channels;
  size_t stride;
};

// Every row becomes a row of columns.windows.size() pixels; columns.begin is the input column that the source begins
// with.
void resample_columns(const Pixels& source, const AxisWeights& columns, uint8_t* target, size_t target_stride);

// Every row of the target is a sum of rows as wide as it; rows.begin is the input row that the source begins with.
void resample_rows(const Pixels& source, const AxisWeights& rows, uint8_t* target, size_t target_stride);

}  // namespace tench::image
