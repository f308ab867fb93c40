// The row pass on processors with AVX2.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tench::image {

// One row of the result: `bytes` sums of `count` rows each, rounded and cut off at 0 and 255. Only where has_avx2().
void sum_of_rows_avx2(const uint8_t* source, size_t stride, const int32_t* weights, int count, uint8_t* target,
                      size_t bytes);

}  // namespace tench::image
