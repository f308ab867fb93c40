// The checks of operators that autograd alone calls in PyTorch: what it hands them their forward operators have made,
// so they look at nothing themselves.

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "guard_checks.h"

namespace tench {

namespace {

void need(bool fits, const char* expected) {
  if (!fits) throw BadArgument(std::string("expected ") + expected + " but received others");
}

bool has_integers(const at::Tensor& tensor) {
  return tensor.is_cpu() && (tensor.scalar_type() == at::kLong || tensor.scalar_type() == at::kInt);
}

// Whether all elements lie from `least` up to, but without, `end`.
bool within(const at::Tensor& tensor, int64_t least, int64_t end) {
  if (!has_integers(tensor)) return false;
  return tensor.numel() == 0 || (tensor.min().item().toLong() >= least && tensor.max().item().toLong() < end);
}

int64_t elements_of_last(const at::Tensor& tensor, int64_t axes) {
  const auto sizes = tensor.sizes().slice(static_cast<size_t>(tensor.dim() - axes));
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

bool alike_before_last(const at::Tensor& a, const at::Tensor& b, int64_t axes) {
  if (a.dim() != b.dim() || a.dim() <= axes || a.scalar_type() != b.scalar_type()) return false;
  const auto count = static_cast<size_t>(a.dim() - axes);
  return a.sizes().slice(0, count).equals(b.sizes().slice(0, count));
}

void need_pooled(const GuardedCall& call, int64_t axes) {
  need(alike_before_last(call.tensor("grad_output"), call.tensor("self"), axes),
       "one dtype and the same leading axes for `grad_output` and `self`");
}

void need_pooled_with_indices(const GuardedCall& call, int64_t axes) {
  need_pooled(call, axes);
  const at::Tensor& indices = call.tensor("indices");
  need(indices.sizes() == call.tensor("grad_output").sizes(), "`indices` of the shape of `grad_output`");
  need(within(indices, 0, elements_of_last(call.tensor("self"), axes)), "`indices` that lie within `self`");
}

void need_channel_values(const GuardedCall& call, const at::Tensor& input, std::initializer_list<const char*> names,
                         bool always) {
  for (const char* name : names) {
    const bool given = call.given(name);
    if ((given || always) && (!given || call.tensor(name).numel() != input.size(1)))
      throw BadArgument(std::string("expected one element for each channel in `") + name + "` but received others");
  }
}

}  // namespace

void need_pooled_2d(const GuardedCall& call) { need_pooled(call, 2); }
void need_pooled_3d(const GuardedCall& call) { need_pooled(call, 3); }
void need_pooled_indices_2d(const GuardedCall& call) { need_pooled_with_indices(call, 2); }
void need_pooled_indices_3d(const GuardedCall& call) { need_pooled_with_indices(call, 3); }

// What lies beyond the padded `self` is not there to be read.
void need_padded(const GuardedCall& call) {
  const at::Tensor& self = call.tensor("self");
  const at::Tensor& gradient = call.tensor("grad_output");
  const std::vector<int64_t> padding = call.at("padding").toIntVector();
  const auto axes = static_cast<int64_t>(padding.size() / 2);
  bool fits = self.dim() > axes && self.dim() == gradient.dim() && self.scalar_type() == gradient.scalar_type();
  for (int64_t axis = 0; fits && axis < self.dim(); ++axis) {
    const int64_t from_last = self.dim() - 1 - axis;
    const auto edge = static_cast<size_t>(2 * from_last);
    // In floating point, since sums of hostile numbers overflow.
    const double added =
        from_last < axes ? static_cast<double>(padding[edge]) + static_cast<double>(padding[edge + 1]) : 0;
    fits = static_cast<double>(gradient.size(axis)) == static_cast<double>(self.size(axis)) + added;
  }
  need(fits, "a `grad_output` of the dtype of `self` and of its shape with the padding");
  if (!call.given("grad_input")) return;
  const at::Tensor& out = call.tensor("grad_input");
  need(!out.is_alias_of(self) && !out.is_alias_of(gradient), "a `grad_input` that shares no memory with the others");
}

void need_normalised(const GuardedCall& call) {
  const at::Tensor& input = call.tensor("input");
  const at::Tensor& gradient = call.tensor(call.has("grad_out") ? "grad_out" : "grad_output");
  need(input.dim() >= 2 && input.numel() > 0 && input.sizes() == gradient.sizes() && input.is_floating_point() &&
           input.scalar_type() == gradient.scalar_type(),
       "an `input` and its gradient of one shape and floating dtype, with at least two axes and one element");
  if (call.has("impl_index") && call.at("impl_index").toInt() != 0)
    throw BadArgument("expected 0 for `impl_index`, as there is no other implementation on the CPU");
  const bool training = call.at(call.has("train") ? "train" : "update").toBool();
  need_channel_values(call, input, {"weight"}, false);
  need_channel_values(call, input, {"running_mean", "running_var"}, !training);
  const char* deviation = call.has("save_invstd") ? "save_invstd"
                          : call.has("save_var")  ? "save_var"
                                                  : "save_var_transform";
  if (training) need_channel_values(call, input, {"save_mean", deviation}, true);
}

void need_distances(const GuardedCall& call) {
  const at::Tensor& a = call.tensor("x1");
  const at::Tensor& b = call.tensor("x2");
  bool fits = a.dim() >= 2 && b.dim() == a.dim() && a.size(-1) == b.size(-1);
  if (fits) {
    std::vector<int64_t> shape = a.sizes().vec();
    shape.back() = b.size(-2);
    const auto batch = static_cast<size_t>(a.dim() - 2);
    fits = a.sizes().slice(0, batch).equals(b.sizes().slice(0, batch)) && call.tensor("grad").sizes() == shape &&
           call.tensor("cdist").sizes() == shape;
  }
  need(fits, "`grad` and `cdist` with a distance for each pair of rows of `x1` and `x2`");
}

void need_pair_distances(const GuardedCall& call) {
  const at::Tensor& self = call.tensor("self");
  const int64_t rows = self.dim() == 2 ? self.size(0) : -1;
  const std::vector<int64_t> pairs = {rows * (rows - 1) / 2};
  need(rows >= 0 && call.tensor("grad").sizes() == pairs && call.tensor("pdist").sizes() == pairs,
       "`grad` and `pdist` with a distance for each pair of rows of `self`");
}

void need_masked(const GuardedCall& call) {
  const at::Tensor& output = call.tensor("output");
  need(call.tensor("grad_output").sizes() == output.sizes() && call.tensor("mask").sizes() == output.sizes() &&
           call.tensor("grad_output").scalar_type() == output.scalar_type(),
       "one shape for `grad_output`, `output` and `mask`");
}

void need_weight_norms(const GuardedCall& call) {
  const at::Tensor& v = call.tensor("saved_v");
  const int64_t dim = call.at("dim").toInt();
  const bool fits = v.numel() > 0 && (dim == 0 || dim == v.dim() - 1) && call.tensor("grad_w").sizes() == v.sizes() &&
                    call.tensor("saved_g").numel() == v.size(dim) &&
                    call.tensor("saved_norms").numel() == v.size(dim) &&
                    call.tensor("saved_g").scalar_type() == v.scalar_type();
  need(fits, "`grad_w` of the shape of `saved_v`, and one norm and one factor for each slice along `dim`");
}

void need_embedded(const GuardedCall& call) {
  const at::Tensor& gradient = call.tensor(call.has("grad_output") ? "grad_output" : "grad");
  const at::Tensor& indices = call.tensor("indices");
  std::vector<int64_t> shape = indices.sizes().vec();
  if (gradient.dim() > 0) shape.push_back(gradient.size(-1));
  need(gradient.dim() > 0 && gradient.sizes() == shape, "a gradient with one row for each of `indices`");
  need(within(indices, 0, call.at("num_weights").toInt()), "`indices` from 0 to below `num_weights`");
}

void need_embedded_bags(const GuardedCall& call) {
  const at::Tensor& gradient = call.tensor("grad");
  const at::Tensor& indices = call.tensor("indices");
  const int64_t rows = call.has("weight") ? (call.tensor("weight").dim() == 2 ? call.tensor("weight").size(0) : 0)
                                          : call.at("num_weights").toInt();
  need(gradient.dim() == 2 && indices.dim() == 1 && within(indices, 0, rows),
       "a `grad` of two axes and `indices` of one, from 0 to below the number of rows");
  const at::Tensor& bags = call.tensor("offset2bag");
  const bool made_from_offsets = bags.numel() == 0 && call.has("offsets");
  need(bags.dim() == 1 && (made_from_offsets || bags.numel() == indices.numel()) && within(bags, 0, gradient.size(0)),
       "an `offset2bag` with a row of `grad` for each of `indices`");
  if (call.has("offsets")) {
    const at::Tensor& offsets = call.tensor("offsets");
    need(offsets.dim() == 1 && offsets.numel() == gradient.size(0) && within(offsets, 0, indices.numel() + 1) &&
             (offsets.numel() == 0 || offsets.select(0, 0).item().toLong() == 0) &&
             (offsets.numel() < 2 || offsets.diff().ge(0).all().item().toBool()),
         "`offsets` that begin with 0, never fall, and end within `indices`, one for each row of `grad`");
  }
  for (const char* name : {"bag_size", "maximum_indices"}) {
    if (!call.has(name)) continue;
    const at::Tensor& values = call.tensor(name);
    const bool of_bags = values.dim() >= 1 && values.size(0) == gradient.size(0) && has_integers(values);
    const bool unused = values.numel() == 0 && call.at("mode").toInt() != 2;
    need(of_bags || unused, "`bag_size` and `maximum_indices` with whole numbers for each row of `grad`");
  }
  if (call.has("maximum_indices") && call.at("mode").toInt() == 2)
    need(call.tensor("maximum_indices").sizes() == gradient.sizes() && within(call.tensor("maximum_indices"), -1, rows),
         "`maximum_indices` of the shape of `grad`, each a row");
  if (call.given("per_sample_weights"))
    need(call.tensor("per_sample_weights").numel() == indices.numel(),
         "one of `per_sample_weights` for each of `indices`");
}

void need_segments(const GuardedCall& call) {
  const at::Tensor& data = call.tensor("data");
  const at::Tensor& output = call.tensor("output");
  const bool by_length = call.given("lengths");
  need(by_length != call.given("offsets"), "either `lengths` or `offsets`");
  const at::Tensor& segments = call.tensor(by_length ? "lengths" : "offsets");
  bool fits = call.at("axis").toInt() == 0 && data.dim() >= 1 && output.dim() == data.dim() && segments.dim() == 1 &&
              has_integers(segments) && output.sizes().slice(1).equals(data.sizes().slice(1)) &&
              call.tensor("grad").sizes() == output.sizes() &&
              segments.numel() == output.size(0) + (by_length ? 0 : 1) && within(segments, 0, data.size(0) + 1) &&
              output.scalar_type() == data.scalar_type();
  if (fits && by_length) fits = segments.sum().item().toLong() == data.size(0);
  if (fits && !by_length) fits = segments.diff().ge(0).all().item().toBool();
  need(fits, "segments along axis 0 that together are `data`, and an `output` and `grad` with a place for each");
}

void need_lstm_gates(const GuardedCall& call) {
  const at::Tensor& gates = call.tensor("input_gates");
  const at::Tensor& cell = call.tensor("cx");
  bool fits = gates.dim() == 2 && cell.dim() == 2 && call.tensor("hidden_gates").sizes() == gates.sizes() &&
              cell.sizes() == call.tensor("cy").sizes() && gates.size(0) == cell.size(0) &&
              gates.size(1) == 4 * cell.size(1) && (call.given("grad_hy") || call.given("grad_cy"));
  for (const char* name : {"grad_hy", "grad_cy"})
    fits = fits && (!call.given(name) || call.tensor(name).sizes() == cell.sizes());
  need(fits, "gates of four times the width of `cx` and `cy`, and a gradient of the shape of these");
}

void need_gru_gates(const GuardedCall& call) {
  const at::Tensor& gates = call.tensor("input_gates");
  const at::Tensor& hidden = call.tensor("hx");
  need(gates.dim() == 2 && hidden.dim() == 2 && call.tensor("hidden_gates").sizes() == gates.sizes() &&
           gates.size(0) == hidden.size(0) && gates.size(1) == 3 * hidden.size(1) &&
           call.tensor("grad_hy").sizes() == hidden.sizes(),
       "gates of three times the width of `hx`, and a gradient of its shape");
}

}  // namespace tench
