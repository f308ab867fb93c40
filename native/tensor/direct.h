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

// What JavaScript writes for a call: tensors as handles, numbers and booleans as numbers; and lists as they are.
struct DirectArguments {
  static constexpr size_t kMost = 11;
  double numbers[kMost];
  const napi_value* lists;
};

// One overload, called with arguments of the same kinds each time.
class DirectCall {
 public:
  // What a call tells JavaScript when the result is no new tensor: none at all; the first argument, which was written;
  // what `run` returned; or that a value needs the boxed call after all (2.5 where an integer is wanted).
  static constexpr double kNothing = 0, kWritten = -1, kReturned = -2, kBoxed = -3;

  DirectCall(const OperatorSet& set, c10::OperatorHandle overload, std::vector<Kind> kinds, bool scalars_follow);
  virtual ~DirectCall() = default;
  // Sets `code` to the new tensor's handle, or to one of the numbers above.
  virtual napi_value run(Instance& instance, const DirectArguments& arguments, double& code) const = 0;
  // The arguments as the boxed call knows them.
  Given given(Instance& instance, const DirectArguments& arguments) const;

  const OperatorSet& set;
  const c10::OperatorHandle overload;
  // One for each argument of the schema.
  const std::vector<Kind> kinds;
  // Whether whole Scalars take the kind of the tensors beside them.
  const bool scalars_follow;
};

// The direct call for arguments of these kinds, or null when there is none.
std::unique_ptr<DirectCall> find_direct(const OperatorSet& set, std::vector<Kind> kinds, bool scalars_follow);

}  // namespace tench
