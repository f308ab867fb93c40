// What a call must keep to, whichever its operator, when it hands over memory of an opaque layout or writes into its
// arguments.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

namespace tench {

// Throws BadArgument where LibTorch would write through the wrong pointer.
void check_memory(const c10::FunctionSchema& schema, const torch::jit::Stack& stack);

}  // namespace tench
