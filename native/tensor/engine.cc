#include "engine.h"

#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/engine.h>

#include <mutex>

#include "autograd.h"
#include "instance.h"
#include "nodes.h"

namespace tench {

namespace {

using torch::autograd::AnomalyMetadata;
using torch::autograd::AnomalyMode;
using torch::autograd::Engine;
using torch::autograd::SavedVariableHooks;

// LibTorch's engine asks with no argument but the thread it is on.
thread_local SavedTensors* keeper = nullptr;

// The place in JavaScript of the call that this thread is in, and who wants to hear of failures.
struct Place {
  std::shared_ptr<Callbacks> callbacks;
  std::string stack;
};
thread_local std::shared_ptr<const Place> place;

class NodeOrigin : public AnomalyMetadata {
 public:
  void store_stack() override { place_ = place; }

  void assign_parent(const NodePointer& parent) override { parent_ = parent; }

  // Called by the engine for the node whose backward failed.
  void print_stack(const std::string& name) override {
    std::string trail = name;
    const NodeOrigin* origin = this;
    // A node made inside a backward (createGraph) has no place of its own; the node whose backward made it has.
    while (origin->place_ == nullptr && origin->parent_ != nullptr) {
      trail += ", made in the backward of " + origin->parent_->name();
      origin = static_cast<const NodeOrigin*>(origin->parent_->metadata());
    }
    if (origin->place_ != nullptr) origin->place_->callbacks->report_failure(std::move(trail), origin->place_->stack);
  }

 private:
  std::shared_ptr<const Place> place_;
  NodePointer parent_;
};

class TenchEngine : public Engine {
 public:
  std::unique_ptr<AnomalyMetadata> make_anomaly_metadata() override { return std::make_unique<NodeOrigin>(); }
  std::unique_ptr<SavedVariableHooks> get_default_saved_variable_hooks() override {
    return keeper == nullptr ? nullptr : keeper->keep_next();
  }
};

// Never destroyed: its device threads outlive every environment.
Engine& the_engine() {
  static TenchEngine& engine = *new TenchEngine();
  return engine;
}

// LibTorch has one switch for the process; every environment that looks for anomalies holds it on.
struct AnomalyUsers {
  std::mutex mutex;
  int all = 0;
  int checking_nan = 0;

  void change(int by, bool check_nan) {
    const std::lock_guard lock(mutex);
    all += by;
    if (check_nan) checking_nan += by;
    AnomalyMode::set_enabled(all > 0, checking_nan > 0);
  }
};

AnomalyUsers& anomaly_users() {
  static AnomalyUsers users;
  return users;
}

// enterAnomalies(checkNan, stack)
napi_value enter_anomalies(Arguments& arguments) {
  Instance& instance = arguments.instance;
  const bool check_nan = js::to_bool(arguments.env, arguments.values[0], "checkNan");
  auto stack = std::make_unique<HeldFunction>(instance, arguments.values[1]);
  instance.anomalies.push_back({std::move(stack), check_nan});
  anomaly_users().change(1, check_nan);
  return nullptr;
}

void exit_innermost(Instance& instance) {
  anomaly_users().change(-1, instance.anomalies.back().check_nan);
  instance.anomalies.pop_back();
  place = nullptr;
}

napi_value exit_anomalies(Arguments& arguments) {
  if (!arguments.instance.anomalies.empty()) exit_innermost(arguments.instance);
  return nullptr;
}

// The name and the place of the node that failed last, as [name, stack], or null. It is told once.
napi_value take_failure(Arguments& arguments) {
  napi_env env = arguments.env;
  const auto failure = arguments.instance.callbacks->take_failure();
  if (!failure.has_value()) return js::null(env);
  napi_value pair = js::array(env, 2);
  js::set_element(env, pair, 0, js::string(env, failure->node));
  js::set_element(env, pair, 1, js::string(env, failure->stack));
  return pair;
}

}  // namespace

void install_engine() {
  static std::once_flag once;
  std::call_once(once, [] { torch::autograd::set_default_engine_stub(the_engine); });
}

SavedTensorsGuard::SavedTensorsGuard(SavedTensors& chosen) : before_(keeper) { keeper = &chosen; }

SavedTensorsGuard::~SavedTensorsGuard() { keeper = before_; }

void remember_stack(Instance& instance) {
  // What is called to read the stack is a function of JavaScript only, and comes by here no second time.
  const HeldFunction& stack = *instance.anomalies.back().stack;
  stack.run([&](napi_env env, Instance&, napi_value function) {
    napi_value text = nullptr;
    if (napi_call_function(env, js::undefined(env), function, 0, nullptr, &text) != napi_ok) throw PendingException{};
    place = std::make_shared<const Place>(Place{instance.callbacks, js::to_string(env, text, "stack")});
  });
}

void leave_anomalies(Instance& instance) {
  while (!instance.anomalies.empty()) exit_innermost(instance);
}

void export_anomalies(Instance& instance, napi_value exports) {
  export_function(instance, exports, "enterAnomalies", enter_anomalies);
  export_function(instance, exports, "exitAnomalies", exit_anomalies);
  export_function(instance, exports, "takeFailure", take_failure);
}

}  // namespace tench
