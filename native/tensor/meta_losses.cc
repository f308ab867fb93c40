// Shapes on the meta device, as in meta.cc, for losses and for reading along a grid.
#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/ScalarType.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using at::Tensor;
using c10::SymInt;
using MaybeTensor = std::optional<Tensor>;

// A loss of every element, or of all of them.
Tensor reduced(const Tensor& losses, int64_t reduction) {
  return reduction == at::Reduction::None ? at::empty_like(losses) : at::empty({}, losses.options());
}

std::tuple<Tensor, Tensor> nll_loss(const Tensor& self, const Tensor& target, const MaybeTensor&, int64_t reduction,
                                    SymInt) {
  TORCH_CHECK(self.dim() == 4 && target.dim() == 3, "nll_loss2d: expected input of 4 axes and targets of 3, not ",
              self.sizes(), " and ", target.sizes());
  const at::IntArrayRef sizes = reduction == at::Reduction::None ? target.sizes() : at::IntArrayRef();
  return {at::empty(sizes, self.options()), at::empty({}, self.options())};
}

Tensor nll_loss_backward(const Tensor&, const Tensor& self, const Tensor&, const MaybeTensor&, int64_t, SymInt,
                         const Tensor&) {
  return at::empty_like(self);
}

Tensor huber_loss(const Tensor& self, const Tensor&, int64_t reduction, double) { return reduced(self, reduction); }

// Of smooth L1 and Huber losses: the last number is where they bend.
Tensor bent_loss_backward(const Tensor&, const Tensor& self, const Tensor&, int64_t, double) {
  return at::empty_like(self);
}

Tensor mean_squared_error_backward(const Tensor&, const Tensor& self, const Tensor&, int64_t) {
  return at::empty_like(self);
}

Tensor binary_cross_entropy(const Tensor& self, const Tensor&, const MaybeTensor&, int64_t reduction) {
  return reduced(self, reduction);
}

Tensor binary_cross_entropy_backward(const Tensor&, const Tensor& self, const Tensor&, const MaybeTensor&, int64_t) {
  return at::empty_like(self);
}

std::tuple<Tensor, Tensor> log_sigmoid(const Tensor& self) { return {at::empty_like(self), at::empty_like(self)}; }

Tensor log_sigmoid_backward(const Tensor&, const Tensor& self, const Tensor&) { return at::empty_like(self); }

// What binary cross-entropy's gradient to its targets needs.
Tensor logit(const Tensor& self, std::optional<double>) { return at::empty_like(self); }

Tensor absolute(const Tensor& self) {
  return at::empty_like(self, self.options().dtype(c10::toRealValueType(self.scalar_type())));
}

Tensor sign(const Tensor& self) { return at::empty_like(self); }

Tensor grid_sampler(const Tensor& input, const Tensor& grid, int64_t, int64_t, bool) {
  TORCH_CHECK(input.dim() == grid.dim() && input.size(0) == grid.size(0) && grid.size(-1) == input.dim() - 2,
              "grid_sampler: a grid of ", grid.sizes(), " does not fit an input of ", input.sizes());
  std::vector<int64_t> sizes = {input.size(0), input.size(1)};
  for (int64_t axis = 1; axis + 1 < grid.dim(); ++axis) sizes.push_back(grid.size(axis));
  return at::empty(sizes, input.options());
}

std::tuple<Tensor, Tensor> grid_sampler_backward(const Tensor&, const Tensor& input, const Tensor& grid, int64_t,
                                                 int64_t, bool, std::array<bool, 2> wanted) {
  return {wanted[0] ? at::empty_like(input) : Tensor(), wanted[1] ? at::empty_like(grid) : Tensor()};
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("nll_loss2d_forward", TORCH_FN(nll_loss));
  library.impl("nll_loss2d_backward", TORCH_FN(nll_loss_backward));
  library.impl("mse_loss_backward", TORCH_FN(mean_squared_error_backward));
  library.impl("smooth_l1_loss_backward", TORCH_FN(bent_loss_backward));
  library.impl("huber_loss", TORCH_FN(huber_loss));
  library.impl("huber_loss_backward", TORCH_FN(bent_loss_backward));
  library.impl("binary_cross_entropy", TORCH_FN(binary_cross_entropy));
  library.impl("binary_cross_entropy_backward", TORCH_FN(binary_cross_entropy_backward));
  library.impl("log_sigmoid_forward", TORCH_FN(log_sigmoid));
  library.impl("log_sigmoid_backward", TORCH_FN(log_sigmoid_backward));
  library.impl("logit", TORCH_FN(logit));
  library.impl("abs", TORCH_FN(absolute));
  library.impl("sgn", TORCH_FN(sign));
  library.impl("grid_sampler_2d", TORCH_FN(grid_sampler));
  library.impl("grid_sampler_2d_backward", TORCH_FN(grid_sampler_backward));
  library.impl("grid_sampler_3d", TORCH_FN(grid_sampler));
  library.impl("grid_sampler_3d_backward", TORCH_FN(grid_sampler_backward));
}
