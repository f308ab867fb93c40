#include "guards.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

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

struct Guard {
  std::string_view name;
  void (*check)(const GuardedCall& call);
  // Why the operator is refused, where there is no check.
  const char* refusal = nullptr;
};

namespace {

// A list of tensors beside `self` that is shorter is read beyond its end.
void need_equal_lists(const GuardedCall& call) {
  const size_t count = call.at("self").toListRef().size();
  const size_t sources = call.at("src").toListRef().size();
  if (count == 0 || count != sources) {
    throw BadArgument("expected as many tensors in `src` as in `self`, and at least one, but received " +
                      std::to_string(sources) + " and " + std::to_string(count));
  }
}

void need_tensors(const GuardedCall& call) {
  if (call.at("tensors").toListRef().empty())
    throw BadArgument("expected at least one tensor in `tensors` but received none");
}

void need_axes_to_cut(const GuardedCall& call) {
  need_tensors(call);
  const int64_t dim = call.at("dim").toInt();
  for (const at::Tensor& tensor : call.at("tensors").toTensorVector()) {
    if (dim < 0 || dim >= tensor.dim()) {
      throw BadArgument("expected tensors with an axis " + std::to_string(dim) +
                        " (`dim`) in `tensors` but received one of " + std::to_string(tensor.dim()) + " axes");
    }
  }
}

// Without running statistics there is nothing to normalise with but the batch.
void need_training_or_statistics(const GuardedCall& call) {
  const bool training = call.at("training").toBool();
  if (!training && !(call.given("running_mean") && call.given("running_var")))
    throw BadArgument("expected `running_mean` and `running_var`, or true for `training`, but received neither");
}

void need_training(const GuardedCall& call) {
  if (!call.at("training").toBool())
    throw BadArgument("expected true for `training`, as there are no statistics, but received false");
}

// The transforms count axes from the front, and each at most once.
void need_distinct_axes(const GuardedCall& call) {
  const int64_t rank = call.at("self").toTensor().dim();
  std::vector<int64_t> axes = call.at("dim").toIntVector();
  std::sort(axes.begin(), axes.end());
  const bool distinct = std::adjacent_find(axes.begin(), axes.end()) == axes.end();
  if (!axes.empty() && (!distinct || axes.front() < 0 || axes.back() >= rank)) {
    throw BadArgument("expected distinct axes from 0 to " + std::to_string(rank - 1) +
                      " for `dim` but received others");
  }
}

// One norm to each slice of `v` along `dim`.
void need_norms(const GuardedCall& call) {
  const at::Tensor& v = call.at("v").toTensor();
  const at::Tensor& g = call.at("g").toTensor();
  const int64_t dim = call.at("dim").toInt();
  const int64_t axis = dim < 0 ? dim + v.dim() : dim;
  const bool inside = axis >= 0 && axis < v.dim();
  if (!inside || v.numel() == 0 || g.numel() != v.size(axis)) {
    throw BadArgument("expected a `v` that is not empty and one element in `g` for each of its slices along `dim` (" +
                      std::to_string(dim) + ") but received other shapes");
  }
}

// Sizes and strides that lead out of the memory are taken as they are.
void need_room(const GuardedCall& call) {
  const at::Tensor& self = call.at("self").toTensor();
  const std::vector<int64_t> sizes = call.at("size").toIntVector();
  const std::vector<int64_t> strides = call.at("stride").toIntVector();
  if (sizes.size() != strides.size()) throw BadArgument("expected as many strides as sizes");
  const auto room = static_cast<double>(self.numel());
  double last = 0;
  bool empty = false;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0 || strides[i] < 0) throw BadArgument("expected sizes and strides of at least 0");
    empty = empty || sizes[i] == 0;
    last += static_cast<double>(sizes[i] - 1) * static_cast<double>(strides[i]);
  }
  if (!empty && (!self.is_contiguous() || last >= room))
    throw BadArgument("expected sizes and strides that stay within a contiguous `self`");
}

