#include "js.h"

#include <cstdio>

namespace tench::js {

namespace {

[[noreturn]] void expected(napi_env env, const char* what, const char* wanted, napi_value value) {
  throw BadArgument(std::string("expected ") + wanted + " for `" + what + "` but received " + describe(env, value));
}

}  // namespace

napi_valuetype type_of(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  check(env, napi_typeof(env, value, &type), "typeof");
  return type;
}

bool is_nullish(napi_env env, napi_value value) {
  const napi_valuetype type = type_of(env, value);
  return type == napi_undefined || type == napi_null;
}

bool is_array(napi_env env, napi_value value) {
  bool result = false;
  check(env, napi_is_array(env, value, &result), "is_array");
  return result;
}

std::string describe(napi_env env, napi_value value) {
  switch (type_of(env, value)) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return to_bool(env, value, "") ? "true" : "false";
    case napi_number: {
      char text[32];
      std::snprintf(text, sizeof text, "%.15g", to_double(env, value, ""));
      return text;
    }
    case napi_string: {
      std::string text = to_string(env, value, "");
      if (text.size() > 60) text = text.substr(0, 57) + "...";
      return "the string \"" + text + "\"";
    }
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    case napi_external:
      return "an external value";
    case napi_object:
      break;
  }
  if (is_array(env, value)) {
    uint32_t length = 0;
    check(env, napi_get_array_length(env, value, &length), "array length");
    return "an array of " + std::to_string(length);
  }
  return is_float64_array(env, value) ? "a list of tensors" : "an object";
}

double to_double(napi_env env, napi_value value, const char* what) {
  double result = 0;
  if (napi_get_value_double(env, value, &result) != napi_ok) expected(env, what, "a number", value);
  return result;
}

int64_t to_int64(napi_env env, napi_value value, const char* what) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) == napi_ok) {
    if (!is_whole(number)) expected(env, what, "a whole number", value);
    return static_cast<int64_t>(number);
  }
  int64_t result = 0;
  bool lossless = false;
  if (napi_get_value_bigint_int64(env, value, &result, &lossless) == napi_ok) {
    if (!lossless) expected(env, what, "an integer of 64 bits", value);
    return result;
  }
  expected(env, what, "a whole number", value);
}

bool to_bool(napi_env env, napi_value value, const char* what) {
  bool result = false;
  if (napi_get_value_bool(env, value, &result) != napi_ok) expected(env, what, "a boolean", value);
  return result;
}

std::string to_string(napi_env env, napi_value value, const char* what) {
  char buffer[64];
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) expected(env, what, "a string", value);
  if (length < sizeof buffer) {
    check(env, napi_get_value_string_utf8(env, value, buffer, sizeof buffer, &length), "string");
    return std::string(buffer, length);
  }
  std::string text(length, '\0');
  check(env, napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), "string");
  return text;
}

std::vector<int64_t> to_int64_list(napi_env env, napi_value value, const char* what) {
  if (!is_array(env, value)) expected(env, what, "an array of whole numbers", value);
  uint32_t length = 0;
  check(env, napi_get_array_length(env, value, &length), "array length");
  std::vector<int64_t> result;
  result.reserve(length);
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, value, i, &element), "element");
    result.push_back(to_int64(env, element, what));
  }
  return result;
}

bool is_float64_array(napi_env env, napi_value value) {
  bool typed = false;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return false;
  napi_typedarray_type type = napi_int8_array;
  check(env, napi_get_typedarray_info(env, value, &type, nullptr, nullptr, nullptr, nullptr), "typed array");
  return type == napi_float64_array;
}

std::vector<double> to_doubles(napi_env env, napi_value value, const char* what) {
  if (!is_float64_array(env, value)) expected(env, what, "a list of tensors", value);
  size_t length = 0;
  void* data = nullptr;
  check(env, napi_get_typedarray_info(env, value, nullptr, &length, &data, nullptr, nullptr), "typed array");
  const double* numbers = static_cast<const double*>(data);
  return length == 0 ? std::vector<double>() : std::vector<double>(numbers, numbers + length);
}

napi_value undefined(napi_env env) {
  napi_value result = nullptr;
  check(env, napi_get_undefined(env, &result), "undefined");
  return result;
}

napi_value null(napi_env env) {
  napi_value result = nullptr;
  check(env, napi_get_null(env, &result), "null");
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  check(env, napi_get_boolean(env, value, &result), "boolean");
  return result;
}

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  check(env, napi_create_double(env, value, &result), "number");
  return result;
}

napi_value integer(napi_env env, int64_t value) {
  if (value <= static_cast<int64_t>(kMaxSafeInteger) && value >= -static_cast<int64_t>(kMaxSafeInteger)) {
    return number(env, static_cast<double>(value));
  }
  napi_value result = nullptr;
  check(env, napi_create_bigint_int64(env, value, &result), "bigint");
  return result;
}

napi_value string(napi_env env, std::string_view text) {
  napi_value result = nullptr;
  check(env, napi_create_string_utf8(env, text.data(), text.size(), &result), "string");
  return result;
}

napi_value array(napi_env env, size_t length) {
  napi_value result = nullptr;
  check(env, napi_create_array_with_length(env, length, &result), "array");
  return result;
}

void set_element(napi_env env, napi_value array, uint32_t index, napi_value value) {
  check(env, napi_set_element(env, array, index, value), "element");
}

napi_value int_array(napi_env env, const int64_t* values, size_t count) {
  napi_value result = array(env, count);
  for (size_t i = 0; i < count; ++i)
    set_element(env, result, static_cast<uint32_t>(i), number(env, static_cast<double>(values[i])));
  return result;
}

napi_value complex(napi_env env, double re, double im) {
  napi_value result = nullptr;
  check(env, napi_create_object(env, &result), "object");
  check(env, napi_set_named_property(env, result, "re", number(env, re)), "property");
  check(env, napi_set_named_property(env, result, "im", number(env, im)), "property");
  return result;
}

}  // namespace tench::js
