// Random blocks on four threads, freed on others: bytes stay exact, little is held, running out is an error.
//
// Usage: allocator_stress [seconds] [seed]. Prints one line of JSON with the figures; exits with 1 and a sentence
// when a block overlaps another, a count is off by a byte, or an error is not the one promised.
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "blocks.h"
#include "memory/allocator.h"
#include "memory/poison.h"

namespace {

namespace memory = tench::memory;
using namespace tench::stress;
using Clock = std::chrono::steady_clock;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kThreads = 4;
constexpr size_t kLargest = 256 * kMiB;
constexpr size_t kMostAlive = 1024 * kMiB;

class Exchange {
 public:
  void put(Block block, std::mt19937_64& random) {
    std::lock_guard lock(mutex_);
    blocks_.push_back(std::move(block));
    std::swap(blocks_.back(), blocks_[random() % blocks_.size()]);
  }
  // Any block, most likely another thread's; an empty one when there is none.
  Block take() {
    std::lock_guard lock(mutex_);
    if (blocks_.empty()) return {};
    Block block = std::move(blocks_.back());
    blocks_.pop_back();
    return block;
  }

 private:
  std::mutex mutex_;
  std::vector<Block> blocks_;
};

bool release_one(Exchange& exchange, Books& books) {
  Block block = exchange.take();
  if (block.bytes == 0) return false;
  check(block);
  block.memory.clear();
  books.subtract(block.bytes);
  return true;
}

struct RandomFigures {
  size_t rounds = 0;
  size_t peak_resident = 0;
};

// Rounds of random takes and frees; the books are compared between rounds, while no thread is at work.
RandomFigures random_rounds(double seconds, uint64_t seed, Books& books) {
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  const size_t resident_before = resident_bytes();
  Exchange exchange;
  RandomFigures figures;
  bool more = true;
  std::barrier round_over(kThreads, [&]() noexcept {
    ++figures.rounds;
    const memory::Stats now = memory::stats();
    expect_equal("live_bytes", now.live_bytes, books.bytes);
    expect_equal("live_blocks", now.live_blocks, books.blocks);
    figures.peak_resident = std::max(figures.peak_resident, resident_bytes() - resident_before);
    more = Clock::now() < end;
  });
  const auto work = [&](size_t thread) {
    std::mt19937_64 random(seed * kThreads + thread);
    while (more) {
      // What may be alive changes from round to round, so that there are tides and not one level.
      const size_t most_alive = kMostAlive / (1 + random() % 8);
      for (int i = 0; i < 200; ++i) {
        const size_t bytes = random_size(random, kLargest);
        while (books.bytes + bytes > most_alive && release_one(exchange, books)) {
        }
        Block block{c10::GetAllocator(c10::kCPU)->allocate(bytes), bytes};
        books.add(bytes);
        mark(block, static_cast<uint8_t>(random()));
        exchange.put(std::move(block), random);
        if (random() % 3 == 0) release_one(exchange, books);
      }
      round_over.arrive_and_wait();
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  while (release_one(exchange, books)) {
  }
  return figures;
}

void everything_goes_back() {
  expect_equal("live_bytes after all was freed", memory::stats().live_bytes, 0);
  memory::empty_cache();
  expect_equal("held_bytes after empty_cache()", memory::stats().held_bytes, 0);
}

// Every second block freed and then larger ones asked for: no hole fits, so the holes must lose their pages.
double comb_of_holes() {
  memory::reset_peak();
  c10::Allocator* allocator = c10::GetAllocator(c10::kCPU);
  std::vector<c10::DataPtr> blocks;
  for (int i = 0; i < 256; ++i) blocks.push_back(allocator->allocate(kMiB));
  for (size_t i = 0; i < blocks.size(); i += 2) blocks[i].clear();
  for (int i = 0; i < 64; ++i) blocks.push_back(allocator->allocate(2 * kMiB));
  const memory::Stats now = memory::stats();
  return static_cast<double>(now.peak_held_bytes) / static_cast<double>(now.peak_live_bytes);
}

std::string run_out_of_memory(size_t bytes) {
  try {
    c10::GetAllocator(c10::kCPU)->allocate(bytes);
  } catch (const c10::OutOfMemoryError& error) {
    return error.what_without_backtrace();
  }
  fail("an allocation of " + std::to_string(bytes) + " bytes passed the cap");
}

// Returns the message of the error.
std::string cap_is_kept() {
  constexpr size_t kCap = 192 * kMiB;
  memory::set_cap(kCap);
  memory::reset_peak();
  c10::Allocator* allocator = c10::GetAllocator(c10::kCPU);
  std::vector<c10::DataPtr> blocks;
  for (int i = 0; i < 12; ++i) blocks.push_back(allocator->allocate(16 * kMiB));
  const std::string message = run_out_of_memory(16 * kMiB);
  run_out_of_memory(1);  // a small block needs a slab, for which there is no room
  expect_equal("live_bytes after an error", memory::stats().live_bytes, kCap);
  for (size_t i = 0; i < blocks.size(); i += 2) blocks[i].clear();
  blocks.push_back(allocator->allocate(90 * kMiB));  // fits only once the six holes gave their pages back
  if (memory::stats().peak_held_bytes > kCap) fail("more was held than the cap allows");
  memory::set_cap(0);
  blocks.push_back(allocator->allocate(90 * kMiB));
  run_out_of_memory(memory::stats().system_limit + 1);
  run_out_of_memory(SIZE_MAX);
  return message;
}

// Four threads at the cap: each either gets its block or the typed error, and the count stays right.
size_t errors_under_contention(uint64_t seed) {
  constexpr size_t kCap = 64 * kMiB;
  memory::set_cap(kCap);
  memory::reset_peak();
  std::atomic<size_t> errors{0};
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(seed * kThreads + thread);
      std::array<Block, 16> blocks;
      for (int i = 0; i < 4000; ++i) {
        Block& block = blocks[random() % blocks.size()];
        if (block.bytes != 0) check(block);
        block = {};
        const size_t bytes = random_size(random, kCap / 4);
        try {
          block = {c10::GetAllocator(c10::kCPU)->allocate(bytes), bytes};
          mark(block, static_cast<uint8_t>(random()));
        } catch (const c10::OutOfMemoryError&) {
          ++errors;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (memory::stats().peak_held_bytes > kCap) fail("more was held than the cap allows");
  memory::set_cap(0);
  return errors;
}

void edges() {
  const c10::DataPtr before = c10::GetAllocator(c10::kCPU)->allocate(1000);
  memory::install();
  memory::install();
  c10::Allocator* allocator = c10::GetAllocator(c10::kCPU);
  expect_equal("live_bytes before the first block", memory::stats().live_bytes, 0);
  if (allocator->allocate(0).get() != nullptr) fail("a block of no bytes has an address");
  void* raw = allocator->raw_allocate(77);
  expect_equal("live_bytes of a raw block", memory::stats().live_bytes, 77);
  allocator->raw_deallocate(raw);
  for (size_t bytes = 1; bytes < 70000; bytes += bytes < 1100 ? 1 : 61) {
    Block block{allocator->allocate(bytes), bytes};
    expect_equal("live_bytes of one block", memory::stats().live_bytes, bytes);
    mark(block, 1);
    check(block);
  }
}

#ifdef TENCH_ADDRESS_SANITIZER
void freed_memory_is_poisoned() {
  for (const size_t bytes : {size_t{10}, size_t{5000}, size_t{40000}, 3 * kMiB}) {
    c10::DataPtr block = c10::GetAllocator(c10::kCPU)->allocate(bytes);
    auto* start = static_cast<char*>(block.get());
    if (__asan_region_is_poisoned(start, bytes) != nullptr) fail("a block in use is poisoned");
    if (!__asan_address_is_poisoned(start + bytes)) fail("the byte after a block is not poisoned");
    block.clear();
    if (!__asan_address_is_poisoned(start) || !__asan_address_is_poisoned(start + bytes - 1)) {
      fail("a freed block is not poisoned");
    }
  }
}
#endif

}  // namespace

int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 3;
  const uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  edges();
  everything_goes_back();
#ifdef TENCH_ADDRESS_SANITIZER
  freed_memory_is_poisoned();
#endif
  const double comb = comb_of_holes();  // before larger demand explains a larger cache
  everything_goes_back();
  memory::reset_peak();
  Books books;
  const RandomFigures random = random_rounds(seconds, seed, books);
  const memory::Stats after = memory::stats();
  if (after.peak_live_bytes > books.peak) fail("the peak is higher than what was alive");
  everything_goes_back();
  const std::string message = cap_is_kept();
  everything_goes_back();
  const size_t errors = errors_under_contention(seed);
  everything_goes_back();
  std::printf(
      "{\"rounds\":%zu,\"blocks\":%zu,\"peakAliveBytes\":%zu,\"peakLiveBytes\":%zu,\"peakHeldBytes\":%zu,"
      "\"peakResidentBytes\":%zu,"
      "\"combHeldPerAlive\":%.4f,\"errorsUnderContention\":%zu,\"message\":\"%s\"}\n",
      random.rounds, books.total.load(), books.peak.load(), after.peak_live_bytes, after.peak_held_bytes,
      random.peak_resident, comb, errors, message.c_str());
  return 0;
}