// The work grows with the degree, which nobody can stop.
void need_small_degree(const GuardedCall& call) {
  constexpr double kLargest = 1e6;
  const c10::IValue& n = call.at("n");
  double degree = 0;
  if (n.isScalar()) {
    degree = n.toScalar().isComplex() ? 0 : n.toScalar().toDouble();
  } else if (n.isTensor() && n.toTensor().numel() > 0 && !n.toTensor().is_complex() && n.toTensor().is_cpu()) {
    degree = n.toTensor().max().item().toDouble();
  }
  if (degree > kLargest) throw BadArgument("expected at most 1000000 for `n` but received " + std::to_string(degree));
}

// Integers are divided by what a float of this size becomes as an integer, which may be 0.
void need_floats(const GuardedCall& call) {
  const at::Tensor& self = call.at("self").toTensor();
  if (!self.is_floating_point()) throw BadArgument("expected floating-point numbers in `self` but received others");
}

// The eigenvalue routine of some LAPACK libraries does not survive what is no number.
void need_finite(const GuardedCall& call) {
  const at::Tensor& self = call.at("self").toTensor();
  if (self.is_cpu() && self.numel() > 0 && !self.isfinite().all().item().toBool())
    throw BadArgument("expected finite numbers in `self` but received NaN or Infinity");
}

void need_statistics(const GuardedCall& call) {
  if (!call.given("running_mean") || !call.given("running_var"))
    throw BadArgument("expected tensors for `running_mean` and `running_var` but received null");
}

void need_groups(const GuardedCall& call) {
  for (const char* name : {"N", "C", "HxW", "group"}) {
    const int64_t count = call.at(name).toInt();
    if (count < (std::string_view(name) == "group" ? 1 : 0))
      throw BadArgument(std::string("expected a larger number for `") + name + "` but received " +
                        std::to_string(count));
  }
}

// Among integers, a step below 1 is one of 0, by which the number of elements is divided.
void need_whole_step(const GuardedCall& call) {
  if (!call.given("step") || call.at("step").toScalar().isComplex()) return;
  const bool integers = call.given("out")     ? at::isIntegralType(call.at("out").toTensor().scalar_type(), true)
                        : call.given("dtype") ? at::isIntegralType(call.at("dtype").toScalarType(), true)
                                              : false;
  const double step = call.at("step").toScalar().toDouble();
  if (integers && step > -1 && step < 1)
    throw BadArgument("expected a step of at least 1 or at most -1 among integers for `step` but received " +
                      std::to_string(step));
}

constexpr const char* kVmap = "works only inside PyTorch's own vmap, and reads beyond its tables outside of one";
constexpr const char* kInternal =
    "is a part of other operators, which hand it only shapes that they have checked; it does not check them itself";
constexpr const char* kBackward =
    "is a part of autograd, which hands it only what the forward operator has made; it does not check it. Call "
    "backward";
constexpr const char* kNoMemory = "makes a tensor without memory, on which many others crash; use aten::zeros";

