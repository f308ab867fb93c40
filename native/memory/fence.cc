#include "fence.h"

#ifdef TENCH_ADDRESS_SANITIZER

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <unordered_map>

#include "system_memory.h"

namespace tench::memory::fence {

namespace {

// What complex128 needs. A wider alignment would leave a gap before the fence.
constexpr size_t kAlignment = 16;

struct Blocks {
  std::mutex mutex;
  std::unordered_map<void*, size_t> asked;
};

// Never destroyed: tensors in static variables are freed after any destructor of ours would have run.
Blocks& blocks() {
  static Blocks* const instance = new Blocks;
  return *instance;
}

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

bool wanted() {
  static const bool wanted = std::getenv("TENCH_FENCE") != nullptr;
  return wanted;
}

void* take(size_t bytes) {
  const size_t page = page_size();
  const size_t inside = round_up(bytes, page);
  void* start = mmap(nullptr, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(start) + page;
  if (!make_accessible(first, inside)) {
    munmap(start, inside + 2 * page);
    return nullptr;
  }
  void* const block = first + inside - round_up(bytes, kAlignment);
  const std::lock_guard lock(blocks().mutex);
  blocks().asked.emplace(block, bytes);
  return block;
}

size_t put(void* block) noexcept {
  const size_t page = page_size();
  size_t bytes = 0;
  {
    const std::lock_guard lock(blocks().mutex);
    const auto found = blocks().asked.find(block);
    if (found == blocks().asked.end()) std::abort();  // freed twice, or never ours
    bytes = found->second;
    blocks().asked.erase(found);
  }
  char* const first = static_cast<char*>(block) - reinterpret_cast<uintptr_t>(block) % page;
  munmap(first - page, round_up(bytes, page) + 2 * page);
  return bytes;
}

}  // namespace tench::memory::fence

#endif
