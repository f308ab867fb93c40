#include "script_values.h"

#include <cmath>
#include <utility>
#include <vector>

#include "convert.h"

namespace tench {

namespace {

using c10::TypeKind;

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value result = nullptr;
  check(env, napi_get_element(env, array, index, &result), "element");
  return result;
}

uint32_t length_of(napi_env env, napi_value array) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, array, &length), "array length");
  return length;
}

struct Pair {
  char kind;
  napi_value content;
  // The values of a dict, whose content are the keys.
  napi_value values;
};

Pair read_pair(napi_env env, napi_value pair) {
  const std::string kind = js::to_string(env, element(env, pair, 0), "kind");
  return {kind.empty() ? ' ' : kind[0], element(env, pair, 1), element(env, pair, 2)};
}

std::string describe(napi_env env, const Pair& pair) {
  switch (pair.kind) {
    case 't':
      return "a Tensor";
    case 'l':
      return "an array of " + std::to_string(length_of(env, pair.content));
    case 'd':
      return "a dict of " + std::to_string(length_of(env, pair.content));
    default:
      return js::describe(env, pair.content);
  }
}

[[noreturn]] void mismatch(napi_env env, const c10::Type& type, const std::string& place, const Pair& pair) {
  throw BadArgument("expected " + type.repr_str() + " for `" + place + "` but received " + describe(env, pair));
}

// A value whose type nothing says: numbers are integers where they are whole, arrays are lists where their elements
// have one type.
c10::IValue guess(Instance& instance, const Pair& pair, const std::string& place);

c10::IValue guess_list(Instance& instance, const Pair& pair, const std::string& place) {
  napi_env env = instance.env;
  std::vector<c10::IValue> items;
  for (uint32_t i = 0; i < length_of(env, pair.content); ++i)
    items.push_back(
        guess(instance, read_pair(env, element(env, pair.content, i)), place + "[" + std::to_string(i) + "]"));
  if (items.empty()) return c10::impl::GenericList(c10::TensorType::get());
  const c10::TypePtr first = items[0].isTensor() ? c10::TypePtr(c10::TensorType::get()) : items[0].type();
  for (const c10::IValue& item : items) {
    const c10::TypePtr type = item.isTensor() ? c10::TypePtr(c10::TensorType::get()) : item.type();
    if (*type != *first) return c10::ivalue::Tuple::create(std::move(items));
  }
  c10::impl::GenericList list(first);
  for (c10::IValue& item : items) list.push_back(std::move(item));
  return list;
}

c10::IValue guess(Instance& instance, const Pair& pair, const std::string& place) {
  napi_env env = instance.env;
  if (pair.kind == 't') return instance.handles.get(js::to_double(env, pair.content, place.c_str()));
  if (pair.kind == 'l') return guess_list(instance, pair, place);
  if (pair.kind == 'd') {
    const uint32_t length = length_of(env, pair.content);
    if (length == 0) return c10::impl::GenericDict(c10::StringType::get(), c10::TensorType::get());
    std::vector<std::pair<c10::IValue, c10::IValue>> items;
    for (uint32_t i = 0; i < length; ++i)
      items.emplace_back(guess(instance, read_pair(env, element(env, pair.content, i)), place),
                         guess(instance, read_pair(env, element(env, pair.values, i)), place));
    c10::impl::GenericDict dict(items[0].first.type(), items[0].second.isTensor() ? c10::TypePtr(c10::TensorType::get())
                                                                                  : items[0].second.type());
    for (auto& [key, value] : items) dict.insert(std::move(key), std::move(value));
    return dict;
  }
  switch (js::type_of(env, pair.content)) {
    case napi_undefined:
    case napi_null:
      return c10::IValue();
    case napi_boolean:
      return js::to_bool(env, pair.content, place.c_str());
    case napi_string:
      return js::to_string(env, pair.content, place.c_str());
    case napi_number: {
      const double number = js::to_double(env, pair.content, place.c_str());
      if (js::is_whole(number)) return static_cast<int64_t>(number);
      return number;
    }
    case napi_bigint:
      return js::to_int64(env, pair.content, place.c_str());
    default:
      return to_scalar(instance, pair.content, place.c_str(), WholeScalar::integer).toComplexDouble();
  }
}

c10::IValue to_tuple(Instance& instance, const Pair& pair, const c10::Type& type, const std::string& place) {
  napi_env env = instance.env;
  const auto elements = type.containedTypes();
  if (pair.kind != 'l' || length_of(env, pair.content) != elements.size()) mismatch(env, type, place, pair);
  std::vector<c10::IValue> items;
  for (uint32_t i = 0; i < elements.size(); ++i)
    items.push_back(
        to_script(instance, element(env, pair.content, i), *elements[i], place + "[" + std::to_string(i) + "]"));
  return c10::ivalue::Tuple::create(std::move(items));
}

