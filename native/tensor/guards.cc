#include "guards.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "guard_checks.h"

namespace tench {

struct Guard {
  std::string_view name;
  void (*check)(const GuardedCall& call);
  // Why the operator is refused, where there is no check; null for an overload that needs none.
  const char* refusal = nullptr;
};

namespace {

constexpr const char* kVmap = "works only inside PyTorch's own vmap, and reads beyond its tables outside of one";
constexpr const char* kInternal =
    "is a part of other operators, which hand it only shapes that they have checked; it does not check them itself";
constexpr const char* kBackward =
    "is a part of autograd, which hands it only what the forward operator has made; it does not check it. Call "
    "backward";
constexpr const char* kPacked =
    "belongs to quantised inference, which hands it only what its own packing has made; it does not check it";
constexpr const char* kNoMemory = "makes a tensor without memory, on which many others crash; use aten::zeros";

// Sorted by name.
constexpr auto kGuards = std::to_array<Guard>({
    {"aten::_adaptive_avg_pool2d_backward", need_pooled_2d},
    {"aten::_adaptive_avg_pool3d_backward", need_pooled_3d},
    {"aten::_add_batch_dim", nullptr, kVmap},
    {"aten::_batch_norm_impl_index_backward", need_normalised},
    {"aten::_batch_norm_no_update", need_statistics},
    {"aten::_batch_norm_with_update", need_channels},
    {"aten::_cdist_backward", need_distances},
    {"aten::_cholesky_solve_helper", nullptr, kInternal},
    {"aten::_chunk_cat", need_axes_to_cut},
    {"aten::_compute_linear_combination", need_coefficients},
    {"aten::_convert_indices_from_csr_to_coo", need_compressed_rows},
    {"aten::_cummax_helper", need_running_extremes},
    {"aten::_cummin_helper", need_running_extremes},
    {"aten::_dyn_quant_matmul_4bit", nullptr, kPacked},
    {"aten::_dyn_quant_pack_4bit_weight", nullptr, kPacked},
    {"aten::_efficientzerotensor", nullptr, kNoMemory},
    {"aten::_efficientzerotensor.out", nullptr},
    {"aten::_embedding_bag", need_bags},
    {"aten::_embedding_bag_backward", need_embedded_bags},
    {"aten::_embedding_bag_dense_backward", need_embedded_bags},
    {"aten::_embedding_bag_forward_only", need_bags},
    {"aten::_embedding_bag_per_sample_weights_backward", need_embedded_bags},
    {"aten::_embedding_bag_sparse_backward", need_embedded_bags},
    {"aten::_fft_c2c", need_distinct_axes},
    {"aten::_fft_c2r", need_distinct_axes},
    {"aten::_fft_r2c", need_distinct_axes},
    {"aten::_foreach_copy", need_equal_lists},
    {"aten::_foreach_copy_", need_equal_lists},
    {"aten::_fused_adagrad", need_state_like_parameters},
    {"aten::_fused_adagrad_", need_state_like_parameters},
    {"aten::_fused_adam", need_state_like_parameters},
    {"aten::_fused_adam_", need_state_like_parameters},
    {"aten::_fused_adamw", need_state_like_parameters},
    {"aten::_fused_adamw_", need_state_like_parameters},
    {"aten::_fused_sgd", need_state_like_parameters},
    {"aten::_fused_sgd_", need_state_like_parameters},
    {"aten::_linalg_eigvals", need_finite},
    {"aten::_log_softmax_backward_data", need_one_shape},
    {"aten::_masked_softmax_backward", need_masked},
    {"aten::_native_batch_norm_legit", need_training_or_statistics},
    {"aten::_native_batch_norm_legit.no_stats", need_training},
    {"aten::_native_batch_norm_legit.no_stats_out", need_training},
    {"aten::_native_batch_norm_legit_functional", need_training_or_statistics},
    {"aten::_native_batch_norm_legit_no_training", need_channels},
    {"aten::_neg_view", need_no_quantisation},
    {"aten::_neg_view_copy", need_no_quantisation},
    {"aten::_new_zeros_with_same_feature_meta", need_batch_axes},
    {"aten::_nnpack_spatial_convolution", need_images_and_kernels},
    {"aten::_pdist_backward", need_pair_distances},
    {"aten::_pdist_forward", need_points},
    {"aten::_remove_batch_dim", nullptr, kVmap},
    {"aten::_reshape_alias", need_room},
    {"aten::_reshape_alias_copy", need_room},
    {"aten::_saturate_weight_to_fp16", need_weights},
    {"aten::_segment_reduce_backward", need_segments},
    {"aten::_slow_conv2d_backward", need_kernel_size},
    {"aten::_slow_conv2d_forward", need_kernel_size},
    {"aten::_sobol_engine_draw", need_sobol_state},
    {"aten::_sobol_engine_ff", need_sobol_state},
    {"aten::_sobol_engine_ff_", need_sobol_state},
    {"aten::_sobol_engine_initialize_state", need_sobol_state},
    {"aten::_sobol_engine_initialize_state_", need_sobol_state},
    {"aten::_sobol_engine_scramble", need_sobol_state},
    {"aten::_sobol_engine_scramble_", need_sobol_state},
    {"aten::_softmax_backward_data", need_one_shape},
    {"aten::_stack", need_place_among_axes},
    {"aten::_thnn_differentiable_gru_cell_backward", need_gru_gates},
    {"aten::_thnn_differentiable_lstm_cell_backward", need_lstm_gates},
    {"aten::_thnn_fused_gru_cell", nullptr, kInternal},
    {"aten::_thnn_fused_gru_cell_backward", nullptr, kBackward},
    {"aten::_thnn_fused_lstm_cell", nullptr, kInternal},
    {"aten::_thnn_fused_lstm_cell_backward", nullptr, kBackward},
    {"aten::_thnn_fused_lstm_cell_backward_impl", nullptr, kBackward},
    {"aten::_transform_bias_rescale_qkv", need_attention_heads},
    {"aten::_weight_norm", need_norms},
    {"aten::_weight_norm_interface", need_norms},
    {"aten::_weight_norm_interface_backward", need_weight_norms},
    {"aten::adaptive_avg_pool3d_backward", need_pooled_3d},
    {"aten::adaptive_max_pool2d_backward", need_pooled_indices_2d},
    {"aten::adaptive_max_pool3d_backward", need_pooled_indices_3d},
    {"aten::arange", need_whole_step},
    {"aten::batch_norm_backward", need_normalised},
    {"aten::batch_norm_update_stats", need_channels},
    {"aten::choose_qparams_optimized", need_quantisation_steps},
    {"aten::chunk", need_countable_pieces},
    {"aten::combinations", need_few_axes},
    {"aten::convolution_backward_overrideable", nullptr, kBackward},
    {"aten::convolution_overrideable", nullptr, kInternal},
    {"aten::dsplit", need_countable_pieces},
    {"aten::embedding_backward", need_embedded},
    {"aten::embedding_dense_backward", need_embedded},
    {"aten::embedding_sparse_backward", need_embedded},
    {"aten::fbgemm_linear_fp16_weight", nullptr, kPacked},
    {"aten::fbgemm_linear_fp16_weight_fp32_activation", nullptr, kPacked},
    {"aten::fbgemm_linear_int8_weight", nullptr, kPacked},
    {"aten::fbgemm_linear_int8_weight_fp32_activation", nullptr, kPacked},
    {"aten::fbgemm_pack_gemm_matrix_fp16", need_matrix},
    {"aten::fbgemm_pack_quantized_matrix", nullptr, kPacked},
    {"aten::fractional_max_pool2d_backward", need_pooled_indices_2d},
    {"aten::fractional_max_pool3d_backward", need_pooled_indices_3d},
    {"aten::hsplit", need_countable_pieces},
    {"aten::linalg_eigvals", need_finite},
    {"aten::lu_unpack", need_pivots},
    {"aten::max_pool2d_with_indices_backward", need_pooled_indices_2d},
    {"aten::max_pool3d_with_indices_backward", need_pooled_indices_3d},
    {"aten::mkldnn_rnn_layer", nullptr, kInternal},
    {"aten::mkldnn_rnn_layer_backward", nullptr, kBackward},
    {"aten::narrow_copy", need_memory_of_its_own},
    {"aten::native_batch_norm", need_training_or_statistics},
    {"aten::native_batch_norm_backward", need_normalised},
    {"aten::native_group_norm", need_groups},
    {"aten::quantized_gru_cell", nullptr, kInternal},
    {"aten::quantized_lstm_cell", nullptr, kInternal},
    {"aten::quantized_rnn_relu_cell", nullptr, kInternal},
    {"aten::quantized_rnn_tanh_cell", nullptr, kInternal},
    {"aten::range", need_whole_step},
    {"aten::reflection_pad1d", need_memory_of_its_own},
    {"aten::reflection_pad1d_backward", need_padded},
    {"aten::reflection_pad2d", need_memory_of_its_own},
    {"aten::reflection_pad2d_backward", need_padded},
    {"aten::reflection_pad3d", need_memory_of_its_own},
    {"aten::reflection_pad3d_backward", need_padded},
    {"aten::replication_pad1d", need_memory_of_its_own},
    {"aten::replication_pad1d_backward", need_padded},
    {"aten::replication_pad2d", need_memory_of_its_own},
    {"aten::replication_pad2d_backward", need_padded},
    {"aten::replication_pad3d", need_memory_of_its_own},
    {"aten::replication_pad3d_backward", need_padded},
    {"aten::slow_conv3d", need_kernel_size},
    {"aten::slow_conv3d_forward", need_kernel_size},
    {"aten::slow_conv_dilated2d", need_kernel_size},
    {"aten::slow_conv_dilated3d", need_kernel_size},
    {"aten::slow_conv_transpose2d", need_kernel_size},
    {"aten::slow_conv_transpose3d", need_kernel_size},
    {"aten::smooth_l1_loss_backward", need_floats},
    {"aten::special_chebyshev_polynomial_t", need_small_degree},
    {"aten::special_chebyshev_polynomial_u", need_small_degree},
    {"aten::special_chebyshev_polynomial_v", need_small_degree},
    {"aten::special_chebyshev_polynomial_w", need_small_degree},
    {"aten::special_hermite_polynomial_h", need_small_degree},
    {"aten::special_hermite_polynomial_he", need_small_degree},
    {"aten::special_laguerre_polynomial_l", need_small_degree},
    {"aten::special_legendre_polynomial_p", need_small_degree},
    {"aten::special_shifted_chebyshev_polynomial_t", need_small_degree},
    {"aten::special_shifted_chebyshev_polynomial_u", need_small_degree},
    {"aten::special_shifted_chebyshev_polynomial_v", need_small_degree},
    {"aten::special_shifted_chebyshev_polynomial_w", need_small_degree},
    {"aten::split", need_countable_pieces},
    {"aten::split_copy", need_countable_pieces},
    {"aten::tensor_split", need_countable_pieces},
    {"aten::thnn_conv2d", need_kernel_size},
    {"aten::unbind", need_countable_pieces},
    {"aten::unbind_copy", need_countable_pieces},
    {"aten::unsafe_chunk", need_countable_pieces},
    {"aten::unsafe_split", need_countable_pieces},
    {"aten::vsplit", need_countable_pieces},
});

const Guard* find(std::string_view name) {
  const auto found = std::lower_bound(kGuards.begin(), kGuards.end(), name,
                                      [](const Guard& entry, std::string_view key) { return entry.name < key; });
  return found != kGuards.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

const Guard* find_guard(const c10::OperatorName& name) {
  const Guard* overload = find(name.name + "." + name.overload_name);
  if (overload != nullptr) return overload;
  static constexpr Guard kListsOut{"", need_as_many_out};
  const bool writes_lists = name.name.rfind("aten::_foreach_", 0) == 0 && name.overload_name.ends_with("out");
  const Guard* named = find(name.name);
  return named == nullptr && writes_lists ? &kListsOut : named;
}

void check(const Guard& guard, const c10::FunctionSchema& schema, const torch::jit::Stack& stack, bool trusted) {
  if (guard.refusal != nullptr && !trusted) {
    throw BadArgument(std::string("it is refused, since it ") + guard.refusal +
                      "; allowUnchecked calls it nevertheless, and then wrong arguments may end the process");
  }
  if (guard.check != nullptr) guard.check(GuardedCall(schema, stack));
}

}  // namespace tench
