#include "convert.h"

#include <ATen/core/List.h>
#include <c10/core/DeviceType.h>

#include <array>
#include <cmath>
#include <utility>

#include "generator.h"

namespace tench {

namespace {

using c10::TypeKind;

constexpr std::array<std::pair<const char*, at::ScalarType>, 31> kDtypes = {{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int16", at::kShort},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
    {"complex64", at::kComplexFloat},
    {"complex128", at::kComplexDouble},
    {"complex32", at::kComplexHalf},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
    {"qint8", at::kQInt8},
    {"quint8", at::kQUInt8},
    {"qint32", at::kQInt32},
    {"float8_e5m2", at::kFloat8_e5m2},
    {"float8_e4m3fn", at::kFloat8_e4m3fn},
    {"float8_e5m2fnuz", at::kFloat8_e5m2fnuz},
    {"float8_e4m3fnuz", at::kFloat8_e4m3fnuz},
    {"float8_e8m0fnu", at::kFloat8_e8m0fnu},
    {"float4_e2m1fn_x2", at::kFloat4_e2m1fn_x2},
    // PyTorch's short names.
    {"float", at::kFloat},
    {"double", at::kDouble},
    {"half", at::kHalf},
    {"long", at::kLong},
    {"int", at::kInt},
    {"short", at::kShort},
}};

constexpr std::array<std::pair<const char*, at::MemoryFormat>, 4> kMemoryFormats = {{
    {"contiguous_format", at::MemoryFormat::Contiguous},
    {"preserve_format", at::MemoryFormat::Preserve},
    {"channels_last", at::MemoryFormat::ChannelsLast},
    {"channels_last_3d", at::MemoryFormat::ChannelsLast3d},
}};

constexpr std::array<std::pair<const char*, at::Layout>, 7> kLayouts = {{
    {"strided", at::kStrided},
    {"sparse", at::kSparse},
    {"sparse_csr", at::kSparseCsr},
    {"sparse_csc", at::kSparseCsc},
    {"sparse_bsr", at::kSparseBsr},
    {"sparse_bsc", at::kSparseBsc},
    {"mkldnn", at::kMkldnn},
}};

template <typename Table>
auto look_up(const Table& table, const std::string& name, const char* what) {
  for (const auto& [known, value] : table) {
    if (name == known) return value;
  }
  std::string all;
  for (const auto& entry : table) all += (all.empty() ? "" : ", ") + std::string(entry.first);
  throw BadArgument(std::string("expected one of ") + all + " for `" + what + "` but received the string \"" + name +
                    "\"");
}

[[noreturn]] void mismatch(Instance& instance, const c10::Argument& argument, const std::string& wanted,
                           const JsArgument& value) {
  throw BadArgument("expected " + wanted + " for `" + argument.name() + "` but received " +
                    (value.is_tensor ? std::string("a Tensor") : js::describe(instance.env, value.value)));
}

bool is_number(napi_valuetype type) { return type == napi_number || type == napi_bigint; }

bool is_whole(napi_env env, napi_value value) {
  double number = 0;
  return napi_get_value_double(env, value, &number) != napi_ok || std::trunc(number) == number;
}

bool is_complex(napi_env env, napi_value value) {
  bool has_re = false, has_im = false;
  return napi_has_named_property(env, value, "re", &has_re) == napi_ok && has_re &&
         napi_has_named_property(env, value, "im", &has_im) == napi_ok && has_im;
}

double part(napi_env env, napi_value value, const char* name, const char* what) {
  napi_value found = nullptr;
  check(env, napi_get_named_property(env, value, name, &found), "property");
  return js::to_double(env, found, what);
}

uint32_t length_of(napi_env env, napi_value value) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, value, &length), "array length");
  return length;
}

napi_value element_of(napi_env env, napi_value value, uint32_t index) {
  napi_value element = nullptr;
  check(env, napi_get_element(env, value, index, &element), "element");
  return element;
}

