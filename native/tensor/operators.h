// Calling any operator by its schema.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <string>
#include <vector>

#include "convert.h"
#include "guards.h"

namespace tench {

// One name, and the overloads that may answer to it in the order in which they are tried.
struct OperatorSet {
  std::string name;
  std::vector<c10::OperatorHandle> overloads;
  std::vector<const Guard*> guards;  // one for each overload, null for most
};

// The arguments of one operator call as JavaScript gave them.
struct Given {
  std::vector<JsArgument> positional;
  std::vector<std::string> names;
  std::vector<JsArgument> named;
};

// Any results, as `decode` in lib/tensor/call.ts reads them.
napi_value to_results(Instance& instance, const c10::FunctionSchema& schema, const Given& given,
                      const torch::jit::Stack& stack);

}  // namespace tench
