// Saves no activation of a part of the network, and computes the part again when its backward asks for them (Chen et
// al. 2016, arXiv:1604.06174).
#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <algorithm>
#include <mutex>
#include <sstream>

#include "autograd.h"
#include "engine.h"
#include "instance.h"
#include "modes.h"

namespace tench {

namespace {

using torch::autograd::SavedVariable;
using torch::autograd::SavedVariableHooks;

// The states of random generators, to draw the same numbers once more.
class GeneratorStates {
 public:
  explicit GeneratorStates(const std::vector<at::Device>& devices) {
    for (const at::Device device : devices) states_.emplace_back(device, state_of(device));
  }
  explicit GeneratorStates(const GeneratorStates& places) {
    for (const auto& [device, state] : places.states_) states_.emplace_back(device, state_of(device));
  }
  GeneratorStates& operator=(const GeneratorStates&) = delete;

  void apply() const {
    for (const auto& [device, state] : states_) {
      at::Generator generator = at::globalContext().defaultGenerator(device);
      const std::lock_guard lock(generator.mutex());
      generator.set_state(state);
    }
  }

 private:
  static at::Tensor state_of(at::Device device) {
    at::Generator generator = at::globalContext().defaultGenerator(device);
    const std::lock_guard lock(generator.mutex());
    return generator.get_state();
  }

  std::vector<std::pair<at::Device, at::Tensor>> states_;
};

class GeneratorGuard {
 public:
  explicit GeneratorGuard(const GeneratorStates& states) : before_(states) { states.apply(); }
  ~GeneratorGuard() { before_.apply(); }
  GeneratorGuard(const GeneratorGuard&) = delete;
  GeneratorGuard& operator=(const GeneratorGuard&) = delete;

 private:
  const GeneratorStates before_;
};

// What a saved tensor looks like, to notice a part that computes something else the second time.
struct Looks {
  std::vector<int64_t> sizes;
  at::ScalarType dtype;
  at::Device device;

  explicit Looks(const at::Tensor& tensor)
      : sizes(tensor.sizes().vec()), dtype(tensor.scalar_type()), device(tensor.device()) {}
  bool operator==(const Looks&) const = default;
  std::string text() const {
    std::ostringstream out;
    out << at::toString(dtype) << ' ' << at::IntArrayRef(sizes) << " on " << device;
    return out.str();
  }
};

// Keeps what the second computation saves, in the order of saving. Its own nodes may be walked too, by a part that asks
// for gradients itself, so they keep it as well.
class Recording : public SavedTensors {
 public:
  std::vector<at::Tensor> tensors;

  std::unique_ptr<SavedVariableHooks> keep_next() override { return std::make_unique<Kept>(*this); }

 private:
  class Kept : public SavedVariableHooks {
   public:
    explicit Kept(Recording& recording) : recording_(&recording) {}
    void call_pack_hook(const at::Tensor& tensor) override {
      tensor_ = tensor.detach();
      recording_->tensors.push_back(tensor_);
      recording_ = nullptr;
    }
    at::Tensor call_unpack_hook() override { return tensor_; }

   private:
    // LibTorch packs at once, while the recording is there.
    Recording* recording_;
    at::Tensor tensor_;
  };
};

}  // namespace

class Checkpoint : public SavedTensors, public std::enable_shared_from_this<Checkpoint> {
 public:
  // `recompute` is called with handles of the inputs, detached. The inputs are saved as a node would save them: for a
  // part inside another part, that one computes them again.
  Checkpoint(std::shared_ptr<HeldFunction> recompute, const std::vector<at::Tensor>& inputs,
             const std::vector<at::Device>& generators)
      : recompute_(std::move(recompute)), generators_(generators) {
    for (const at::Tensor& input : inputs) {
      inputs_.emplace_back(input, false);
      requires_grad_.push_back(input.requires_grad());
    }
  }

  std::unique_ptr<SavedVariableHooks> keep_next() override { return std::make_unique<Dropped>(shared_from_this()); }
  void finish_forward() { in_forward_ = false; }

 private:
  // Stands for a tensor that was not kept.
  class Dropped : public SavedVariableHooks {
   public:
    explicit Dropped(std::shared_ptr<Checkpoint> part) : part_(std::move(part)) {}
    void call_pack_hook(const at::Tensor& tensor) override {
      index_ = part_->saved_.size();
      part_->saved_.emplace_back(tensor);
    }
    at::Tensor call_unpack_hook() override { return part_->take(index_); }

