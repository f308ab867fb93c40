// Random words by counter and key: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011), the same as in
// lib/data/random.ts.
#pragma once

#include <array>
#include <cstdint>

namespace tench::image {

inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t even = uint64_t{0xd2511f53} * counter[0];
    const uint64_t odd = uint64_t{0xcd9e8d57} * counter[2];
    const auto high = [](uint64_t product) { return static_cast<uint32_t>(product >> 32); };
    counter = {high(odd) ^ counter[1] ^ key[0], static_cast<uint32_t>(odd), high(even) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(even)};
    key = {key[0] + 0x9e3779b9, key[1] + 0xbb67ae85};
  }
  return counter;
}

}  // namespace tench::image
