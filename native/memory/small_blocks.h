// Small blocks: slots of one size, many to a slab, a lock to a size.
//
// What describes a slab lies outside of it, so that a freed slot is never written to (AddressSanitizer can poison
// it whole) and slots are as aligned as their size allows. The lock of a size is held for a dozen instructions;
// a cache per thread would win a few nanoseconds and hide memory in threads that no longer allocate.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "page_heap.h"

namespace tench::memory {

// Sizes of slots: steps of 64 up to 512, from there four to each doubling; so at most a fifth is lost.
inline constexpr size_t kSlotAlignment = 64;
inline constexpr size_t kLargestSlot = size_t{32} << 10;
inline constexpr size_t kSlotSizes = 32;

// Index of the smallest slot that holds 1 <= bytes <= kLargestSlot, and the size of a slot.
size_t slot_index(size_t bytes);
size_t slot_size(size_t index);

// A run of pages cut into slots.
struct Slab {
  Span* span = nullptr;
  char* start = nullptr;
  uint32_t inverse = 0;  // 2^32 / slot size, rounded up: the number of a slot without a division
  uint16_t size_index = 0;
  uint16_t slots = 0;
  uint16_t free_slots = 0;
  Slab* previous = nullptr;  // the list of slabs with free slots
  Slab* next = nullptr;
  std::unique_ptr<uint16_t[]> free;   // numbers of the free slots, the last freed on top
  std::unique_ptr<uint16_t[]> asked;  // per slot: the size asked for

  size_t slot_of(const void* pointer) const {
    const auto offset = static_cast<uint64_t>(static_cast<const char*>(pointer) - start);
    return static_cast<size_t>(offset * inverse >> 32);
  }
};

class SpinLock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) wait();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  void wait() noexcept;

  std::atomic<bool> taken_{false};
};

class SmallBlocks {
 public:
  explicit SmallBlocks(PageHeap& heap) : heap_(heap) {}

  // A block for 1 <= bytes <= kLargestSlot; nullptr when the heap refuses a new slab.
  void* take(size_t bytes);

  // Returns the size that was asked for.
  size_t put(Slab* slab, void* pointer) noexcept;

  // Gives every slab without a block back to the heap.
  void release_empty() noexcept;

  size_t live_blocks();

 private:
  struct alignas(64) Size {
    SpinLock lock;
    Slab* available = nullptr;  // slabs with a free slot
    size_t empty = 0;           // how many of them have no block
    size_t live = 0;            // blocks
  };

  Slab* make_slab(size_t index);
  void destroy(Slab* slab) noexcept;
  static void link(Size& size, Slab* slab);
  static void unlink(Size& size, Slab* slab);

  PageHeap& heap_;
  std::array<Size, kSlotSizes> sizes_;
};

}  // namespace tench::memory
