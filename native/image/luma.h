// The brightness of a pixel.
#pragma once

#include <cstdint>

namespace tench::image {

// 0.299 R + 0.587 G + 0.114 B in 65536ths, rounded; grey is its own.
inline uint8_t luma_of(const uint8_t* pixel, int colours) {
  if (colours == 1) return pixel[0];
  return static_cast<uint8_t>((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16);
}

}  // namespace tench::image
