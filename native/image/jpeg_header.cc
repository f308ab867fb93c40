#include "jpeg_header.h"

#include <algorithm>
#include <cstring>

namespace tench::image {

namespace {

using Bytes = std::span<const uint8_t>;

uint32_t big16(const uint8_t* bytes) { return static_cast<uint32_t>(bytes[0]) << 8 | bytes[1]; }

// The bytes of a TIFF structure, which says itself which end of a number comes first.
class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes) {
    if (bytes.size() >= 8) {
      little_ = std::memcmp(bytes.data(), "II", 2) == 0;
      valid_ = little_ || std::memcmp(bytes.data(), "MM", 2) == 0;
    }
  }

  bool valid() const { return valid_; }
  bool holds(size_t at, size_t count) const { return at <= bytes_.size() && count <= bytes_.size() - at; }
  uint32_t number16(size_t at) const { return little_ ? bytes_[at] | bytes_[at + 1] << 8 : big16(&bytes_[at]); }
  uint32_t number32(size_t at) const {
    return little_ ? number16(at) | number16(at + 2) << 16 : number16(at) << 16 | number16(at + 2);
  }

 private:
  Bytes bytes_;
  bool little_ = false;
  bool valid_ = false;
};

// The orientation in the first directory of an EXIF segment (CIPA DC-008, 4.6.4); 1 where there is none.
int read_orientation(Bytes segment) {
  constexpr uint32_t kOrientation = 0x0112, kShort = 3, kLong = 4;
  constexpr size_t kEntry = 12;
  const Tiff tiff(segment);
  if (!tiff.valid()) return 1;
  const size_t directory = tiff.number32(4);
  if (!tiff.holds(directory, 2)) return 1;
  const uint32_t entries = tiff.number16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + i * kEntry;
    if (!tiff.holds(at, kEntry)) return 1;
    if (tiff.number16(at) != kOrientation) continue;
    const uint32_t type = tiff.number16(at + 2);
    if (type != kShort && type != kLong) return 1;
    const uint32_t value = type == kShort ? tiff.number16(at + 8) : tiff.number32(at + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

bool is_frame(uint8_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

// ITU T.81, B.2.2. False for a frame that makes no sense.
bool read_frame(uint8_t marker, Bytes segment, JpegHeader& header) {
  if (segment.size() < 6) return false;
  header.bits = segment[0];
  header.height = static_cast<int>(big16(&segment[1]));
  header.width = static_cast<int>(big16(&segment[3]));
  header.components = segment[5];
  if (segment.size() < 6 + 3 * static_cast<size_t>(header.components)) return false;
  header.progressive = (marker & 3) == 2;
  header.lossless = (marker & 3) == 3;
  header.arithmetic = marker > 0xc8;
  uint32_t most_across = 1, most_down = 1;
  for (int i = 0; i < header.components; ++i) {
    const uint8_t sampling = segment[7 + 3 * i];
    if ((sampling >> 4) == 0 || (sampling & 15) == 0) return false;
    most_across = std::max<uint32_t>(most_across, sampling >> 4);
    most_down = std::max<uint32_t>(most_down, sampling & 15);
  }
  const auto blocks = [](uint64_t pixels, uint32_t sampling, uint32_t most) {
    const uint64_t samples = (pixels * sampling + most - 1) / most;
    return (samples + 7) / 8;
  };
  for (int i = 0; i < header.components; ++i) {
    const uint8_t sampling = segment[7 + 3 * i];
    header.blocks += blocks(header.width, sampling >> 4, most_across) * blocks(header.height, sampling & 15, most_down);
  }
  return header.width > 0 && header.height > 0;
}

}  // namespace

bool is_jpeg(Bytes bytes) { return bytes.size() >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff; }

std::optional<JpegHeader> read_jpeg_header(Bytes bytes) {
  constexpr uint8_t kEnd = 0xd9, kScan = 0xda, kExif = 0xe1;
  static constexpr char kExifName[] = "Exif\0";  // and one more zero, which ends the literal
  if (!is_jpeg(bytes)) return std::nullopt;
  JpegHeader header;
  bool has_frame = false, has_exif = false;
  size_t at = 2;
  for (;;) {
    // Fill bytes, and what libjpeg skips with a warning.
    while (at + 1 < bytes.size() && !(bytes[at] == 0xff && bytes[at + 1] != 0xff && bytes[at + 1] != 0)) ++at;
    if (at + 1 >= bytes.size()) return std::nullopt;
    const uint8_t marker = bytes[at + 1];
    at += 2;
    if (marker == kScan) return has_frame ? std::optional(header) : std::nullopt;
    if (marker == kEnd) return std::nullopt;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (at + 2 > bytes.size()) return std::nullopt;
    const size_t length = big16(&bytes[at]);
    if (length < 2 || at + length > bytes.size()) return std::nullopt;
    const Bytes segment = bytes.subspan(at + 2, length - 2);
    if (is_frame(marker) && !has_frame) {
      if (!read_frame(marker, segment, header)) return std::nullopt;
      has_frame = true;
    } else if (marker == kExif && !has_exif && segment.size() > sizeof kExifName &&
               std::memcmp(segment.data(), kExifName, sizeof kExifName) == 0) {
      header.orientation = read_orientation(segment.subspan(sizeof kExifName));
      has_exif = true;
    }
    at += length;
  }
}

}  // namespace tench::image
