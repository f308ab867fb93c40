// A node of the graph whose backward is a function in JavaScript.
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include "autograd.h"
#include "instance.h"
#include "nodes.h"

namespace tench {

namespace {

using torch::autograd::SavedVariable;

std::vector<double> insert_all(Instance& instance, const std::vector<at::Tensor>& tensors) {
  std::vector<double> handles;
  handles.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) handles.push_back(tensor.defined() ? instance.handles.insert(tensor) : 0);
  return handles;
}

napi_value numbers(napi_env env, const std::vector<double>& values) {
  napi_value list = js::array(env, values.size());
  for (size_t i = 0; i < values.size(); ++i)
    js::set_element(env, list, static_cast<uint32_t>(i), js::number(env, values[i]));
  return list;
}

class CustomNode : public torch::autograd::Node {
 public:
  CustomNode(std::string name, bool materialize) : name_(std::move(name)), materialize_(materialize) {}

  std::string name() const override { return name_ + "Backward"; }

  void save(const std::vector<at::Tensor>& tensors, std::vector<std::string> names) {
    names_ = std::move(names);
    for (const at::Tensor& tensor : tensors) {
      // An output would hold this very node: it is saved without its history, which is tied on again in `unpack`.
      const bool is_output = tensor.defined() && tensor.grad_fn().get() == this;
      saved_.emplace_back(tensor, is_output);
    }
  }
  void call_on_backward(std::shared_ptr<HeldFunction> function) { backward_ = std::move(function); }

  void release_variables() override {
    // What saves nothing may be walked again, as operators that save nothing may.
    if (saved_.empty()) return;
    std::shared_ptr<HeldFunction> dying;
    std::vector<SavedVariable> saved;
    const std::lock_guard lock(mutex_);
    dying.swap(backward_);
    saved.swap(saved_);
  }

 protected:
  variable_list apply(variable_list&& gradients) override;

 private:
  std::vector<at::Tensor> unpack();

  const std::string name_;
  const bool materialize_;
  std::vector<SavedVariable> saved_;
  std::vector<std::string> names_;
  std::shared_ptr<HeldFunction> backward_;
};

std::vector<at::Tensor> CustomNode::unpack() {
  std::vector<at::Tensor> tensors;
  for (size_t i = 0; i < saved_.size(); ++i) {
    try {
      tensors.push_back(saved_[i].unpack(getptr()));
    } catch (const c10::Error& error) {
      throw CodedError("ERR_TENCH_OPERATOR",
                       name_ + ".backward: the saved tensor `" + names_[i] + "`: " + error.what_without_backtrace());
    }
  }
  return tensors;
}

// JavaScript gets [gradients, saved tensors, which inputs want a gradient], and returns a handle (or 0) for each input.
variable_list CustomNode::apply(variable_list&& gradients) {
  std::shared_ptr<HeldFunction> backward;
  std::vector<at::Tensor> saved;
  {
    const std::lock_guard lock(mutex_);
    backward = backward_;
    if (backward == nullptr) {
      throw CodedError("ERR_TENCH_OPERATOR",
                       name_ +
                           ".backward: its saved tensors have been released by an earlier backward; give that one "
                           "`retainGraph: true` to go through the graph a second time");
    }
    saved = unpack();
  }
  if (materialize_) {
    for (size_t i = 0; i < gradients.size(); ++i)
      if (!gradients[i].defined() && !input_metadata(i).was_default_constructed())
        gradients[i] = input_metadata(i).zeros_like();
  }
  std::vector<double> wanted;
  for (size_t i = 0; i < num_outputs(); ++i) wanted.push_back(task_should_compute_output(i) ? 1 : 0);

  variable_list results;
  backward->run([&](napi_env env, Instance& instance, napi_value function) {
    napi_value arguments[3] = {numbers(env, insert_all(instance, gradients)), numbers(env, insert_all(instance, saved)),
                               numbers(env, wanted)};
    // The collector may now let go of what JavaScript drops while its function still runs.
    gradients.clear();
    saved.clear();
    napi_value result = nullptr;
    if (napi_call_function(env, js::undefined(env), function, 3, arguments, &result) != napi_ok)
      throw CallbackError(instance);
    for (const double handle : js::to_doubles(env, result, "gradients"))
      results.push_back(handle == 0 ? at::Tensor() : instance.handles.get(handle));
  });
  return results;
}

Identities identities(const std::vector<at::Tensor>& tensors) {
  Identities set;
  for (const at::Tensor& tensor : tensors) set.insert(tensor.unsafeGetTensorImpl());
  return set;
}

std::vector<std::string> to_strings(napi_env env, napi_value list) {
  uint32_t length = 0;
  check(env, napi_get_array_length(env, list, &length), "array length");
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, list, i, &element), "element");
    strings.push_back(js::to_string(env, element, "name"));
  }
  return strings;
}

// recordFunction(name, [inputs, outputs, dirty, nonDifferentiable, saved], savedNames, materialize, backward): ties the
// outputs of a forward that ran unrecorded to a node. Returns a handle for each output, 0 where the tensor that came is
// the one that goes.
napi_value record_function(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  std::vector<at::Tensor> lists[5];
  for (uint32_t i = 0; i < 5; ++i) {
    napi_value list = nullptr;
    check(env, napi_get_element(env, arguments.values[1], i, &list), "element");
    for (const double handle : js::to_doubles(env, list, "tensors"))
      lists[i].push_back(handle == 0 ? at::Tensor() : instance.handles.get(handle));
  }
  const auto& [inputs, outputs, dirty, constant, saved] = lists;
  const std::string name = js::to_string(env, arguments.values[0], "name");
  const auto node = make_node<CustomNode>(name, js::to_bool(env, arguments.values[3], "materialize"));
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  for (const at::Tensor& tensor : dirty) torch::autograd::impl::bump_version(tensor);

  const std::vector<std::optional<at::Tensor>> raw(outputs.begin(), outputs.end());
  const auto no_forward_mode = [&](const variable_list&, const variable_list&) -> variable_list {
    throw CodedError("ERR_TENCH_OPERATOR", name + ": has no forward-mode derivative");
  };
  const auto wrapped =
      tie_outputs(inputs, identities(constant), identities(dirty), raw, NodePointer(node), no_forward_mode);
  node->save(saved, to_strings(env, arguments.values[2]));
  node->call_on_backward(std::make_shared<HeldFunction>(instance, arguments.values[4]));

  std::vector<double> handles;
  for (size_t i = 0; i < outputs.size(); ++i)
    handles.push_back(wrapped[i]->is_same(outputs[i]) ? 0 : instance.handles.insert(*wrapped[i]));
  return numbers(env, handles);
}

}  // namespace

void export_custom_functions(Instance& instance, napi_value exports) {
  export_function(instance, exports, "recordFunction", record_function);
}

}  // namespace tench
