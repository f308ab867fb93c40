// Values of TorchScript and JavaScript: nested lists, tuples and dicts with tensors anywhere inside.
//
// A value crosses as a pair, what it is and its content: `t` a tensor's handle, `v` a plain value, `l` a list and `u` a
// tuple of pairs, `d` a list of keys and a list of values.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <node_api.h>

#include <string>

#include "instance.h"

namespace tench {

// Reads a pair as a value of the type that an argument has. Throws BadArgument, naming the place in the argument.
c10::IValue to_script(Instance& instance, napi_value pair, const c10::Type& type, const std::string& place);

// Throws when a part of the value has no JavaScript form.
void check_form(const c10::IValue& value);

// The pair of a value that has a form. The handles in it belong to the caller.
napi_value from_script(Instance& instance, const c10::IValue& value);

}  // namespace tench
