#include "files.h"

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "desk.h"
#include "image_error.h"
#include "jpeg.h"
#include "memory_share.h"
#include "source_file.h"

namespace tench {

namespace {

using image::Picture;

bool has_decoder() { return std::strcmp(image::jpeg_library(), "none") != 0; }

// Nothing for what is no JPEG.
std::optional<Picture> decode_bytes(std::span<const uint8_t> bytes, const image::DecodeLimits& limits,
                                    const std::atomic<bool>& abandoned) {
  if (!has_decoder() || !image::is_jpeg(bytes)) return std::nullopt;
  const auto header = image::read_jpeg_header(bytes);
  if (header) image::check_jpeg(*header, bytes.size(), limits);
  const image::MemoryShare share(header ? image::decoding_bytes(*header) : 0);
  return image::decode_jpeg(bytes, limits, &abandoned);
}

std::optional<Picture> decode_file(const std::string& path, const image::DecodeLimits& limits,
                                   const std::atomic<bool>& abandoned) {
  constexpr size_t kBeginning = 16;
  image::SourceFile file(path);
  if (!has_decoder() || !image::is_jpeg(file.read(kBeginning))) return std::nullopt;
  return decode_bytes(file.read_all(), limits, abandoned);
}

class ReadImage final : public Errand {
 public:
  ReadImage(std::string path, image::DecodeLimits limits) : path_(std::move(path)), limits_(limits) {}
  ReadImage(std::vector<uint8_t> bytes, image::DecodeLimits limits) : bytes_(std::move(bytes)), limits_(limits) {}

  void run(size_t) noexcept override {
    try {
      picture_ = path_.empty() ? decode_bytes(bytes_, limits_, abandoned()) : decode_file(path_, limits_, abandoned());
    } catch (const std::bad_alloc&) {
      reason_ = "memory ran out";
    } catch (const std::exception& error) {
      reason_ = error.what();
    }
  }

  napi_value answer(Instance& instance) override {
    napi_env env = instance.env;
    if (!reason_.empty()) throw CodedError("ERR_TENCH_IMAGE", reason_);
    if (!picture_) return js::null(env);
    // Node ends the process where an ArrayBuffer finds no memory, so a large one is tried first.
    constexpr size_t kTryFrom = size_t{16} << 20;
    if (picture_->size() >= kTryFrom) std::make_unique_for_overwrite<uint8_t[]>(picture_->size());
    void* target = nullptr;
    napi_value buffer = nullptr;
    check(env, napi_create_arraybuffer(env, picture_->size(), &target, &buffer), "ArrayBuffer");
    std::memcpy(target, picture_->bytes.get(), picture_->size());
    napi_value result = js::array(env, 4);
    const int figures[] = {picture_->width, picture_->height, picture_->channels};
    for (uint32_t i = 0; i < 3; ++i) js::set_element(env, result, i, js::number(env, figures[i]));
    js::set_element(env, result, 3, buffer);
    return result;
  }

 private:
  const std::string path_;
  const std::vector<uint8_t> bytes_;
  const image::DecodeLimits limits_;
  std::optional<Picture> picture_;
  std::string reason_;
};

napi_value image_readers(Arguments& arguments) {
  napi_env env = arguments.env;
  napi_value result = js::array(env, 3);
  js::set_element(env, result, 0, js::string(env, image::jpeg_library()));
  js::set_element(env, result, 1, js::number(env, image::pool_threads()));
  js::set_element(env, result, 2, js::number(env, image::running_pool_threads()));
  return result;
}

napi_value read_image(Arguments& arguments) {
  napi_env env = arguments.env;
  const image::DecodeLimits limits = read_limits(arguments, 3);
  const image::Lane lane = read_lane(arguments, 1);
  std::shared_ptr<ReadImage> errand;
  if (js::type_of(env, arguments.values[0]) == napi_string)
    errand = std::make_shared<ReadImage>(js::to_string(env, arguments.values[0], "source"), limits);
  else
    errand = std::make_shared<ReadImage>(copied_bytes(arguments, 0, "source"), limits);
  return ImageDesk::of(arguments.instance).send(std::move(errand), 1, lane);
}

}  // namespace

std::span<const uint8_t> bytes_of(napi_env env, napi_value value, const char* what) {
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    throw BadArgument(std::string("expected a Uint8Array for `") + what + "` but received " + js::describe(env, value));
  }
  return {static_cast<const uint8_t*>(data), length};
}

std::vector<uint8_t> copied_bytes(Arguments& arguments, size_t index, const char* what) {
  const auto bytes = bytes_of(arguments.env, arguments.values[index], what);
  return {bytes.begin(), bytes.end()};
}

image::Lane read_lane(Arguments& arguments, size_t index) {
  napi_env env = arguments.env;
  const int64_t owner = js::to_int64(env, arguments.values[index], "lane");
  const int64_t threads = js::to_int64(env, arguments.values[index + 1], "threads");
  if (threads > kMostThreads) throw BadArgument("expected at most " + std::to_string(kMostThreads) + " threads");
  // Fewer than none stands for as many as there are.
  const int wanted = threads < 0 ? image::pool_threads() : static_cast<int>(threads);
  return ImageDesk::of(arguments.instance).lane(static_cast<uint64_t>(owner), wanted);
}

image::DecodeLimits read_limits(Arguments& arguments, size_t index) {
  napi_env env = arguments.env;
  const double most = js::to_double(env, arguments.values[index], "maxPixels");
  constexpr double kWithin = 9007199254740992.0;  // 2^53
  if (!(most >= 1)) throw BadArgument("expected at least 1 for `maxPixels`");
  return {most < kWithin ? static_cast<uint64_t>(most) : UINT64_MAX,
          js::to_bool(env, arguments.values[index + 1], "allowTruncated")};
}

void export_image_files(Instance& instance, napi_value exports) {
  export_function(instance, exports, "imageReaders", image_readers);
  export_function(instance, exports, "readImage", read_image);
}

}  // namespace tench
