// How work finds JavaScript's thread: requests, answers, and references that die elsewhere.
#include <ATen/ThreadLocalState.h>

#include <utility>

#include "autograd.h"
#include "instance.h"

namespace tench {

namespace {
constexpr const char* kThreadEnded = "the thread that owns a JavaScript function in the graph has ended";
}  // namespace

CallbackError::CallbackError(Instance& instance) {
  napi_env env = instance.env;
  napi_value error = nullptr, box = nullptr;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return;
  if (napi_create_array_with_length(env, 1, &box) != napi_ok || napi_set_element(env, box, 0, error) != napi_ok) return;
  box_ = std::make_shared<HeldFunction>(instance, box);
}

void CallbackError::rethrow(Instance& instance) const {
  napi_env env = instance.env;
  napi_value error = nullptr;
  if (box_ == nullptr || napi_get_element(env, instance.callbacks->function(box_->id()), 0, &error) != napi_ok) {
    napi_throw_error(env, "ERR_TENCH", what());
    return;
  }
  napi_throw(env, error);
}

HeldFunction::HeldFunction(Instance& instance, napi_value function)
    : callbacks_(instance.callbacks), instance_(&instance), id_(callbacks_->add(function)) {}

HeldFunction::~HeldFunction() { callbacks_->forget(id_); }

void HeldFunction::run(const std::function<void(napi_env, Instance&, napi_value)>& work) const {
  callbacks_->run([&] { work(callbacks_->env(), *instance_, callbacks_->function(id_)); });
}

Callbacks::Callbacks(napi_env env) : env_(env), js_thread_(std::this_thread::get_id()) {}

uint64_t Callbacks::add(napi_value function) {
  sweep();
  napi_ref reference = nullptr;
  check(env_, napi_create_reference(env_, function, 1, &reference), "reference");
  functions_.emplace(next_, reference);
  return next_++;
}

void Callbacks::sweep() {
  std::vector<uint64_t> forgotten;
  {
    const std::lock_guard lock(mutex_);
    forgotten.swap(forgotten_);
  }
  for (const uint64_t id : forgotten) {
    const auto found = functions_.find(id);
    if (found == functions_.end()) continue;
    napi_delete_reference(env_, found->second);
    functions_.erase(found);
  }
}

void Callbacks::refuse() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (JsRequest* request : requests_) {
    request->error = std::make_exception_ptr(CodedError("ERR_TENCH", kThreadEnded));
    request->done = true;
    request->wake.notify_all();
  }
  requests_.clear();
}

void Callbacks::close() {
  for (const auto& [id, reference] : functions_) napi_delete_reference(env_, reference);
  functions_.clear();
}

napi_value Callbacks::function(uint64_t id) {
  const auto found = functions_.find(id);
  napi_value value = nullptr;
  if (found == functions_.end() || napi_get_reference_value(env_, found->second, &value) != napi_ok ||
      value == nullptr) {
    throw CodedError("ERR_TENCH", "a JavaScript function in the graph is no longer there");
  }
  return value;
}

void Callbacks::forget(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (!closed_) forgotten_.push_back(id);
}

void Callbacks::report_failure(std::string node, std::string stack) {
  const std::lock_guard lock(mutex_);
  failure_ = Failure{std::move(node), std::move(stack)};
}

std::optional<Callbacks::Failure> Callbacks::take_failure() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failure_, std::nullopt);
}

void Callbacks::run(std::function<void()> work) {
  std::unique_lock lock(mutex_);
  if (closed_) throw CodedError("ERR_TENCH", kThreadEnded);
  if (std::this_thread::get_id() == js_thread_) {
    lock.unlock();
    work();
    return;
  }
  // Nobody would answer: waiting could last for ever.
  if (serving_ == 0 && event_loop_ == nullptr) {
    throw CodedError("ERR_TENCH", "the graph holds a JavaScript function of a thread that is not in a backward");
  }
  JsRequest request;
  const at::ThreadLocalState state;
  request.work = [&] {
    const at::ThreadLocalStateGuard guard(state);
    work();
  };
  requests_.push_back(&request);
  if (serving_ > 0) {
    wake_.notify_all();
  } else if (!event_loop_->call(nullptr)) {
    requests_.pop_back();
    throw CodedError("ERR_TENCH", kThreadEnded);
  }
  while (!request.done) {
    request.wake.wait(lock, [&] { return request.done || !request.inner.empty(); });
    while (!request.inner.empty()) {
      const std::function<void()> inner = std::move(request.inner.front());
      request.inner.pop_front();
      lock.unlock();
      inner();
      lock.lock();
    }
  }
  if (request.error) std::rethrow_exception(request.error);
}

