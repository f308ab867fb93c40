// The thread's modes that JavaScript enters and leaves in pairs: inference mode and autocast.
#pragma once

#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <vector>

namespace tench {

struct AutocastState {
  at::DeviceType device;
  bool enabled;
  at::ScalarType dtype;
};

struct ModeStack {
  std::vector<std::unique_ptr<c10::InferenceMode>> inference;
  std::vector<AutocastState> autocast;
};

}  // namespace tench
