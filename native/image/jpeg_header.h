// What a JPEG file says of itself before its pixels: size, components, coding, and which way up it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tench::image {

struct JpegHeader {
  int width = 0;  // as stored, before the orientation
  int height = 0;
  int components = 0;
  int bits = 0;  // a sample
  bool progressive = false;
  bool arithmetic = false;
  bool lossless = false;
  uint64_t blocks = 0;  // of 8 x 8 samples, over all components
  int orientation = 1;  // EXIF's, 1 to 8

  // Orientations from 5 on lay the picture on its side.
  bool is_turned() const { return orientation >= 5; }
  int upright_width() const { return is_turned() ? height : width; }
  int upright_height() const { return is_turned() ? width : height; }
};

bool is_jpeg(std::span<const uint8_t> bytes);

// Walks over segments to the first scan (ITU T.81, B.2.1). Nothing where `bytes` end before it, or hold no frame header
// that makes sense: if they are the whole file, the decoder has the better words for that.
std::optional<JpegHeader> read_jpeg_header(std::span<const uint8_t> bytes);

}  // namespace tench::image
