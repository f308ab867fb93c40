#include "operators.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/version.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

#include "convert.h"
#include "direct.h"
#include "instance.h"
#include "memory_checks.h"

namespace tench {

namespace {

std::vector<JsArgument> read_arguments(napi_env env, napi_value array, uint32_t tensors) {
  uint32_t count = 0;
  check(env, napi_get_array_length(env, array, &count), "array length");
  std::vector<JsArgument> result(count);
  for (uint32_t i = 0; i < count; ++i) {
    check(env, napi_get_element(env, array, i, &result[i].value), "element");
    result[i].is_tensor = (tensors >> i & 1u) != 0;
  }
  return result;
}

const JsArgument* find_named(const Given& given, const std::string& name) {
  for (size_t i = 0; i < given.names.size(); ++i) {
    if (given.names[i] == name) return &given.named[i];
  }
  return nullptr;
}

// Where an argument of the schema comes from: position, keyword, or its default (null).
const JsArgument* argument_at(napi_env env, const Given& given, const c10::FunctionSchema& schema, size_t index) {
  const c10::Argument& argument = schema.arguments()[index];
  if (index < given.positional.size() && !argument.kwarg_only()) {
    const JsArgument& found = given.positional[index];
    if (found.is_tensor || js::type_of(env, found.value) != napi_undefined) return &found;
    return nullptr;
  }
  return given.names.empty() ? nullptr : find_named(given, argument.name());
}

size_t positional_limit(const c10::FunctionSchema& schema) {
  size_t limit = 0;
  for (const c10::Argument& argument : schema.arguments()) limit += argument.kwarg_only() ? 0 : 1;
  return limit;
}

bool knows_all_names(const c10::FunctionSchema& schema, const Given& given) {
  for (const std::string& name : given.names) {
    const auto index = schema.argumentIndexWithName(name);
    if (!index.has_value()) return false;
    if (static_cast<size_t>(*index) < given.positional.size() && !schema.arguments()[*index].kwarg_only()) return false;
  }
  return true;
}

bool accepts(Instance& instance, const c10::FunctionSchema& schema, const Given& given) {
  if (given.positional.size() > positional_limit(schema) || !knows_all_names(schema, given)) return false;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const JsArgument* value = argument_at(instance.env, given, schema, i);
    if (value == nullptr) {
      if (!argument.default_value().has_value()) return false;
    } else if (!matches(instance, argument, *value)) {
      return false;
    }
  }
  return true;
}

std::string describe_given(Instance& instance, const Given& given) {
  std::string text;
  const auto add = [&](const JsArgument& value) {
    if (!text.empty()) text += ", ";
    if (!value.is_tensor) {
      text += js::describe(instance.env, value.value);
      return;
    }
    const at::Tensor tensor = instance.handles.get(js::to_double(instance.env, value.value, "handle"));
    std::ostringstream shape;
    shape << "Tensor " << dtype_name(tensor.scalar_type()) << ' ' << tensor.sizes();
    text += shape.str();
  };
  for (const JsArgument& value : given.positional) add(value);
  for (size_t i = 0; i < given.named.size(); ++i) {
    add(given.named[i]);
    text += " as " + given.names[i];
  }
  return text.empty() ? "nothing" : text;
}

// Says what is wrong with a call that the only overload does not accept.
void explain(Instance& instance, const c10::FunctionSchema& schema, const Given& given) {
  if (given.positional.size() > positional_limit(schema)) {
    throw BadArgument("expected at most " + std::to_string(positional_limit(schema)) +
                      " positional arguments but received " + std::to_string(given.positional.size()));
  }
  for (const std::string& name : given.names) {
    const auto index = schema.argumentIndexWithName(name);
    if (!index.has_value()) throw BadArgument("no argument is called `" + name + "`");
    if (static_cast<size_t>(*index) < given.positional.size() && !schema.arguments()[*index].kwarg_only()) {
      throw BadArgument("`" + name + "` is given twice, by position and by name");
    }
  }
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    if (argument_at(instance.env, given, schema, i) == nullptr && !argument.default_value().has_value()) {
      throw BadArgument("`" + argument.name() + "` (" + argument.real_type()->str() + ") is missing");
    }
  }
}

