// Where an environment waits for its pictures: a promise for every job that the pool has taken.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "pool.h"
#include "tensor/autograd.h"
#include "tensor/instance.h"

namespace tench {

// A job whose answer goes to JavaScript.
class Errand : public image::Job {
 public:
  // On JavaScript's thread, when the job is done: what its promise is fulfilled with. Throws to reject it.
  virtual napi_value answer(Instance& instance) = 0;

  void done() noexcept final;

 private:
  friend class ImageDesk;
  // What finished errands leave for JavaScript's thread. It outlives the environment, whose end closes the door.
  struct Tray {
    std::mutex mutex;
    std::vector<uint64_t> finished;
    std::shared_ptr<EventLoopDoor> door;
  };
  std::shared_ptr<Tray> tray_;
  uint64_t number_ = 0;
};

class ImageDesk {
 public:
  explicit ImageDesk(Instance& instance);
  // The environment ends: everything under way is abandoned.
  ~ImageDesk();
  ImageDesk(const ImageDesk&) = delete;
  ImageDesk& operator=(const ImageDesk&) = delete;

  // The desk of an environment, made when it is asked for first.
  static ImageDesk& of(Instance& instance);

  // Hands an errand to the pool and returns the promise of its answer.
  napi_value send(std::shared_ptr<Errand> errand, size_t pieces, image::Lane lane);

  // A lane of this environment: two environments that number theirs alike do not share any.
  image::Lane lane(uint64_t owner, int threads) const;

  // What batches.cc keeps open between its calls, by number.
  std::unordered_map<int64_t, std::shared_ptr<void>> batches;
  int64_t next_batch = 1;
  int64_t next_lane = 1;

 private:
  struct Waiting {
    std::shared_ptr<Errand> errand;
    napi_deferred promise;
  };
  void settle(uint64_t number);
  static void settle_finished(napi_env env, napi_value, void* context, void*);

  Instance& instance_;
  const uint64_t number_;
  std::shared_ptr<Errand::Tray> tray_;
  std::unordered_map<uint64_t, Waiting> waiting_;
  uint64_t next_ = 1;
};

}  // namespace tench
