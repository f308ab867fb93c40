// Calling any operator by its schema.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <memory>
#include <string>
#include <vector>

#include "convert.h"

namespace tench {

class DirectCall;

// One name, the overloads that may answer to it in the order in which they are tried, and the direct calls found so
// far.
struct OperatorSet {
  OperatorSet();
  ~OperatorSet();

  std::string name;
  std::vector<c10::OperatorHandle> overloads;
  std::vector<std::unique_ptr<DirectCall>> direct;
};

// The arguments of one operator call as JavaScript gave them.
struct Given {
  std::vector<JsArgument> positional;
  std::vector<std::string> names;
  std::vector<JsArgument> named;
};

// The result of an operator that returns one tensor: its handle, tied to `shell` for the garbage collector unless that
// is null; null for an undefined tensor.
napi_value new_tensor(Instance& instance, at::Tensor tensor, napi_value shell);

// Any results, as `decode` in lib/tensor/call.ts reads them.
napi_value to_results(Instance& instance, const c10::FunctionSchema& schema, const Given& given,
                      const torch::jit::Stack& stack);

}  // namespace tench