c10::IValue to_dict(Instance& instance, const Pair& pair, const c10::Type& type, const std::string& place) {
  napi_env env = instance.env;
  if (pair.kind != 'd') mismatch(env, type, place, pair);
  c10::impl::GenericDict dict(type.containedType(0), type.containedType(1));
  for (uint32_t i = 0; i < length_of(env, pair.content); ++i)
    dict.insert(to_script(instance, element(env, pair.content, i), *type.containedType(0), "a key of " + place),
                to_script(instance, element(env, pair.values, i), *type.containedType(1), "a value of " + place));
  return dict;
}

c10::IValue to_list(Instance& instance, const Pair& pair, const c10::Type& type, const std::string& place) {
  napi_env env = instance.env;
  if (pair.kind != 'l') mismatch(env, type, place, pair);
  c10::impl::GenericList list(type.containedType(0));
  for (uint32_t i = 0; i < length_of(env, pair.content); ++i)
    list.push_back(to_script(instance, element(env, pair.content, i), *type.containedType(0),
                             place + "[" + std::to_string(i) + "]"));
  return list;
}

napi_value make_pair(napi_env env, const char* kind, napi_value content, napi_value values = nullptr) {
  napi_value pair = js::array(env, values == nullptr ? 2 : 3);
  js::set_element(env, pair, 0, js::string(env, kind));
  js::set_element(env, pair, 1, content);
  if (values != nullptr) js::set_element(env, pair, 2, values);
  return pair;
}

template <typename Items>
napi_value from_items(Instance& instance, const Items& items) {
  napi_value result = js::array(instance.env, items.size());
  uint32_t index = 0;
  for (const c10::IValue& item : items) js::set_element(instance.env, result, index++, from_script(instance, item));
  return result;
}

}  // namespace

c10::IValue to_script(Instance& instance, napi_value value, const c10::Type& type, const std::string& place) {
  napi_env env = instance.env;
  const Pair pair = read_pair(env, value);
  const char* what = place.c_str();
  const bool none = pair.kind == 'v' && js::is_nullish(env, pair.content);
  switch (type.kind()) {
    case TypeKind::AnyType:
      return guess(instance, pair, place);
    case TypeKind::OptionalType:
      if (none) return c10::IValue();
      return to_script(instance, value, *type.containedType(0), place);
    case TypeKind::NoneType:
      if (!none) mismatch(env, type, place, pair);
      return c10::IValue();
    case TypeKind::TensorType:
      if (pair.kind != 't') mismatch(env, type, place, pair);
      return instance.handles.get(js::to_double(env, pair.content, what));
    case TypeKind::TupleType:
      return to_tuple(instance, pair, type, place);
    case TypeKind::DictType:
      return to_dict(instance, pair, type, place);
    case TypeKind::ListType:
      return to_list(instance, pair, type, place);
    default:
      break;
  }
  if (pair.kind != 'v' || none) mismatch(env, type, place, pair);
  switch (type.kind()) {
    case TypeKind::IntType:
      return js::to_int64(env, pair.content, what);
    case TypeKind::FloatType:
      return js::to_double(env, pair.content, what);
    case TypeKind::BoolType:
      return js::to_bool(env, pair.content, what);
    case TypeKind::StringType:
      return js::to_string(env, pair.content, what);
    case TypeKind::NumberType:
      return to_scalar(instance, pair.content, what, WholeScalar::integer);
    case TypeKind::ComplexType:
      return to_scalar(instance, pair.content, what, WholeScalar::floating).toComplexDouble();
    case TypeKind::DeviceObjType:
      return parse_device(js::to_string(env, pair.content, what));
    default:
      throw BadArgument("`" + place + "` has type " + type.repr_str() + ", which has no JavaScript form");
  }
}

void check_form(const c10::IValue& value) {
  if (value.isList()) {
    for (const c10::IValue& item : value.toListRef()) check_form(item);
  } else if (value.isTuple()) {
    for (const c10::IValue& item : value.toTupleRef().elements()) check_form(item);
  } else if (value.isGenericDict()) {
    for (const auto& item : value.toGenericDict()) {
      check_form(item.key());
      check_form(item.value());
    }
  } else if (!value.isTensor() && !value.isNone() && !value.isScalar() && !value.isString() && !value.isDevice()) {
    throw CodedError("ERR_TENCH", "a result of type " + value.tagKind() + " has no JavaScript form");
  }
}

napi_value from_script(Instance& instance, const c10::IValue& value) {
  napi_env env = instance.env;
  if (value.isTensor()) {
    const at::Tensor tensor = value.toTensor();
    if (!tensor.defined()) return make_pair(env, "v", js::null(env));
    return make_pair(env, "t", js::number(env, instance.handles.insert(tensor)));
  }
  if (value.isList()) return make_pair(env, "l", from_items(instance, value.toListRef()));
  if (value.isTuple()) return make_pair(env, "u", from_items(instance, value.toTupleRef().elements()));
  if (value.isGenericDict()) {
    const auto dict = value.toGenericDict();
    std::vector<c10::IValue> keys, values;
    for (const auto& item : dict) {
      keys.push_back(item.key());
      values.push_back(item.value());
    }
    return make_pair(env, "d", from_items(instance, keys), from_items(instance, values));
  }
  return make_pair(env, "v", from_plain(env, value));
}

}  // namespace tench