// LibTorch reads as many elements as the schema says, whether they are there or not. A single one stands for all; none
// is fine where that is the default.
void check_length(const c10::Argument& argument, size_t length) {
  const int32_t wanted = argument.N().value_or(1);
  if (wanted <= 1 || length == 1 || length == static_cast<size_t>(wanted)) return;
  const std::optional<c10::IValue>& fallback = argument.default_value();
  if (length == 0 && fallback.has_value() && fallback->isList() && fallback->toListRef().empty()) return;
  // A pooling whose stride is its kernel's size, as the backward operators are told by their forward ones.
  const bool pools = argument.type()->containedType(0)->kind() == TypeKind::IntType && argument.name() == "stride";
  if (length == 0 && pools) return;
  throw BadArgument("expected " + std::to_string(wanted) + " elements for `" + argument.name() + "` but received " +
                    std::to_string(length));
}

template <typename T, typename Read>
c10::IValue read_list(Instance& instance, const c10::Argument& argument, const JsArgument& value, const char* wanted,
                      Read read) {
  napi_env env = instance.env;
  c10::List<T> list;
  if (!js::is_array(env, value.value)) {
    // A single value stands for a list of fixed length, as in PyTorch's `int[2] stride`.
    if (!argument.N().has_value()) mismatch(instance, argument, wanted, value);
    for (int32_t i = 0; i < *argument.N(); ++i) list.push_back(read(value.value));
    return list;
  }
  const uint32_t length = length_of(env, value.value);
  check_length(argument, length);
  list.reserve(length);
  for (uint32_t i = 0; i < length; ++i) list.push_back(read(element_of(env, value.value, i)));
  for (int32_t i = 1; length == 1 && i < argument.N().value_or(1); ++i) list.push_back(list.get(0));
  return list;
}

c10::IValue to_list(Instance& instance, const c10::Argument& argument, const c10::Type& element,
                    const JsArgument& value, WholeScalar whole) {
  napi_env env = instance.env;
  const char* name = argument.name().c_str();
  const bool optional_tensor =
      element.kind() == TypeKind::OptionalType && element.containedType(0)->kind() == TypeKind::TensorType;
  if (element.kind() == TypeKind::TensorType || optional_tensor) {
    std::vector<at::Tensor> tensors;
    if (value.is_tensor) {
      mismatch(instance, argument, "a list of tensors", value);
    } else if (js::is_float64_array(env, value.value)) {
      for (const double handle : js::to_doubles(env, value.value, name)) {
        if (handle == 0 && !optional_tensor)
          throw BadArgument(std::string("expected a Tensor in every place of `") + name + "` but received null");
        tensors.push_back(handle == 0 ? at::Tensor() : instance.handles.get(handle));
      }
    } else if (js::is_array(env, value.value)) {
      // Without a tensor in it: empty, or holes only.
      const uint32_t length = length_of(env, value.value);
      for (uint32_t i = 0; i < length; ++i) {
        const napi_value entry = element_of(env, value.value, i);
        if (!optional_tensor || !js::is_nullish(env, entry)) {
          throw BadArgument("expected a Tensor in every place of `" + argument.name() + "` but received " +
                            js::describe(env, entry));
        }
        tensors.emplace_back();
      }
    } else {
      mismatch(instance, argument, "a list of tensors", value);
    }
    if (!optional_tensor) return c10::List<at::Tensor>(std::move(tensors));
    c10::List<std::optional<at::Tensor>> list;
    for (at::Tensor& tensor : tensors)
      list.push_back(tensor.defined() ? std::optional<at::Tensor>(std::move(tensor)) : std::nullopt);
    return list;
  }
  if (value.is_tensor) mismatch(instance, argument, "an array", value);
  switch (element.kind()) {
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return read_list<int64_t>(instance, argument, value, "an array of whole numbers",
                                [&](napi_value entry) { return js::to_int64(env, entry, name); });
    case TypeKind::FloatType:
      return read_list<double>(instance, argument, value, "an array of numbers",
                               [&](napi_value entry) { return js::to_double(env, entry, name); });
    case TypeKind::BoolType:
      return read_list<bool>(instance, argument, value, "an array of booleans",
                             [&](napi_value entry) { return js::to_bool(env, entry, name); });
    case TypeKind::NumberType:
      return read_list<c10::Scalar>(instance, argument, value, "an array of numbers",
                                    [&](napi_value entry) { return to_scalar(instance, entry, name, whole); });
    case TypeKind::StringType:
      return read_list<std::string>(instance, argument, value, "an array of strings",
                                    [&](napi_value entry) { return js::to_string(env, entry, name); });
    default:
      throw BadArgument("`" + argument.name() + "` has type " + argument.real_type()->str() +
                        ", which has no JavaScript form; leave it out");
  }
}

