#include "planes.h"

#include <algorithm>
#include <cstddef>

#include "per_processor.h"

namespace tench::image {

namespace {

// 1 / 255 in two parts. A byte times the first is exact, since that has few enough bits, so that the sum of both
// products is as near to byte / 255 as a float can be; and much sooner there than a division.
constexpr float kCoarse = 0x1.01p-8F;
constexpr float kFine = static_cast<float>(1.0 / 255 - static_cast<double>(kCoarse));

constexpr float fraction_of(uint8_t byte) {
  return static_cast<float>(byte) * kCoarse + static_cast<float>(byte) * kFine;
}

constexpr bool is_division() {
  for (int byte = 0; byte <= 255; ++byte) {
    if (fraction_of(static_cast<uint8_t>(byte)) != static_cast<float>(byte) / 255.0F) return false;
  }
  return true;
}
static_assert(is_division());

// What toFloatTensor makes of every byte.
TENCH_INLINE void convert(const uint8_t* bytes, size_t count, float* target) {
  for (size_t i = 0; i < count; ++i) target[i] = fraction_of(bytes[i]);
}

TENCH_INLINE void convert(const uint8_t* bytes, size_t count, uint8_t* target) {
  for (size_t i = 0; i < count; ++i) target[i] = bytes[i];
}

// A block of pixels at a time, first taken apart and then converted: two loops that compilers turn into vectors, where
// one that does both stays scalar.
template <size_t Channels, typename Number>
TENCH_INLINE void take_apart(const uint8_t* source, size_t pixels, Number* target) {
  constexpr size_t kBlock = 256;
  uint8_t planes[Channels][kBlock];
  for (size_t start = 0; start < pixels; start += kBlock) {
    const size_t count = std::min(kBlock, pixels - start);
    const uint8_t* block = source + start * Channels;
    for (size_t i = 0; i < count; ++i) {
      for (size_t channel = 0; channel < Channels; ++channel) planes[channel][i] = block[i * Channels + channel];
    }
    for (size_t channel = 0; channel < Channels; ++channel)
      convert(planes[channel], count, target + channel * pixels + start);
  }
}

template <typename Number>
TENCH_INLINE void take_any_apart(const uint8_t* source, size_t pixels, int channels, Number* target) {
  switch (channels) {
    case 1:
      return convert(source, pixels, target);
    case 2:
      return take_apart<2>(source, pixels, target);
    case 3:
      return take_apart<3>(source, pixels, target);
    default:
      return take_apart<4>(source, pixels, target);
  }
}

TENCH_PER_PROCESSOR void bytes_apart(const uint8_t* source, size_t pixels, int channels, uint8_t* target) {
  take_any_apart(source, pixels, channels, target);
}

TENCH_PER_PROCESSOR void floats_apart(const uint8_t* source, size_t pixels, int channels, float* target) {
  take_any_apart(source, pixels, channels, target);
}

size_t pixels_of(const Picture& picture) { return static_cast<size_t>(picture.width) * picture.height; }

}  // namespace

void write_planes(const Picture& picture, uint8_t* target) {
  bytes_apart(picture.bytes.get(), pixels_of(picture), picture.channels, target);
}

void write_planes(const Picture& picture, float* target) {
  floats_apart(picture.bytes.get(), pixels_of(picture), picture.channels, target);
}

}  // namespace tench::image
