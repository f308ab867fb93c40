#include "page_heap.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "poison.h"
#include "system_memory.h"

namespace tench::memory {

namespace {

// Two windows of this length are "recent": longer than any step of training on a CPU is likely to take.
constexpr std::chrono::seconds kWindow{30};

// Addresses are cheap enough to have eight times what the machine has, so that fragments never exhaust them.
constexpr size_t kAddressesPerByte = 8;
constexpr size_t kLeastAddresses = size_t{64} << 30;
constexpr size_t kMostAddresses = size_t{16} << 40;

constexpr size_t kFrontierStep = size_t{64} << 20;

// The cache may hold an eighth more than recent demand (and a little that does not matter), so that holes
// which do not quite fit need not be emptied and filled again at every step.
constexpr size_t kKeepDivisor = 8;
constexpr size_t kKeepAlways = size_t{8} << 20;

// How many holes compete. For the lesson's CNN in float32, 4 lower the faults of a step from 2,003 to 66 at the
// same peak; 16 gain nothing more.
constexpr int kCandidates = 4;

// Pages are given back at least this many bytes at a time: a system call each is what we are here to avoid.
constexpr size_t kReleaseStep = size_t{2} << 20;

size_t addresses_wanted(size_t system_limit) {
  const size_t wanted = std::min(system_limit, kMostAddresses / kAddressesPerByte) * kAddressesPerByte;
  return std::bit_ceil(std::max(wanted, kLeastAddresses));
}

// A span with a node of the index of its own.
std::unique_ptr<Span> make_span() {
  auto span = std::make_unique<Span>();
  Span::Holes holes{span.get()};
  span->node = holes.extract(holes.begin());
  return span;
}

}  // namespace

void Demand::start_window() {
  peak_.store(live(), std::memory_order_relaxed);
  window_start_ = std::chrono::steady_clock::now();
}

void Demand::roll_window() {
  if (std::chrono::steady_clock::now() - window_start_ < kWindow) return;
  previous_ = peak_.load(std::memory_order_relaxed);
  reported_ = std::max(reported_, previous_);
  start_window();
}

void Demand::reset_peak() {
  previous_ = recent();
  reported_ = 0;
  start_window();
}

PageHeap::PageHeap(Demand& demand)
    : demand_(demand),
      page_(page_size()),
      page_shift_(static_cast<unsigned>(std::countr_zero(page_))),
      held_bits_(nullptr),
      system_limit_(system_memory_limit()) {
  size_t bytes = addresses_wanted(system_limit_);
  base_ = reserve_address_space(&bytes);
  if (base_ == nullptr) return;
  const size_t pages = bytes / page_;
  owner_ = static_cast<Span**>(map_table(pages * sizeof(Span*)));
  void* bits = map_table(PageBits::bytes_for(pages));
  if (owner_ == nullptr || bits == nullptr) return;
  held_bits_ = PageBits(static_cast<uint64_t*>(bits));
  reserved_ = pages;
  auto hole = make_span();
  hole->pages = pages;
  insert_hole(hole.release());
}

void PageHeap::tag(Span* span) {
  owner_[span->first] = span;
  owner_[span->first + span->pages - 1] = span;
}

void PageHeap::insert_hole(Span* span) {
  span->hole = true;
  tag(span);
  span->node.value() = span;
  holes_.insert(std::move(span->node));
}

void PageHeap::remove_hole(Span* span) {
  span->node = holes_.extract(span);
  span->hole = false;
}

void PageHeap::claim_pages(Span* span) {
  // The ends are tagged already, and neighbours read them under the lock.
  if (span->pages > 2) std::fill_n(owner_ + span->first + 1, span->pages - 2, span);
}

size_t PageHeap::limit_in_pages() const { return (cap_ == 0 ? system_limit_ : std::min(cap_, system_limit_)) / page_; }

size_t PageHeap::keep_in_pages(size_t asked) const {
  const size_t demand = std::max(demand_.recent(), demand_.live() + asked);
  return (demand + demand / kKeepDivisor + kKeepAlways) / page_;
}

bool PageHeap::extend_frontier(size_t end) {
  if (end <= frontier_) return true;
  const size_t step = kFrontierStep / page_;
  for (const size_t target : {std::min(reserved_, (end + step - 1) / step * step), end}) {
    const size_t bytes = (target - frontier_) * page_;
    if (make_accessible(base_ + frontier_ * page_, bytes)) {
      poison(base_ + frontier_ * page_, bytes);
      frontier_ = target;
      return true;
    }
  }
  return false;
}

// Of the holes that fit best, the one that most pages need not be faulted into; nullptr when none fits.
Span* PageHeap::best_hole(size_t pages) const {
  Span* best = nullptr;
  size_t most = 0;
  auto hole = holes_.lower_bound(pages);
  for (int i = 0; i < kCandidates && hole != holes_.end(); ++i, ++hole) {
    const size_t held = (*hole)->held == 0 ? 0 : held_bits_.count((*hole)->first, pages);
    if (best == nullptr || held > most) {
      best = *hole;
      most = held;
    }
    if (most == pages) break;
  }
  return best;
}

// Takes a hole out of the index, or its low end where it is longer than `pages`.
Span* PageHeap::carve(Span* hole, size_t pages) {
  if (hole->pages == pages) {
    remove_hole(hole);
    return hole;
  }
  auto span = make_span();  // the only step that can fail comes first
  remove_hole(hole);
  span->first = hole->first;
  span->pages = pages;
  span->held = hole->held == 0 ? 0 : held_bits_.count(span->first, pages);
  hole->first += pages;
  hole->pages -= pages;
  hole->held -= span->held;
  insert_hole(hole);
  return span.release();
}

// Makes a hole of a span and of the holes beside it.
void PageHeap::merge(Span* span) {
  if (span->first > 0) {
    if (Span* before = owner_[span->first - 1]; before->hole) {
      remove_hole(before);
      span->first = before->first;
      span->pages += before->pages;
      span->held += before->held;
      delete before;
    }
  }
  if (const size_t end = span->first + span->pages; end < reserved_) {
    if (Span* after = owner_[end]; after->hole) {
      remove_hole(after);
      span->pages += after->pages;
      span->held += after->held;
      delete after;
    }
  }
  insert_hole(span);
}

Span* PageHeap::take(size_t bytes) {
  std::lock_guard lock(mutex_);
  if (bytes > system_limit_) return nullptr;
  const size_t pages = (bytes + page_ - 1) / page_;
  Span* hole = best_hole(pages);
  if (hole == nullptr) return nullptr;
  Span* span = carve(hole, pages);

  const size_t fresh = pages - span->held;
  cached_ -= span->held;
  demand_.roll_window();
  const size_t limit = limit_in_pages();
  const size_t keep = std::min(limit, keep_in_pages(bytes));
  if (held_ + fresh > keep) release(held_ + fresh - keep);
  if (held_ + fresh > limit || !extend_frontier(span->first + pages)) {
    cached_ += span->held;
    merge(span);
    return nullptr;
  }
  held_bits_.set(span->first, pages);
  held_ += fresh;
  peak_held_ = std::max(peak_held_, held_);
  span->held = pages;
  span->asked = bytes;
  tag(span);
  unpoison(address(span), bytes);
  return span;
}

void PageHeap::put(Span* span) noexcept {
  poison(address(span), span->pages * page_);
  span->slab = nullptr;
  std::lock_guard lock(mutex_);
  cached_ += span->pages;
  merge(span);
}

// Gives back up to `pages` pages that no block uses, from the largest holes first.
void PageHeap::release(size_t pages) {
  const size_t step = kReleaseStep / page_;
  size_t wanted = std::min(cached_, std::max(pages, step));
  for (auto hole = holes_.rbegin(); wanted > 0 && hole != holes_.rend(); ++hole) {
    wanted -= release_from(*hole, wanted);
  }
}

// Gives back up to `pages` pages of one hole, from its high end: the low end is the next to be used.
size_t PageHeap::release_from(Span* hole, size_t pages) {
  size_t released = 0;
  size_t end = hole->first + hole->pages;
  while (released < pages && hole->held > 0) {
    PageBits::Run run = held_bits_.last_run(hole->first, end);
    const size_t part = std::min(run.pages, pages - released);
    end = run.first + run.pages - part;
    give_back(base_ + end * page_, part * page_);
    held_bits_.clear(end, part);
    hole->held -= part;
    released += part;
  }
  held_ -= released;
  cached_ -= released;
  return released;
}

void PageHeap::empty_cache() {
  std::lock_guard lock(mutex_);
  release(cached_);
}

void PageHeap::set_cap(size_t bytes) {
  std::lock_guard lock(mutex_);
  cap_ = bytes;
  if (const size_t limit = limit_in_pages(); held_ > limit) release(held_ - limit);
}

void PageHeap::reset_peak() {
  std::lock_guard lock(mutex_);
  demand_.reset_peak();
  peak_held_ = held_;
}

PageHeap::Figures PageHeap::figures() {
  std::lock_guard lock(mutex_);
  return {held_ * page_, cached_ * page_, demand_.peak(), peak_held_ * page_, cap_, system_limit_};
}

}  // namespace tench::memory
