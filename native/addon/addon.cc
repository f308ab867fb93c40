// What JavaScript may call: one instance for each Node environment, and the functions of the tensor and image rooms on
// it.
#include <node_api.h>

#include <memory>
#include <stdexcept>

#include "memory/allocator.h"
#include "optim/bindings.h"
#include "tensor/engine.h"
#include "tensor/instance.h"
#include "tensor/streams.h"

#if __has_include("image/bindings.h")
#include <napi.h>

#include "image/batches.h"
#include "image/bindings.h"
#include "image/files.h"
#endif

namespace {

// initialize(makeError, finalizers)
napi_value initialize(tench::Arguments& arguments) {
  napi_env env = arguments.env;
  void* finalizers = nullptr;
  tench::check(env, napi_get_value_external(env, arguments.values[1], &finalizers), "second environment");
  arguments.instance.finalizers = static_cast<napi_env>(finalizers);
  tench::check(env, napi_create_reference(env, arguments.values[0], 1, &arguments.instance.make_error), "reference");
  return nullptr;
}

// The second time that this file is loaded into a thread: only its environment is wanted, see Instance::finalizers.
void export_environment(napi_env env, napi_value exports) {
  napi_value external = nullptr;
  tench::check(env, napi_create_external(env, env, nullptr, nullptr, &external), "external");
  tench::check(env, napi_set_named_property(env, exports, "environment", external), "export");
}

bool wants_environment(napi_env env, napi_value exports) {
  bool wanted = false;
  tench::check(env, napi_has_named_property(env, exports, "environment", &wanted), "property");
  return wanted;
}

void add_exports(napi_env env, napi_value exports) {
  tench::memory::install();
  tench::install_engine();
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
  tench::export_catalog(made, exports);
  tench::export_witness(made, exports);
  tench::export_storage(made, exports);
  tench::export_files(made, exports);
  tench::export_scripts(made, exports);
  tench::export_autograd(made, exports);
  tench::export_runtime(made, exports);
  tench::export_transfer(made, exports);
  tench::export_generator(made, exports);
  tench::export_streams(made, exports);
  tench::export_optim(made, exports);
#if __has_include("image/bindings.h")
  tench::register_image(Napi::Env(env), Napi::Object(env, exports));
  tench::export_image_files(made, exports);
  tench::export_image_batches(made, exports);
#endif
}

}  // namespace

NAPI_MODULE_INIT() {
  try {
    if (wants_environment(env, exports))
      export_environment(env, exports);
    else
      add_exports(env, exports);
  } catch (const tench::PendingException&) {
    return nullptr;
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_TENCH", error.what());
    return nullptr;
  }
  return exports;
}
