#include "modes.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/core/grad_mode.h>

#include "autograd.h"
#include "instance.h"

namespace tench {

AutocastState::AutocastState() {
  const auto add = [this](at::DeviceType type) {
    devices_.push_back({type, at::autocast::is_autocast_enabled(type), at::autocast::get_autocast_dtype(type)});
  };
  add(at::kCPU);
  if (const auto accelerator = at::getAccelerator(); accelerator.has_value()) add(*accelerator);
}

void AutocastState::apply() const {
  for (const Device& device : devices_) {
    at::autocast::set_autocast_enabled(device.type, device.enabled);
    at::autocast::set_autocast_dtype(device.type, device.dtype);
  }
}

AutocastGuard::AutocastGuard(const AutocastState& state) {
  state.apply();
  at::autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  before_.apply();
}

namespace {

bool flag(const Arguments& arguments, size_t index) {
  return js::to_bool(arguments.env, arguments.values[index], "flag");
}

// A weight cast while nothing was recorded has no way back to its gradient, and one cast in inference mode may not be
// saved: a later operation that does record must not find it in autocast's cache.
void forget_cast_weights(const Instance& instance) {
  if (!instance.modes->autocast.empty()) at::autocast::clear_cache();
}

napi_value grad_enabled(Arguments& arguments) { return js::boolean(arguments.env, at::GradMode::is_enabled()); }

napi_value set_grad_enabled(Arguments& arguments) {
  const bool enabled = flag(arguments, 0);
  if (enabled != at::GradMode::is_enabled()) forget_cast_weights(arguments.instance);
  at::GradMode::set_enabled(enabled);
  return nullptr;
}

napi_value enter_inference_mode(Arguments& arguments) {
  forget_cast_weights(arguments.instance);
  arguments.instance.modes->inference.push_back(std::make_unique<c10::InferenceMode>());
  return nullptr;
}

napi_value exit_inference_mode(Arguments& arguments) {
  forget_cast_weights(arguments.instance);
  if (!arguments.instance.modes->inference.empty()) arguments.instance.modes->inference.pop_back();
  return nullptr;
}

// enterAutocast(device, dtype, enabled)
napi_value enter_autocast(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::DeviceType device = c10::Device(js::to_string(env, arguments.values[0], "device")).type();
  const at::ScalarType dtype =
      js::to_string(env, arguments.values[1], "dtype") == "float16" ? at::kHalf : at::kBFloat16;
  const bool enabled = flag(arguments, 2);
  arguments.instance.modes->autocast.push_back(std::make_unique<AutocastGuard>(AutocastState()));
  at::autocast::set_autocast_enabled(device, enabled);
  at::autocast::set_autocast_dtype(device, dtype);
  return nullptr;
}

napi_value exit_autocast(Arguments& arguments) {
  auto& stack = arguments.instance.modes->autocast;
  if (!stack.empty()) stack.pop_back();
  return nullptr;
}

}  // namespace

void export_modes(Instance& instance, napi_value exports) {
  export_function(instance, exports, "gradEnabled", grad_enabled);
  export_function(instance, exports, "setGradEnabled", set_grad_enabled);
  export_function(instance, exports, "enterInferenceMode", enter_inference_mode);
  export_function(instance, exports, "exitInferenceMode", exit_inference_mode);
  export_function(instance, exports, "enterAutocast", enter_autocast);
  export_function(instance, exports, "exitAutocast", exit_autocast);
}

}  // namespace tench
