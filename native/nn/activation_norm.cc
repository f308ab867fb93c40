// A GeneralReLU with the batch normalisation behind it as one operator: the activation is never stored, and each
// direction reads its input twice and writes once.
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/relu.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "sweep.h"

namespace tench::nn {

namespace {

using at::Tensor;
using MaybeTensor = std::optional<Tensor>;

struct Settings {
  std::optional<double> leak;
  double sub;
  std::optional<double> most;
  bool training;
  double momentum;
  double eps;

  template <class A>
  Activation<A> activation() const {
    return {leak.has_value(), static_cast<A>(leak.value_or(0)), static_cast<A>(sub),
            most.has_value() ? static_cast<A>(*most) : std::numeric_limits<A>::infinity()};
  }
};

// The same out of LibTorch's operators: what is differentiated when somebody differentiates the gradients.
Tensor composed(const Tensor& x, const MaybeTensor& weight, const MaybeTensor& bias, const MaybeTensor& mean,
                const MaybeTensor& variance, const Settings& settings) {
  Tensor a = settings.leak.has_value() ? at::leaky_relu(x, *settings.leak) : at::relu(x);
  if (settings.sub != 0) a = a.sub(settings.sub);
  if (settings.most.has_value()) a = at::clamp_max(a, *settings.most);
  return at::batch_norm(a, weight, bias, mean, variance, settings.training, settings.momentum, settings.eps, false);
}

// The numbers of a vector with one for each channel, or `otherwise` for all.
template <class A>
std::vector<A> numbers(const MaybeTensor& tensor, int64_t channels, A otherwise) {
  if (!tensor.has_value() || !tensor->defined()) return std::vector<A>(static_cast<size_t>(channels), otherwise);
  const Tensor values = tensor->contiguous();
  return {values.const_data_ptr<A>(), values.const_data_ptr<A>() + channels};
}

template <class A>
Tensor vector_of(const std::vector<A>& values, const Tensor& like) {
  Tensor result = at::empty({static_cast<int64_t>(values.size())}, like.options().dtype(c10::CppTypeToScalarType<A>()));
  std::copy(values.begin(), values.end(), result.mutable_data_ptr<A>());
  return result;
}

Tensor dense(const Tensor& x) { return x.contiguous(x.suggest_memory_format()); }

void need_vector(const MaybeTensor& tensor, const char* name, int64_t channels, at::ScalarType dtype) {
  if (!tensor.has_value() || !tensor->defined()) return;
  TORCH_CHECK_VALUE(
      tensor->dim() == 1 && tensor->size(0) == channels && tensor->scalar_type() == dtype && tensor->is_cpu(),
      "general_relu_batch_norm: expected ", dtype, " numbers for `", name, "`, one for each of ", channels,
      " channels, but received ", tensor->sizes(), " of ", tensor->scalar_type());
}

template <class T>
struct Pass {
  using A = Accumulator<T>;

  // Mean and inverse deviation of every channel of the batch; the running ones move towards them.
  static void measure(const Tensor& x, const Settings& settings, const MaybeTensor& running_mean,
                      const MaybeTensor& running_variance, std::vector<A>& mean, std::vector<A>& inverse) {
    const Sweep sweep(x);
    const auto activation = settings.activation<A>();
    const T* const from = x.const_data_ptr<T>();
    // Moments about one of the channel's own values lose nothing where the mean is far from zero.
    std::vector<T> first(static_cast<size_t>(sweep.channels()));
    for (size_t channel = 0; channel < first.size(); ++channel) first[channel] = from[channel * x.stride(1)];
    std::vector<A> shift(first.size()), zeros(first.size()), unused(first.size());
    add_moments(first.data(), Strip{0, 1, sweep.channels(), sweep.channels()}, activation, zeros.data(), shift.data(),
                unused.data());
    const std::vector<A> shifts = sweep.spread(shift);
    std::vector<double> sum, squares;
    sweep.template sums<A>(
        [&](const Strip& strip, int64_t first, A* sums, A* products) {
          add_moments(from + strip.offset, strip, activation, shifts.data() + first, sums, products);
        },
        sum, squares);
    const auto count = static_cast<double>(sweep.places());
    A* const kept_mean = writable(running_mean);
    A* const kept_variance = writable(running_variance);
    mean.resize(shift.size());
    inverse.resize(shift.size());
    for (size_t channel = 0; channel < shift.size(); ++channel) {
      const double off = sum[channel] / count, centre = static_cast<double>(shift[channel]) + off;
      const double spread = squares[channel] / count - off * off;
      const double variance = spread < 0 ? 0 : spread;  // NaN stays
      mean[channel] = static_cast<A>(centre);
      inverse[channel] = static_cast<A>(1 / std::sqrt(variance + settings.eps));
      if (kept_mean != nullptr) move(kept_mean[channel], centre, settings.momentum);
      if (kept_variance != nullptr) move(kept_variance[channel], variance * count / (count - 1), settings.momentum);
    }
  }

