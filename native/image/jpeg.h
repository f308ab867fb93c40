// JPEG by libjpeg-turbo: from the bytes of a file to pixels, by the rule that lib/vision/decode.ts states for every
// format.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "jpeg_header.h"
#include "picture.h"

namespace tench::image {

// How libjpeg-turbo came in: "static", "shared", or "none" where there is no decoder.
const char* jpeg_library();

struct DecodeLimits {
  uint64_t max_pixels;           // width times height
  bool allow_truncated = false;  // what is missing at the end is grey then
};

// Throws an ImageError for what this decoder does not read and for more pixels than the limit, before any memory is
// taken; called by decode_jpeg() itself.
void check_jpeg(const JpegHeader& header, size_t file_bytes, const DecodeLimits& limits);

// About how much memory decoding takes, its result included.
size_t decoding_bytes(const JpegHeader& header);

// Decodes a whole file in memory, upright: one channel for grey, three for everything else. Colour profiles are not
// applied. Any thread may call it. Throws an
// ImageError for what is damaged, truncated or not supported, std::bad_alloc, and Abandoned soon after `abandoned` has
// become true.
Picture decode_jpeg(std::span<const uint8_t> file, const DecodeLimits& limits,
                    const std::atomic<bool>* abandoned = nullptr);

}  // namespace tench::image
