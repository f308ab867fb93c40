// What JavaScript may call: one instance for each Node environment, and the functions of the tensor and image rooms on
// it.
#include <node_api.h>

#include <memory>
#include <stdexcept>

#include "memory/allocator.h"
#include "tensor/instance.h"

#if __has_include("image/bindings.h")
#include <napi.h>

#include "image/bindings.h"
#endif

namespace {

napi_value initialize(tench::Arguments& arguments) {
  tench::check(arguments.env,
               napi_create_reference(arguments.env, arguments.values[0], 1, &arguments.instance.make_error),
               "reference");
  return nullptr;
}

void add_exports(napi_env env, napi_value exports) {
  tench::memory::install();
  auto instance = std::make_unique<tench::Instance>(env);
  tench::Instance& made = *instance;
  tench::check(env,
               napi_set_instance_data(
                   env, instance.get(),
                   [](node_api_basic_env, void* data, void*) { delete static_cast<tench::Instance*>(data); }, nullptr),
               "instance data");
  instance.release();
  tench::export_function(made, exports, "initialize", initialize);
  tench::export_operators(made, exports);
  tench::export_storage(made, exports);
  tench::export_files(made, exports);
  tench::export_autograd(made, exports);
  tench::export_runtime(made, exports);
#if __has_include("image/bindings.h")
  tench::register_image(Napi::Env(env), Napi::Object(env, exports));
#endif
}

}  // namespace

NAPI_MODULE_INIT() {
  try {
    add_exports(env, exports);
  } catch (const tench::PendingException&) {
    return nullptr;
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_TENCH", error.what());
    return nullptr;
  }
  return exports;
}
