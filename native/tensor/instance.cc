#include "instance.h"

#include <c10/util/Exception.h>

#include <new>
#include <utility>

#include "autograd.h"
#include "direct.h"
#include "engine.h"
#include "modes.h"
#include "operators.h"
#include "transfer.h"

namespace tench {

namespace {

struct Binding {
  Function function;
  Instance* instance;
};

napi_value dispatch(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_value values[Arguments::kMost];
  size_t count = Arguments::kMost;
  // What was not given is filled up with undefined.
  if (napi_get_cb_info(env, info, &count, values, nullptr, &data) != napi_ok) return nullptr;
  const Binding& binding = *static_cast<Binding*>(data);
  Arguments arguments{env, *binding.instance, count, values};
  try {
    // First, before any handle is read: it runs JavaScript, and with it the collector.
    if (!binding.instance->anomalies.empty()) remember_stack(*binding.instance);
    napi_value result = binding.function(arguments);
    // At the end, when no tensor hangs on a JavaScript object that the collector might find dead: reporting may run it.
    binding.instance->handles.report_external_memory(env);
    return result;
  } catch (...) {
    throw_to_js(*binding.instance);
    return nullptr;
  }
}

void throw_coded(Instance& instance, const char* code, const std::string& message) {
  napi_env env = instance.env;
  napi_value make = nullptr, global = nullptr, error = nullptr;
  napi_value arguments[2] = {nullptr, nullptr};
  if (instance.make_error != nullptr && napi_get_reference_value(env, instance.make_error, &make) == napi_ok &&
      make != nullptr && napi_get_global(env, &global) == napi_ok &&
      napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
      napi_create_string_utf8(env, message.data(), message.size(), &arguments[1]) == napi_ok &&
      napi_call_function(env, global, make, 2, arguments, &error) == napi_ok) {
    napi_throw(env, error);
    return;
  }
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, code, message.c_str());
}

}  // namespace

Instance::Instance(napi_env env)
    : env(env),
      handles(env),
      callbacks(std::make_shared<Callbacks>(env)),
      backward(std::make_unique<BackwardThread>()),
      modes(std::make_unique<ModeStack>()) {}

Instance::~Instance() {
  callbacks->refuse();
  backward.reset();
  callbacks->close();
  withdraw_tickets(this);
  modes.reset();
  leave_anomalies(*this);
  checkpoints.clear();
}

std::vector<at::Tensor> Arguments::tensors(size_t index) const {
  std::vector<at::Tensor> result;
  for (const double handle : js::to_doubles(env, values[index], "tensors")) {
    result.push_back(handle == 0 ? at::Tensor() : instance.handles.get(handle));
  }
  return result;
}

void export_function(Instance& instance, napi_value exports, const char* name, Function function) {
  napi_env env = instance.env;
  auto binding = std::make_unique<Binding>(Binding{function, &instance});
  napi_value value = nullptr;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, dispatch, binding.get(), &value), "function");
  check(env, napi_set_named_property(env, exports, name, value), "export");
  check(env,
        napi_add_env_cleanup_hook(
            env, [](void* data) { delete static_cast<Binding*>(data); }, binding.get()),
        "clean-up hook");
  binding.release();
}

void throw_to_js(Instance& instance, const std::string& context) {
  try {
    throw;
  } catch (const PendingException&) {
    // Already JavaScript's.
  } catch (const CallbackError& error) {
    error.rethrow(instance);
  } catch (const CodedError& error) {
    throw_coded(instance, error.code, context + error.what());
  } catch (const c10::OutOfMemoryError& error) {
    throw_coded(instance, "ERR_TENCH_MEMORY", context + error.what_without_backtrace());
  } catch (const c10::Error& error) {
    throw_coded(instance, "ERR_TENCH_OPERATOR", context + error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    throw_coded(instance, "ERR_TENCH_MEMORY", context + "memory ran out");
  } catch (const std::exception& error) {
    throw_coded(instance, "ERR_TENCH_OPERATOR", context + error.what());
  } catch (...) {
    throw_coded(instance, "ERR_TENCH_OPERATOR", context + "an unknown C++ exception");
  }
}

}  // namespace tench
