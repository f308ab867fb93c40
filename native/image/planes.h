// Lays the interleaved pixels of a picture out as one plane a channel, as tensors have them.
#pragma once

#include <cstdint>

#include "picture.h"

namespace tench::image {

// `target` holds channels x height x width numbers: the bytes themselves, or each divided by 255.
void write_planes(const Picture& picture, uint8_t* target);
void write_planes(const Picture& picture, float* target);

}  // namespace tench::image
