// Backward through a graph that may hold JavaScript: the functions it refers to, and the thread that walks it while
// JavaScript's own thread answers.
#pragma once

#include <ATen/core/Tensor.h>
#include <node_api.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine.h"

namespace tench {

struct Instance;
class Checkpoint;

class HeldFunction;

// A JavaScript exception on its way through LibTorch's engine, which may run on another thread.
class CallbackError : public std::exception {
 public:
  // Takes the pending exception; on JavaScript's thread only.
  explicit CallbackError(Instance& instance);
  void rethrow(Instance& instance) const;
  const char* what() const noexcept override { return "a JavaScript function called by the autograd engine threw"; }

 private:
  // An array around it, because what is thrown may be no object.
  std::shared_ptr<HeldFunction> box_;
};

// One engine thread's request to run a piece of work on JavaScript's thread, and the work that comes back to it
// meanwhile: a backward asked for inside a callback must run on the engine's waiting thread, so that the engine sees a
// re-entrant call.
struct JsRequest {
  std::function<void()> work;
  std::exception_ptr error;
  bool done = false;
  std::deque<std::function<void()>> inner;
  std::condition_variable wake;
};

// The way into JavaScript's event loop from any thread. Node frees its own way when the environment ends, whoever may
// still want to use it; this one only closes.
class EventLoopDoor {
 public:
  // `answer` is called on JavaScript's thread with what `call` was given; without an environment when it has ended.
  static std::shared_ptr<EventLoopDoor> open(napi_env env, const char* name, void* context,
                                             napi_threadsafe_function_call_js answer);
  // On any thread; false when the door is closed.
  bool call(void* data);
  // On JavaScript's thread.
  void close();

 private:
  std::mutex mutex_;
  napi_threadsafe_function way_ = nullptr;
};

// The JavaScript functions that graphs refer to. Graph nodes die on any thread and inside the garbage collector, where
// no reference may be deleted: they leave their number, and JavaScript's thread deletes it later. Shared with every
// node, so that it outlives the environment.
class Callbacks : public std::enable_shared_from_this<Callbacks> {
 public:
  explicit Callbacks(napi_env env);

  // On JavaScript's thread.
  uint64_t add(napi_value function);
  void sweep();
  // Fails what waits for JavaScript, now and from now on: its thread ends.
  void refuse();
  void close();
  bool empty() const { return functions_.empty(); }
  napi_value function(uint64_t id);
  napi_env env() const { return env_; }

  // On any thread.
  void forget(uint64_t id);
  // Runs `work` on JavaScript's thread with the caller's thread-local state, and waits; at once when called there.
  void run(std::function<void()> work);

  // On JavaScript's thread: answers requests from before `start`, which begins the work, until `finished` says so.
  void serve(const std::function<void()>& start, const std::function<bool()>& finished);
  // The request that is being answered now, or null.
  JsRequest* answering() const { return answering_.empty() ? nullptr : answering_.back(); }
  std::mutex& mutex() { return mutex_; }
  std::condition_variable& wake() { return wake_; }
  // On any thread: which node's backward failed, and where in JavaScript it was made.
  struct Failure {
    std::string node;
    std::string stack;
  };
  void report_failure(std::string node, std::string stack);
  std::optional<Failure> take_failure();

  // Lets requests reach JavaScript while its thread is in the event loop (backwardAsync).
  void open_event_loop();
  void close_event_loop();

 private:
  void answer(JsRequest& request);
  static void answer_from_event_loop(napi_env env, napi_value, void* context, void*);

  napi_env env_;
  std::thread::id js_thread_;
  std::unordered_map<uint64_t, napi_ref> functions_;
  uint64_t next_ = 1;
  std::vector<JsRequest*> answering_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<JsRequest*> requests_;
  std::vector<uint64_t> forgotten_;
  std::optional<Failure> failure_;
  bool closed_ = false;
  int serving_ = 0;
  std::shared_ptr<EventLoopDoor> event_loop_;
  int event_loop_users_ = 0;
};

// A JavaScript function (or object) that a graph refers to, let go when the last owner dies, on whatever thread.
class HeldFunction {
 public:
  HeldFunction(Instance& instance, napi_value function);
  ~HeldFunction();
  HeldFunction(const HeldFunction&) = delete;
  HeldFunction& operator=(const HeldFunction&) = delete;

  uint64_t id() const { return id_; }
  // Runs `work` on JavaScript's thread, from any thread, and waits for it.
  void run(const std::function<void(napi_env, Instance&, napi_value function)>& work) const;

 private:
  const std::shared_ptr<Callbacks> callbacks_;
  Instance* const instance_;
  const uint64_t id_;
};

// A `checkpoint` whose forward is running.
struct RunningCheckpoint {
  std::shared_ptr<Checkpoint> part;
  std::unique_ptr<SavedTensorsGuard> guard;
};

// The helper thread of one environment, started on first use. Persistent, because each new thread would grow an OpenMP
// pool of its own.
class BackwardThread {
 public:
  ~BackwardThread();
  // Queues work; `done` is called on the helper thread after it, with what it threw.
  void post(std::function<void()> work, std::function<void(std::exception_ptr)> done);

 private:
  struct Job {
    std::function<void()> work;
    std::function<void(std::exception_ptr)> done;
  };
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stop_ = false;
  std::thread thread_;
};

void export_hooks(Instance& instance, napi_value exports);
void export_modes(Instance& instance, napi_value exports);
void export_custom_functions(Instance& instance, napi_value exports);
void export_checkpoints(Instance& instance, napi_value exports);
void export_anomalies(Instance& instance, napi_value exports);

}  // namespace tench