const c10::OperatorHandle& choose(Instance& instance, const OperatorSet& set, const Given& given) {
  for (const c10::OperatorHandle& overload : set.overloads) {
    if (accepts(instance, overload.schema(), given)) return overload;
  }
  std::string message = "no overload takes (" + describe_given(instance, given) + "); there are:";
  for (const c10::OperatorHandle& overload : set.overloads) message += "\n  " + c10::toString(overload.schema());
  throw BadArgument(message);
}

// Whole Scalars beside an integer or boolean tensor are integers, and floats beside any other.
WholeScalar scalar_kind(Instance& instance, bool kind, const Given& given) {
  if (!kind) return WholeScalar::integer;
  for (const JsArgument& value : given.positional) {
    if (value.is_tensor) {
      const at::Tensor tensor = instance.handles.get(js::to_double(instance.env, value.value, "handle"));
      return at::isIntegralType(tensor.scalar_type(), true) ? WholeScalar::integer : WholeScalar::floating;
    }
    if (js::is_float64_array(instance.env, value.value)) {
      const auto list = js::to_doubles(instance.env, value.value, "tensors");
      if (!list.empty() && list[0] != 0) {
        return at::isIntegralType(instance.handles.get(list[0]).scalar_type(), true) ? WholeScalar::integer
                                                                                     : WholeScalar::floating;
      }
    }
  }
  return WholeScalar::floating;
}

// The code of a written argument whose tensor is `result`: -(position + 1), or -(33 + keyword); 0 when there is none.
double written_argument(Instance& instance, const c10::FunctionSchema& schema, const Given& given,
                        const at::Tensor& result) {
  if (!schema.is_mutable()) return 0;
  const auto same = [&](const JsArgument& value) {
    return value.is_tensor && instance.handles.get(js::to_double(instance.env, value.value, "handle")).is_same(result);
  };
  for (size_t i = 0; i < given.positional.size(); ++i) {
    if (same(given.positional[i])) return -static_cast<double>(i + 1);
  }
  for (size_t i = 0; i < given.named.size(); ++i) {
    if (same(given.named[i])) return -static_cast<double>(i + 33);
  }
  return 0;
}

double hold(Instance& instance, const c10::FunctionSchema& schema, const Given& given, const at::Tensor& tensor) {
  if (!tensor.defined()) return 0;
  const double written = written_argument(instance, schema, given, tensor);
  return written != 0 ? written : instance.handles.insert(tensor);
}

void finalize_tensor(node_api_basic_env env, void* data, void* hint) {
  HandleTable& handles = static_cast<Instance*>(hint)->handles;
  handles.collect(static_cast<double>(reinterpret_cast<uint64_t>(data)), env);
}

void tie(Instance& instance, napi_value shell, double handle) {
  void* data = reinterpret_cast<void*>(static_cast<uint64_t>(handle));
  check(instance.env, napi_add_finalizer(instance.finalizers, shell, data, finalize_tensor, &instance, nullptr),
        "finalizer");
}

// Runs a call and puts the operator's name, and where LibTorch refuses also the arguments, before the message.
template <class Describe, class Call>
napi_value with_context(Instance& instance, const std::string& name, Describe describe, Call call) {
  try {
    return call();
  } catch (const CodedError&) {
    throw_to_js(instance, name + ": ");
  } catch (const PendingException&) {
    throw;
  } catch (...) {
    // Described now and not before the call: a message must not cost those calls that need none.
    const std::exception_ptr error = std::current_exception();
    std::string context = name;
    try {
      context += "(" + describe() + ")";
    } catch (...) {
      // A handle that is gone cannot be described; the error itself still can.
    }
    try {
      std::rethrow_exception(error);
    } catch (...) {
      throw_to_js(instance, context + ": ");
    }
  }
  return nullptr;
}

