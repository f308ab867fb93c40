#include "rows_avx2.h"

#include <algorithm>
#include <cstring>

#include "avx2.h"
#include "axis.h"

namespace tench::image {

#ifdef TENCH_HAS_AVX2_CODE

namespace {

constexpr size_t kLanes = 8;
constexpr size_t kBlock = 4 * kLanes;

// Eight bytes of a row times its weight.
TENCH_AVX2_INLINE __m256i product(const uint8_t* bytes, __m256i weight) {
  const __m128i loaded = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes));
  return _mm256_mullo_epi32(_mm256_cvtepu8_epi32(loaded), weight);
}

// The sums of a block stay in registers.
TENCH_AVX2_INLINE void sum_of_block(const uint8_t* source, size_t stride, const int32_t* weights, int count,
                                    uint8_t* target) {
  __m256i sum0 = _mm256_set1_epi32(1 << (kWeightBits - 1)), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  for (int t = 0; t < count; ++t, source += stride) {
    const __m256i weight = _mm256_set1_epi32(weights[t]);
    sum0 = _mm256_add_epi32(sum0, product(source, weight));
    sum1 = _mm256_add_epi32(sum1, product(source + kLanes, weight));
    sum2 = _mm256_add_epi32(sum2, product(source + 2 * kLanes, weight));
    sum3 = _mm256_add_epi32(sum3, product(source + 3 * kLanes, weight));
  }
  const __m256i words0 = _mm256_packs_epi32(_mm256_srai_epi32(sum0, kWeightBits), _mm256_srai_epi32(sum1, kWeightBits));
  const __m256i words1 = _mm256_packs_epi32(_mm256_srai_epi32(sum2, kWeightBits), _mm256_srai_epi32(sum3, kWeightBits));
  // Packing works on the halves of a register one by one, which leaves every four bytes in another place.
  const __m256i bytes =
      _mm256_permutevar8x32_epi32(_mm256_packus_epi16(words0, words1), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(target), bytes);
}

}  // namespace

TENCH_AVX2 void sum_of_rows_avx2(const uint8_t* source, size_t stride, const int32_t* weights, int count,
                                 uint8_t* target, size_t bytes) {
  size_t start = 0;
  for (; start + kBlock <= bytes; start += kBlock) sum_of_block(source + start, stride, weights, count, target + start);
  for (; start < bytes; ++start) {
    int32_t sum = 1 << (kWeightBits - 1);
    for (int t = 0; t < count; ++t) sum += source[t * stride + start] * weights[t];
    target[start] = static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
  }
}

#else

void sum_of_rows_avx2(const uint8_t*, size_t, const int32_t*, int, uint8_t*, size_t) {}

#endif

}  // namespace tench::image
