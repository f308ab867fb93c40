// What differs between the versions of LibTorch in the handling of nodes: what holds them, and what ties outputs to
// them.
#pragma once

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/function.h>

#include <memory>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace tench {

using torch::autograd::variable_list;

// std::shared_ptr before 2.13, an intrusive pointer since.
using NodePointer = decltype(std::declval<torch::autograd::Node&>().getptr());

template <typename T, typename... Args>
auto make_node(Args&&... args) {
  if constexpr (std::is_same_v<NodePointer, std::shared_ptr<torch::autograd::Node>>) {
    // LibTorch's own way to delete a node is found through its argument: a long chain of nodes must not be deleted
    // recursively.
    return std::shared_ptr<T>(new T(std::forward<Args>(args)...), [](auto* node) { deleteNode(node); });
  } else {
    return c10::make_intrusive<T>(std::forward<Args>(args)...);
  }
}

using Identities = std::unordered_set<at::TensorImpl*>;

// Gives the outputs of a custom function their history. Since 2.14 LibTorch also says which node it tied.
template <typename Pointer>
auto tie_outputs(const variable_list& inputs, const Identities& constant, const Identities& dirty,
                 const std::vector<std::optional<at::Tensor>>& outputs, const Pointer& node,
                 const torch::autograd::_jvp_fn_t& forward_mode) {
  const auto view = [](const at::Tensor& x) { return x.view_as(x); };
  Pointer tied;
  if constexpr (requires {
                  torch::autograd::_wrap_outputs(inputs, constant, dirty, outputs, node, forward_mode, {}, view, false,
                                                 tied);
                }) {
    return torch::autograd::_wrap_outputs(inputs, constant, dirty, outputs, node, forward_mode, {}, view, false, tied);
  } else {
    return torch::autograd::_wrap_outputs(inputs, constant, dirty, outputs, node, forward_mode, {}, view, false);
  }
}

}  // namespace tench
