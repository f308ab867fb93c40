// What the loaded LibTorch offers: which overloads of the dispatcher run on dense CPU tensors.
#include <ATen/core/dispatch/Dispatcher.h>

#include "instance.h"

namespace tench {

namespace {

napi_value has_cpu_kernel(Arguments& arguments) {
  const std::string name = js::to_string(arguments.env, arguments.values[0], "name");
  const std::string overload = js::to_string(arguments.env, arguments.values[1], "overload");
  const auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  return js::boolean(arguments.env, found.has_value() && found->hasComputedKernelForDispatchKey(c10::DispatchKey::CPU));
}

}  // namespace

void export_catalog(Instance& instance, napi_value exports) {
  export_function(instance, exports, "hasCpuKernel", has_cpu_kernel);
}

}  // namespace tench
