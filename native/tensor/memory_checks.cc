#include "memory_checks.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/jit_type.h>

#include <string>

#include "js.h"

namespace tench {

namespace {

bool is_written(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

const at::Tensor* tensor_in(const c10::IValue& value) {
  if (!value.isTensor()) return nullptr;
  const at::Tensor& tensor = value.toTensor();
  return tensor.defined() ? &tensor : nullptr;
}

// Kernels of 8-bit integers are missing, and the one that fills with zeros writes floats.
void need_float_blocks(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) {
  const auto layout = schema.argumentIndexWithName("layout");
  const bool to_blocks = schema.name() == "aten::to_mkldnn";
  if (!to_blocks) {
    if (!layout.has_value()) return;
    const c10::IValue& value = stack[static_cast<size_t>(*layout)];
    if (value.isNone() || value.toLayout() != at::kMkldnn) return;
  }
  const auto dtype = schema.argumentIndexWithName("dtype");
  const at::Tensor* self = stack.empty() ? nullptr : tensor_in(stack[0]);
  at::ScalarType type = self == nullptr ? at::kFloat : self->scalar_type();
  if (dtype.has_value() && !stack[static_cast<size_t>(*dtype)].isNone())
    type = stack[static_cast<size_t>(*dtype)].toScalarType();
  if (type == at::kByte || type == at::kChar)
    throw BadArgument("expected a floating dtype for the layout mkldnn but received integers of 8 bits");
}

// Kernels that write in place look for the numbers of all their arguments where those of the first are.
void need_one_layout(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) {
  bool opaque = false;
  const std::string* dense = nullptr;
  for (size_t i = 0; i < stack.size(); ++i) {
    const at::Tensor* tensor = tensor_in(stack[i]);
    if (tensor == nullptr) continue;
    if (tensor->is_mkldnn())
      opaque = true;
    else if (is_written(schema.arguments()[i]))
      dense = &schema.arguments()[i].name();
  }
  if (opaque && dense != nullptr)
    throw BadArgument("expected dense tensors beside `" + *dense +
                      "`, which is written to, but received one of layout mkldnn; convert it with aten::to_dense");
}

// Each result is resized and written as if it were the only one.
void need_separate_results(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) {
  for (size_t i = 0; i < stack.size(); ++i) {
    const c10::Argument& first = schema.arguments()[i];
    const at::Tensor* a = first.kwarg_only() && is_written(first) ? tensor_in(stack[i]) : nullptr;
    if (a == nullptr) continue;
    for (size_t j = i + 1; j < stack.size(); ++j) {
      const c10::Argument& second = schema.arguments()[j];
      const at::Tensor* b = second.kwarg_only() && is_written(second) ? tensor_in(stack[j]) : nullptr;
      if (b != nullptr && (a->is_same(*b) || (a->has_storage() && b->has_storage() && a->is_alias_of(*b))))
        throw BadArgument("expected tensors that share no memory for `" + first.name() + "` and `" + second.name() +
                          "` but received two that do");
    }
  }
}

}  // namespace

void check_memory(const c10::FunctionSchema& schema, const torch::jit::Stack& stack) {
  need_float_blocks(schema, stack);
  if (!schema.is_mutable()) return;
  need_one_layout(schema, stack);
  need_separate_results(schema, stack);
}

}  // namespace tench
