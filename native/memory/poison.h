// Marks memory that nobody may touch, so that AddressSanitizer finds a read of a freed tensor; no-ops in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define TENCH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENCH_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef TENCH_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace tench::memory {

inline void poison([[maybe_unused]] const void* start, [[maybe_unused]] size_t bytes) {
#ifdef TENCH_ADDRESS_SANITIZER
  __asan_poison_memory_region(start, bytes);
#endif
}

inline void unpoison([[maybe_unused]] const void* start, [[maybe_unused]] size_t bytes) {
#ifdef TENCH_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(start, bytes);
#endif
}

}  // namespace tench::memory