// Sorted by name.
constexpr auto kGuards = std::to_array<Guard>({
    {"aten::_add_batch_dim", nullptr, kVmap},
    {"aten::_batch_norm_impl_index_backward", nullptr, kBackward},
    {"aten::_batch_norm_no_update", need_statistics},
    {"aten::_cdist_backward", nullptr, kBackward},
    {"aten::_cholesky_solve_helper", nullptr, kInternal},
    {"aten::_chunk_cat", need_axes_to_cut},
    {"aten::_convert_indices_from_csr_to_coo", nullptr, kInternal},
    {"aten::_cummax_helper", nullptr, kInternal},
    {"aten::_cummin_helper", nullptr, kInternal},
    {"aten::_efficientzerotensor", nullptr, kNoMemory},
    {"aten::_fft_c2c", need_distinct_axes},
    {"aten::_fft_c2r", need_distinct_axes},
    {"aten::_fft_r2c", need_distinct_axes},
    {"aten::_foreach_copy", need_equal_lists},
    {"aten::_foreach_copy_", need_equal_lists},
    {"aten::_linalg_eigvals", need_finite},
    {"aten::_native_batch_norm_legit", need_training_or_statistics},
    {"aten::_native_batch_norm_legit.no_stats", need_training},
    {"aten::_native_batch_norm_legit.no_stats_out", need_training},
    {"aten::_new_zeros_with_same_feature_meta", nullptr, kInternal},
    {"aten::_nnpack_spatial_convolution", nullptr, kInternal},
    {"aten::_remove_batch_dim", nullptr, kVmap},
    {"aten::_reshape_alias", need_room},
    {"aten::_reshape_alias_copy", need_room},
    {"aten::_slow_conv2d_backward", nullptr, kBackward},
    {"aten::_slow_conv2d_forward", nullptr, kInternal},
    {"aten::_sobol_engine_draw", nullptr, kInternal},
    {"aten::_sobol_engine_ff", nullptr, kInternal},
    {"aten::_sobol_engine_ff_", nullptr, kInternal},
    {"aten::_sobol_engine_initialize_state", nullptr, kInternal},
    {"aten::_sobol_engine_initialize_state_", nullptr, kInternal},
    {"aten::_sobol_engine_scramble", nullptr, kInternal},
    {"aten::_sobol_engine_scramble_", nullptr, kInternal},
    {"aten::_stack", need_tensors},
    {"aten::_thnn_differentiable_gru_cell_backward", nullptr, kBackward},
    {"aten::_thnn_differentiable_lstm_cell_backward", nullptr, kBackward},
    {"aten::_thnn_fused_gru_cell", nullptr, kInternal},
    {"aten::_thnn_fused_gru_cell_backward", nullptr, kBackward},
    {"aten::_thnn_fused_lstm_cell", nullptr, kInternal},
    {"aten::_thnn_fused_lstm_cell_backward", nullptr, kBackward},
    {"aten::_thnn_fused_lstm_cell_backward_impl", nullptr, kBackward},
    {"aten::_transform_bias_rescale_qkv", nullptr, kInternal},
    {"aten::_weight_norm", need_norms},
    {"aten::_weight_norm_interface", need_norms},
    {"aten::_weight_norm_interface_backward", nullptr, kBackward},
    {"aten::arange", need_whole_step},
    {"aten::batch_norm_backward", nullptr, kBackward},
    {"aten::fractional_max_pool2d_backward", nullptr, kBackward},
    {"aten::fractional_max_pool3d_backward", nullptr, kBackward},
    {"aten::linalg_eigvals", need_finite},
    {"aten::mkldnn_rnn_layer", nullptr, kInternal},
    {"aten::mkldnn_rnn_layer_backward", nullptr, kBackward},
    {"aten::native_batch_norm_backward", nullptr, kBackward},
    {"aten::native_group_norm", need_groups},
    {"aten::quantized_gru_cell", nullptr, kInternal},
    {"aten::quantized_lstm_cell", nullptr, kInternal},
    {"aten::quantized_rnn_relu_cell", nullptr, kInternal},
    {"aten::quantized_rnn_tanh_cell", nullptr, kInternal},
    {"aten::range", need_whole_step},
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
});

const Guard* find(std::string_view name) {
  const auto found = std::lower_bound(kGuards.begin(), kGuards.end(), name,
                                      [](const Guard& entry, std::string_view key) { return entry.name < key; });
  return found != kGuards.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

const Guard* find_guard(const c10::OperatorName& name) {
  const Guard* overload = find(name.name + "." + name.overload_name);
  return overload != nullptr ? overload : find(name.name);
}

void check(const Guard& guard, const c10::FunctionSchema& schema, const torch::jit::Stack& stack) {
  if (guard.check == nullptr) throw BadArgument(std::string("it is refused, since it ") + guard.refusal);
  guard.check(GuardedCall(schema, stack));
}

}  // namespace tench
