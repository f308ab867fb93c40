// backward, and gradients as values: on the caller's thread as long as no JavaScript is in any graph, on the helper
// thread otherwise.
#include "autograd.h"

#include <ATen/ThreadLocalState.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include "instance.h"
#include "modes.h"
#include "streams.h"

namespace tench {

BackwardThread::~BackwardThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void BackwardThread::post(std::function<void()> work, std::function<void(std::exception_ptr)> done) {
  const std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  jobs_.push_back({std::move(work), std::move(done)});
  wake_.notify_all();
}

void BackwardThread::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::exception_ptr error;
    try {
      job.work();
    } catch (...) {
      error = std::current_exception();
    }
    // The graph's last references die here, before anyone is told that the work is done.
    job.work = nullptr;
    job.done(error);
    job.done = nullptr;
    lock.lock();
  }
}

namespace {

// Runs engine work so that JavaScript functions in the graph can be called.
void run_engine(Instance& instance, std::function<void()> work) {
  Callbacks& callbacks = *instance.callbacks;
  callbacks.sweep();
  if (callbacks.empty()) {
    work();
    return;
  }
  const at::ThreadLocalState state;
  const AutocastState autocast;
  const CurrentStreams streams;
  bool done = false;
  std::exception_ptr error;
  const auto guarded = [&] {
    std::exception_ptr thrown;
    try {
      const at::ThreadLocalStateGuard guard(state);
      autocast.apply();
      streams.apply();
      work();
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(callbacks.mutex());
    error = thrown;
    done = true;
    callbacks.wake().notify_all();
  };
  // A backward asked for inside a callback runs on the engine's thread that waits for that callback.
  const auto start = [&] {
    if (JsRequest* request = callbacks.answering()) {
      const std::lock_guard lock(callbacks.mutex());
      request->inner.emplace_back(guarded);
      request->wake.notify_all();
    } else {
      instance.backward->post(guarded, [](std::exception_ptr) {});
    }
  };
  callbacks.serve(start, [&] { return done; });
  if (error) std::rethrow_exception(error);
}

bool flag(const Arguments& arguments, size_t index) {
  return js::to_bool(arguments.env, arguments.values[index], "flag");
}

// backward(roots, gradients, retainGraph, createGraph, inputs)
napi_value backward(Arguments& arguments) {
  const auto roots = arguments.tensors(0);
  const auto gradients = arguments.tensors(1);
  const bool retain = flag(arguments, 2), create = flag(arguments, 3);
  const auto inputs =
      js::is_nullish(arguments.env, arguments.values[4]) ? std::vector<at::Tensor>() : arguments.tensors(4);
  run_engine(arguments.instance, [&] { torch::autograd::backward(roots, gradients, retain, create, inputs); });
  if (!retain) arguments.instance.handles.forget_graphs();
  return nullptr;
}

// gradients(outputs, gradients, retainGraph, createGraph, inputs, allowUnused)
napi_value gradients_of(Arguments& arguments) {
  napi_env env = arguments.env;
  const auto outputs = arguments.tensors(0);
  const auto weights = arguments.tensors(1);
  const bool retain = flag(arguments, 2), create = flag(arguments, 3), unused = flag(arguments, 5);
  const auto inputs = arguments.tensors(4);
  std::vector<at::Tensor> results;
  run_engine(arguments.instance,
             [&] { results = torch::autograd::grad(outputs, inputs, weights, retain, create, unused); });
  if (!retain) arguments.instance.handles.forget_graphs();
  napi_value list = js::array(env, results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const double handle = results[i].defined() ? arguments.instance.handles.insert(results[i]) : 0;
    js::set_element(env, list, static_cast<uint32_t>(i), js::number(env, handle));
  }
  return list;
}

// A backward that the event loop does not wait for.
struct AsyncBackward {
  Instance* instance;
  bool retain;
  napi_deferred deferred;
  std::shared_ptr<EventLoopDoor> finish;
  std::exception_ptr error;
};

void finish_async(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<AsyncBackward> job(static_cast<AsyncBackward*>(data));
  job->finish->close();
  if (env == nullptr) return;
  Instance& instance = *job->instance;
  instance.callbacks->close_event_loop();
  if (!job->error) {
    if (!job->retain) instance.handles.forget_graphs();
    napi_resolve_deferred(env, job->deferred, js::undefined(env));
    return;
  }
  try {
    std::rethrow_exception(job->error);
  } catch (...) {
    throw_to_js(instance, "backward: ");
  }
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_reject_deferred(env, job->deferred, error);
}

// backwardAsync(roots, gradients, retainGraph, createGraph)
napi_value backward_async(Arguments& arguments) {
  napi_env env = arguments.env;
  Instance& instance = arguments.instance;
  auto roots = arguments.tensors(0);
  auto gradients = arguments.tensors(1);
  const bool retain = flag(arguments, 2), create = flag(arguments, 3);
  auto job = std::make_unique<AsyncBackward>();
  job->instance = &instance;
  job->retain = retain;
  napi_value promise = nullptr;
  check(env, napi_create_promise(env, &job->deferred, &promise), "promise");
  job->finish = EventLoopDoor::open(env, "tench backwardAsync", nullptr, finish_async);
  instance.callbacks->open_event_loop();
  AsyncBackward* raw = job.release();
  instance.backward->post(
      [state = at::ThreadLocalState(), autocast = AutocastState(), streams = CurrentStreams(), roots = std::move(roots),
       gradients = std::move(gradients), retain, create] {
        const at::ThreadLocalStateGuard guard(state);
        autocast.apply();
        streams.apply();
        torch::autograd::backward(roots, gradients, retain, create);
      },
      [raw](std::exception_ptr error) {
        raw->error = error;
        // Its own share, because the answer may delete the job before `call` returns.
        const std::shared_ptr<EventLoopDoor> finish = raw->finish;
        if (!finish->call(raw)) delete raw;
      });
  return promise;
}

napi_value grad(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  const at::Tensor& gradient = tensor.is_leaf() || tensor.retains_grad() ? tensor.mutable_grad() : at::Tensor();
  if (!gradient.defined()) return js::number(arguments.env, 0);
  const double known = js::to_double(arguments.env, arguments.values[1], "known");
  if (known != 0 && arguments.instance.handles.contains(known) &&
      arguments.instance.handles.get(known).is_same(gradient)) {
    return js::number(arguments.env, -1);
  }
  return js::number(arguments.env, arguments.instance.handles.insert(gradient));
}

napi_value set_grad(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  const double handle = js::to_double(arguments.env, arguments.values[1], "gradient");
  if (handle == 0) {
    tensor.mutable_grad() = at::Tensor();
    return nullptr;
  }
  const at::Tensor gradient = arguments.instance.handles.get(handle);
  if (!gradient.sizes().equals(tensor.sizes()) || gradient.scalar_type() != tensor.scalar_type() ||
      gradient.device() != tensor.device()) {
    throw BadArgument("grad: expected a tensor of the same shape, dtype and device as the one it belongs to");
  }
  tensor.mutable_grad() = gradient;
  return nullptr;
}

napi_value retain_grad(Arguments& arguments) {
  arguments.tensor(0).retain_grad();
  return nullptr;
}

napi_value requires_grad(Arguments& arguments) {
  return js::boolean(arguments.env, arguments.tensor(0).requires_grad());
}

napi_value set_requires_grad(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  const bool wanted = flag(arguments, 1);
  if (!wanted && !tensor.is_leaf())
    throw BadArgument("requiresGrad: only leaf tensors can stop requiring grad; use detach()");
  if (wanted && !at::isFloatingType(tensor.scalar_type()) && !at::isComplexType(tensor.scalar_type())) {
    throw BadArgument("requiresGrad: expected a tensor of a floating or complex dtype");
  }
  tensor.set_requires_grad(wanted);
  return nullptr;
}

napi_value is_leaf(Arguments& arguments) { return js::boolean(arguments.env, arguments.tensor(0).is_leaf()); }

napi_value version(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  return js::integer(arguments.env, tensor.is_inference() ? 0 : static_cast<int64_t>(tensor._version()));
}

napi_value set_data(Arguments& arguments) {
  arguments.tensor(0).set_data(arguments.tensor(1));
  return nullptr;
}

napi_value gradient_function(Arguments& arguments) {
  const auto& function = arguments.tensor(0).grad_fn();
  return function ? js::string(arguments.env, function->name()) : js::null(arguments.env);
}

}  // namespace

void export_autograd(Instance& instance, napi_value exports) {
  export_function(instance, exports, "backward", backward);
  export_function(instance, exports, "backwardAsync", backward_async);
  export_function(instance, exports, "gradients", gradients_of);
  export_function(instance, exports, "grad", grad);
  export_function(instance, exports, "setGrad", set_grad);
  export_function(instance, exports, "retainGrad", retain_grad);
  export_function(instance, exports, "requiresGrad", requires_grad);
  export_function(instance, exports, "setRequiresGrad", set_requires_grad);
  export_function(instance, exports, "isLeaf", is_leaf);
  export_function(instance, exports, "version", version);
  export_function(instance, exports, "setData", set_data);
  export_function(instance, exports, "gradFunction", gradient_function);
  export_hooks(instance, exports);
  export_modes(instance, exports);
  export_custom_functions(instance, exports);
  export_checkpoints(instance, exports);
  export_anomalies(instance, exports);
}

}  // namespace tench
