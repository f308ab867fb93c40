// What LibTorch forgets to check: arguments on which one of its operators would end the process, told apart before the
// call.
//
// native/tensor/crashes.json lists the calls that did, found by `npm run fuzz`; a test replays them. An operator whose
// bad arguments can be told has a check, any other is refused by name unless the caller says `allowUnchecked`. An
// operator with a guard has no direct call, so that there is one place to guard.
#pragma once

#include <ATen/core/function_schema.h>
#include <ATen/core/operator_name.h>
#include <ATen/core/stack.h>

namespace tench {

struct Guard;

// Null for an operator that checks its arguments by itself, as nearly all do.
const Guard* find_guard(const c10::OperatorName& name);

// Throws BadArgument where the call would crash, and for an operator that is refused unless the caller is `trusted`.
void check(const Guard& guard, const c10::FunctionSchema& schema, const torch::jit::Stack& stack, bool trusted);

}  // namespace tench
