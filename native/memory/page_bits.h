// A bit per page that says whether the page is held: taken from the system and not given back.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tench::memory {

class PageBits {
 public:
  // `words` is zero-filled memory of at least bytes_for(pages) bytes, and outlives this object.
  explicit PageBits(uint64_t* words) : words_(words) {}

  static size_t bytes_for(size_t pages) { return (pages + 63) / 64 * sizeof(uint64_t); }

  size_t count(size_t first, size_t pages) const {
    size_t total = 0;
    each_word(first, pages, [&](size_t word, uint64_t mask) { total += std::popcount(words_[word] & mask); });
    return total;
  }

  void set(size_t first, size_t pages) {
    each_word(first, pages, [&](size_t word, uint64_t mask) { words_[word] |= mask; });
  }

  void clear(size_t first, size_t pages) {
    each_word(first, pages, [&](size_t word, uint64_t mask) { words_[word] &= ~mask; });
  }

  struct Run {
    size_t first;
    size_t pages;
  };

  // The last unbroken run of set bits in [first, end); of no pages when there is none.
  Run last_run(size_t first, size_t end) const {
    const size_t last = find_down(first, end, true);
    const size_t start = find_down(first, last, false);
    return {start, last - start};
  }

 private:
  // One past the highest page below `end` whose bit equals `wanted`; `first` when there is none.
  size_t find_down(size_t first, size_t end, bool wanted) const {
    while (end > first) {
      const size_t word = (end - 1) / 64;
      const uint64_t bits = wanted ? words_[word] : ~words_[word];
      const unsigned above = 63 - (end - 1) % 64;  // bits of this word that lie past the range
      if (const uint64_t below = bits << above; below != 0) {
        return std::max(first, end - static_cast<size_t>(std::countl_zero(below)));
      }
      end = word * 64;
    }
    return first;
  }

  template <typename Visit>
  static void each_word(size_t first, size_t pages, Visit visit) {
    const size_t end = first + pages;
    while (first < end) {
      const size_t stop = std::min(end, (first / 64 + 1) * 64);
      const size_t width = stop - first;
      const uint64_t mask = (width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1) << (first % 64);
      visit(first / 64, mask);
      first = stop;
    }
  }

  uint64_t* words_;
};

}  // namespace tench::memory
