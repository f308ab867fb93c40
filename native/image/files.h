// What JavaScript may call to have image files read and decoded on the pool's threads.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <span>
#include <vector>

#include "jpeg.h"
#include "pool.h"
#include "tensor/instance.h"

namespace tench {

// Adds to the addon's exports:
//
//   imageReaders(): [library, threads, running]   how libjpeg-turbo came in; the most threads, and those of now
//   readImage(source, lane, threads, maxPixels, allowTruncated): Promise<[width, height, channels, ArrayBuffer] | null>
//
// A source is a path, or the bytes of a file, which are copied. null stands for what is no JPEG: it is for others to
// decode. A lane is a number under which a caller's work
// shares its threads. A rejection has code ERR_TENCH_IMAGE and the reason alone as its message.
void export_image_files(Instance& instance, napi_value exports);

inline constexpr int kMostThreads = 256;

// Two arguments from number `index` on: lane and threads. Threads of -1 are as many as the pool has.
image::Lane read_lane(Arguments& arguments, size_t index);
// The bytes of a Uint8Array, as long as JavaScript does not run; and a copy.
std::span<const uint8_t> bytes_of(napi_env env, napi_value value, const char* what);
std::vector<uint8_t> copied_bytes(Arguments& arguments, size_t index, const char* what);
// maxPixels and allowTruncated.
image::DecodeLimits read_limits(Arguments& arguments, size_t index);

}  // namespace tench
