// Shapes on the meta device for operators whose meta kernels PyTorch writes in Python: networks can be tried there
// without computing anything.
#include <ATen/TensorIterator.h>
#include <ATen/WrapDimUtils.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/result_type.h>
#include <torch/library.h>

#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace {

using at::Tensor;
using c10::SymInt;
using c10::SymIntArrayRef;
using MaybeTensor = std::optional<Tensor>;

bool is_given(const MaybeTensor& tensor) { return tensor.has_value() && tensor->defined(); }

Tensor empty(at::IntArrayRef sizes, const Tensor& like, at::MemoryFormat format = at::MemoryFormat::Contiguous) {
  return at::empty(sizes, like.options().memory_format(format));
}

Tensor convolution(const Tensor& input, const Tensor& weight, const MaybeTensor& /*bias*/, SymIntArrayRef stride,
                   SymIntArrayRef padding, SymIntArrayRef dilation, bool transposed, SymIntArrayRef output_padding,
                   SymInt groups) {
  std::vector<int64_t> sizes = {input.size(0), transposed ? weight.size(1) * groups.expect_int() : weight.size(0)};
  for (int64_t axis = 2; axis < input.dim(); ++axis) {
    const size_t i = static_cast<size_t>(axis - 2);
    const int64_t step = stride[i].expect_int(), edges = 2 * padding[i].expect_int();
    const int64_t reach = dilation[i].expect_int() * (weight.size(axis) - 1);
    sizes.push_back(transposed ? (input.size(axis) - 1) * step - edges + reach + output_padding[i].expect_int() + 1
                               : (input.size(axis) + edges - reach - 1) / step + 1);
    TORCH_CHECK(sizes.back() >= 0, "convolution: an input of size ", input.sizes(), " is smaller than the kernel of ",
                weight.sizes());
  }
  const at::MemoryFormat given = input.suggest_memory_format();
  return empty(sizes, input, given == at::MemoryFormat::Contiguous ? weight.suggest_memory_format() : given);
}

std::tuple<Tensor, Tensor, Tensor> convolution_backward(const Tensor& gradient, const Tensor& input,
                                                        const Tensor& weight, SymIntArrayRef, SymIntArrayRef,
                                                        SymIntArrayRef, bool /*transposed*/, SymIntArrayRef, SymInt,
                                                        std::array<bool, 3> wanted) {
  return {wanted[0] ? at::empty_like(input) : Tensor(), wanted[1] ? at::empty_like(weight) : Tensor(),
          wanted[2] ? empty({gradient.size(1)}, gradient) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> batch_norm(const Tensor& input, const MaybeTensor& weight, const MaybeTensor&,
                                              const MaybeTensor&, const MaybeTensor&, bool training, double, double) {
  const int64_t channels = training ? input.size(1) : 0;
  const Tensor& statistics = is_given(weight) ? *weight : input;
  return {at::empty_like(input), empty({channels}, statistics), empty({channels}, statistics)};
}

std::tuple<Tensor, Tensor, Tensor> batch_norm_backward(const Tensor&, const Tensor& input, const MaybeTensor& weight,
                                                       const MaybeTensor&, const MaybeTensor&, const MaybeTensor&,
                                                       const MaybeTensor&, bool, double, std::array<bool, 3> wanted) {
  const Tensor& statistics = is_given(weight) ? *weight : input;
  return {wanted[0] ? at::empty_like(input) : Tensor(), wanted[1] ? empty({input.size(1)}, statistics) : Tensor(),
          wanted[2] ? empty({input.size(1)}, statistics) : Tensor()};
}

std::tuple<Tensor, Tensor, Tensor> layer_norm_backward(const Tensor&, const Tensor& input, SymIntArrayRef,
                                                       const Tensor&, const Tensor&, const MaybeTensor& weight,
                                                       const MaybeTensor& bias, std::array<bool, 3> wanted) {
  return {wanted[0] ? at::empty_like(input) : Tensor(),
          wanted[1] && is_given(weight) ? at::empty_like(*weight) : Tensor(),
          wanted[2] && is_given(bias) ? at::empty_like(*bias) : Tensor()};
}

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[static_cast<size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return empty(sizes, self);
}

Tensor embedding_backward(const Tensor& gradient, const Tensor& /*indices*/, SymInt rows, SymInt, bool) {
  return empty({rows.expect_int(), gradient.size(-1)}, gradient);
}

Tensor adaptive_average(const Tensor& self, SymIntArrayRef size) {
  std::vector<int64_t> sizes = self.sizes().vec();
  sizes[sizes.size() - 2] = size[0].expect_int();
  sizes[sizes.size() - 1] = size[1].expect_int();
  return empty(sizes, self, self.suggest_memory_format());
}

Tensor reflection_pad(const Tensor& self, SymIntArrayRef edges) {
  std::vector<int64_t> sizes = self.sizes().vec();
  for (size_t i = 0; i < edges.size() / 2; ++i) {
    const int64_t before = edges[2 * i].expect_int(), after = edges[2 * i + 1].expect_int();
    int64_t& size = sizes[sizes.size() - 1 - i];
    TORCH_CHECK(before < size && after < size, "reflection_pad: edges of ", before, " and ", after,
                " must be smaller than the axis of ", size);
    size += before + after;
  }
  return empty(sizes, self, self.suggest_memory_format());
}

Tensor like_last(const Tensor& /*gradient*/, const Tensor& self) { return at::empty_like(self); }

Tensor pad_backward(const Tensor&, const Tensor& self, SymIntArrayRef) { return at::empty_like(self); }

Tensor relu(const Tensor& self) { return at::empty_like(self); }

Tensor& relu_(Tensor& self) { return self; }

Tensor where(const Tensor& condition, const Tensor& self, const Tensor& other) {
  return at::TensorIteratorConfig()
      .add_owned_output(Tensor())
      .add_owned_const_input(condition)
      .add_owned_const_input(self)
      .add_owned_const_input(other)
      .check_all_same_dtype(false)
      .declare_static_dtype(at::result_type(self, other))
      .declare_static_device(at::kMeta)
      .build()
      .output();
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, Meta, library) {
  library.impl("convolution_overrideable", TORCH_FN(convolution));
  library.impl("convolution_backward_overrideable", TORCH_FN(convolution_backward));
  library.impl("native_batch_norm", TORCH_FN(batch_norm));
  library.impl("native_batch_norm_backward", TORCH_FN(batch_norm_backward));
  library.impl("native_layer_norm_backward", TORCH_FN(layer_norm_backward));
  library.impl("index_select", TORCH_FN(index_select));
  library.impl("embedding_dense_backward", TORCH_FN(embedding_backward));
  library.impl("_adaptive_avg_pool2d", TORCH_FN(adaptive_average));
  library.impl("_adaptive_avg_pool2d_backward", TORCH_FN(like_last));
  library.impl("reflection_pad2d", TORCH_FN(reflection_pad));
  library.impl("reflection_pad2d_backward", TORCH_FN(pad_backward));
  library.impl("replication_pad2d_backward", TORCH_FN(pad_backward));
  library.impl("relu", TORCH_FN(relu));
  library.impl("relu_", TORCH_FN(relu_));
  library.impl("where.self", TORCH_FN(where));
}
