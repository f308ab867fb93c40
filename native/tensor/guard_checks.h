// The checks that LibTorch forgets, each for a few operators: they throw BadArgument where the call would crash.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/function_schema.h>
#include <ATen/core/stack.h>

#include <string>

#include "js.h"

namespace tench {

// The arguments of one call by their names in the schema.
class GuardedCall {
 public:
  GuardedCall(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) : schema_(schema), stack_(stack) {}

  const c10::IValue& at(const char* name) const {
    const auto index = schema_.argumentIndexWithName(name);
    if (!index.has_value()) throw BadArgument(std::string("there is no `") + name + "` to check");
    return stack_[static_cast<size_t>(*index)];
  }
  const at::Tensor& tensor(const char* name) const {
    if (!given(name)) throw BadArgument(std::string("expected a Tensor for `") + name + "` but received null");
    return at(name).toTensor();
  }
  bool has(const char* name) const { return schema_.argumentIndexWithName(name).has_value(); }
  // Whether it is in the schema and was not left out.
  bool given(const char* name) const {
    if (!has(name)) return false;
    const c10::IValue& value = at(name);
    return !value.isNone() && !(value.isTensor() && !value.toTensor().defined());
  }

 private:
  const c10::FunctionSchema& schema_;
  const torch::jit::Stack& stack_;
};
void need_equal_lists(const GuardedCall& call);
void need_countable_pieces(const GuardedCall& call);
void need_tensors(const GuardedCall& call);
void need_axes_to_cut(const GuardedCall& call);
void need_channels(const GuardedCall& call);
void need_training_or_statistics(const GuardedCall& call);
void need_training(const GuardedCall& call);
void need_distinct_axes(const GuardedCall& call);
void need_norms(const GuardedCall& call);
void need_room(const GuardedCall& call);
void need_small_degree(const GuardedCall& call);
void need_floats(const GuardedCall& call);
void need_finite(const GuardedCall& call);
void need_statistics(const GuardedCall& call);
void need_groups(const GuardedCall& call);
void need_whole_step(const GuardedCall& call);
void need_bags(const GuardedCall& call);
void need_memory_of_its_own(const GuardedCall& call);
void need_as_many_out(const GuardedCall& call);
void need_one_shape(const GuardedCall& call);
void need_state_like_parameters(const GuardedCall& call);
void need_kernel_size(const GuardedCall& call);
void need_pooled_2d(const GuardedCall& call);
void need_pooled_3d(const GuardedCall& call);
void need_pooled_indices_2d(const GuardedCall& call);
void need_pooled_indices_3d(const GuardedCall& call);
void need_normalised(const GuardedCall& call);
void need_distances(const GuardedCall& call);
void need_pair_distances(const GuardedCall& call);
void need_masked(const GuardedCall& call);
void need_weight_norms(const GuardedCall& call);
void need_embedded(const GuardedCall& call);
void need_embedded_bags(const GuardedCall& call);
void need_segments(const GuardedCall& call);
void need_lstm_gates(const GuardedCall& call);
void need_gru_gates(const GuardedCall& call);
void need_coefficients(const GuardedCall& call);
void need_compressed_rows(const GuardedCall& call);
void need_running_extremes(const GuardedCall& call);
void need_batch_axes(const GuardedCall& call);
void need_images_and_kernels(const GuardedCall& call);
void need_attention_heads(const GuardedCall& call);
void need_sobol_state(const GuardedCall& call);
void need_quantisation_steps(const GuardedCall& call);
void need_matrix(const GuardedCall& call);
void need_weights(const GuardedCall& call);
void need_place_among_axes(const GuardedCall& call);
void need_points(const GuardedCall& call);
void need_no_quantisation(const GuardedCall& call);
void need_pivots(const GuardedCall& call);
void need_few_axes(const GuardedCall& call);
void need_padded(const GuardedCall& call);

}  // namespace tench
