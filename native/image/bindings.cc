#include "bindings.h"

#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "resample.h"

namespace tench {

namespace {

using image::Box;
using image::Filter;
using image::Window;

// One resize, read and checked. All sizes are at most kLongestSide, so that products fit 64 bits with room to spare.
struct Job {
  int width;
  int height;
  int channels;
  Box box;
  int target_width;
  int target_height;
  Window window;
  Filter filter;

  size_t stride() const { return static_cast<size_t>(width) * channels; }
  size_t target_stride() const { return static_cast<size_t>(window.width) * channels; }
  size_t target_bytes() const { return target_stride() * window.height; }

  void run(const uint8_t* source, uint8_t* target) const {
    image::resample_window(source, width, height, channels, stride(), box, target, target_width, target_height, window,
                           target_stride(), filter);
  }
};

[[noreturn]] void refuse(const std::string& argument, const std::string& expected, const std::string& received) {
  throw std::invalid_argument("expected " + expected + " for `" + argument + "` but received " + received);
}

// The most bytes that a result may have, and from which size on it is tried whether there is room.
constexpr size_t kMostBytes = (size_t{1} << 31) - 1;
constexpr size_t kTryFrom = size_t{16} << 20;

// Node ends the process where an ArrayBuffer finds no memory, so a large one is tried first.
Napi::Uint8Array make_result(Napi::Env env, size_t bytes) {
  if (bytes >= kTryFrom) std::make_unique_for_overwrite<uint8_t[]>(bytes);
  return Napi::Uint8Array::New(env, bytes);
}

double number_of(const Napi::Value& value, const std::string& argument) {
  if (!value.IsNumber()) refuse(argument, "a number", value.IsUndefined() ? "undefined" : "something else");
  return value.As<Napi::Number>().DoubleValue();
}

int whole_number(const Napi::Value& value, const std::string& argument, int least, int most) {
  const double number = number_of(value, argument);
  if (!(number >= least && number <= most) || number != std::floor(number)) {
    refuse(argument, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
           std::to_string(number));
  }
  return static_cast<int>(number);
}

Napi::Array four_numbers(const Napi::Value& value, const std::string& argument) {
  if (value.IsArray() && value.As<Napi::Array>().Length() == 4) return value.As<Napi::Array>();
  refuse(argument, "an array of four numbers", "something else");
}

Box read_box(const Napi::Value& value, int width, int height) {
  if (value.IsUndefined() || value.IsNull()) return {0, 0, static_cast<float>(width), static_cast<float>(height)};
  const Napi::Array sides = four_numbers(value, "box");
  const auto side = [&](uint32_t i) { return static_cast<float>(number_of(sides.Get(i), "box")); };
  return {side(0), side(1), side(2), side(3)};
}

Window read_window(const Napi::Value& value, int width, int height) {
  if (value.IsUndefined() || value.IsNull()) return {0, 0, width, height};
  const Napi::Array numbers = four_numbers(value, "window");
  const auto number = [&](uint32_t i) { return whole_number(numbers.Get(i), "window", 0, image::kLongestSide); };
  return {number(0), number(1), number(2), number(3)};
}

// Reading runs getters, which may do anything, detaching the array among it; so the array comes last.
Job read_job(const Napi::CallbackInfo& info) {
  Job job{};
  job.width = whole_number(info[1], "width", 1, image::kLongestSide);
  job.height = whole_number(info[2], "height", 1, image::kLongestSide);
  job.channels = whole_number(info[3], "channels", 1, 4);
  if (!info[4].IsObject()) refuse("options", "an object with width, height and filter", "something else");
  const auto options = info[4].As<Napi::Object>();
  job.target_width = whole_number(options.Get("width"), "options.width", 1, image::kLongestSide);
  job.target_height = whole_number(options.Get("height"), "options.height", 1, image::kLongestSide);
  const Napi::Value filter = options.Get("filter");
  if (!filter.IsString()) refuse("options.filter", "the name of a filter", "something else");
  job.filter = image::filter_named(filter.As<Napi::String>().Utf8Value());
  job.box = read_box(options.Get("box"), job.width, job.height);
  job.window = read_window(options.Get("window"), job.target_width, job.target_height);
  if (job.target_bytes() > kMostBytes) {
    refuse("options", "a result of less than 2 GiB", std::to_string(job.target_bytes()) + " bytes");
  }
  return job;
}

const uint8_t* read_pixels(const Napi::Value& value, const Job& job) {
  const size_t bytes = job.stride() * job.height;
  const std::string expected = "a Uint8Array of " + std::to_string(job.height) + " x " + std::to_string(job.width) +
                               " x " + std::to_string(job.channels) + " bytes";
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    refuse("data", expected, "something else");
  }
  const auto array = value.As<Napi::Uint8Array>();
  if (array.ByteLength() != bytes) refuse("data", expected, std::to_string(array.ByteLength()) + " bytes");
  return array.Data();
}

// The C++ exception being handled, as a JavaScript error.
Napi::Error current_error(Napi::Env env) {
  try {
    throw;
  } catch (const Napi::Error& error) {
    return error;
  } catch (const std::invalid_argument& error) {
    Napi::Error made = Napi::TypeError::New(env, error.what());
    made.Set("code", Napi::String::New(env, "ERR_TENCH_ARGUMENT"));
    return made;
  } catch (const std::exception& error) {
    return Napi::Error::New(env, std::string("resample: ") + error.what());
  }
}

Napi::Value resample_sync(const Napi::CallbackInfo& info) {
  try {
    const Job job = read_job(info);
    auto target = make_result(info.Env(), job.target_bytes());
    job.run(read_pixels(info[0], job), target.Data());
    return target;
  } catch (...) {
    throw current_error(info.Env());
  }
}

// Works on a copy of the pixels: JavaScript may hand their buffer to another thread meanwhile, and the copy costs a
// tenth of the resize at most.
class ResampleWorker final : public Napi::AsyncWorker {
 public:
  ResampleWorker(Napi::Env env, const Job& job, const uint8_t* pixels)
      : AsyncWorker(env, "tench:resample"),
        job_(job),
        source_(std::make_unique_for_overwrite<uint8_t[]>(job.stride() * job.height)),
        deferred_(Napi::Promise::Deferred::New(env)) {
    std::memcpy(source_.get(), pixels, job.stride() * job.height);
  }

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      target_ = std::make_unique_for_overwrite<uint8_t[]>(job_.target_bytes());
      job_.run(source_.get(), target_.get());
    } catch (...) {
      failure_ = std::current_exception();
    }
  }
  void OnOK() override {
    try {
      settle();
    } catch (...) {
      // The environment is being torn down: it runs no JavaScript any more, and nobody waits for the promise.
    }
  }

 private:
  void settle() {
    try {
      if (failure_) std::rethrow_exception(failure_);
      auto target = make_result(Env(), job_.target_bytes());
      std::memcpy(target.Data(), target_.get(), job_.target_bytes());
      deferred_.Resolve(target);
    } catch (...) {
      deferred_.Reject(current_error(Env()).Value());
    }
  }

  const Job job_;
  std::unique_ptr<uint8_t[]> source_;
  std::unique_ptr<uint8_t[]> target_;
  std::exception_ptr failure_;
  Napi::Promise::Deferred deferred_;
};

Napi::Value resample_async(const Napi::CallbackInfo& info) {
  try {
    const Job job = read_job(info);
    auto worker = std::make_unique<ResampleWorker>(info.Env(), job, read_pixels(info[0], job));
    const Napi::Promise promise = worker->promise();
    worker->Queue();
    worker.release();  // deletes itself when it is done
    return promise;
  } catch (...) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Reject(current_error(info.Env()).Value());
    return deferred.Promise();
  }
}

}  // namespace

void register_image(Napi::Env env, Napi::Object exports) {
  exports.Set("resample", Napi::Function::New<resample_async>(env, "resample"));
  exports.Set("resampleSync", Napi::Function::New<resample_sync>(env, "resampleSync"));
}

}  // namespace tench
