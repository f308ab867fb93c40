// What JavaScript may call of the image code.
#pragma once

#include <napi.h>

namespace tench {

// Adds to the addon's exports:
//
//   runProgram(data: Uint8Array, width, height, channels, program: Float64Array):
//     Promise<{ data: Uint8Array, width, height, channels }>
//
// data holds height x width pixels of 1 to 4 channels; see run_program() in program.h. The work is done on a thread of
// libuv's pool. Wrong arguments reject with a TypeError of code ERR_TENCH_ARGUMENT. Adds no state; safe in workers.
void register_image(Napi::Env env, Napi::Object exports);

}  // namespace tench
