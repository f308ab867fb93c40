// Blocks between two pages that nobody may touch: for fuzzing, where LibTorch's own code is to be caught at the first
// element that it reads or writes beside a tensor.
//
// AddressSanitizer sees only code that it has compiled, and LibTorch is not. A page without rights stops any code, so
// with TENCH_FENCE set in the environment of a sanitized build each block ends where such a page begins.
#pragma once

#include <cstddef>

#include "poison.h"

namespace tench::memory::fence {

#ifdef TENCH_ADDRESS_SANITIZER
// Whether all blocks of this process are fenced.
bool wanted();

// A block of its own mapping; nullptr when the system refuses.
void* take(size_t bytes);

// Takes the block's pages away, so that a later use stops too. Returns the size that was asked for.
size_t put(void* block) noexcept;
#else
constexpr bool wanted() { return false; }
inline void* take(size_t) { return nullptr; }
inline size_t put(void*) noexcept { return 0; }
#endif

}  // namespace tench::memory::fence
