// LAMB's step of one stretch of memory, in the two parts between which the norms of whole tensors must be known.
#pragma once

#include <cstddef>

namespace tench::optim {

struct LambSettings {
  double mom;
  double sqr_mom;
  // What the averages are multiplied by to be means of the gradients so far.
  double debias;
  double sqr_debias;
  double eps;
  double wd;
};

// Sums of squares, of the weights and of the direction.
struct LambSums {
  double weights = 0;
  double direction = 0;
};

// As many elements from these places on. `Wide` is what is computed in: float but for double.
template <typename T, typename Wide>
struct LambStretch {
  T* weights;
  const T* grads;
  T* averages;
  T* squares;
  Wide* direction;
  size_t count;
};

// Brings both averages up to date, and writes Adam's direction with the decay.
template <typename T, typename Wide>
LambSums find_direction(const LambStretch<T, Wide>& stretch, const LambSettings& settings);

// weights -= rate * direction
template <typename T, typename Wide>
void go(const LambStretch<T, Wide>& stretch, double rate);

}  // namespace tench::optim
