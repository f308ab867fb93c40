// A witness of which overloads the dispatcher runs, told by LibTorch itself: tests ask it whether a call reached the
// one it should.
#include <ATen/record_function.h>

#include <optional>

#include "instance.h"

namespace tench {

namespace {

// LibTorch calls back with nothing but the operator, on the thread that runs it.
thread_local std::vector<std::string> seen;
thread_local std::optional<at::CallbackHandle> watching;

std::unique_ptr<at::ObserverContext> note(const at::RecordFunction& call) {
  const auto name = call.operator_name();
  if (name.has_value()) seen.push_back(c10::toString(*name));
  return nullptr;
}

napi_value start_witness(Arguments& arguments) {
  if (!watching.has_value()) {
    seen.clear();
    watching = at::addThreadLocalCallback(at::RecordFunctionCallback(note).scopes({at::RecordScope::FUNCTION}));
  }
  return js::undefined(arguments.env);
}

// stopWitness(): the overloads in the order in which they began, each followed by those that it ran
napi_value stop_witness(Arguments& arguments) {
  if (watching.has_value()) at::removeCallback(*watching);
  watching.reset();
  napi_value result = js::array(arguments.env, seen.size());
  for (size_t i = 0; i < seen.size(); ++i)
    js::set_element(arguments.env, result, static_cast<uint32_t>(i), js::string(arguments.env, seen[i]));
  seen.clear();
  return result;
}

}  // namespace

void export_witness(Instance& instance, napi_value exports) {
  export_function(instance, exports, "startWitness", start_witness);
  export_function(instance, exports, "stopWitness", stop_witness);
}

}  // namespace tench
