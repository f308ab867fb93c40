#include "small_blocks.h"

#include <bit>
#include <mutex>
#include <thread>

#include "poison.h"

namespace tench::memory {

namespace {

constexpr size_t kLinearSizes = 8;  // 64, 128, ... 512
constexpr size_t kLargestLinear = kLinearSizes * kSlotAlignment;

// A slab of the largest slots has eight of them; one of the smallest has a thousand.
constexpr size_t kSlabOfSmallSlots = size_t{64} << 10;
constexpr size_t kSlabOfLargeSlots = size_t{256} << 10;
constexpr size_t kLargeSlot = size_t{4} << 10;

}  // namespace

size_t slot_index(size_t bytes) {
  if (bytes <= kLargestLinear) return (bytes - 1) / kSlotAlignment;
  const auto doubling = static_cast<size_t>(std::bit_width(bytes - 1)) - 10;  // 0 for 513 ... 1024
  const size_t quarter = ((bytes - 1) >> (doubling + 7)) & 3;
  return kLinearSizes + doubling * 4 + quarter;
}

size_t slot_size(size_t index) {
  if (index < kLinearSizes) return (index + 1) * kSlotAlignment;
  const size_t doubling = (index - kLinearSizes) / 4;
  const size_t quarter = (index - kLinearSizes) % 4;
  return (kLargestLinear << doubling) + ((quarter + 1) << (doubling + 7));
}

void SpinLock::wait() noexcept {
  for (int spins = 0; taken_.load(std::memory_order_relaxed); ++spins) {
    if (spins >= 64) std::this_thread::yield();  // who holds it may not be running
  }
}

void SmallBlocks::link(Size& size, Slab* slab) {
  slab->previous = nullptr;
  slab->next = size.available;
  if (slab->next != nullptr) slab->next->previous = slab;
  size.available = slab;
}

void SmallBlocks::unlink(Size& size, Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : size.available) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
  slab->previous = slab->next = nullptr;
}

Slab* SmallBlocks::make_slab(size_t index) {
  const size_t slot = slot_size(index);
  const size_t bytes = slot <= kLargeSlot ? kSlabOfSmallSlots : kSlabOfLargeSlots;
  auto slab = std::make_unique<Slab>();
  slab->slots = slab->free_slots = static_cast<uint16_t>(bytes / slot);
  slab->inverse = static_cast<uint32_t>(((uint64_t{1} << 32) + slot - 1) / slot);
  slab->size_index = static_cast<uint16_t>(index);
  slab->free = std::make_unique_for_overwrite<uint16_t[]>(slab->slots);
  slab->asked = std::make_unique_for_overwrite<uint16_t[]>(slab->slots);
  for (uint16_t i = 0; i < slab->slots; ++i) slab->free[i] = static_cast<uint16_t>(slab->slots - 1 - i);
  slab->span = heap_.take(bytes);
  if (slab->span == nullptr) return nullptr;
  slab->start = heap_.address(slab->span);
  slab->span->slab = slab.get();
  heap_.claim_pages(slab->span);
  poison(slab->start, bytes);
  return slab.release();
}

void SmallBlocks::destroy(Slab* slab) noexcept {
  heap_.put(slab->span);
  delete slab;
}

void* SmallBlocks::take(size_t bytes) {
  const size_t index = slot_index(bytes);
  Size& size = sizes_[index];
  std::unique_lock lock(size.lock);
  while (size.available == nullptr) {
    lock.unlock();  // a new slab may take long
    Slab* fresh = make_slab(index);
    if (fresh == nullptr) return nullptr;
    lock.lock();
    link(size, fresh);
    ++size.empty;
  }
  Slab* slab = size.available;
  if (slab->free_slots == slab->slots) --size.empty;
  const uint16_t slot = slab->free[--slab->free_slots];
  slab->asked[slot] = static_cast<uint16_t>(bytes);
  if (slab->free_slots == 0) unlink(size, slab);
  ++size.live;
  lock.unlock();
  char* block = slab->start + slot * slot_size(index);
  unpoison(block, bytes);
  return block;
}

size_t SmallBlocks::put(Slab* slab, void* pointer) noexcept {
  const size_t slot = slab->slot_of(pointer);
  poison(pointer, slot_size(slab->size_index));
  Size& size = sizes_[slab->size_index];
  std::unique_lock lock(size.lock);
  const size_t asked = slab->asked[slot];
  if (slab->free_slots == 0) link(size, slab);
  slab->free[slab->free_slots++] = static_cast<uint16_t>(slot);
  --size.live;
  if (slab->free_slots < slab->slots) return asked;
  if (size.empty == 0) {  // one stays, for a block that comes and goes
    ++size.empty;
    return asked;
  }
  unlink(size, slab);
  lock.unlock();
  destroy(slab);
  return asked;
}

void SmallBlocks::release_empty() noexcept {
  for (Size& size : sizes_) {
    Slab* released = nullptr;
    {
      std::lock_guard lock(size.lock);
      for (Slab* slab = size.available; slab != nullptr;) {
        Slab* next = slab->next;
        if (slab->free_slots == slab->slots) {
          unlink(size, slab);
          --size.empty;
          slab->next = released;
          released = slab;
        }
        slab = next;
      }
    }
    while (released != nullptr) {
      Slab* next = released->next;
      destroy(released);
      released = next;
    }
  }
}

size_t SmallBlocks::live_blocks() {
  size_t total = 0;
  for (Size& size : sizes_) {
    std::lock_guard lock(size.lock);
    total += size.live;
  }
  return total;
}

}  // namespace tench::memory
