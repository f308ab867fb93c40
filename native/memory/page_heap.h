// Runs of pages, cut from one reserved range of addresses by best fit, and the pages that are kept for later.
//
// Addresses cost nothing, pages do. So fragmentation is fought twice: free neighbours always merge, and a hole
// that nobody fills can lose its pages without losing its place. Which pages are held is known to the page, and
// a hole keeps its pages as long as recent demand explains them.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>

#include "page_bits.h"

namespace tench::memory {

struct Slab;

// A run of pages: a hole, a block on its own, or a slab of small blocks.
struct Span {
  struct BySize {
    using is_transparent = void;
    bool operator()(const Span* a, const Span* b) const {
      return a->pages != b->pages ? a->pages < b->pages : a->first < b->first;
    }
    bool operator()(const Span* a, size_t pages) const { return a->pages < pages; }
  };
  using Holes = std::set<Span*, BySize>;

  size_t first = 0;  // index of the first page
  size_t pages = 0;
  size_t held = 0;       // for a hole: how many of its pages are held
  size_t asked = 0;      // for a block: the size asked for
  Slab* slab = nullptr;  // for a slab: its description
  bool hole = false;
  Holes::node_type node;  // the hole's place in the index, kept here while not in it, so that freeing needs no memory
};

// Live bytes and their peaks. Counted outside the heap's lock, because small blocks do not take it.
class Demand {
 public:
  void add(size_t bytes) {
    const size_t now = live_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    size_t peak = peak_.load(std::memory_order_relaxed);
    while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
    }
  }
  void subtract(size_t bytes) { live_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t live() const { return live_.load(std::memory_order_relaxed); }

  // The rest is called under the heap's lock.
  size_t peak() const { return std::max(reported_, peak_.load(std::memory_order_relaxed)); }
  size_t recent() const { return std::max(previous_, peak_.load(std::memory_order_relaxed)); }
  void reset_peak();
  void roll_window();

 private:
  void start_window();

  alignas(64) std::atomic<size_t> live_{0};
  std::atomic<size_t> peak_{0};      // of the current window
  alignas(64) size_t previous_ = 0;  // peak of the window before
  size_t reported_ = 0;              // peak of the windows since reset_peak()
  std::chrono::steady_clock::time_point window_start_ = std::chrono::steady_clock::now();
};

class PageHeap {
 public:
  explicit PageHeap(Demand& demand);

  // A run of pages for `bytes`; nullptr when the cap, the system or the address space refuses, also after
  // every free page was given back.
  Span* take(size_t bytes);
  void put(Span* span) noexcept;

  char* address(const Span* span) const { return base_ + span->first * page_; }

  // The span that owns a live address. Needs no lock: the entry was written before the address was handed out.
  Span* span_of(const void* pointer) const {
    return owner_[static_cast<size_t>(static_cast<const char*>(pointer) - base_) >> page_shift_];
  }

  // Writes the span into every one of its pages, so that span_of works for addresses inside.
  void claim_pages(Span* span);

  void empty_cache();
  void set_cap(size_t bytes);
  void reset_peak();

  struct Figures {
    size_t held, cached, peak_live, peak_held, cap, system_limit;
  };
  Figures figures();

 private:
  Span* best_hole(size_t pages) const;
  Span* carve(Span* hole, size_t pages);
  bool extend_frontier(size_t end);
  void merge(Span* span);
  void release(size_t pages);
  size_t release_from(Span* hole, size_t pages);
  size_t limit_in_pages() const;
  size_t keep_in_pages(size_t asked) const;
  void insert_hole(Span* span);
  void remove_hole(Span* span);
  void tag(Span* span);

  Demand& demand_;
  std::mutex mutex_;
  const size_t page_;
  const unsigned page_shift_;
  char* base_ = nullptr;
  Span** owner_ = nullptr;  // per page: the span that begins or ends there
  PageBits held_bits_;
  Span::Holes holes_;
  size_t reserved_ = 0;  // all in pages
  size_t frontier_ = 0;  // pages below are accessible
  size_t held_ = 0;
  size_t cached_ = 0;
  size_t peak_held_ = 0;
  size_t cap_ = 0;  // in bytes
  const size_t system_limit_;
};

}  // namespace tench::memory
