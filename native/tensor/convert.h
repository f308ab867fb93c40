// Conversions between JavaScript values and LibTorch's IValue, guided by the schema's types.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>
#include <node_api.h>

#include <string>

#include "instance.h"

namespace tench {

// One JavaScript argument: a handle of a tensor, or any other value.
struct JsArgument {
  napi_value value;
  bool is_tensor;
};

// How a whole JavaScript number given as a Scalar is read.
enum class WholeScalar { integer, floating };

// Whether a value may stand for an argument of this schema, judged by its JavaScript type alone.
bool matches(Instance& instance, const c10::Argument& argument, const JsArgument& value);

// Throws BadArgument, naming the argument, when the value cannot stand for it.
c10::IValue to_ivalue(Instance& instance, const c10::Argument& argument, const JsArgument& value, WholeScalar whole);

c10::Scalar to_scalar(double number, WholeScalar whole);
c10::Scalar to_scalar(Instance& instance, napi_value value, const char* what, WholeScalar whole);
napi_value from_scalar(napi_env env, const c10::Scalar& scalar);
// A plain value (no tensor in it) as JavaScript sees it.
napi_value from_plain(napi_env env, const c10::IValue& value);

at::ScalarType parse_dtype(const std::string& name);
std::string dtype_name(at::ScalarType type);
c10::Device parse_device(const std::string& name);

}  // namespace tench