c10::IValue to_value(Instance& instance, const c10::Argument& argument, const c10::Type& type, const JsArgument& value,
                     WholeScalar whole) {
  napi_env env = instance.env;
  const char* name = argument.name().c_str();
  if (!value.is_tensor && js::is_nullish(env, value.value)) {
    if (type.kind() == TypeKind::OptionalType || type.kind() == TypeKind::GeneratorType) return c10::IValue();
    mismatch(instance, argument, type.str(), value);
  }
  switch (type.kind()) {
    case TypeKind::OptionalType:
      return to_value(instance, argument, *type.containedType(0), value, whole);
    case TypeKind::TensorType:
      if (!value.is_tensor) mismatch(instance, argument, "a Tensor", value);
      return instance.handles.get(js::to_double(env, value.value, name));
    case TypeKind::ListType:
      return to_list(instance, argument, *type.containedType(0), value, whole);
    case TypeKind::NumberType:
      if (value.is_tensor) return instance.handles.get(js::to_double(env, value.value, name)).item();
      return to_scalar(instance, value.value, name, whole);
    default:
      break;
  }
  if (value.is_tensor) mismatch(instance, argument, type.str(), value);
  switch (type.kind()) {
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return js::to_int64(env, value.value, name);
    case TypeKind::FloatType:
      return js::to_double(env, value.value, name);
    case TypeKind::BoolType:
    case TypeKind::SymBoolType:
      return js::to_bool(env, value.value, name);
    case TypeKind::StringType:
      return js::to_string(env, value.value, name);
    case TypeKind::ComplexType:
      return c10::IValue(to_scalar(instance, value.value, name, WholeScalar::floating).toComplexDouble());
    case TypeKind::ScalarTypeType:
      return static_cast<int64_t>(parse_dtype(js::to_string(env, value.value, name)));
    case TypeKind::LayoutType:
      return static_cast<int64_t>(look_up(kLayouts, js::to_string(env, value.value, name), name));
    case TypeKind::MemoryFormatType:
      return static_cast<int64_t>(look_up(kMemoryFormats, js::to_string(env, value.value, name), name));
    case TypeKind::DeviceObjType:
      return parse_device(js::to_string(env, value.value, name));
    case TypeKind::GeneratorType:
      return to_generator(instance, value.value, name);
    default:
      throw BadArgument("`" + argument.name() + "` has type " + type.str() +
                        ", which has no JavaScript form; leave it out");
  }
}

bool matches_type(Instance& instance, const c10::Type& type, bool fixed_length, const JsArgument& value) {
  napi_env env = instance.env;
  if (value.is_tensor) {
    if (type.kind() == TypeKind::OptionalType)
      return matches_type(instance, *type.containedType(0), fixed_length, value);
    return type.kind() == TypeKind::TensorType;
  }
  const napi_valuetype js_type = js::type_of(env, value.value);
  if (js_type == napi_undefined || js_type == napi_null)
    return type.kind() == TypeKind::OptionalType || type.kind() == TypeKind::GeneratorType;
  switch (type.kind()) {
    case TypeKind::OptionalType:
      return matches_type(instance, *type.containedType(0), fixed_length, value);
    case TypeKind::TensorType:
      return false;
    case TypeKind::GeneratorType:
      return js_type == napi_external;
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return is_number(js_type) && is_whole(env, value.value);
    case TypeKind::FloatType:
      return js_type == napi_number;
    case TypeKind::BoolType:
      return js_type == napi_boolean;
    case TypeKind::NumberType:
    case TypeKind::ComplexType:
      return is_number(js_type) || js_type == napi_boolean || (js_type == napi_object && is_complex(env, value.value));
    case TypeKind::ListType: {
      if (js_type != napi_object) return fixed_length && matches_type(instance, *type.containedType(0), false, value);
      if (js::is_float64_array(env, value.value)) {
        const c10::Type& element = *type.containedType(0);
        return element.kind() == TypeKind::TensorType ||
               (element.kind() == TypeKind::OptionalType && element.containedType(0)->kind() == TypeKind::TensorType);
      }
      if (!js::is_array(env, value.value)) return false;
      if (length_of(env, value.value) == 0) return true;
      return matches_type(instance, *type.containedType(0), false, {element_of(env, value.value, 0), false});
    }
    default:
      return js_type == napi_string;
  }
}

}  // namespace

