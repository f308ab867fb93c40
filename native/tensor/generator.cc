#include "generator.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <memory>
#include <mutex>

#include "convert.h"

namespace tench {

namespace {

uint64_t to_seed(napi_env env, napi_value value) {
  uint64_t seed = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &seed, &lossless) != napi_ok || !lossless) {
    throw BadArgument("expected an unsigned integer of 64 bits for `seed` but received " + js::describe(env, value));
  }
  return seed;
}

void forget(node_api_basic_env, void* data, void* hint) {
  auto* generator = static_cast<at::Generator*>(data);
  static_cast<Instance*>(hint)->generators.erase(generator);
  delete generator;
}

// makeGenerator(device, seed)
napi_value make_generator(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  const c10::Device device = parse_device(js::to_string(env, arguments.values[0], "device"));
  if (device.is_meta()) throw BadArgument("a generator needs a device that has data; meta has none");
  auto made = std::make_unique<at::Generator>(
      device.is_cpu()
          ? at::detail::createCPUGenerator()
          : at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(device.index()));
  made->set_current_seed(to_seed(env, arguments.values[1]));
  napi_value result = nullptr;
  check(env, napi_create_external(env, made.get(), nullptr, nullptr, &result), "external");
  check(env, napi_add_finalizer(instance.finalizers, result, made.get(), forget, &instance, nullptr), "finalizer");
  instance.generators.insert(made.release());
  return result;
}

// seedGenerator(generator, seed)
napi_value seed_generator(Arguments& arguments) {
  at::Generator generator = to_generator(arguments.instance, arguments.values[0], "generator");
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(to_seed(arguments.env, arguments.values[1]));
  return nullptr;
}

napi_value generator_state(Arguments& arguments) {
  at::Generator generator = to_generator(arguments.instance, arguments.values[0], "generator");
  const std::lock_guard lock(generator.mutex());
  return js::number(arguments.env, arguments.instance.handles.insert(generator.get_state()));
}

// setGeneratorState(generator, state)
napi_value set_generator_state(Arguments& arguments) {
  at::Generator generator = to_generator(arguments.instance, arguments.values[0], "generator");
  const at::Tensor state = arguments.tensor(1);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
  return nullptr;
}

}  // namespace

at::Generator to_generator(Instance& instance, napi_value value, const char* what) {
  void* data = nullptr;
  if (js::type_of(instance.env, value) == napi_external) {
    check(instance.env, napi_get_value_external(instance.env, value, &data), "external");
  }
  auto* generator = static_cast<at::Generator*>(data);
  if (generator == nullptr || instance.generators.count(generator) == 0) {
    throw BadArgument(std::string("expected a generator (see createGenerator) for `") + what + "` but received " +
                      js::describe(instance.env, value));
  }
  return *generator;
}

void export_generator(Instance& instance, napi_value exports) {
  export_function(instance, exports, "makeGenerator", make_generator);
  export_function(instance, exports, "seedGenerator", seed_generator);
  export_function(instance, exports, "generatorState", generator_state);
  export_function(instance, exports, "setGeneratorState", set_generator_state);
}

}  // namespace tench
