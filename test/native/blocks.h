// Blocks that know what was written to them, and the test's own count of what is alive.
#pragma once

#include <c10/core/Allocator.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <string>

namespace tench::stress {

constexpr size_t kPage = 4096;

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "allocator_stress: %s\n", what.c_str());
  std::exit(1);
}

inline void expect_equal(const char* what, size_t received, size_t expected) {
  if (received == expected) return;
  fail(std::string(what) + ": expected " + std::to_string(expected) + " but received " + std::to_string(received));
}

struct Block {
  c10::DataPtr memory;
  size_t bytes = 0;
  uint8_t mark = 0;
};

// A mark at the first and last byte and at every page between touches what a tensor would touch.
template <typename Visit>
inline void each_marked_byte(const Block& block, Visit visit) {
  auto* bytes = static_cast<uint8_t*>(block.memory.get());
  for (size_t i = 0; i < block.bytes; i += kPage) visit(bytes[i]);
  visit(bytes[block.bytes - 1]);
}

inline void mark(Block& block, uint8_t value) {
  block.mark = value;
  each_marked_byte(block, [&](uint8_t& byte) { byte = value; });
}

inline void check(const Block& block) {
  if (reinterpret_cast<uintptr_t>(block.memory.get()) % 64 != 0) fail("a block is not aligned to 64 bytes");
  each_marked_byte(block, [&](const uint8_t& byte) {
    if (byte != block.mark) fail("a block of " + std::to_string(block.bytes) + " bytes was written to by another");
  });
}

// The test's own books, which the allocator's must agree with.
struct Books {
  std::atomic<size_t> bytes{0};
  std::atomic<size_t> blocks{0};
  std::atomic<size_t> peak{0};
  std::atomic<size_t> total{0};

  void add(size_t size) {
    const size_t now = bytes.fetch_add(size) + size;
    ++blocks;
    ++total;
    for (size_t seen = peak; now > seen && !peak.compare_exchange_weak(seen, now);) {
    }
  }
  void subtract(size_t size) {
    bytes -= size;
    --blocks;
  }
};

inline size_t resident_bytes() {
  size_t pages = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * kPage;
}

// A size whose logarithm is evenly spread: as many blocks of bytes as of megabytes.
inline size_t random_size(std::mt19937_64& random, size_t largest) {
  const double exponent = std::uniform_real_distribution<double>(0, std::log2(static_cast<double>(largest)))(random);
  return std::clamp<size_t>(static_cast<size_t>(std::exp2(exponent)), 1, largest);
}

}  // namespace tench::stress
