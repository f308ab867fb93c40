#include "desk.h"

#include <atomic>
#include <utility>

namespace tench {

namespace {

uint64_t next_desk() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

// The JavaScript error of the C++ exception being handled; null where JavaScript can run no more.
napi_value take_error(Instance& instance) {
  throw_to_js(instance);
  napi_value error = nullptr;
  return napi_get_and_clear_last_exception(instance.env, &error) == napi_ok ? error : nullptr;
}

}  // namespace

void Errand::done() noexcept {
  if (tray_ == nullptr) return;  // it was run on JavaScript's own thread
  const std::lock_guard lock(tray_->mutex);
  tray_->finished.push_back(number_);
  if (tray_->door != nullptr && tray_->finished.size() == 1) tray_->door->call(nullptr);
}

ImageDesk::ImageDesk(Instance& instance)
    : instance_(instance), number_(next_desk()), tray_(std::make_shared<Errand::Tray>()) {}

ImageDesk::~ImageDesk() {
  for (const auto& [number, waiting] : waiting_) waiting.errand->abandon();
  const std::lock_guard lock(tray_->mutex);
  tray_->door = nullptr;
}

ImageDesk& ImageDesk::of(Instance& instance) {
  if (instance.images == nullptr) instance.images = std::make_shared<ImageDesk>(instance);
  return *instance.images;
}

image::Lane ImageDesk::lane(uint64_t owner, int threads) const { return {(number_ << 32) ^ owner, threads}; }

napi_value ImageDesk::send(std::shared_ptr<Errand> errand, size_t pieces, image::Lane lane) {
  napi_env env = instance_.env;
  const uint64_t number = next_++;
  napi_value promise = nullptr;
  Waiting waiting{errand, nullptr};
  check(env, napi_create_promise(env, &waiting.promise, &promise), "promise");
  const bool at_once = lane.threads == 0 || pieces == 0;
  if (!at_once && waiting_.empty()) {
    // Open only while something is under way, so that it keeps the process from ending no longer than that.
    auto door = EventLoopDoor::open(env, "tench images", this, settle_finished);
    const std::lock_guard lock(tray_->mutex);
    tray_->door = std::move(door);
  }
  waiting_.emplace(number, std::move(waiting));
  if (!at_once) {
    errand->tray_ = tray_;
    errand->number_ = number;
  }
  try {
    if (pieces > 0) image::submit(std::move(errand), pieces, lane);
  } catch (...) {
    waiting_.erase(number);
    throw;
  }
  if (at_once) settle(number);
  return promise;
}

void ImageDesk::settle(uint64_t number) {
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  const Waiting done = std::move(found->second);
  waiting_.erase(found);
  napi_env env = instance_.env;
  napi_value value = nullptr;
  try {
    value = done.errand->answer(instance_);
  } catch (...) {
    if (napi_value error = take_error(instance_); error != nullptr) napi_reject_deferred(env, done.promise, error);
    return;
  }
  napi_resolve_deferred(env, done.promise, value);
}

void ImageDesk::settle_finished(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  ImageDesk& desk = *static_cast<ImageDesk*>(context);
  std::vector<uint64_t> finished;
  {
    const std::lock_guard lock(desk.tray_->mutex);
    finished.swap(desk.tray_->finished);
  }
  napi_handle_scope scope = nullptr;
  napi_open_handle_scope(env, &scope);
  for (const uint64_t number : finished) desk.settle(number);
  desk.instance_.handles.report_external_memory(env);
  napi_close_handle_scope(env, scope);
  if (!desk.waiting_.empty()) return;
  std::shared_ptr<EventLoopDoor> closing;
  {
    const std::lock_guard lock(desk.tray_->mutex);
    closing.swap(desk.tray_->door);
  }
  if (closing != nullptr) closing->close();
}

}  // namespace tench