   private:
    const std::shared_ptr<Checkpoint> part_;
    size_t index_ = 0;
  };

  // Each tensor is handed out once per walk, and freed by the node that wanted it.
  at::Tensor take(size_t index) {
    const int task = torch::autograd::get_current_graph_task_id();
    {
      const std::lock_guard lock(mutex_);
      const bool known = task != -1 && task == task_ && index < recomputed_.size() && recomputed_[index].defined();
      if (known) return std::move(recomputed_[index]);
    }
    std::vector<at::Tensor> tensors = compute_again();
    const std::lock_guard lock(mutex_);
    task_ = task;
    recomputed_ = std::move(tensors);
    return std::move(recomputed_[index]);
  }

  std::vector<at::Tensor> compute_again() {
    std::vector<at::Tensor> inputs;
    for (size_t i = 0; i < inputs_.size(); ++i)
      inputs.push_back(inputs_[i].unpack().detach().set_requires_grad(requires_grad_[i]));
    Recording recording;
    recompute_->run([&](napi_env env, Instance& instance, napi_value function) {
      const at::AutoGradMode recorded(true);
      const GeneratorGuard generators(generators_);
      const AutocastGuard autocast(autocast_);
      const SavedTensorsGuard guard(recording);
      napi_value handles = js::array(env, inputs.size());
      for (size_t i = 0; i < inputs.size(); ++i)
        js::set_element(env, handles, static_cast<uint32_t>(i), js::number(env, instance.handles.insert(inputs[i])));
      napi_value result = nullptr;
      if (napi_call_function(env, js::undefined(env), function, 1, &handles, &result) != napi_ok)
        throw CallbackError(instance);
    });
    compare(recording.tensors);
    return std::move(recording.tensors);
  }

  void compare(const std::vector<at::Tensor>& tensors) const {
    std::string difference;
    // A part that asks for gradients itself is computed again before all of it is known.
    if (in_forward_ ? tensors.size() < saved_.size() : tensors.size() != saved_.size()) {
      difference =
          std::to_string(saved_.size()) + " tensors were saved the first time, " + std::to_string(tensors.size());
    } else {
      for (size_t i = 0; i < saved_.size() && difference.empty(); ++i) {
        const Looks looks(tensors[i]);
        if (!(looks == saved_[i])) difference = "a " + saved_[i].text() + " was saved first, a " + looks.text();
      }
    }
    if (difference.empty()) return;
    throw CodedError("ERR_TENCH_CHECKPOINT", "checkpoint: the function computed something else in backward: " +
                                                 difference + " the second time; it must do the same each time");
  }

  const std::shared_ptr<HeldFunction> recompute_;
  const GeneratorStates generators_;
  const AutocastState autocast_;
  std::vector<SavedVariable> inputs_;
  std::vector<bool> requires_grad_;
  std::vector<Looks> saved_;
  bool in_forward_ = true;

  std::mutex mutex_;
  // The walk that `recomputed_` is for.
  int task_ = -1;
  std::vector<at::Tensor> recomputed_;
};

namespace {

// enterCheckpoint(inputs, recompute, preserveRng)
napi_value enter_checkpoint(Arguments& arguments) {
  Instance& instance = arguments.instance;
  const auto inputs = arguments.tensors(0);
  std::vector<at::Device> devices;
  if (js::to_bool(arguments.env, arguments.values[2], "preserveRng")) {
    devices.emplace_back(at::kCPU);
    for (const at::Tensor& input : inputs) {
      const bool known = std::find(devices.begin(), devices.end(), input.device()) != devices.end();
      if (!known && !input.device().is_meta()) devices.push_back(input.device());
    }
  }
  auto part =
      std::make_shared<Checkpoint>(std::make_shared<HeldFunction>(instance, arguments.values[1]), inputs, devices);
  auto guard = std::make_unique<SavedTensorsGuard>(*part);
  instance.checkpoints.push_back({std::move(part), std::move(guard)});
  return nullptr;
}

napi_value exit_checkpoint(Arguments& arguments) {
  auto& running = arguments.instance.checkpoints;
  if (running.empty()) return nullptr;
  running.back().part->finish_forward();
  running.pop_back();
  return nullptr;
}

}  // namespace

void export_checkpoints(Instance& instance, napi_value exports) {
  export_function(instance, exports, "enterCheckpoint", enter_checkpoint);
  export_function(instance, exports, "exitCheckpoint", exit_checkpoint);
}

}  // namespace tench
