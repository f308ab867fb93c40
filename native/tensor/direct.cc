#include "direct.h"

#include <ATen/core/List.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "convert.h"
#include "direct_readers.h"

namespace tench {

namespace {

using c10::TypeKind;

// Modes that watch or replace operators (autocast and the like) show in these keys.
bool thread_is_plain() {
  const c10::impl::LocalDispatchKeySet keys = c10::impl::tls_local_dispatch_key_set();
  return (keys.included_ - c10::default_included_set).empty() && (c10::default_excluded_set - keys.excluded_).empty();
}

// What of the dispatch an operator does not need while nothing requires grad: recording, and, where no result can share
// memory with an argument, the upkeep of views and versions.
c10::DispatchKeySet idle_keys(const c10::OperatorHandle& overload) {
  const auto aliased = [](const c10::Argument& argument) { return argument.alias_info() != nullptr; };
  const c10::FunctionSchema& schema = overload.schema();
  const bool aliases = std::any_of(schema.arguments().begin(), schema.arguments().end(), aliased) ||
                       std::any_of(schema.returns().begin(), schema.returns().end(), aliased);
  // A composition of other operators may return a view although its schema says nothing of it.
  const bool composed = overload.hasKernelForDispatchKey(c10::DispatchKey::CompositeImplicitAutograd);
  return aliases || composed ? c10::autograd_dispatch_keyset : c10::autograd_dispatch_keyset_with_ADInplaceOrView;
}

// Several results stand on the stack one by one, as after a boxed call.
template <class T>
void push_results(torch::jit::Stack& stack, T&& result) {
  torch::jit::push(stack, std::forward<T>(result));
}

template <class... T>
void push_results(torch::jit::Stack& stack, std::tuple<T...>&& results) {
  std::apply([&](auto&&... each) { torch::jit::push(stack, std::forward<decltype(each)>(each)...); },
             std::move(results));
}

template <class Signature>
class DirectCallOf;

template <class Return, class... Args>
class DirectCallOf<Return(Args...)> final : public DirectCall {
 public:
  DirectCallOf(const OperatorSet& set, const c10::OperatorHandle& overload, std::vector<Kind> kinds,
               bool scalars_follow)
      : DirectCall(set, overload, std::move(kinds), scalars_follow), typed_(overload.typed<Return(Args...)>()) {}

  napi_value run(Instance& instance, const DirectArguments& arguments, double& code) const override {
    return read_and_run(instance, arguments, code, std::index_sequence_for<Args...>());
  }

 private:
  template <size_t... I>
  napi_value read_and_run(Instance& instance, const DirectArguments& given_arguments, double& code,
                          std::index_sequence<I...>) const {
    const auto& arguments = overload.schema().arguments();
    Reading reading{instance, *this, given_arguments};
    std::tuple<Reader<Args>...> readers;
    const auto read = [&]<size_t index, class T>(bool now) {
      return now == runs_javascript<T> ? std::get<index>(readers).read(reading, arguments[index], kinds[index], index)
                                       : true;
    };
    code = kBoxed;
    if (!(read.template operator()<I, Args>(true) && ...)) return nullptr;
    if (!(read.template operator()<I, Args>(false) && ...) || reading.opaque) return nullptr;
    const bool skip = !reading.requires_grad && thread_is_plain();
    const auto call = [&]() -> Return {
      const c10::impl::ExcludeDispatchKeyGuard guard(skip ? idle_ : c10::DispatchKeySet());
      return typed_.call(std::get<I>(readers).get()...);
    };
    if constexpr (std::is_same_v<Return, at::Tensor>) {
      at::Tensor result = call();
      code = result.defined() ? instance.handles.insert(std::move(result)) : kNothing;
      return nullptr;
    } else if constexpr (std::is_same_v<Return, at::Tensor&>) {
      call();
      // In every signature of the table the written argument comes first, and is what the operator returns.
      code = kWritten;
      return nullptr;
    } else {
      torch::jit::Stack stack;
      push_results(stack, call());
      code = kReturned;
      return to_results(instance, overload.schema(), given(instance, given_arguments), stack);
    }
  }

