#include "passes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

// The loops are compiled once for each level of the processor, and the right ones are bound when the library is loaded.
// Sanitizers are not up yet at that moment. What the build asks for (-O2) would leave the loops over rows rolled up.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#if defined(__x86_64__) && defined(__GLIBC__) && __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TENCH_PER_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef TENCH_PER_PROCESSOR
#define TENCH_PER_PROCESSOR
#endif
#define TENCH_INLINE inline __attribute__((always_inline))

namespace tench::image {

namespace {

using Sums __attribute__((vector_size(16))) = int32_t;
using Unsigned __attribute__((vector_size(16))) = uint32_t;
using Bytes __attribute__((vector_size(4))) = uint8_t;

// Rows that the column pass takes at a time.
constexpr int kGroup = 4;

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

TENCH_INLINE uint8_t to_byte(int32_t sum) {
  sum >>= kWeightBits;
  return static_cast<uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

// Adds the four bytes at `from`, weighted. (Vectors go by reference: by value they would be part of a calling
// convention.) Shifting a broadcast apart is what compilers of every make turn into good code; the order of bytes is
// little-endian.
TENCH_INLINE void add_weighted(Sums& sums, const uint8_t* from, int32_t weight) {
  static_assert(std::endian::native == std::endian::little);
  uint32_t four;
  std::memcpy(&four, from, sizeof four);
  const Unsigned apart = (Unsigned{four, four, four, four} >> Unsigned{0, 8, 16, 24}) & 255;
  sums += reinterpret_cast<Sums>(apart) * weight;
}

// Writes the first `Count` of four sums as bytes.
template <int Count>
TENCH_INLINE void store_bytes(Sums& sums, uint8_t* target) {
  sums >>= kWeightBits;
  sums = sums < 0 ? Sums{} : sums;
  sums = sums > 255 ? Sums{} + 255 : sums;
  const Bytes bytes = __builtin_convertvector(sums, Bytes);
  std::memcpy(target, &bytes, Count);
}

// Pixel x of a group of rows, for pixels of three or four bytes: the four sums of a pixel are one vector, and several
// rows share the weights and hide one another's latency. Writes `Count` bytes to a row.
template <int Channels, int Group, int Count>
TENCH_INLINE void wide_pixel(size_t x, const uint8_t* const* sources, const AxisWeights& columns,
                             uint8_t* const* targets) {
  const AxisWeights::Window window = columns.windows[x];
  const int32_t* weights = columns.of(static_cast<int>(x));
  const size_t offset = static_cast<size_t>(window.first) * Channels;
  Sums sums[Group];
  for (int row = 0; row < Group; ++row) sums[row] = Sums{} + kHalf;
  for (int t = 0; t < window.count; ++t) {
    for (int row = 0; row < Group; ++row) add_weighted(sums[row], sources[row] + offset + t * Channels, weights[t]);
  }
  for (int row = 0; row < Group; ++row) store_bytes<Count>(sums[row], targets[row] + x * Channels);
}

// One fourth byte too many is written to all pixels but the last: the next pixel overwrites it.
template <int Channels, int Group>
TENCH_INLINE void wide_columns(const uint8_t* const* sources, const AxisWeights& columns, uint8_t* const* targets) {
  const size_t last = columns.windows.size() - 1;
  for (size_t x = 0; x < last; ++x) wide_pixel<Channels, Group, 4>(x, sources, columns, targets);
  wide_pixel<Channels, Group, Channels>(last, sources, columns, targets);
}

// The same for one or two bytes.
template <int Channels, int Group>
TENCH_INLINE void narrow_columns(const uint8_t* const* sources, const AxisWeights& columns, uint8_t* const* targets) {
  const size_t outputs = columns.windows.size();
  for (size_t x = 0; x < outputs; ++x) {
    const AxisWeights::Window window = columns.windows[x];
    const int32_t* weights = columns.of(static_cast<int>(x));
    const size_t offset = static_cast<size_t>(window.first) * Channels;
    int32_t sums[Group * Channels];
    for (int32_t& sum : sums) sum = kHalf;
    for (int t = 0; t < window.count; ++t) {
      for (int i = 0; i < Group * Channels; ++i) {
        sums[i] += sources[i / Channels][offset + t * Channels + i % Channels] * weights[t];
      }
    }
    for (int i = 0; i < Group * Channels; ++i) {
      targets[i / Channels][x * Channels + i % Channels] = to_byte(sums[i]);
    }
  }
}

template <int Group>
TENCH_INLINE void columns_of(int channels, const uint8_t* const* sources, const AxisWeights& columns,
                             uint8_t* const* targets) {
  switch (channels) {
    case 1:
      return narrow_columns<1, Group>(sources, columns, targets);
    case 2:
      return narrow_columns<2, Group>(sources, columns, targets);
    case 3:
      return wide_columns<3, Group>(sources, columns, targets);
    default:
      return wide_columns<4, Group>(sources, columns, targets);
  }
}

TENCH_PER_PROCESSOR void columns_of_group(int channels, const uint8_t* const* sources, const AxisWeights& columns,
                                          uint8_t* const* targets) {
  columns_of<kGroup>(channels, sources, columns, targets);
}

TENCH_PER_PROCESSOR void columns_of_row(int channels, const uint8_t* source, const AxisWeights& columns,
                                        uint8_t* target) {
  columns_of<1>(channels, &source, columns, &target);
}

// One row of the row pass, a block of bytes at a time, so that its sums stay in the nearest cache.
TENCH_PER_PROCESSOR void sum_of_rows(const uint8_t* source, size_t stride, const int32_t* weights, int count,
                                     uint8_t* target, size_t bytes) {
  constexpr size_t kBlock = 512;
  int32_t sums[kBlock];
  for (size_t start = 0; start < bytes; start += kBlock) {
    const size_t width = std::min(kBlock, bytes - start);
    for (size_t i = 0; i < width; ++i) sums[i] = kHalf;
    for (int t = 0; t < count; ++t) {
      const uint8_t* row = source + t * stride + start;
      const int32_t weight = weights[t];
      for (size_t i = 0; i < width; ++i) sums[i] += row[i] * weight;
    }
    for (size_t i = 0; i < width; ++i) target[start + i] = to_byte(sums[i]);
  }
}

}  // namespace

void resample_columns(const Pixels& source, const AxisWeights& columns, uint8_t* target, size_t target_stride) {
  // Four bytes are read where a pixel has three: past the end of the picture at its very last pixel, so the last row is
  // read from a copy with room behind it.
  const size_t row_bytes = static_cast<size_t>(source.width) * source.channels;
  const int last = source.height - 1;
  std::vector<uint8_t> last_row(row_bytes + 1);
  std::memcpy(last_row.data(), source.first + last * source.stride, row_bytes);
  const auto source_row = [&](int row) { return row == last ? last_row.data() : source.first + row * source.stride; };

  int row = 0;
  for (; row + kGroup <= source.height; row += kGroup) {
    const uint8_t* sources[kGroup];
    uint8_t* targets[kGroup];
    for (int i = 0; i < kGroup; ++i) {
      sources[i] = source_row(row + i);
      targets[i] = target + (row + i) * target_stride;
    }
    columns_of_group(source.channels, sources, columns, targets);
  }
  for (; row < source.height; ++row) {
    columns_of_row(source.channels, source_row(row), columns, target + row * target_stride);
  }
}

void resample_rows(const Pixels& source, const AxisWeights& rows, uint8_t* target, size_t target_stride) {
  const size_t row_bytes = static_cast<size_t>(source.width) * source.channels;
  for (size_t y = 0; y < rows.windows.size(); ++y) {
    const AxisWeights::Window window = rows.windows[y];
    sum_of_rows(source.first + window.first * source.stride, source.stride, rows.of(static_cast<int>(y)), window.count,
                target + y * target_stride, row_bytes);
  }
}

}  // namespace tench::image