  static Tensor forward(const Tensor& x, const MaybeTensor& weight, const MaybeTensor& bias, const std::vector<A>& mean,
                        const std::vector<A>& inverse, const Settings& settings) {
    const Sweep sweep(x);
    std::vector<A> scale = numbers<A>(weight, sweep.channels(), 1), offset = numbers<A>(bias, sweep.channels(), 0);
    for (size_t channel = 0; channel < scale.size(); ++channel) {
      scale[channel] *= inverse[channel];
      offset[channel] -= mean[channel] * scale[channel];
    }
    scale = sweep.spread(scale);
    offset = sweep.spread(offset);
    Tensor y = at::empty_like(x);
    const auto activation = settings.activation<A>();
    const T* const from = x.const_data_ptr<T>();
    T* const to = y.mutable_data_ptr<T>();
    sweep.each([&](const Strip& strip, int64_t first) {
      normalize(from + strip.offset, to + strip.offset, strip, activation, scale.data() + first, offset.data() + first);
    });
    return y;
  }

  // Gradients of the input, the weight and the bias. That of the input goes to `dx`, which may be `g`.
  static std::vector<Tensor> backward(const Tensor& x, const Tensor& g, const Tensor& dx, const MaybeTensor& weight,
                                      const std::vector<A>& mean, const std::vector<A>& inverse,
                                      const Settings& settings) {
    const Sweep sweep(x);
    const auto activation = settings.activation<A>();
    const T* const from = x.const_data_ptr<T>();
    const T* const gradients = g.const_data_ptr<T>();
    const std::vector<A> means = sweep.spread(mean);
    std::vector<double> sum, dot;
    sweep.template sums<A>(
        [&](const Strip& strip, int64_t first, A* sums, A* products) {
          add_gradients(from + strip.offset, gradients + strip.offset, strip, activation, means.data() + first, sums,
                        products);
        },
        sum, dot);
    std::vector<A> scale = numbers<A>(weight, sweep.channels(), 1);
    std::vector<A> flat(scale.size()), slope(scale.size()), of_weight(scale.size()), of_bias(scale.size());
    const auto count = static_cast<double>(sweep.places());
    for (size_t channel = 0; channel < scale.size(); ++channel) {
      const double factor = static_cast<double>(scale[channel]) * inverse[channel];
      of_weight[channel] = static_cast<A>(dot[channel] * inverse[channel]);
      of_bias[channel] = static_cast<A>(sum[channel]);
      scale[channel] = static_cast<A>(factor);
      // Running statistics do not depend on the batch.
      if (!settings.training) continue;
      flat[channel] = static_cast<A>(factor * sum[channel] / count);
      slope[channel] = static_cast<A>(factor * dot[channel] * inverse[channel] * inverse[channel] / count);
    }
    scale = sweep.spread(scale);
    flat = sweep.spread(flat);
    slope = sweep.spread(slope);
    T* const to = dx.mutable_data_ptr<T>();
    sweep.each([&](const Strip& strip, int64_t first) {
      propagate(from + strip.offset, gradients + strip.offset, to + strip.offset, strip, activation,
                means.data() + first, scale.data() + first, flat.data() + first, slope.data() + first);
    });
    return {dx, vector_of(of_weight, x), vector_of(of_bias, x)};
  }

