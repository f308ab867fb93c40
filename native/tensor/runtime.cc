// The process's settings and figures: seed, threads, devices, memory, versions.
#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <torch/version.h>

#include "convert.h"
#include "instance.h"
#include "memory/allocator.h"
#include "streams.h"

namespace tench {

namespace {

napi_value manual_seed(Arguments& arguments) {
  uint64_t seed = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(arguments.env, arguments.values[0], &seed, &lossless) != napi_ok || !lossless) {
    throw BadArgument("expected an unsigned integer of 64 bits for `seed` but received " +
                      js::describe(arguments.env, arguments.values[0]));
  }
  at::manual_seed(seed);
  return nullptr;
}

napi_value get_rng_state(Arguments& arguments) {
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  const std::lock_guard lock(generator.mutex());
  return js::number(arguments.env, arguments.instance.handles.insert(generator.get_state()));
}

napi_value set_rng_state(Arguments& arguments) {
  const at::Tensor state = arguments.tensor(0);
  at::Generator generator = at::globalContext().defaultGenerator(at::kCPU);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
  return nullptr;
}

napi_value set_num_threads(Arguments& arguments) {
  at::set_num_threads(static_cast<int>(js::to_int64(arguments.env, arguments.values[0], "count")));
  return nullptr;
}

napi_value get_num_threads(Arguments& arguments) { return js::number(arguments.env, at::get_num_threads()); }

napi_value cuda_device_count(Arguments& arguments) { return js::number(arguments.env, cuda_devices()); }

napi_value synchronize(Arguments& arguments) {
  const c10::Device device = parse_device(js::to_string(arguments.env, arguments.values[0], "device"));
  if (device.is_cpu() || device.is_meta()) return nullptr;
  if (!c10::impl::hasDeviceGuardImpl(device.type()))
    throw CodedError("ERR_TENCH", "synchronize: the loaded LibTorch does not know device " + device.str());
  const c10::impl::DeviceGuardImplInterface* guard = c10::impl::getDeviceGuardImpl(device.type());
  guard->synchronizeDevice(device.has_index() ? device.index() : guard->getDevice().index());
  return nullptr;
}

napi_value built_version(Arguments& arguments) { return js::string(arguments.env, TORCH_VERSION); }

napi_value memory_use(Arguments& arguments) {
  napi_env env = arguments.env;
  const memory::Stats stats = memory::stats();
  napi_value result = nullptr;
  check(env, napi_create_object(env, &result), "object");
  const auto set = [&](const char* name, size_t value) {
    check(env, napi_set_named_property(env, result, name, js::number(env, static_cast<double>(value))), "property");
  };
  set("tensors", arguments.instance.handles.size());
  set("bytes", stats.live_bytes);
  set("heldBytes", stats.held_bytes);
  set("peakBytes", stats.peak_live_bytes);
  set("peakHeldBytes", stats.peak_held_bytes);
  set("cap", stats.cap);
  return result;
}

napi_value empty_cache(Arguments&) {
  memory::empty_cache();
#ifdef __GLIBC__
  malloc_trim(0);  // what describes tensors and graphs lies in the C library's heap, which keeps it as well
#endif
  return nullptr;
}

napi_value set_memory_cap(Arguments& arguments) {
  memory::set_cap(static_cast<size_t>(js::to_int64(arguments.env, arguments.values[0], "bytes")));
  return nullptr;
}

napi_value reset_peak_memory(Arguments&) {
  memory::reset_peak();
  return nullptr;
}

}  // namespace

void export_runtime(Instance& instance, napi_value exports) {
  export_function(instance, exports, "manualSeed", manual_seed);
  export_function(instance, exports, "getRngState", get_rng_state);
  export_function(instance, exports, "setRngState", set_rng_state);
  export_function(instance, exports, "setNumThreads", set_num_threads);
  export_function(instance, exports, "getNumThreads", get_num_threads);
  export_function(instance, exports, "cudaDeviceCount", cuda_device_count);
  export_function(instance, exports, "synchronize", synchronize);
  export_function(instance, exports, "builtVersion", built_version);
  export_function(instance, exports, "memory", memory_use);
  export_function(instance, exports, "emptyCache", empty_cache);
  export_function(instance, exports, "setMemoryCap", set_memory_cap);
  export_function(instance, exports, "resetPeakMemory", reset_peak_memory);
}

}  // namespace tench
