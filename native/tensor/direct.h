// The quick way to call an operator: arguments are read straight into the C++ types of its signature, past the boxed
// stack. It exists for the overloads of the generated table, and only for calls whose kinds of arguments settle which
// overload is meant; everything else, and every message about a wrong argument, is the boxed call's.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>
#include <vector>

#include "instance.h"
#include "operators.h"

namespace tench {

// What JavaScript says of an argument before it calls; the numbers are those of lib/tensor/direct.ts.
enum class Kind : uint8_t { absent, tensor, number, boolean, numbers, null, tensors };

// One overload, called with arguments of the same kinds each time.
class DirectCall {
 public:
  DirectCall(c10::OperatorHandle overload, std::vector<Kind> kinds, bool scalars_follow);
  virtual ~DirectCall() = default;
  // The result as the boxed call gives it, or null when a value needs that call after all (2.5 where an integer is
  // wanted). `values` has one for each positional argument.
  virtual napi_value run(Instance& instance, const napi_value* values, napi_value shell) const = 0;
  // The arguments as the boxed call knows them.
  Given given(const napi_value* values) const;

  const c10::OperatorHandle overload;
  // One for each argument of the schema.
  const std::vector<Kind> kinds;
  // Whether whole Scalars take the kind of the tensors beside them.
  const bool scalars_follow;
};

// The direct call for arguments of these kinds, or null when there is none.
std::unique_ptr<DirectCall> find_direct(const OperatorSet& set, std::vector<Kind> kinds, bool scalars_follow);

}  // namespace tench