 private:
  static A* writable(const MaybeTensor& tensor) {
    return tensor.has_value() && tensor->defined() ? tensor->mutable_data_ptr<A>() : nullptr;
  }
  static void move(A& kept, double seen, double momentum) {
    kept = static_cast<A>((1 - momentum) * static_cast<double>(kept) + momentum * seen);
  }
};

// Calls f with a value of the tensor's type.
template <class F>
auto with_type(const Tensor& x, const F& f) {
  switch (x.scalar_type()) {
    case at::kFloat:
      return f(float{});
    case at::kDouble:
      return f(double{});
    default:
      return f(c10::BFloat16{});
  }
}

class ActivationNorm : public torch::autograd::Function<ActivationNorm> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input, const MaybeTensor& weight,
                        const MaybeTensor& bias, const MaybeTensor& running_mean, const MaybeTensor& running_variance,
                        const Settings& settings) {
    const Tensor x = dense(input);
    Tensor mean, inverse;
    Tensor y = with_type(x, [&](auto type) {
      using T = decltype(type);
      using A = Accumulator<T>;
      std::vector<A> centre, scale;
      if (settings.training) {
        Pass<T>::measure(x, settings, running_mean, running_variance, centre, scale);
      } else {
        centre = numbers<A>(running_mean, x.size(1), 0);
        scale = numbers<A>(running_variance, x.size(1), 1);
        for (A& value : scale) value = static_cast<A>(1 / std::sqrt(static_cast<double>(value) + settings.eps));
      }
      mean = vector_of(centre, x);
      inverse = vector_of(scale, x);
      return Pass<T>::forward(x, weight, bias, centre, scale, settings);
    });
    const auto or_nothing = [](const MaybeTensor& tensor) { return tensor.value_or(Tensor()); };
    // In evaluation the statistics of the moment are part of what was computed.
    context->save_for_backward({input, or_nothing(weight), or_nothing(bias), mean, inverse});
    context->saved_data["leak"] = settings.leak;
    context->saved_data["sub"] = settings.sub;
    context->saved_data["most"] = settings.most;
    context->saved_data["training"] = settings.training;
    context->saved_data["eps"] = settings.eps;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &input = saved[0], &weight = saved[1], &bias = saved[2], &mean = saved[3], &inverse = saved[4];
    auto& data = context->saved_data;
    const Settings settings{data["leak"].toOptional<double>(),
                            data["sub"].toDouble(),
                            data["most"].toOptional<double>(),
                            data["training"].toBool(),
                            0,
                            data["eps"].toDouble()};
    const Tensor none;
    if (!gradients[0].defined()) return {none, none, none, none, none, none};
    if (at::GradMode::is_enabled()) return differentiable(input, weight, bias, mean, inverse, settings, gradients[0]);

    const Tensor x = dense(input);
    const Tensor g = gradients[0].to(x.scalar_type()).contiguous(x.suggest_memory_format());
    // Memory that nobody else has is already in the cache.
    const size_t known = g.is_same(gradients[0]) ? 2 : 1;
    const bool ours = g.use_count() == known && g.storage().use_count() == 1;
    const Tensor dx = ours ? g : at::empty_like(x);
    const std::vector<Tensor> results = with_type(x, [&](auto type) {
      using T = decltype(type);
      using A = Accumulator<T>;
      const int64_t channels = x.size(1);
      return Pass<T>::backward(x, g, dx, weight, numbers<A>(mean, channels, 0), numbers<A>(inverse, channels, 1),
                               settings);
    });
    return {results[0], weight.defined() ? results[1] : none, bias.defined() ? results[2] : none, none, none, none};
  }

 private:
  static torch::autograd::variable_list differentiable(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                                       const Tensor& mean, const Tensor& inverse,
                                                       const Settings& settings, const Tensor& gradient) {
    MaybeTensor centre, variance;
    if (!settings.training) {
      centre = mean;
      variance = inverse.pow(-2).sub(settings.eps);
    }
    const Tensor y = composed(x, weight, bias, centre, variance, settings);
    torch::autograd::variable_list inputs;
    std::vector<size_t> places;
    const Tensor* const all[] = {&x, &weight, &bias};
    for (size_t i = 0; i < 3; ++i) {
      if (!all[i]->defined() || !all[i]->requires_grad()) continue;
      inputs.push_back(*all[i]);
      places.push_back(i);
    }
    torch::autograd::variable_list results(6);
    const auto found = torch::autograd::grad({y}, inputs, {gradient}, true, true, true);
    for (size_t i = 0; i < places.size(); ++i) results[places[i]] = found[i];
    return results;
  }
};

Tensor general_relu_batch_norm(const Tensor& input, const MaybeTensor& weight, const MaybeTensor& bias,
                               const MaybeTensor& running_mean, const MaybeTensor& running_var,
                               std::optional<double> leak, double sub, std::optional<double> maxv, bool training,
                               double momentum, double eps) {
  const at::ScalarType dtype = input.scalar_type();
  TORCH_CHECK_VALUE(input.is_cpu() && (dtype == at::kFloat || dtype == at::kDouble || dtype == at::kBFloat16),
                    "general_relu_batch_norm: expected float32, float64 or bfloat16 numbers of the CPU, but received ",
                    dtype, " on ", input.device());
  TORCH_CHECK_VALUE(input.dim() >= 2 && input.numel() > 0,
                    "general_relu_batch_norm: expected a batch of at least 2 axes that is not empty, but received ",
                    input.sizes());
  const int64_t channels = input.size(1);
  const at::ScalarType accumulator = dtype == at::kDouble ? at::kDouble : at::kFloat;
  need_vector(weight, "weight", channels, accumulator);
  need_vector(bias, "bias", channels, accumulator);
  need_vector(running_mean, "running_mean", channels, accumulator);
  need_vector(running_var, "running_var", channels, accumulator);
  TORCH_CHECK_VALUE(running_mean.has_value() == running_var.has_value() && (training || running_mean.has_value()),
                    "general_relu_batch_norm: expected running_mean and running_var, both or (in training) neither");
  TORCH_CHECK_VALUE(!training || input.numel() > channels,
                    "general_relu_batch_norm: expected more than one number for each channel in training");
  return ActivationNorm::apply(input, weight, bias, running_mean, running_var,
                               Settings{leak, sub, maxv, training, momentum, eps});
}

}  // namespace

TORCH_LIBRARY(tench, library) {
  library.def(
      "general_relu_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, "
      "float? leak, float sub, float? maxv, bool training, float momentum, float eps) -> Tensor",
      general_relu_batch_norm);
}

}  // namespace tench::nn
