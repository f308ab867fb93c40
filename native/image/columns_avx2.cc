#include "columns_avx2.h"

#include <cstring>

#include "avx2.h"

#ifdef TENCH_HAS_AVX2_CODE

namespace tench::image {

namespace {

// The instruction that multiplies and adds takes words of 16 bits, two taps at a time; a weight is
// high << kLowBits plus low, of which low is never negative.
constexpr int kLowBits = 15;
constexpr int32_t kLowMask = (1 << kLowBits) - 1;
constexpr int kTaps = 4;

int32_t pair_of(int32_t first, int32_t second) {
  return static_cast<int32_t>(static_cast<uint32_t>(first & 0xffff) | static_cast<uint32_t>(second) << 16);
}

// Which bytes of four pixels in a row are the two taps from number `tap` on: channel by channel, widened to words.
template <int Channels>
TENCH_AVX2_INLINE __m256i taps_from(int tap) {
  alignas(16) int8_t picked[16];
  for (int channel = 0; channel < 4; ++channel) {
    for (int i = 0; i < 2; ++i) {
      picked[4 * channel + 2 * i] = channel < Channels ? static_cast<int8_t>((tap + i) * Channels + channel) : -1;
      picked[4 * channel + 2 * i + 1] = -1;
    }
  }
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(picked)));
}

// Sixteen bytes of one row and of another.
TENCH_AVX2_INLINE __m256i load_two(const uint8_t* first, const uint8_t* second) {
  const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first));
  return _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_loadu_si128(reinterpret_cast<const __m128i*>(second)),
                                 1);
}

// The sums of one pixel in two rows: four channels of each.
struct Sums {
  __m256i low;
  __m256i high;

  TENCH_AVX2_INLINE void add(__m256i taps, __m256i low_weights, __m256i high_weights) {
    low = _mm256_add_epi32(low, _mm256_madd_epi16(taps, low_weights));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(taps, high_weights));
  }
  TENCH_AVX2_INLINE __m256i result() const {
    return _mm256_srai_epi32(_mm256_add_epi32(low, _mm256_slli_epi32(high, kLowBits)), kWeightBits);
  }
};

inline __attribute__((always_inline)) void write_pixel(uint8_t* target, int32_t pixel, size_t bytes) {
  if (bytes == sizeof pixel)
    std::memcpy(target, &pixel, sizeof pixel);
  else
    std::memcpy(target, &pixel, bytes);
}

}  // namespace

ColumnsAvx2::ColumnsAvx2(const AxisWeights& columns) {
  outputs_.reserve(columns.windows.size());
  quads_.reserve(columns.windows.size() * ((columns.stride + kTaps - 1) / kTaps));
  for (size_t x = 0; x < columns.windows.size(); ++x) {
    const auto [first, count] = columns.windows[x];
    const int32_t* weights = columns.of(static_cast<int>(x));
    for (int start = 0; start < count; start += kTaps) {
      const auto weight = [&](int tap) { return start + tap < count ? weights[start + tap] : 0; };
      Quad& quad = quads_.emplace_back();
      for (int pair = 0; pair < 2; ++pair) {
        const int32_t even = weight(2 * pair);
        const int32_t odd = weight(2 * pair + 1);
        quad.low[pair] = pair_of(even & kLowMask, odd & kLowMask);
        quad.high[pair] = pair_of(even >> kLowBits, odd >> kLowBits);
      }
    }
    outputs_.push_back({static_cast<uint32_t>(first), static_cast<uint32_t>((count + kTaps - 1) / kTaps)});
  }
}

// Bytes may alias anything, so whatever the loop needs is in variables of its own.
template <int Channels>
TENCH_AVX2 void ColumnsAvx2::run_of(const uint8_t* const (&sources)[kRows], uint8_t* const (&targets)[kRows]) const {
  const uint8_t *source0 = sources[0], *source1 = sources[1], *source2 = sources[2], *source3 = sources[3];
  uint8_t *target0 = targets[0], *target1 = targets[1], *target2 = targets[2], *target3 = targets[3];
  const __m256i early = taps_from<Channels>(0);
  const __m256i late = taps_from<Channels>(2);
  const __m256i half = _mm256_set1_epi32(1 << (kWeightBits - 1));
  const Quad* quad = quads_.data();
  const Output* const end = outputs_.data() + outputs_.size();
  for (const Output* output = outputs_.data(); output < end; ++output) {
    size_t offset = output->first * Channels;
    const Quad* const last_quad = quad + output->quads;
    Sums upper{half, _mm256_setzero_si256()};
    Sums lower = upper;
    for (; quad < last_quad; ++quad, offset += kTaps * Channels) {
      const __m256i of_upper = load_two(source0 + offset, source1 + offset);
      const __m256i of_lower = load_two(source2 + offset, source3 + offset);
      const __m256i early_low = _mm256_set1_epi32(quad->low[0]);
      const __m256i early_high = _mm256_set1_epi32(quad->high[0]);
      upper.add(_mm256_shuffle_epi8(of_upper, early), early_low, early_high);
      lower.add(_mm256_shuffle_epi8(of_lower, early), early_low, early_high);
      const __m256i late_low = _mm256_set1_epi32(quad->low[1]);
      const __m256i late_high = _mm256_set1_epi32(quad->high[1]);
      upper.add(_mm256_shuffle_epi8(of_upper, late), late_low, late_high);
      lower.add(_mm256_shuffle_epi8(of_lower, late), late_low, late_high);
    }
    // In each half of the register: four words of a row, then four of the row two below it.
    const __m256i words = _mm256_packs_epi32(upper.result(), lower.result());
    const __m256i bytes = _mm256_packus_epi16(words, words);
    const __m128i even_rows = _mm256_castsi256_si128(bytes);
    const __m128i odd_rows = _mm256_extracti128_si256(bytes, 1);
    const int32_t pixel0 = _mm_cvtsi128_si32(even_rows), pixel1 = _mm_cvtsi128_si32(odd_rows);
    const int32_t pixel2 = _mm_extract_epi32(even_rows, 1), pixel3 = _mm_extract_epi32(odd_rows, 1);
    // A fourth byte too many is overwritten by the next pixel, which the last one has not.
    const size_t count = output + 1 < end ? sizeof(int32_t) : Channels;
    write_pixel(target0, pixel0, count);
    write_pixel(target1, pixel1, count);
    write_pixel(target2, pixel2, count);
    write_pixel(target3, pixel3, count);
    target0 += Channels;
    target1 += Channels;
    target2 += Channels;
    target3 += Channels;
  }
}

void ColumnsAvx2::run(const uint8_t* const (&sources)[kRows], int channels, uint8_t* const (&targets)[kRows]) const {
  if (channels == 3) return run_of<3>(sources, targets);
  run_of<4>(sources, targets);
}

}  // namespace tench::image

#else

namespace tench::image {

ColumnsAvx2::ColumnsAvx2(const AxisWeights&) {}
void ColumnsAvx2::run(const uint8_t* const (&)[kRows], int, uint8_t* const (&)[kRows]) const {}

}  // namespace tench::image

#endif
