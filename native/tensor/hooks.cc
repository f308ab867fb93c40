// JavaScript functions that are called with a tensor's gradient: before it goes on, or after it was added to a leaf's.
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>

#include "autograd.h"
#include "instance.h"

namespace tench {

namespace {

at::Tensor call_hook(const HeldFunction& hook, const at::Tensor& gradient) {
  at::Tensor replaced;
  hook.run([&](napi_env env, Instance& instance, napi_value function) {
    napi_value argument = js::number(env, instance.handles.insert(gradient));
    napi_value result = nullptr;
    if (napi_call_function(env, js::undefined(env), function, 1, &argument, &result) != napi_ok)
      throw CallbackError(instance);
    const double handle = js::to_double(env, result, "handle");
    if (handle != 0) replaced = instance.handles.get(handle);
  });
  return replaced;
}

napi_value register_hook(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  if (!tensor.requires_grad()) throw BadArgument("registerHook: expected a tensor that requires grad");
  const auto hook = std::make_shared<HeldFunction>(arguments.instance, arguments.values[1]);
  const unsigned position =
      tensor.register_hook([hook](const at::Tensor& gradient) { return call_hook(*hook, gradient); });
  return js::number(arguments.env, position);
}

napi_value remove_hook(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  tensor.remove_hook(static_cast<unsigned>(js::to_int64(arguments.env, arguments.values[1], "hook")));
  return nullptr;
}

// LibTorch has one place for such a hook, so all of a tensor's stand in one list.
class AfterHooks : public torch::autograd::PostAccumulateGradHook {
 public:
  void operator()(const at::Tensor& tensor) override {
    // A copy, because a hook may add or remove hooks.
    const auto hooks = hooks_;
    for (const auto& hook : hooks) call_hook(*hook, tensor);
  }

  uint64_t add(std::shared_ptr<HeldFunction> hook) {
    hooks_.push_back(std::move(hook));
    return hooks_.back()->id();
  }
  void remove(uint64_t id) {
    std::erase_if(hooks_, [id](const auto& hook) { return hook->id() == id; });
  }

 private:
  std::vector<std::shared_ptr<HeldFunction>> hooks_;
};

napi_value register_after_hook(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  if (!tensor.requires_grad() || !tensor.is_leaf())
    throw BadArgument("registerPostAccumulateGradHook: expected a leaf tensor that requires grad");
  auto hook = std::make_shared<HeldFunction>(arguments.instance, arguments.values[1]);
  auto& place = torch::autograd::impl::post_acc_grad_hooks(tensor);
  if (place == nullptr) torch::autograd::impl::set_post_acc_grad_hooks(tensor, std::make_unique<AfterHooks>());
  auto& hooks = static_cast<AfterHooks&>(*torch::autograd::impl::post_acc_grad_hooks(tensor));
  return js::number(arguments.env, static_cast<double>(hooks.add(std::move(hook))));
}

napi_value remove_after_hook(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  const auto& place = torch::autograd::impl::post_acc_grad_hooks(tensor);
  if (place == nullptr) return nullptr;
  static_cast<AfterHooks&>(*place).remove(
      static_cast<uint64_t>(js::to_int64(arguments.env, arguments.values[1], "hook")));
  return nullptr;
}

}  // namespace

void export_hooks(Instance& instance, napi_value exports) {
  export_function(instance, exports, "registerHook", register_hook);
  export_function(instance, exports, "removeHook", remove_hook);
  export_function(instance, exports, "registerAfterHook", register_after_hook);
  export_function(instance, exports, "removeAfterHook", remove_after_hook);
}

}  // namespace tench
