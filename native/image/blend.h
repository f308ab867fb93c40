// Between and beyond two bytes, as Pillow's enhancers step from a degenerate picture to the picture and past it.
#pragma once

#include <cstdint>

namespace tench::image {

// 0 gives `degenerate`, 1 gives `value`, more than 1 exaggerates. Fractions are cut off, in single precision.
inline uint8_t blend(int degenerate, int value, float factor) {
  const float blended = static_cast<float>(degenerate) + factor * static_cast<float>(value - degenerate);
  return static_cast<uint8_t>(blended <= 0 ? 0 : blended >= 255 ? 255 : blended);
}

// The largest factor; beyond it every byte is 0 or 255 already.
inline constexpr double kMostFactor = 1e6;

}  // namespace tench::image