  const c10::TypedOperatorHandle<Return(Args...)> typed_;
  const c10::DispatchKeySet idle_ = idle_keys(overload);
};

using Factory = std::unique_ptr<DirectCall> (*)(const OperatorSet&, const c10::OperatorHandle&, std::vector<Kind>,
                                                bool);

template <class Signature>
std::unique_ptr<DirectCall> make_direct(const OperatorSet& set, const c10::OperatorHandle& overload,
                                        std::vector<Kind> kinds, bool scalars_follow) {
  return std::make_unique<DirectCallOf<Signature>>(set, overload, std::move(kinds), scalars_follow);
}

struct DirectEntry {
  std::string_view name;
  std::string_view overload;
  Factory make;
};

#include "generated/direct_table.h"

Factory find_factory(const c10::OperatorName& wanted) {
  const auto key = std::pair<std::string_view, std::string_view>(wanted.name, wanted.overload_name);
  const auto found = std::lower_bound(
      std::begin(kDirectTable), std::end(kDirectTable), key,
      [](const DirectEntry& entry, const auto& key) { return std::pair(entry.name, entry.overload) < key; });
  return found != std::end(kDirectTable) && std::pair(found->name, found->overload) == key ? found->make : nullptr;
}

// As `matches` in convert.h says of values, but of kinds: a number may still turn out not to be whole.
bool may_stand_for(const c10::Argument& argument, Kind kind) {
  if (kind == Kind::absent) return argument.default_value().has_value();
  const c10::Type* type = argument.real_type().get();
  if (type->kind() == TypeKind::OptionalType) {
    if (kind == Kind::null) return true;
    type = type->containedTypeSize() > 0 ? type->containedType(0).get() : type;
  }
  const auto is_number = [](TypeKind type) {
    return type == TypeKind::NumberType || type == TypeKind::IntType || type == TypeKind::SymIntType ||
           type == TypeKind::FloatType;
  };
  const TypeKind wanted = type->kind();
  const TypeKind element = wanted == TypeKind::ListType ? type->containedType(0)->kind() : wanted;
  switch (kind) {
    case Kind::tensor:
      return wanted == TypeKind::TensorType;
    case Kind::number:
      return is_number(wanted) || wanted == TypeKind::ComplexType ||
             (wanted == TypeKind::ListType && argument.N().has_value() && is_number(element));
    case Kind::boolean:
      return wanted == TypeKind::BoolType || wanted == TypeKind::NumberType;
    case Kind::numbers:
      return wanted == TypeKind::ListType && is_number(element);
    case Kind::tensors:
      return wanted == TypeKind::ListType && element == TypeKind::TensorType;
    default:
      return false;
  }
}

bool accepts(const c10::FunctionSchema& schema, const std::vector<Kind>& given) {
  const auto& arguments = schema.arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool positional = i < given.size() && !arguments[i].kwarg_only();
    if (!may_stand_for(arguments[i], positional ? given[i] : Kind::absent)) return false;
  }
  return given.size() <= arguments.size() && (given.empty() || !arguments[given.size() - 1].kwarg_only());
}

}  // namespace

DirectCall::DirectCall(const OperatorSet& set, c10::OperatorHandle overload, std::vector<Kind> kinds,
                       bool scalars_follow)
    : set(set), overload(std::move(overload)), kinds(std::move(kinds)), scalars_follow(scalars_follow) {}

Given DirectCall::given(Instance& instance, const DirectArguments& arguments) const {
  napi_env env = instance.env;
  Given result;
  size_t count = kinds.size();
  while (count > 0 && kinds[count - 1] == Kind::absent) --count;
  for (size_t i = 0; i < count; ++i) {
    napi_value value = nullptr;
    switch (kinds[i]) {
      case Kind::absent:
        value = js::undefined(env);
        break;
      case Kind::null:
        value = js::null(env);
        break;
      case Kind::boolean:
        value = js::boolean(env, arguments.numbers[i] != 0);
        break;
      case Kind::numbers:
      case Kind::tensors:
        value = arguments.lists[i];
        break;
      default:
        value = js::number(env, arguments.numbers[i]);
        break;
    }
    result.positional.push_back({value, kinds[i] == Kind::tensor});
  }
  return result;
}

std::unique_ptr<DirectCall> find_direct(const OperatorSet& set, std::vector<Kind> kinds, bool scalars_follow) {
  for (const c10::OperatorHandle& overload : set.overloads) {
    if (!accepts(overload.schema(), kinds)) continue;
    const Factory make = find_factory(overload.operator_name());
    if (make == nullptr || find_guard(overload.operator_name()) != nullptr) return nullptr;
    kinds.resize(overload.schema().arguments().size(), Kind::absent);
    try {
      return make(set, overload, std::move(kinds), scalars_follow);
    } catch (const c10::Error&) {
      // The loaded LibTorch gives this operator another signature than the one that the table was written for.
      return nullptr;
    }
  }
  return nullptr;
}

}  // namespace tench
