// LibTorch's autograd engine with two of its joints filled: what is remembered of a node while anomalies are looked
// for, and what is done with a tensor that a node saves.
#pragma once

#include <torch/csrc/autograd/saved_variable_hooks.h>

#include <memory>
#include <optional>
#include <string>

namespace tench {

struct Instance;

// Makes our engine the process's; later calls do nothing.
void install_engine();

// Decides how tensors are kept that nodes save for their backward.
class SavedTensors {
 public:
  virtual ~SavedTensors() = default;
  virtual std::unique_ptr<torch::autograd::SavedVariableHooks> keep_next() = 0;
};

// Sends what nodes save on this thread to `keeper` for a while; the innermost guard decides.
class SavedTensorsGuard {
 public:
  explicit SavedTensorsGuard(SavedTensors& keeper);
  ~SavedTensorsGuard();
  SavedTensorsGuard(const SavedTensorsGuard&) = delete;
  SavedTensorsGuard& operator=(const SavedTensorsGuard&) = delete;

 private:
  SavedTensors* const before_;
};

// Remembers where in JavaScript this thread is, for the nodes that the coming call makes.
void remember_stack(Instance& instance);
// Gives up looking for anomalies: the environment ends, perhaps inside `detectAnomaly`.
void leave_anomalies(Instance& instance);

}  // namespace tench
