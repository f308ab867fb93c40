#include "passes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "avx2.h"
#include "columns_avx2.h"
#include "per_processor.h"
#include "rows_avx2.h"

namespace tench::image {

namespace {

// Rows that the column pass takes at a time: a pixel's four bytes of each are one vector.
constexpr int kGroup = 4;
constexpr size_t kLanes = 4 * kGroup;

using Sums __attribute__((vector_size(kLanes * sizeof(int32_t)))) = int32_t;
using Bytes __attribute__((vector_size(kLanes))) = uint8_t;

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

TENCH_INLINE uint8_t to_byte(int32_t sum) {
  sum >>= kWeightBits;
  return static_cast<uint8_t>(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

// The rows of a group side by side, as wide as their sums: pixel by pixel, four bytes of each. Where a pixel has three,
// the fourth is the next one's first.
template <int Channels>
TENCH_INLINE void weave(const uint8_t* const* sources, size_t pixels, int32_t* woven) {
  constexpr size_t kBlock = 64;
  uint8_t bytes[kBlock * kLanes];
  for (size_t start = 0; start < pixels; start += kBlock) {
    const size_t width = std::min(kBlock, pixels - start);
    for (size_t x = 0; x < width; ++x) {
      for (int row = 0; row < kGroup; ++row)
        std::memcpy(bytes + kLanes * x + 4 * row, sources[row] + (start + x) * Channels, 4);
    }
    for (size_t i = 0; i < width * kLanes; ++i) woven[start * kLanes + i] = bytes[i];
  }
}

// Pixel x of a group of rows, for pixels of three or four bytes. Writes `Count` bytes to a row.
template <int Channels, int Count>
TENCH_INLINE void wide_pixel(size_t x, const int32_t* woven, const AxisWeights& columns, uint8_t* const* targets) {
  const AxisWeights::Window window = columns.windows[x];
  const int32_t* weights = columns.of(static_cast<int>(x));
  const int32_t* from = woven + static_cast<size_t>(window.first) * kLanes;
  Sums sums = Sums{} + kHalf;
  for (int t = 0; t < window.count; ++t) {
    Sums values;
    std::memcpy(&values, from + t * kLanes, sizeof values);
    sums += values * weights[t];
  }
  sums >>= kWeightBits;
  sums = sums < 0 ? Sums{} : sums;
  sums = sums > 255 ? Sums{} + 255 : sums;
  const Bytes bytes = __builtin_convertvector(sums, Bytes);
  for (int row = 0; row < kGroup; ++row) {
    std::memcpy(targets[row] + x * Channels, reinterpret_cast<const uint8_t*>(&bytes) + 4 * row, Count);
  }
}

// One fourth byte too many is written to all pixels but the last: the next pixel overwrites it.
template <int Channels>
TENCH_INLINE void wide_columns(const uint8_t* const* sources, size_t pixels, const AxisWeights& columns, int32_t* woven,
                               uint8_t* const* targets) {
  weave<Channels>(sources, pixels, woven);
  const size_t last = columns.windows.size() - 1;
  for (size_t x = 0; x < last; ++x) wide_pixel<Channels, 4>(x, woven, columns, targets);
  wide_pixel<Channels, Channels>(last, woven, columns, targets);
}

// The same for one or two bytes.
template <int Channels>
TENCH_INLINE void narrow_columns(const uint8_t* const* sources, const AxisWeights& columns, uint8_t* const* targets) {
  const size_t outputs = columns.windows.size();
  for (size_t x = 0; x < outputs; ++x) {
    const AxisWeights::Window window = columns.windows[x];
    const int32_t* weights = columns.of(static_cast<int>(x));
    const size_t offset = static_cast<size_t>(window.first) * Channels;
    int32_t sums[kGroup * Channels];
    for (int32_t& sum : sums) sum = kHalf;
    for (int t = 0; t < window.count; ++t) {
      for (int i = 0; i < kGroup * Channels; ++i) {
        sums[i] += sources[i / Channels][offset + t * Channels + i % Channels] * weights[t];
      }
    }
    for (int i = 0; i < kGroup * Channels; ++i) {
      targets[i / Channels][x * Channels + i % Channels] = to_byte(sums[i]);
    }
  }
}

TENCH_PER_PROCESSOR void columns_of_group(const Pixels& source, const uint8_t* const* sources,
                                          const AxisWeights& columns, int32_t* woven, uint8_t* const* targets) {
  const size_t pixels = static_cast<size_t>(source.width);
  switch (source.channels) {
    case 1:
      return narrow_columns<1>(sources, columns, targets);
    case 2:
      return narrow_columns<2>(sources, columns, targets);
    case 3:
      return wide_columns<3>(sources, pixels, columns, woven, targets);
    default:
      return wide_columns<4>(sources, pixels, columns, woven, targets);
  }
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
  // More bytes are read than a pixel has: past the end of the picture at its very last one, so the last row is read
  // from a copy with room behind it.
  const size_t row_bytes = static_cast<size_t>(source.width) * source.channels;
  const int last = source.height - 1;
  std::vector<uint8_t> last_row(row_bytes + ColumnsAvx2::kOverread);
  std::memcpy(last_row.data(), source.first + last * source.stride, row_bytes);
  const auto source_row = [&](int row) { return row == last ? last_row.data() : source.first + row * source.stride; };

  const auto in_groups = [&](const auto& columns_of) {
    for (int first = 0; first < source.height; first += kGroup) {
      // The last group ends with the last row and takes some rows once more; a picture of fewer rows repeats them.
      const int begin = std::max(0, std::min(first, source.height - kGroup));
      const uint8_t* sources[kGroup];
      uint8_t* targets[kGroup];
      for (int i = 0; i < kGroup; ++i) {
        const int row = std::min(begin + i, last);
        sources[i] = source_row(row);
        targets[i] = target + row * target_stride;
      }
      columns_of(sources, targets);
    }
  };
  static_assert(kGroup == ColumnsAvx2::kRows);
  if (source.channels >= 3 && row_bytes >= ColumnsAvx2::kOverread && has_avx2()) {
    const ColumnsAvx2 fast(columns);
    return in_groups([&](auto& sources, auto& targets) { fast.run(sources, source.channels, targets); });
  }
  std::vector<int32_t> woven(source.width * kLanes);
  in_groups([&](auto& sources, auto& targets) { columns_of_group(source, sources, columns, woven.data(), targets); });
}

void resample_rows(const Pixels& source, const AxisWeights& rows, uint8_t* target, size_t target_stride) {
  const size_t row_bytes = static_cast<size_t>(source.width) * source.channels;
  const auto sum = has_avx2() ? sum_of_rows_avx2 : sum_of_rows;
  for (size_t y = 0; y < rows.windows.size(); ++y) {
    const AxisWeights::Window window = rows.windows[y];
    sum(source.first + window.first * source.stride, source.stride, rows.of(static_cast<int>(y)), window.count,
        target + y * target_stride, row_bytes);
  }
}

}  // namespace tench::image
