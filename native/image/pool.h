// The process's threads for pictures: one pool, at the lowest priority, for the loaders of every Node environment.
//
// Training computes on OpenMP's threads, which wait for one another at every operator. A reading thread of normal
// priority on one of their cores makes them all wait until the kernel changes its mind; one of the lowest priority
// costs nothing measurable, since it gets the time that is left over.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace tench::image {

// Work in pieces that do not depend on one another.
class Job {
 public:
  virtual ~Job() = default;
  // On any thread, several pieces at once. Must not throw.
  virtual void run(size_t piece) noexcept = 0;
  // After the last piece, on the thread that ran it.
  virtual void done() noexcept = 0;

  // Nobody waits for it: pieces that have not begun are left out. On any thread.
  void abandon() { abandoned_.store(true, std::memory_order_relaxed); }
  const std::atomic<bool>& abandoned() const { return abandoned_; }

 private:
  std::atomic<bool> abandoned_{false};
};

// Whose work it is, and how many threads may do it at a time; 0: the calling one, before submit() returns.
struct Lane {
  uint64_t owner;
  int threads;
};

// Takes a job of at least one piece. Jobs begin in the order in which they came.
void submit(std::shared_ptr<Job> job, size_t pieces, Lane lane);

// How many threads there are at most: as many as the process has cores, unless a lane has asked for more.
int pool_threads();

// How many threads there are now; idle ones end after a moment.
int running_pool_threads();

}  // namespace tench::image
