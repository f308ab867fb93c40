// Whether functions written for AVX2 may be called. The intrinsics are needed where a compiler does not find them
// itself.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TENCH_HAS_AVX2_CODE 1
#define TENCH_AVX2 __attribute__((target("avx2")))
#define TENCH_AVX2_INLINE inline __attribute__((target("avx2"), always_inline))

namespace tench::image {

inline bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }

}  // namespace tench::image

#else

namespace tench::image {

inline bool has_avx2() { return false; }

}  // namespace tench::image

#endif
