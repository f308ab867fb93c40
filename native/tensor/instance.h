// Everything that belongs to one Node environment (the main thread, or one worker): there is no other state but what
// outlives all of them.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <node_api.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "handle_table.h"
#include "js.h"

namespace tench {

class BackwardThread;
class Callbacks;
class DirectCall;
class HeldFunction;
class ImageDesk;
struct OperatorSet;
struct ModeStack;
struct RunningCheckpoint;

// One `detectAnomaly` that is running.
struct AnomalyWatch {
  // Reads JavaScript's stack.
  std::shared_ptr<HeldFunction> stack;
  bool check_nan;
};

struct Instance {
  explicit Instance(napi_env env);
  ~Instance();

  napi_env env;
  // What finalizers are tied through: a second environment of the same thread, which never has an exception pending.
  // Node rethrows an exception of ours while it still notes it as pending; when that collects garbage and a finalizer
  // of the same environment runs, Node takes the exception for the finalizer's and ends the process.
  napi_env finalizers = nullptr;
  HandleTable handles;
  std::vector<std::unique_ptr<OperatorSet>> operators;
  std::vector<std::unique_ptr<DirectCall>> direct;
  // Whether operators may be called that are refused for not checking their arguments.
  bool trusted = false;
  // JavaScript's array of numbers for direct calls, and what keeps it alive.
  double* exchange = nullptr;
  napi_ref exchange_owner = nullptr;
  // JavaScript functions that LibTorch's graph refers to.
  std::shared_ptr<Callbacks> callbacks;
  // Those that JavaScript holds.
  std::unordered_set<at::Generator*> generators;
  std::unique_ptr<BackwardThread> backward;
  std::unique_ptr<ModeStack> modes;
  std::vector<AnomalyWatch> anomalies;
  std::vector<RunningCheckpoint> checkpoints;
  // Pictures that are being read.
  std::shared_ptr<ImageDesk> images;
  napi_ref make_error = nullptr;
};

// The arguments of one call from JavaScript.
struct Arguments {
  static constexpr size_t kMost = 14;
  napi_env env;
  Instance& instance;
  size_t count;
  const napi_value* values;

  at::Tensor tensor(size_t index) const { return instance.handles.get(js::to_double(env, values[index], "handle")); }
  std::vector<at::Tensor> tensors(size_t index) const;
};

using Function = napi_value (*)(Arguments&);

// Adds a function to the addon's exports; whatever it throws becomes a JavaScript error.
void export_function(Instance& instance, napi_value exports, const char* name, Function function);

// Turns the C++ exception being handled into a pending JavaScript one. `context` stands before the message.
void throw_to_js(Instance& instance, const std::string& context = {});

// The table of exports, by file.
void export_operators(Instance& instance, napi_value exports);
void export_catalog(Instance& instance, napi_value exports);
void export_witness(Instance& instance, napi_value exports);
void export_storage(Instance& instance, napi_value exports);
void export_files(Instance& instance, napi_value exports);
void export_scripts(Instance& instance, napi_value exports);
void export_autograd(Instance& instance, napi_value exports);
void export_runtime(Instance& instance, napi_value exports);
void export_transfer(Instance& instance, napi_value exports);
void export_generator(Instance& instance, napi_value exports);

}  // namespace tench
