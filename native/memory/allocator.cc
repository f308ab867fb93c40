#include "allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>

#include "fence.h"
#include "page_heap.h"
#include "small_blocks.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tench::memory {

namespace {

struct Pool {
  Demand demand;
  PageHeap heap{demand};
  SmallBlocks small{heap};
  std::atomic<size_t> large_blocks{0};
};

// Never destroyed: tensors in static variables are freed after any destructor of ours would have run.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

void* try_allocate(Pool& pool, size_t bytes) {
  if (fence::wanted()) {
    const PageHeap::Figures figures = pool.heap.figures();
    const size_t limit = figures.cap == 0 ? figures.system_limit : figures.cap;
    const size_t live = pool.demand.live();
    return live >= limit || bytes > limit - live ? nullptr : fence::take(bytes);
  }
  if (bytes <= kLargestSlot) return pool.small.take(bytes);
  Span* span = pool.heap.take(bytes);
  if (span == nullptr) return nullptr;
  pool.large_blocks.fetch_add(1, std::memory_order_relaxed);
  return pool.heap.address(span);
}

void report_to_profiler(void* pointer, int64_t change) {
  const PageHeap::Figures figures = pool().heap.figures();
  c10::reportMemoryUsageToProfiler(pointer, change, pool().demand.live(), figures.held, c10::Device(c10::kCPU));
}

std::string size_text(size_t bytes) {
  if (bytes < size_t{1} << 20) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes) + " bytes (" + std::to_string(bytes >> 20) + " MiB)";
}

[[noreturn]] void throw_out_of_memory(size_t bytes) {
  const Stats now = stats();
  c10::reportOutOfMemoryToProfiler(static_cast<int64_t>(bytes), now.live_bytes, now.held_bytes, c10::Device(c10::kCPU));
  const std::string limit = now.cap == 0 ? "no cap is set" : "the cap is " + size_text(now.cap);
  throw c10::OutOfMemoryError({__func__, __FILE__, static_cast<uint32_t>(__LINE__)},
                              "out of memory: " + size_text(bytes) + " were asked for, " + size_text(now.live_bytes) +
                                  " are in use in " + std::to_string(now.live_blocks) + " blocks, " +
                                  size_text(now.held_bytes) + " are held, " + limit + ", this machine has at most " +
                                  size_text(now.system_limit));
}

class CpuAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* block = memory::allocate(bytes);
    return {block, block, &free_block, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void* target, const void* source, size_t bytes) const override {
    default_copy_data(target, source, bytes);
  }

 private:
  static void free_block(void* block) { memory::deallocate(block); }
};

// Tensors' own objects and graph nodes come from malloc, thousands of them die together when the garbage collector has
// run, and as many are made again at once. glibc would give the end of its heap back to the system and fault it in
// again each time (10 % of the time of a small operator), until a large block that was mapped and freed has taught it
// better: these are the thresholds that it then arrives at by itself.
//
// It would also give threads heaps of their own, eight for each processor, which pictures being decoded break into
// pieces: over ten epochs of photographs of 3 megapixels the process grew by 50 MB, with a heap for each processor by
// none.
void teach_malloc() {
#ifdef __GLIBC__
  constexpr int kMapFrom = 32 << 20, kLeastHeaps = 2;
  mallopt(M_MMAP_THRESHOLD, kMapFrom);
  mallopt(M_TRIM_THRESHOLD, 2 * kMapFrom);
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) mallopt(M_ARENA_MAX, std::max(kLeastHeaps, get_nprocs()));
#endif
}

}  // namespace

void* allocate(size_t bytes) {
  if (bytes == 0) return nullptr;
  Pool& pool = memory::pool();
  void* block = try_allocate(pool, bytes);
  if (block == nullptr) {
    empty_cache();
    block = try_allocate(pool, bytes);
    if (block == nullptr) throw_out_of_memory(bytes);
  }
  pool.demand.add(bytes);
  if (c10::memoryProfilingEnabled()) report_to_profiler(block, static_cast<int64_t>(bytes));
  return block;
}

void deallocate(void* block) noexcept {
  if (block == nullptr) return;
  Pool& pool = memory::pool();
  size_t asked = 0;
  if (fence::wanted()) {
    asked = fence::put(block);
  } else if (Span* span = pool.heap.span_of(block); span->slab != nullptr) {
    asked = pool.small.put(span->slab, block);
  } else {
    asked = span->asked;
    pool.heap.put(span);
    pool.large_blocks.fetch_sub(1, std::memory_order_relaxed);
  }
  pool.demand.subtract(asked);
  if (c10::memoryProfilingEnabled()) report_to_profiler(block, -static_cast<int64_t>(asked));
}

void install() {
  static std::once_flag once;
  std::call_once(once, [] {
    teach_malloc();
    static CpuAllocator* const allocator = new CpuAllocator;
    c10::SetAllocator(c10::kCPU, allocator, /*priority=*/UINT8_MAX);
  });
}

Stats stats() {
  Pool& pool = memory::pool();
  const PageHeap::Figures figures = pool.heap.figures();
  Stats now;
  now.live_bytes = pool.demand.live();
  now.live_blocks = pool.small.live_blocks() + pool.large_blocks.load(std::memory_order_relaxed);
  now.held_bytes = figures.held;
  now.cached_bytes = figures.cached;
  now.peak_live_bytes = figures.peak_live;
  now.peak_held_bytes = figures.peak_held;
  now.cap = figures.cap;
  now.system_limit = figures.system_limit;
  return now;
}

void reset_peak() { pool().heap.reset_peak(); }

void empty_cache() {
  pool().small.release_empty();
  pool().heap.empty_cache();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

void set_cap(size_t bytes) { pool().heap.set_cap(bytes); }

}  // namespace tench::memory
