// Programs of TorchScript: loaded, run, and asked for their tensors.
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <memory>
#include <string>
#include <vector>

#include "convert.h"
#include "instance.h"
#include "script_values.h"

namespace tench {

namespace {

struct Script {
  torch::jit::Module module;
  std::string path;
  int64_t bytes = 0;
};

// What tells our externals from those of others.
constexpr napi_type_tag kScriptTag = {0x7c1d2f0b5e6a4c39, 0x9b6d1f4e8a3c5072};

Script& script_of(Arguments& arguments) {
  napi_env env = arguments.env;
  void* data = nullptr;
  bool ours = false;
  if (js::type_of(env, arguments.values[0]) != napi_external ||
      napi_check_object_type_tag(env, arguments.values[0], &kScriptTag, &ours) != napi_ok || !ours ||
      napi_get_value_external(env, arguments.values[0], &data) != napi_ok || data == nullptr)
    throw BadArgument("expected a script for `script` but received " + js::describe(env, arguments.values[0]));
  return *static_cast<Script*>(data);
}

// The collector must feel the weight of what hangs on a small object.
void adjust_memory(node_api_basic_env env, int64_t change) {
  int64_t total = 0;
  napi_adjust_external_memory(env, change, &total);
}

int64_t bytes_of(const torch::jit::Module& module) {
  int64_t bytes = 0;
  for (const auto& tensor : module.parameters()) bytes += static_cast<int64_t>(tensor.nbytes());
  for (const auto& tensor : module.buffers()) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

napi_value load(Arguments& arguments) {
  napi_env env = arguments.env;
  auto script = std::make_unique<Script>();
  script->path = js::to_string(env, arguments.values[0], "path");
  const c10::Device device = parse_device(js::to_string(env, arguments.values[1], "device"));
  try {
    script->module = torch::jit::load(script->path, device);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& error) {
    throw CodedError("ERR_TENCH_DAMAGED",
                     script->path + " cannot be read as TorchScript: " + error.what_without_backtrace());
  } catch (const std::exception& error) {
    throw CodedError("ERR_TENCH_DAMAGED", script->path + " cannot be read as TorchScript: " + error.what());
  }
  script->bytes = bytes_of(script->module);
  napi_value external = nullptr;
  check(env, napi_create_external(env, script.get(), nullptr, nullptr, &external), "external");
  check(env,
        napi_add_finalizer(
            arguments.instance.finalizers, external, script.get(),
            [](node_api_basic_env env, void* data, void*) {
              const std::unique_ptr<Script> dying(static_cast<Script*>(data));
              adjust_memory(env, -dying->bytes);
            },
            nullptr, nullptr),
        "finalizer");
  adjust_memory(env, script.release()->bytes);
  check(env, napi_type_tag_object(env, external, &kScriptTag), "type tag");
  return external;
}

napi_value methods(Arguments& arguments) {
  napi_env env = arguments.env;
  const auto all = script_of(arguments).module.get_methods();
  napi_value names = js::array(env, all.size());
  for (uint32_t i = 0; i < all.size(); ++i) js::set_element(env, names, i, js::string(env, all[i].name()));
  return names;
}

std::vector<c10::IValue> read_arguments(Instance& instance, const c10::FunctionSchema& schema, napi_value values,
                                        const std::string& method) {
  uint32_t count = 0;
  check(instance.env, napi_get_array_length(instance.env, values, &count), "array length");
  // The first is the module itself.
  const auto& declared = schema.arguments();
  if (count + 1 > declared.size())
    throw BadArgument("expected at most " + std::to_string(declared.size() - 1) + " arguments for `" + method +
                      "` but received " + std::to_string(count));
  std::vector<c10::IValue> stack;
  for (uint32_t i = 0; i < count; ++i) {
    napi_value pair = nullptr;
    check(instance.env, napi_get_element(instance.env, values, i, &pair), "element");
    const c10::Argument& argument = declared[i + 1];
    stack.push_back(to_script(instance, pair, *argument.type(), method + ": " + argument.name()));
  }
  return stack;
}

napi_value call(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  Script& script = script_of(arguments);
  const std::string name = js::to_string(env, arguments.values[1], "method");
  const auto method = script.module.find_method(name);
  if (!method.has_value())
    throw BadArgument("expected the name of a method for `method` but received \"" + name + "\"");
  std::vector<c10::IValue> stack = read_arguments(instance, method->function().getSchema(), arguments.values[2], name);
  c10::IValue result;
  try {
    result = (*method)(std::move(stack));
  } catch (...) {
    throw_to_js(instance, script.path + ": " + name + ": ");
    throw PendingException{};
  }
  check_form(result);
  return from_script(instance, result);
}

template <typename List>
void append(Instance& instance, const List& tensors, napi_value names, napi_value handles) {
  uint32_t index = 0;
  for (const auto& entry : tensors) {
    js::set_element(instance.env, names, index, js::string(instance.env, entry.name));
    js::set_element(instance.env, handles, index, js::number(instance.env, instance.handles.insert(entry.value)));
    ++index;
  }
}

// Names and handles of the parameters, then of the buffers.
napi_value tensors(Arguments& arguments) {
  napi_env env = arguments.env;
  const Script& script = script_of(arguments);
  napi_value result = js::array(env, 4);
  for (uint32_t i = 0; i < 4; ++i) js::set_element(env, result, i, js::array(env, 0));
  const auto part = [&](uint32_t index) {
    napi_value list = nullptr;
    check(env, napi_get_element(env, result, index, &list), "element");
    return list;
  };
  append(arguments.instance, script.module.named_parameters(), part(0), part(1));
  append(arguments.instance, script.module.named_buffers(), part(2), part(3));
  return result;
}

napi_value train(Arguments& arguments) {
  script_of(arguments).module.train(js::to_bool(arguments.env, arguments.values[1], "mode"));
  return nullptr;
}

napi_value is_training(Arguments& arguments) {
  return js::boolean(arguments.env, script_of(arguments).module.is_training());
}

napi_value to(Arguments& arguments) {
  napi_env env = arguments.env;
  torch::jit::Module& module = script_of(arguments).module;
  if (!js::is_nullish(env, arguments.values[2]))
    module.to(parse_dtype(js::to_string(env, arguments.values[2], "dtype")));
  if (!js::is_nullish(env, arguments.values[1]))
    module.to(parse_device(js::to_string(env, arguments.values[1], "device")));
  return nullptr;
}

}  // namespace

void export_scripts(Instance& instance, napi_value exports) {
  export_function(instance, exports, "scriptLoad", load);
  export_function(instance, exports, "scriptMethods", methods);
  export_function(instance, exports, "scriptCall", call);
  export_function(instance, exports, "scriptTensors", tensors);
  export_function(instance, exports, "scriptTrain", train);
  export_function(instance, exports, "scriptIsTraining", is_training);
  export_function(instance, exports, "scriptTo", to);
}

}  // namespace tench
