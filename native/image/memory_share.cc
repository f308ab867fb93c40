#include "memory_share.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tench::image {

namespace {

// With what else a loader may hold (batchPainter.ts) below 200 MB: room for some photographs of a dozen megapixels.
constexpr size_t kMostBytes = size_t{96} << 20;

// Never destroyed: see pool.cc.
struct Bound {
  std::mutex mutex;
  std::condition_variable changed;
  size_t taken = 0;
  uint64_t arrived = 0;
  uint64_t admitted = 0;
};

Bound& bound() {
  static Bound* const instance = new Bound;
  return *instance;
}

}  // namespace

MemoryShare::MemoryShare(size_t bytes) : bytes_(std::min(bytes, kMostBytes)) {
  Bound& shared = bound();
  std::unique_lock lock(shared.mutex);
  const uint64_t turn = shared.arrived++;
  shared.changed.wait(lock, [&] { return shared.admitted == turn && shared.taken + bytes_ <= kMostBytes; });
  ++shared.admitted;
  shared.taken += bytes_;
  shared.changed.notify_all();
}

MemoryShare::~MemoryShare() {
  Bound& shared = bound();
  const std::lock_guard lock(shared.mutex);
  shared.taken -= bytes_;
  shared.changed.notify_all();
}

}  // namespace tench::image
