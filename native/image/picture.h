// A picture in memory: rows of interleaved bytes that it owns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tench::image {

// 1 to 4 channels: grey, grey and alpha, RGB, RGB and alpha. Rows follow one another without a gap.
struct Picture {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::unique_ptr<uint8_t[]> bytes;

  // One whose bytes are still to be written.
  static Picture of_size(int width, int height, int channels) {
    const size_t count = static_cast<size_t>(width) * height * channels;
    return {width, height, channels, std::make_unique_for_overwrite<uint8_t[]>(count)};
  }

  size_t stride() const { return static_cast<size_t>(width) * channels; }
  size_t size() const { return stride() * height; }
  uint8_t* row(int y) { return bytes.get() + stride() * y; }
  const uint8_t* row(int y) const { return bytes.get() + stride() * y; }

  bool has_alpha() const { return channels == 2 || channels == 4; }
  // How many channels hold light; alpha, where there is one, comes after them.
  int colours() const { return has_alpha() ? channels - 1 : channels; }
};

}  // namespace tench::image
