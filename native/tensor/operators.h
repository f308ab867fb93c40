// Calling any operator by its schema.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>
#include <vector>

namespace tench {

// One name and the overloads that may answer to it, in the order in which they are tried.
struct OperatorSet {
  std::string name;
  std::vector<c10::OperatorHandle> overloads;
};

}  // namespace tench
