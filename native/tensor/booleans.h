// A boolean is the byte 0 or 1: any other byte, which a file or a typed array may hold, is undefined behaviour to read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tench {

inline bool all_booleans(const uint8_t* bytes, size_t count) {
  uint8_t all = 0;
  for (size_t i = 0; i < count; ++i) all |= bytes[i];
  return all <= 1;
}

// Makes every byte but 0 a 1. Bytes are only written where they change, so that clean pages of a mapped file stay
// shared.
inline void make_booleans(uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (bytes[i] > 1) bytes[i] = 1;
  }
}

}  // namespace tench
