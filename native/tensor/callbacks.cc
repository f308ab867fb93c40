// How work finds JavaScript's thread: requests, answers, and references that die elsewhere.
#include <ATen/ThreadLocalState.h>

#include "autograd.h"
#include "instance.h"

namespace tench {

struct CallbackError::Held {
  napi_env env;
  napi_ref reference;
};

CallbackError::CallbackError(napi_env env) : held_(std::make_shared<Held>(Held{env, nullptr})) {
  napi_value error = nullptr;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return;
  // Wrapped, because a thrown value may be no object and then could not be referenced.
  napi_value box = nullptr;
  if (napi_create_array_with_length(env, 1, &box) != napi_ok || napi_set_element(env, box, 0, error) != napi_ok) return;
  napi_create_reference(env, box, 1, &held_->reference);
}

void CallbackError::rethrow(Instance& instance) const {
  napi_env env = instance.env;
  napi_value box = nullptr, error = nullptr;
  if (held_->reference == nullptr || napi_get_reference_value(env, held_->reference, &box) != napi_ok ||
      box == nullptr || napi_get_element(env, box, 0, &error) != napi_ok) {
    napi_throw_error(env, "ERR_TENCH", what());
    return;
  }
  napi_delete_reference(env, held_->reference);
  held_->reference = nullptr;
  napi_throw(env, error);
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

void Callbacks::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (JsRequest* request : requests_) {
      request->error =
          std::make_exception_ptr(CodedError("ERR_TENCH", "the thread that owns a JavaScript hook has ended"));
      request->done = true;
      request->wake.notify_all();
    }
    requests_.clear();
  }
  for (const auto& [id, reference] : functions_) napi_delete_reference(env_, reference);
  functions_.clear();
}

napi_value Callbacks::function(uint64_t id) {
  const auto found = functions_.find(id);
  napi_value value = nullptr;
  if (found == functions_.end() || napi_get_reference_value(env_, found->second, &value) != napi_ok ||
      value == nullptr) {
    throw CodedError("ERR_TENCH", "a JavaScript hook is no longer there");
  }
  return value;
}

void Callbacks::forget(uint64_t id) {
  const std::lock_guard lock(mutex_);
  if (!closed_) forgotten_.push_back(id);
}

void Callbacks::run(std::function<void()> work) {
  if (std::this_thread::get_id() == js_thread_) {
    work();
    return;
  }
  JsRequest request;
  const at::ThreadLocalState state;
  request.work = [&] {
    const at::ThreadLocalStateGuard guard(state);
    work();
  };
  std::unique_lock lock(mutex_);
  if (closed_) throw CodedError("ERR_TENCH", "the thread that owns a JavaScript hook has ended");
  requests_.push_back(&request);
  if (serving_ > 0) {
    wake_.notify_all();
  } else if (event_loop_ != nullptr) {
    napi_call_threadsafe_function(event_loop_, nullptr, napi_tsfn_nonblocking);
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

void Callbacks::serve(const std::function<bool()>& finished) {
  std::unique_lock lock(mutex_);
  ++serving_;
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
  napi_value name = nullptr;
  check(env_, napi_create_string_utf8(env_, "tench backward", NAPI_AUTO_LENGTH, &name), "string");
  napi_threadsafe_function made = nullptr;
  check(env_,
        napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
                                        answer_from_event_loop, &made),
        "threadsafe function");
  const std::lock_guard lock(mutex_);
  event_loop_ = made;
}

void Callbacks::close_event_loop() {
  if (--event_loop_users_ > 0) return;
  napi_threadsafe_function closing = nullptr;
  {
    const std::lock_guard lock(mutex_);
    closing = event_loop_;
    event_loop_ = nullptr;
  }
  napi_release_threadsafe_function(closing, napi_tsfn_release);
}

}  // namespace tench