napi_value call_chosen(Instance& instance, const OperatorSet& set, const Given& given, bool kind, napi_value shell) {
  napi_env env = instance.env;
  const c10::OperatorHandle& overload = set.overloads.size() == 1 ? set.overloads[0] : choose(instance, set, given);
  const c10::FunctionSchema& schema = overload.schema();
  if (set.overloads.size() == 1) explain(instance, schema, given);
  const WholeScalar whole = scalar_kind(instance, kind, given);

  torch::jit::Stack stack;
  stack.reserve(schema.arguments().size());
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const JsArgument* value = argument_at(env, given, schema, i);
    stack.push_back(value == nullptr ? *argument.default_value() : to_ivalue(instance, argument, *value, whole));
  }
  const Guard* guard = set.guards[static_cast<size_t>(&overload - set.overloads.data())];
  if (guard != nullptr) check(*guard, schema, stack, instance.trusted);
  check_memory(schema, stack);
  overload.callBoxed(stack);

  if (stack.size() != 1 || !stack[0].isTensor()) return to_results(instance, schema, given, stack);
  if (!stack[0].toTensor().defined()) return js::null(env);
  const double code = hold(instance, schema, given, stack[0].toTensor());
  if (code > 0 && js::type_of(env, shell) == napi_object) tie(instance, shell, code);
  return js::number(env, code);
}

napi_value bind(Arguments& arguments) {
  napi_env env = arguments.env;
  auto set = std::make_unique<OperatorSet>();
  set->name = js::to_string(env, arguments.values[0], "name");
  uint32_t count = 0;
  check(env, napi_get_array_length(env, arguments.values[1], &count), "array length");
  for (uint32_t i = 0; i < count; ++i) {
    napi_value overload = nullptr;
    check(env, napi_get_element(env, arguments.values[1], i, &overload), "element");
    const auto found = c10::Dispatcher::singleton().findSchema({set->name, js::to_string(env, overload, "overload")});
    if (!found.has_value()) continue;
    set->overloads.push_back(*found);
    set->guards.push_back(find_guard(found->operator_name()));
  }
  if (set->overloads.empty()) return js::null(env);
  arguments.instance.operators.push_back(std::move(set));
  return js::number(env, static_cast<double>(arguments.instance.operators.size() - 1));
}

OperatorSet& operator_of(const Arguments& arguments) {
  const size_t id = static_cast<size_t>(js::to_int64(arguments.env, arguments.values[0], "operator"));
  if (id >= arguments.instance.operators.size()) throw BadArgument("unknown operator");
  return *arguments.instance.operators[id];
}

// call(operator, kind, shell, tensors, args, names, values, namedTensors)
napi_value call(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  const OperatorSet& set = operator_of(arguments);
  Given given;
  const auto describe = [&] { return describe_given(instance, given); };
  return with_context(instance, set.name, describe, [&] {
    given.positional = read_arguments(env, arguments.values[4],
                                      static_cast<uint32_t>(js::to_int64(env, arguments.values[3], "tensors")));
    if (!js::is_nullish(env, arguments.values[5])) {
      given.named = read_arguments(env, arguments.values[6],
                                   static_cast<uint32_t>(js::to_int64(env, arguments.values[7], "tensors")));
      for (uint32_t i = 0; i < given.named.size(); ++i) {
        napi_value name = nullptr;
        check(env, napi_get_element(env, arguments.values[5], i, &name), "element");
        given.names.push_back(js::to_string(env, name, "name"));
      }
    }
    return call_chosen(instance, set, given, js::to_bool(env, arguments.values[1], "kind"), arguments.values[2]);
  });
}

// setExchange(numbers): the memory through which direct calls pass numbers, since each value that is passed by Node-API
// costs as much as adding a few floats.
napi_value set_exchange(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  size_t length = 0;
  void* data = nullptr;
  if (!js::is_float64_array(env, arguments.values[0])) throw BadArgument("setExchange: expected a Float64Array");
  check(env, napi_get_typedarray_info(env, arguments.values[0], nullptr, &length, &data, nullptr, nullptr), "exchange");
  if (length < DirectArguments::kMost + 1) throw BadArgument("setExchange: the array is too short");
  check(env, napi_create_reference(env, arguments.values[0], 1, &instance.exchange_owner), "reference");
  instance.exchange = static_cast<double*>(data);
  return nullptr;
}

