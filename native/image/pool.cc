#include "pool.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

namespace tench::image {

namespace {

constexpr int kLowestPriority = 19;
constexpr std::chrono::milliseconds kIdle{500};

int cores_of_process() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

struct Entry {
  std::shared_ptr<Job> job;
  Lane lane;
  size_t pieces;
  size_t begun = 0;
  std::atomic<size_t> ended{0};

  Entry(std::shared_ptr<Job> job, Lane lane, size_t pieces) : job(std::move(job)), lane(lane), pieces(pieces) {}

  void run(size_t piece) {
    if (!job->abandoned().load(std::memory_order_relaxed)) job->run(piece);
    if (ended.fetch_add(1, std::memory_order_acq_rel) + 1 == pieces) job->done();
  }
};

// Never destroyed, like the threads that use it: this library is never unloaded.
class Pool {
 public:
  void submit(std::shared_ptr<Entry> entry) {
    const std::lock_guard lock(mutex_);
    most_ = std::max(most_, entry->lane.threads);
    const size_t wanted = std::min<size_t>(entry->pieces, entry->lane.threads);
    waiting_.push_back(std::move(entry));
    for (size_t i = 0; i < wanted; ++i) summon();
  }

  int most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

  int running() {
    const std::lock_guard lock(mutex_);
    return threads_;
  }

 private:
  // One more thread that looks for work, unless all are at it. The lock is held.
  void summon() {
    if (idle_ > woken_) {
      ++woken_;
      wake_.notify_one();
      return;
    }
    if (threads_ >= most_) return;
    try {
      std::thread([this] { serve(); }).detach();
      ++threads_;
    } catch (const std::system_error&) {
      // As long as there is one, everything is done, only later.
      if (threads_ == 0) throw;
    }
  }

  // The first piece of the first job whose lane is not full. The lock is held.
  std::pair<std::shared_ptr<Entry>, size_t> next() {
    for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
      Entry& entry = **at;
      int& busy = busy_[entry.lane.owner];
      if (busy >= entry.lane.threads) continue;
      ++busy;
      const size_t piece = entry.begun++;
      std::shared_ptr<Entry> found = *at;
      if (entry.begun == entry.pieces) waiting_.erase(at);
      return {std::move(found), piece};
    }
    return {};
  }

  void release(uint64_t owner) {
    const auto lane = busy_.find(owner);
    if (--lane->second == 0) busy_.erase(lane);
  }

  void serve() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kLowestPriority);
    std::unique_lock lock(mutex_);
    for (;;) {
      auto [entry, piece] = next();
      if (entry != nullptr) {
        lock.unlock();
        const uint64_t owner = entry->lane.owner;
        entry->run(piece);
        // A job may be large, and its end must not keep others waiting.
        entry.reset();
        lock.lock();
        release(owner);
        continue;
      }
      ++idle_;
      const bool called = wake_.wait_for(lock, kIdle, [this] { return woken_ > 0; });
      --idle_;
      if (!called) break;
      --woken_;
    }
    --threads_;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<std::shared_ptr<Entry>> waiting_;
  std::unordered_map<uint64_t, int> busy_;  // threads at work, by lane
  int most_ = cores_of_process();
  int threads_ = 0;
  int idle_ = 0;
  int woken_ = 0;
};

Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

void submit(std::shared_ptr<Job> job, size_t pieces, Lane lane) {
  auto entry = std::make_shared<Entry>(std::move(job), lane, pieces);
  if (lane.threads > 0) return pool().submit(std::move(entry));
  for (size_t piece = 0; piece < pieces; ++piece) entry->run(piece);
}

int pool_threads() { return pool().most(); }

int running_pool_threads() { return pool().running(); }

}  // namespace tench::image
