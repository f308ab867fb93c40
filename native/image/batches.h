// What JavaScript may call to have whole batches of image files read, transformed and written into a tensor.
#pragma once

#include "tensor/instance.h"

namespace tench {

// Adds to the addon's exports (a lane is an owner and a number of threads, see files.h):
//
//   newLane(): number   an owner that no other one of this environment is
//   openBatch(sources, owner, threads, maxPixels, allowTruncated): [batch, Promise<Float64Array>]
//     of each file, once it is known: [kind, width, height, channels], upright. Kind 0: it cannot be read, see
//     batchReasons; 1: a JPEG; 2: a file that others must decode.
//   paintBatch(batch, tensor, files, places, ends, program, owner, threads): Promise<void>
//     decodes the JPEG files with these numbers, runs the program of each (it ends at `ends`), writes it at its place.
//   batchReasons(batch): (string | null)[]   why a file could not be read or painted, of all files
//   closeBatch(batch)                        lets go of everything; what is under way is left undone
//   paintPixels(tensor, place, data, width, height, channels, program, owner, threads): Promise<void>
//     the same for pixels that others have decoded
//
// All arrays of numbers are Float64Arrays.
void export_image_batches(Instance& instance, napi_value exports);

}  // namespace tench
