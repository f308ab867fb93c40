// The column pass for pixels of three or four bytes on processors with AVX2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "axis.h"

namespace tench::image {

// Makes pixels of four rows at a time; only where has_avx2(). Sums are those of passes.cc to the last bit: whole
// numbers modulo 2^32.
class ColumnsAvx2 {
 public:
  static constexpr int kRows = 4;
  // Bytes behind the end of a row that are read, and count for nothing.
  static constexpr size_t kOverread = 16;

  explicit ColumnsAvx2(const AxisWeights& columns);

  // Rows of 3 or 4 bytes a pixel. Two of the targets may be the same only where their sources are.
  void run(const uint8_t* const (&sources)[kRows], int channels, uint8_t* const (&targets)[kRows]) const;

 private:
  template <int Channels>
  void run_of(const uint8_t* const (&sources)[kRows], uint8_t* const (&targets)[kRows]) const;

  // Weights of four taps as two words each, high and low, in the order in which they are multiplied.
  struct Quad {
    int32_t low[2];
    int32_t high[2];
  };
  struct Output {
    uint32_t first;  // input pixel
    uint32_t quads;
  };
  std::vector<Output> outputs_;
  std::vector<Quad> quads_;
};

}  // namespace tench::image
