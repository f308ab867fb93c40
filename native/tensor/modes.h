// The thread's modes that JavaScript enters and leaves in pairs: recording, inference mode and autocast.
#pragma once

#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <vector>

namespace tench {

// Which precision autocast chooses, for every type of device that this LibTorch can compute on. LibTorch's own
// thread-local state carries whether autocast is on, and neither its dtypes nor its cache.
class AutocastState {
 public:
  // What holds on this thread now.
  AutocastState();
  void apply() const;

 private:
  struct Device {
    at::DeviceType type;
    bool enabled;
    at::ScalarType dtype;
  };
  std::vector<Device> devices_;
};

// Puts a recorded state in force for a while. The weights that are cast meanwhile are forgotten at the end.
class AutocastGuard {
 public:
  explicit AutocastGuard(const AutocastState& state);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  const AutocastState before_;
};

struct ModeStack {
  std::vector<std::unique_ptr<c10::InferenceMode>> inference;
  std::vector<std::unique_ptr<AutocastGuard>> autocast;
};

}  // namespace tench
