// The CPU memory of every tensor: a caching allocator that LibTorch calls, and its figures.
//
// glibc returns large activations to the system and faults them in again at every training step; this
// allocator keeps the pages of one step for the next, and gives back what recent demand does not explain.
// Everything here may be called from any thread. What it sets up is never torn down: tensors may be freed
// after static destructors ran.
#pragma once

#include <cstddef>

namespace tench::memory {

struct Stats {
  size_t live_bytes = 0;       // the sum of the sizes asked for and not yet freed, to the byte
  size_t live_blocks = 0;      // how many blocks that is
  size_t held_bytes = 0;       // taken from the system: live blocks, their rounding, and the cache
  size_t cached_bytes = 0;     // the part of held_bytes that lies free
  size_t peak_live_bytes = 0;  // highest live_bytes since the start or reset_peak()
  size_t peak_held_bytes = 0;  // highest held_bytes since the start or reset_peak()
  size_t cap = 0;              // highest held_bytes allowed; 0 = none set
  size_t system_limit = 0;     // what the machine or its control group has at most; held_bytes stays below
};

// Registers the allocator with LibTorch for the CPU; the first call does it. Blocks made before are freed by
// whoever made them. The library that holds this code must never be unloaded, as tensors outlive what made them.
void install();

Stats stats();
void reset_peak();

// Gives every page that no block uses back to the system.
void empty_cache();

// Sets the most that may be held; 0 lifts the cap. What is held above it at this moment is given back as far
// as no block uses it. An allocation that would pass the cap empties the cache, tries again, and then throws
// c10::OutOfMemoryError; its message names the size asked for, live, held and cap.
void set_cap(size_t bytes);

// The same memory without a tensor around it: at least 64-byte aligned; allocate(0) is nullptr.
void* allocate(size_t bytes);
void deallocate(void* pointer) noexcept;

}  // namespace tench::memory
