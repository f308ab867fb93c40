#include "bindings.h"

#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "program.h"
#include "resample.h"

namespace tench {

namespace {

using image::Picture;

[[noreturn]] void refuse(const std::string& argument, const std::string& expected, const std::string& received) {
  throw std::invalid_argument("expected " + expected + " for `" + argument + "` but received " + received);
}

// From which size on it is tried whether there is room.
constexpr size_t kTryFrom = size_t{16} << 20;

// Node ends the process where an ArrayBuffer finds no memory, so a large one is tried first.
Napi::Uint8Array make_result(Napi::Env env, size_t bytes) {
  if (bytes >= kTryFrom) std::make_unique_for_overwrite<uint8_t[]>(bytes);
  return Napi::Uint8Array::New(env, bytes);
}

int whole_number(const Napi::Value& value, const std::string& argument, int least, int most) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!(number >= least && number <= most) || number != std::floor(number)) {
    refuse(argument, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
           value.IsNumber() ? std::to_string(number) : "something else");
  }
  return static_cast<int>(number);
}

// A copy of the pixels: JavaScript may hand their buffer to another thread meanwhile, and the copy costs a tenth of a
// resize at most.
Picture read_picture(const Napi::CallbackInfo& info) {
  const int width = whole_number(info[1], "width", 1, image::kLongestSide);
  const int height = whole_number(info[2], "height", 1, image::kLongestSide);
  const int channels = whole_number(info[3], "channels", 1, 4);
  const size_t bytes = static_cast<size_t>(width) * height * channels;
  const std::string expected = "a Uint8Array of " + std::to_string(height) + " x " + std::to_string(width) + " x " +
                               std::to_string(channels) + " bytes";
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    refuse("data", expected, "something else");
  }
  const auto array = info[0].As<Napi::Uint8Array>();
  if (array.ByteLength() != bytes) refuse("data", expected, std::to_string(array.ByteLength()) + " bytes");
  Picture picture = Picture::of_size(width, height, channels);
  std::memcpy(picture.bytes.get(), array.Data(), bytes);
  return picture;
}

std::vector<double> read_program(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    refuse("program", "a Float64Array", "something else");
  }
  const auto array = value.As<Napi::Float64Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
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
  } catch (const std::bad_alloc&) {
    return Napi::Error::New(env, "there is not enough memory for it");
  } catch (const std::exception& error) {
    return Napi::Error::New(env, error.what());
  }
}

class ProgramWorker final : public Napi::AsyncWorker {
 public:
  ProgramWorker(Napi::Env env, Picture picture, std::vector<double> program)
      : AsyncWorker(env, "tench:image"),
        picture_(std::move(picture)),
        program_(std::move(program)),
        deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      picture_ = image::run_program(std::move(picture_), program_);
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
      auto data = make_result(Env(), picture_.size());
      std::memcpy(data.Data(), picture_.bytes.get(), picture_.size());
      auto result = Napi::Object::New(Env());
      result.Set("data", data);
      result.Set("width", picture_.width);
      result.Set("height", picture_.height);
      result.Set("channels", picture_.channels);
      deferred_.Resolve(result);
    } catch (...) {
      deferred_.Reject(current_error(Env()).Value());
    }
  }

  Picture picture_;
  const std::vector<double> program_;
  std::exception_ptr failure_;
  Napi::Promise::Deferred deferred_;
};

Napi::Value run_program(const Napi::CallbackInfo& info) {
  try {
    auto worker = std::make_unique<ProgramWorker>(info.Env(), read_picture(info), read_program(info[4]));
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
  exports.Set("runProgram", Napi::Function::New<run_program>(env, "runProgram"));
}

}  // namespace tench