void Callbacks::answer(JsRequest& request) {
  answering_.push_back(&request);
  napi_handle_scope scope = nullptr;
  napi_open_handle_scope(env_, &scope);
  std::exception_ptr error;
  try {
    request.work();
  } catch (...) {
    error = std::current_exception();
  }
  napi_close_handle_scope(env_, scope);
  answering_.pop_back();
  const std::lock_guard lock(mutex_);
  request.error = error;
  request.done = true;
  request.wake.notify_all();
}

void Callbacks::serve(const std::function<void()>& start, const std::function<bool()>& finished) {
  std::unique_lock lock(mutex_);
  ++serving_;
  lock.unlock();
  start();
  lock.lock();
  while (!finished()) {
    if (requests_.empty()) {
      wake_.wait(lock);
      continue;
    }
    JsRequest* request = requests_.front();
    requests_.pop_front();
    lock.unlock();
    answer(*request);
    lock.lock();
  }
  --serving_;
}

void Callbacks::answer_from_event_loop(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  Callbacks& self = *static_cast<Callbacks*>(context);
  std::unique_lock lock(self.mutex_);
  while (!self.requests_.empty()) {
    JsRequest* request = self.requests_.front();
    self.requests_.pop_front();
    lock.unlock();
    self.answer(*request);
    lock.lock();
  }
}

void Callbacks::open_event_loop() {
  if (event_loop_users_++ > 0) return;
  auto door = EventLoopDoor::open(env_, "tench backward", this, answer_from_event_loop);
  const std::lock_guard lock(mutex_);
  event_loop_ = std::move(door);
}

void Callbacks::close_event_loop() {
  if (--event_loop_users_ > 0) return;
  std::shared_ptr<EventLoopDoor> closing;
  {
    const std::lock_guard lock(mutex_);
    closing.swap(event_loop_);
  }
  if (closing != nullptr) closing->close();
}

std::shared_ptr<EventLoopDoor> EventLoopDoor::open(napi_env env, const char* name, void* context,
                                                   napi_threadsafe_function_call_js answer) {
  auto door = std::make_shared<EventLoopDoor>();
  auto held = std::make_unique<std::shared_ptr<EventLoopDoor>>(door);
  const auto shut = [](napi_env, void* data, void*) {
    const std::unique_ptr<std::shared_ptr<EventLoopDoor>> ours(static_cast<std::shared_ptr<EventLoopDoor>*>(data));
    const std::lock_guard lock((*ours)->mutex_);
    (*ours)->way_ = nullptr;
  };
  napi_value text = nullptr;
  check(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &text), "string");
  check(env,
        napi_create_threadsafe_function(env, nullptr, nullptr, text, 0, 1, held.get(), shut, context, answer,
                                        &door->way_),
        "threadsafe function");
  held.release();
  return door;
}

bool EventLoopDoor::call(void* data) {
  const std::lock_guard lock(mutex_);
  if (way_ == nullptr) return false;
  const napi_status status = napi_call_threadsafe_function(way_, data, napi_tsfn_nonblocking);
  // Closing: that call gave our share back, and the way may be gone at any moment.
  if (status == napi_closing) way_ = nullptr;
  return status == napi_ok;
}

void EventLoopDoor::close() {
  const std::lock_guard lock(mutex_);
  if (way_ != nullptr) napi_release_threadsafe_function(std::exchange(way_, nullptr), napi_tsfn_release);
}

}  // namespace tench
