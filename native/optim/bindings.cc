#include "bindings.h"

#include <ATen/Dispatch.h>
#include <ATen/Functions.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lamb.h"
#include "tensor/convert.h"

// OpenMP's own, which holds for the calling thread alone; LibTorch's would hold for all.
extern "C" void omp_set_num_threads(int count) __attribute__((weak));

namespace tench {

namespace {

using Tensors = std::vector<at::Tensor>;

// Elements that a thread takes at a time, of one tensor.
constexpr int64_t kBlock = 1 << 14;

struct Block {
  size_t tensor;
  int64_t start;
  int64_t count;
};

std::vector<Block> cut(const Tensors& tensors) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < tensors.size(); ++i)
    for (int64_t start = 0, size = tensors[i].numel(); start < size; start += kBlock)
      blocks.push_back({i, start, std::min(kBlock, size - start)});
  return blocks;
}

void need_alike(const Tensors& first, const Tensors& others, const char* what) {
  bool alike = first.size() == others.size();
  for (size_t i = 0; alike && i < first.size(); ++i) {
    const at::Tensor &a = first[i], &b = others[i];
    alike = a.defined() && b.defined() && a.is_cpu() && b.is_cpu() && a.layout() == at::kStrided &&
            b.layout() == at::kStrided && a.is_non_overlapping_and_dense() && a.sizes() == b.sizes() &&
            a.strides() == b.strides() && a.scalar_type() == first[0].scalar_type() &&
            b.scalar_type() == first[0].scalar_type();
  }
  if (!alike)
    throw BadArgument("expected tensors on the CPU of one dtype, laid out like the weights, for `" + std::string(what) +
                      "`");
}

struct Lists {
  Tensors weights, grads, averages, squares;
};

template <typename T>
void lamb(const Lists& lists, const optim::LambSettings& settings, double lr, double most_ratio) {
  using Wide = at::opmath_type<T>;
  std::vector<int64_t> starts;
  int64_t total = 0;
  for (const at::Tensor& tensor : lists.weights) {
    starts.push_back(total);
    total += tensor.numel();
  }
  const at::Tensor directions = at::empty({total}, at::CppTypeToScalarType<Wide>::value);
  const std::vector<Block> blocks = cut(lists.weights);
  const auto stretch_of = [&](const Block& block) {
    const auto from = [&](const Tensors& tensors) { return tensors[block.tensor].data_ptr<T>() + block.start; };
    return optim::LambStretch<T, Wide>{
        from(lists.weights),
        from(lists.grads),
        from(lists.averages),
        from(lists.squares),
        directions.data_ptr<Wide>() + starts[block.tensor] + block.start,
        static_cast<size_t>(block.count),
    };
  };
  const auto count = static_cast<int64_t>(blocks.size());
  // For less than this a thread costs more than it brings.
  const int64_t grain = total <= 2 * kBlock ? count : 1;
  std::vector<optim::LambSums> sums(blocks.size());
  at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sums[i] = optim::find_direction(stretch_of(blocks[i]), settings);
  });
  // Block by block, so that the result does not depend on the number of threads.
  std::vector<optim::LambSums> whole(lists.weights.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    whole[blocks[i].tensor].weights += sums[i].weights;
    whole[blocks[i].tensor].direction += sums[i].direction;
  }
  std::vector<double> rates;
  for (const auto& [weights, direction] : whole) {
    const double ratio = std::sqrt(weights) / std::sqrt(direction);
    const bool counts = weights != 0 && direction != 0;
    rates.push_back(lr * (!counts ? 1 : ratio > most_ratio ? most_ratio : ratio));
  }
  at::parallel_for(0, count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) optim::go(stretch_of(blocks[i]), rates[blocks[i].tensor]);
  });
}

napi_value lamb_step(Arguments& arguments) {
  const Lists lists{arguments.tensors(0), arguments.tensors(1), arguments.tensors(2), arguments.tensors(3)};
  if (lists.weights.empty()) return nullptr;
  need_alike(lists.weights, lists.weights, "weights");
  need_alike(lists.weights, lists.grads, "grads");
  need_alike(lists.weights, lists.averages, "averages");
  need_alike(lists.weights, lists.squares, "squares");
  const auto number = [&](size_t index, const char* what) {
    return js::to_double(arguments.env, arguments.values[index], what);
  };
  const double lr = number(4, "lr"), mom = number(5, "mom"), sqr_mom = number(6, "sqrMom"), step = number(9, "step");
  const optim::LambSettings settings{
      .mom = mom,
      .sqr_mom = sqr_mom,
      .debias = 1 / (1 - std::pow(mom, step)),
      .sqr_debias = 1 / (1 - std::pow(sqr_mom, step)),
      .eps = number(7, "eps"),
      .wd = number(8, "wd"),
  };
  const double most_ratio = number(10, "mostRatio");
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, lists.weights[0].scalar_type(), "lambStep",
                                  [&] { lamb<scalar_t>(lists, settings, lr, most_ratio); });
  for (const Tensors* written : {&lists.weights, &lists.averages, &lists.squares})
    for (const at::Tensor& tensor : *written) tensor.unsafeGetTensorImpl()->bump_version();
  return nullptr;
}

napi_value limit_threads(Arguments& arguments) {
  const int before = at::get_num_threads();
  const auto count = static_cast<int>(js::to_int64(arguments.env, arguments.values[0], "count"));
  if (omp_set_num_threads != nullptr) omp_set_num_threads(count);
  return js::number(arguments.env, before);
}

}  // namespace

void export_optim(Instance& instance, napi_value exports) {
  export_function(instance, exports, "lambStep", lamb_step);
  export_function(instance, exports, "limitThreads", limit_threads);
}

}  // namespace tench
