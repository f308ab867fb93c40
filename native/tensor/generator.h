// Random generators that JavaScript holds, for operators that take one instead of their device's own.
#pragma once

#include <ATen/core/Generator.h>
#include <node_api.h>

#include "instance.h"

namespace tench {

// The generator behind a JavaScript value that `makeGenerator` returned; throws BadArgument for any other value.
at::Generator to_generator(Instance& instance, napi_value value, const char* what);

}  // namespace tench
