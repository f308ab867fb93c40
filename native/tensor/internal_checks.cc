// The checks of operators that other operators are made of: what these hand them they have looked at before.

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <string>
#include <vector>

#include "guard_checks.h"

namespace tench {

namespace {

void need(bool fits, const char* expected) {
  if (!fits) throw BadArgument(std::string("expected ") + expected + " but received others");
}

}  // namespace

void need_coefficients(const GuardedCall& call) {
  const at::Tensor& input = call.tensor("input");
  const at::Tensor& coefficients = call.tensor("coefficients");
  need(input.dim() >= 1 && coefficients.dim() == 2 && coefficients.size(1) == input.size(0) && input.size(0) > 0 &&
           input.scalar_type() == coefficients.scalar_type(),
       "`coefficients` of two axes with a column for each slice of `input`, in its dtype");
}

// Each column index is written once for each step between neighbours of `crow_indices`.
void need_compressed_rows(const GuardedCall& call) {
  const at::Tensor& rows = call.tensor("crow_indices");
  const at::Tensor& columns = call.tensor("col_indices");
  bool fits = rows.dim() == 1 && columns.dim() == 1 && rows.numel() >= 1 && rows.is_cpu() &&
              rows.scalar_type() == columns.scalar_type() && at::isIntegralType(rows.scalar_type(), false);
  if (fits) {
    fits = rows.select(0, 0).item().toLong() == 0 && rows.select(0, -1).item().toLong() <= columns.numel() &&
           (rows.numel() == 1 || rows.diff().ge(0).all().item().toBool());
  }
  need(fits, "`crow_indices` that begin with 0, never fall, and end within `col_indices`");
}

void need_running_extremes(const GuardedCall& call) {
  const at::Tensor& self = call.tensor("self");
  const int64_t dim = call.at("dim").toInt();
  need(self.numel() > 0 && dim >= 0 && dim < self.dim() && call.tensor("values").sizes() == self.sizes() &&
           call.tensor("indices").sizes() == self.sizes() &&
           call.tensor("values").scalar_type() == self.scalar_type() &&
           call.tensor("indices").scalar_type() == at::kLong,
       "`values` and int64 `indices` of the shape of `self`, which is not empty, and one of its axes for `dim`");
}

void need_batch_axes(const GuardedCall& call) {
  const int64_t axes = call.at("self_num_batch_dims").toInt();
  need(axes >= 0 && axes <= call.tensor("self").dim(), "no more `self_num_batch_dims` than `self` has axes");
}

void need_images_and_kernels(const GuardedCall& call) {
  const at::Tensor& input = call.tensor("input");
  const at::Tensor& weight = call.tensor("weight");
  bool fits = input.dim() == 4 && weight.dim() == 4 && input.numel() > 0 && weight.numel() > 0 &&
              input.size(1) == weight.size(1) && input.scalar_type() == at::kFloat &&
              weight.scalar_type() == at::kFloat;
  fits = fits && (!call.given("bias") || call.tensor("bias").numel() == weight.size(0));
  for (const int64_t stride : call.at("stride").toIntVector()) fits = fits && stride >= 1 && stride <= 1 << 20;
  for (const int64_t padding : call.at("padding").toIntVector()) fits = fits && padding >= 0 && padding <= 1 << 20;
  need(fits,
       "float32 images and kernels of four axes that fit one another, strides of at least 1, padding of at least 0");
}

void need_attention_heads(const GuardedCall& call) {
  const at::Tensor& qkv = call.tensor("qkv");
  const int64_t heads = call.at("num_heads").toInt();
  need(qkv.dim() == 3 && qkv.numel() > 0 && heads >= 1 && heads <= qkv.size(2) && qkv.size(2) % (3 * heads) == 0 &&
           call.tensor("qkv_bias").dim() == 1 && call.tensor("qkv_bias").numel() == qkv.size(2) &&
           call.tensor("qkv_bias").scalar_type() == qkv.scalar_type(),
       "a `qkv` of three axes, of which the last divides into three parts of `num_heads`, and a bias of its width");
}

// The tables of direction numbers end where these limits are.
void need_sobol_state(const GuardedCall& call) {
  constexpr int64_t kMostDimensions = 21201;
  constexpr int64_t kBits = 30;
  const int64_t dimension = call.at("dimension").toInt();
  const auto is_state = [&](const at::Tensor& state) {
    return state.dim() == 2 && state.size(0) == dimension && state.size(1) == kBits &&
           state.scalar_type() == at::kLong && state.is_contiguous();
  };
  bool fits = dimension >= 1 && dimension <= kMostDimensions;
  if (call.has("sobolstate")) {
    const at::Tensor& quasi = call.tensor(call.has("quasi") ? "quasi" : "self");
    const int64_t before = call.at("num_generated").toInt();
    const int64_t more = call.at("n").toInt();
    constexpr int64_t kMost = int64_t{1} << kBits;
    fits = fits && is_state(call.tensor("sobolstate")) && quasi.dim() == 1 && quasi.numel() == dimension &&
           quasi.scalar_type() == at::kLong && before >= 0 && more >= 0 && before < kMost && more < kMost - before;
  } else {
    fits = fits && is_state(call.tensor("self"));
  }
  if (call.has("ltm")) {
    const at::Tensor& matrices = call.tensor("ltm");
    fits = fits && matrices.dim() == 3 && matrices.size(0) == dimension && matrices.size(1) == kBits &&
           matrices.size(2) == kBits && matrices.scalar_type() == at::kLong;
  }
  need(fits, "int64 states of 30 numbers for each of 1 to 21201 dimensions, and fewer than 2^30 points");
}

// The search for the best range takes steps of a size that follows from these.
void need_quantisation_steps(const GuardedCall& call) {
  const at::Tensor& input = call.tensor("input");
  const int64_t count = call.at("numel").toInt();
  const int64_t bins = call.at("n_bins").toInt();
  const double ratio = call.at("ratio").toDouble();
  const int64_t bits = call.at("bit_width").toInt();
  need(input.scalar_type() == at::kFloat && input.is_contiguous() && count >= 1 && count <= input.numel() &&
           bins >= 1 && bins <= 100000 && ratio >= 0 && ratio <= 1 && bits >= 1 && bits <= 8 &&
           input.isfinite().all().item().toBool(),
       "a contiguous float32 `input` of at least `numel` finite elements, 1 to 100000 bins, a ratio from 0 to 1, 1 to "
       "8 bits");
}

void need_matrix(const GuardedCall& call) {
  const at::Tensor& input = call.tensor("input");
  need(input.dim() == 2 && input.numel() > 0 && input.scalar_type() == at::kFloat,
       "a float32 matrix that is not empty");
}

void need_weights(const GuardedCall& call) {
  const at::Tensor& weight = call.tensor("weight");
  need(weight.numel() > 0 && weight.is_contiguous(), "a contiguous `weight` that is not empty");
}

// Axes are counted from the front: the operator that users call has counted them already.
void need_place_among_axes(const GuardedCall& call) {
  need_tensors(call);
  const int64_t dim = call.at("dim").toInt();
  need(dim >= 0 && dim <= call.at("tensors").toTensorVector()[0].dim(),
       "a `dim` from 0 to the number of axes of the first tensor");
}

void need_points(const GuardedCall& call) {
  const at::Tensor& self = call.tensor("self");
  need(self.dim() == 2 && self.is_contiguous() && self.is_floating_point(),
       "a contiguous `self` of two axes and a floating dtype");
}

void need_no_quantisation(const GuardedCall& call) {
  need(!call.tensor("self").is_quantized(), "a `self` that is not quantised");
}

// Pivots are walked batch by batch, as many as the factors have.
void need_pivots(const GuardedCall& call) {
  if (!call.at("unpack_pivots").toBool()) return;
  const at::Tensor& factors = call.tensor("LU_data");
  bool fits = factors.dim() >= 2;
  if (fits) {
    std::vector<int64_t> shape(factors.sizes().begin(), factors.sizes().end() - 1);
    shape.back() = std::min(factors.size(-2), factors.size(-1));
    fits = call.tensor("LU_pivots").sizes().equals(shape);
  }
  need(fits, "`LU_pivots` with a number for each step of each matrix in `LU_data`");
}

}  // namespace tench
