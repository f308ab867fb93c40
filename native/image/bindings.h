// What JavaScript may call of the image code.
#pragma once

#include <napi.h>

namespace tench {

// Adds to the addon's exports:
//
//   resample(data: Uint8Array, width, height, channels, options): Promise<Uint8Array>   on a thread of libuv's pool
//   resampleSync(data, width, height, channels, options): Uint8Array
//
// data holds height x width pixels of 1 to 4 channels; options is { width, height, filter, box?: [left, top, right,
// bottom], window?: [left, top, width, height] }: see resample_window() in resample.h. Wrong arguments are a TypeError
// with code ERR_TENCH_ARGUMENT, a rejection where there is a promise. Adds no state; safe in workers.
void register_image(Napi::Env env, Napi::Object exports);

}  // namespace tench