// bindDirect(operator, kind, kinds)
napi_value bind_direct(Arguments& arguments) {
  napi_env env = arguments.env;
  const OperatorSet& set = operator_of(arguments);
  std::vector<Kind> kinds;
  for (const int64_t kind : js::to_int64_list(env, arguments.values[2], "kinds")) {
    kinds.push_back(static_cast<Kind>(kind));
  }
  auto found = find_direct(set, std::move(kinds), js::to_bool(env, arguments.values[1], "kind"));
  if (found == nullptr) return js::null(env);
  arguments.instance.direct.push_back(std::move(found));
  return js::number(env, static_cast<double>(arguments.instance.direct.size() - 1));
}

// callDirect(shell, ...lists), with the call's number and the arguments in the exchange.
napi_value call_direct(Arguments& arguments) {
  Instance& instance = arguments.instance;
  double& code = instance.exchange[0];
  const size_t index = static_cast<size_t>(code);
  if (index >= instance.direct.size()) throw BadArgument("unknown operator");
  const DirectCall& direct = *instance.direct[index];
  // A copy, because a getter in one of the lists may make calls of its own.
  DirectArguments given;
  std::copy_n(instance.exchange + 1, DirectArguments::kMost, given.numbers);
  given.lists = arguments.values + 1;
  const auto describe = [&] { return describe_given(instance, direct.given(instance, given)); };
  return with_context(instance, direct.set.name, describe, [&] {
    napi_value result = direct.run(instance, given, code);
    if (code > 0 && arguments.count > 0 && js::type_of(instance.env, arguments.values[0]) == napi_object) {
      tie(instance, arguments.values[0], code);
    }
    return result;
  });
}

// setTrusted(flag): returns what it was.
napi_value set_trusted(Arguments& arguments) {
  const bool wanted = js::to_bool(arguments.env, arguments.values[0], "flag");
  return js::boolean(arguments.env, std::exchange(arguments.instance.trusted, wanted));
}

napi_value track(Arguments& arguments) {
  tie(arguments.instance, arguments.values[0], js::to_double(arguments.env, arguments.values[1], "handle"));
  return nullptr;
}

napi_value schemas(Arguments& arguments) {
  std::vector<std::string> texts;
  const auto& dispatcher = c10::Dispatcher::singleton();
  for (const c10::OperatorName& name : const_cast<c10::Dispatcher&>(dispatcher).getAllOpNames()) {
    if (name.name.rfind("aten::", 0) != 0) continue;
    const auto found = c10::Dispatcher::singleton().findSchema(name);
    if (found.has_value()) texts.push_back(c10::toString(found->schema()));
  }
  napi_value result = js::array(arguments.env, texts.size());
  for (size_t i = 0; i < texts.size(); ++i)
    js::set_element(arguments.env, result, static_cast<uint32_t>(i), js::string(arguments.env, texts[i]));
  return result;
}

}  // namespace

napi_value to_results(Instance& instance, const c10::FunctionSchema& schema, const Given& given,
                      const torch::jit::Stack& stack) {
  napi_env env = instance.env;
  std::string kinds;
  std::vector<napi_value> values;
  for (const c10::IValue& value : stack) {
    if (value.isTensor()) {
      kinds += 't';
      values.push_back(js::number(env, hold(instance, schema, given, value.toTensor())));
    } else if (value.isTensorList()) {
      kinds += 'l';
      const auto list = value.toTensorVector();
      napi_value handles = js::array(env, list.size());
      for (size_t i = 0; i < list.size(); ++i) {
        js::set_element(env, handles, static_cast<uint32_t>(i),
                        js::number(env, hold(instance, schema, given, list[i])));
      }
      values.push_back(handles);
    } else {
      kinds += 'v';
      values.push_back(from_plain(env, value));
    }
  }
  napi_value result = js::array(env, values.size() + 1);
  js::set_element(env, result, 0, js::string(env, kinds));
  for (size_t i = 0; i < values.size(); ++i) js::set_element(env, result, static_cast<uint32_t>(i + 1), values[i]);
  return result;
}

void export_operators(Instance& instance, napi_value exports) {
  export_function(instance, exports, "bind", bind);
  export_function(instance, exports, "call", call);
  export_function(instance, exports, "setExchange", set_exchange);
  export_function(instance, exports, "bindDirect", bind_direct);
  export_function(instance, exports, "callDirect", call_direct);
  export_function(instance, exports, "setTrusted", set_trusted);
  export_function(instance, exports, "track", track);
  export_function(instance, exports, "schemas", schemas);
}

}  // namespace tench
