#include "guard_checks.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace tench {

namespace {

void need_range(const at::Tensor& tensor, int64_t least, int64_t most, const char* name) {
  if (tensor.dim() != 1 || !tensor.is_cpu() || !at::isIntegralType(tensor.scalar_type(), false))
    throw BadArgument(std::string("expected a `") + name + "` of integers with one axis on the CPU");
  if (tensor.numel() == 0) return;
  if (tensor.min().item().toLong() < least || tensor.max().item().toLong() > most) {
    throw BadArgument("expected numbers from " + std::to_string(least) + " to " + std::to_string(most) + " in `" +
                      name + "` but received others");
  }
}

// Into how many tensors a call divides its first; 0 where it names them one by one.
int64_t pieces_of(const GuardedCall& call) {
  if (call.has("sections")) return call.at("sections").toInt();
  if (call.given("tensor_indices_or_sections")) {
    const at::Tensor& given = call.at("tensor_indices_or_sections").toTensor();
    const bool is_number = given.dim() == 0 && given.is_cpu() && at::isIntegralType(given.scalar_type(), false);
    return is_number ? given.item().toLong() : 0;
  }
  if (call.has("indices")) return 0;
  const at::Tensor& self = call.at("self").toTensor();
  const int64_t dim = call.has("dim") && call.at("dim").isInt() ? call.at("dim").toInt() : 0;
  if (dim < -self.dim() || dim >= self.dim()) return 0;
  const int64_t size = self.size(dim);
  if (call.has("chunks")) {
    // An axis without elements becomes as many parts as one asks for.
    const int64_t chunks = call.at("chunks").toInt();
    return size == 0 ? chunks : std::min(size, chunks);
  }
  if (!call.has("split_size")) return call.has("dim") ? size : 0;
  const c10::IValue& step = call.at("split_size");
  return step.isInt() && step.toInt() > 0 ? size / step.toInt() : 0;
}

}  // namespace

// A list of tensors beside `self` that is shorter is read beyond its end.
void need_equal_lists(const GuardedCall& call) {
  const size_t count = call.at("self").toListRef().size();
  const size_t sources = call.at("src").toListRef().size();
  if (call.has("out")) need_as_many_out(call);
  if (count == 0 || count != sources) {
    throw BadArgument("expected as many tensors in `src` as in `self`, and at least one, but received " +
                      std::to_string(sources) + " and " + std::to_string(count));
  }
}

// Each piece is a tensor, also one that holds nothing or that many share: a number without a limit takes all memory.
void need_countable_pieces(const GuardedCall& call) {
  constexpr int64_t kMost = 1 << 20;
  const int64_t pieces = pieces_of(call);
  if (pieces > kMost) {
    throw BadArgument("expected at most " + std::to_string(kMost) + " tensors as the result, but it would be " +
                      std::to_string(pieces));
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
    if (dim < -tensor.dim() || dim >= tensor.dim()) {
      throw BadArgument("expected tensors with an axis " + std::to_string(dim) +
                        " (`dim`) in `tensors` but received one of " + std::to_string(tensor.dim()) + " axes");
    }
  }
}

// Of the batch's statistics and weights, one for each channel is read.
void need_channels(const GuardedCall& call) {
  const at::Tensor& input = call.at("input").toTensor();
  if (input.dim() < 2)
    throw BadArgument("expected an `input` of at least two axes but received " + std::to_string(input.dim()));
  for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
    if (call.given(name) && call.at(name).toTensor().numel() != input.size(1)) {
      throw BadArgument("expected " + std::to_string(input.size(1)) + " elements (the channels of `input`) in `" +
                        name + "` but received " + std::to_string(call.at(name).toTensor().numel()));
    }
  }
}

// Without running statistics there is nothing to normalise with but the batch.
void need_training_or_statistics(const GuardedCall& call) {
  need_channels(call);
  const bool training = call.at("training").toBool();
  if (!training && !(call.given("running_mean") && call.given("running_var")))
    throw BadArgument("expected `running_mean` and `running_var`, or true for `training`, but received neither");
}

void need_training(const GuardedCall& call) {
  need_channels(call);
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
  need_channels(call);
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

void need_bags(const GuardedCall& call) {
  const at::Tensor& weight = call.at("weight").toTensor();
  if (weight.dim() != 2) throw BadArgument("expected a `weight` of two axes");
  need_range(call.at("indices").toTensor(), 0, weight.size(0) - 1, "indices");
  need_range(call.at("offsets").toTensor(), 0, call.at("indices").toTensor().numel(), "offsets");
}

// What is written is copied element by element out of what is read.
void need_memory_of_its_own(const GuardedCall& call) {
  if (call.given("out") && call.at("out").toTensor().is_alias_of(call.at("self").toTensor()))
    throw BadArgument("expected an `out` that shares no memory with `self` but received one that does");
}

// One place is written for each in the list of results, whether there is a result or not.
void need_as_many_out(const GuardedCall& call) {
  const size_t count = call.at("self").toListRef().size();
  const size_t places = call.at("out").toListRef().size();
  if (count != places) {
    throw BadArgument("expected as many tensors in `out` as in `self` but received " + std::to_string(places) +
                      " and " + std::to_string(count));
  }
}

void need_one_shape(const GuardedCall& call) {
  const at::Tensor& gradient = call.at("grad_output").toTensor();
  const at::Tensor& output = call.at("output").toTensor();
  if (gradient.sizes() != output.sizes() || gradient.scalar_type() != output.scalar_type())
    throw BadArgument("expected one shape and dtype for `grad_output` and `output` but received others");
}

// The kernels of the optimizers walk all lists by the first one.
void need_state_like_parameters(const GuardedCall& call) {
  const std::vector<at::Tensor> parameters = call.at("self").toTensorVector();
  for (const char* name : {"grads", "momentum_buffer_list", "exp_avgs", "exp_avg_sqs", "max_exp_avg_sqs", "state_sums",
                           "state_steps", "out"}) {
    if (!call.given(name)) continue;
    const std::vector<at::Tensor> list = call.at(name).toTensorVector();
    const bool may_be_empty =
        std::string_view(name) == "momentum_buffer_list" || std::string_view(name) == "max_exp_avg_sqs";
    if (list.empty() && may_be_empty) continue;
    bool fits = list.size() == parameters.size();
    for (size_t i = 0; fits && i < list.size(); ++i) {
      fits = std::string_view(name) == "state_steps" ? list[i].numel() == 1 : list[i].sizes() == parameters[i].sizes();
    }
    if (!fits)
      throw BadArgument(std::string("expected one tensor in `") + name +
                        "` for each in `self`, of its shape, but received others");
  }
}

// The kernel's size is told twice, and memory is laid out by one and read by the other.
void need_kernel_size(const GuardedCall& call) {
  const at::Tensor& weight = call.at("weight").toTensor();
  const std::vector<int64_t> kernel = call.at("kernel_size").toIntVector();
  const auto axes = static_cast<int64_t>(kernel.size());
  const bool fits = weight.dim() == axes + 2 && weight.sizes().slice(2).equals(kernel) &&
                    call.at("self").toTensor().dim() >= axes + 1;
  if (!fits) {
    throw BadArgument("expected a `weight` of " + std::to_string(axes + 2) +
                      " axes, of which the last are `kernel_size`, but received others");
  }
}

// A tensor has at most 64 axes, and here gets one for each of `r`.
void need_few_axes(const GuardedCall& call) {
  constexpr int64_t kMost = 64;
  const int64_t count = call.at("r").toInt();
  if (count > kMost) throw BadArgument("expected at most 64 for `r` but received " + std::to_string(count));
}

}  // namespace tench
