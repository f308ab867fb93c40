// What JavaScript may call to step lists of parameters.
#pragma once

#include "tensor/instance.h"

namespace tench {

// Adds to the addon's exports:
//
//   lambStep(weights, grads, averages, squares, lr, mom, sqrMom, eps, wd, step, mostRatio)
//
// updates the averages and the weights of LAMB; `step` counts from 1. The lists hold handles of tensors that are laid
// out alike, and of which none shares memory with another.
//
//   limitThreads(count): number
//
// lets the operators that this thread calls use so many threads, and returns how many they could before.
void export_optim(Instance& instance, napi_value exports);

}  // namespace tench