bool matches(Instance& instance, const c10::Argument& argument, const JsArgument& value) {
  return matches_type(instance, *argument.real_type(), argument.N().has_value(), value);
}

c10::IValue to_ivalue(Instance& instance, const c10::Argument& argument, const JsArgument& value, WholeScalar whole) {
  return to_value(instance, argument, *argument.real_type(), value, whole);
}

c10::Scalar to_scalar(double number, WholeScalar whole) {
  // Beyond 2^53 a double is no longer every integer it might stand for, so it stays a float.
  if (whole == WholeScalar::integer && js::is_whole(number) && !(number == 0 && std::signbit(number))) {
    return c10::Scalar(static_cast<int64_t>(number));
  }
  return c10::Scalar(number);
}

c10::Scalar to_scalar(Instance& instance, napi_value value, const char* what, WholeScalar whole) {
  napi_env env = instance.env;
  switch (js::type_of(env, value)) {
    case napi_number:
      return to_scalar(js::to_double(env, value, what), whole);
    case napi_bigint:
      return c10::Scalar(js::to_int64(env, value, what));
    case napi_boolean:
      return c10::Scalar(js::to_bool(env, value, what));
    case napi_object:
      if (is_complex(env, value))
        return c10::Scalar(c10::complex<double>(part(env, value, "re", what), part(env, value, "im", what)));
      break;
    default:
      break;
  }
  throw BadArgument(std::string("expected a number for `") + what + "` but received " + js::describe(env, value));
}

napi_value from_scalar(napi_env env, const c10::Scalar& scalar) {
  if (scalar.isBoolean()) return js::boolean(env, scalar.toBool());
  if (scalar.isIntegral(false)) {
    if (scalar.type() == at::kUInt64) {
      const uint64_t value = scalar.toUInt64();
      if (value <= 9007199254740991ull) return js::number(env, static_cast<double>(value));
      napi_value result = nullptr;
      check(env, napi_create_bigint_uint64(env, value, &result), "bigint");
      return result;
    }
    return js::integer(env, scalar.toLong());
  }
  if (scalar.isComplex()) {
    const auto value = scalar.toComplexDouble();
    return js::complex(env, value.real(), value.imag());
  }
  return js::number(env, scalar.toDouble());
}

napi_value from_plain(napi_env env, const c10::IValue& value) {
  if (value.isNone()) return js::null(env);
  if (value.isBool()) return js::boolean(env, value.toBool());
  if (value.isInt()) return js::integer(env, value.toInt());
  if (value.isDouble()) return js::number(env, value.toDouble());
  if (value.isComplexDouble()) return js::complex(env, value.toComplexDouble().real(), value.toComplexDouble().imag());
  if (value.isString()) return js::string(env, value.toStringRef());
  if (value.isDevice()) return js::string(env, value.toDevice().str());
  if (value.isScalar()) return from_scalar(env, value.toScalar());
  if (value.isList()) {
    const auto list = value.toListRef();
    napi_value result = js::array(env, list.size());
    for (size_t i = 0; i < list.size(); ++i)
      js::set_element(env, result, static_cast<uint32_t>(i), from_plain(env, list[i]));
    return result;
  }
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    napi_value result = js::array(env, elements.size());
    for (size_t i = 0; i < elements.size(); ++i)
      js::set_element(env, result, static_cast<uint32_t>(i), from_plain(env, elements[i]));
    return result;
  }
  throw CodedError("ERR_TENCH", "a result of type " + value.tagKind() + " has no JavaScript form");
}

at::ScalarType parse_dtype(const std::string& name) { return look_up(kDtypes, name, "dtype"); }

std::string dtype_name(at::ScalarType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) return name;
  }
  return c10::toString(type);
}

c10::Device parse_device(const std::string& name) {
  try {
    return c10::Device(name);
  } catch (const c10::Error&) {
    throw BadArgument("expected a device such as cpu, cuda:0 or meta for `device` but received the string \"" + name +
                      "\"");
  }
}

}  // namespace tench
