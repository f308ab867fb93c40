// Queues of work ("streams") of accelerators, and steps that one has captured to do again ("graphs"). Only LibTorch's
// device-neutral interfaces are used: the CPU has neither.
#pragma once

#include <c10/core/Stream.h>

#include <vector>

#include "instance.h"

namespace tench {

// How many CUDA devices LibTorch can use here.
int cuda_devices();

// Whether this thread's operators go into a graph instead of being run, so that what the host does beside them is not
// done again.
bool is_capturing();

// The streams that this thread's work goes to, for another thread that works for it.
class CurrentStreams {
 public:
  CurrentStreams();
  void apply() const;

 private:
  std::vector<c10::Stream> streams_;
};

void export_streams(Instance& instance, napi_value exports);

}  // namespace tench
