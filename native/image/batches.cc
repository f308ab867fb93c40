#include "batches.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "batch.h"
#include "desk.h"
#include "files.h"
#include "program.h"

namespace tench {

namespace {

using image::BatchFile;
using image::BatchTensor;
using image::Picture;

struct Batch {
  std::vector<BatchFile> files;
  image::DecodeLimits limits;
};

class OpenBatch final : public Errand {
 public:
  explicit OpenBatch(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}

  void run(size_t piece) noexcept override { batch_->files[piece].inspect(batch_->limits); }

  napi_value answer(Instance& instance) override {
    constexpr size_t kFigures = 4;
    napi_env env = instance.env;
    void* data = nullptr;
    napi_value buffer = nullptr, result = nullptr;
    const size_t count = batch_->files.size() * kFigures;
    check(env, napi_create_arraybuffer(env, count * sizeof(double), &data, &buffer), "ArrayBuffer");
    auto* figures = static_cast<double*>(data);
    for (const BatchFile& file : batch_->files) {
      *figures++ = static_cast<double>(file.kind);
      *figures++ = file.header.upright_width();
      *figures++ = file.header.upright_height();
      *figures++ = file.header.components == 1 ? 1 : 3;
    }
    check(env, napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &result), "Float64Array");
    return result;
  }

 private:
  const std::shared_ptr<Batch> batch_;
};

class PaintBatch final : public Errand {
 public:
  struct Piece {
    size_t file;
    int64_t place;
    size_t begin;  // of its program
    size_t end;
  };

  PaintBatch(std::shared_ptr<Batch> batch, BatchTensor target, std::vector<Piece> pieces, std::vector<double> programs)
      : batch_(std::move(batch)),
        target_(std::move(target)),
        pieces_(std::move(pieces)),
        programs_(std::move(programs)) {}

  void run(size_t number) noexcept override {
    const Piece& piece = pieces_[number];
    const std::span<const double> program(programs_.data() + piece.begin, piece.end - piece.begin);
    batch_->files[piece.file].paint(batch_->limits, program, target_, piece.place, abandoned());
  }

  napi_value answer(Instance& instance) override { return js::undefined(instance.env); }

 private:
  const std::shared_ptr<Batch> batch_;
  const BatchTensor target_;
  const std::vector<Piece> pieces_;
  const std::vector<double> programs_;
};

class PaintPixels final : public Errand {
 public:
  PaintPixels(Picture picture, BatchTensor target, int64_t place, std::vector<double> program)
      : picture_(std::move(picture)), target_(std::move(target)), place_(place), program_(std::move(program)) {}

  void run(size_t) noexcept override {
    try {
      target_.write(place_, image::run_program(std::move(picture_), program_));
    } catch (const std::bad_alloc&) {
      reason_ = "memory ran out";
    } catch (const std::exception& error) {
      reason_ = error.what();
    }
  }

  napi_value answer(Instance& instance) override {
    if (!reason_.empty()) throw CodedError("ERR_TENCH_IMAGE", reason_);
    return js::undefined(instance.env);
  }

 private:
  Picture picture_;
  const BatchTensor target_;
  const int64_t place_;
  const std::vector<double> program_;
  std::string reason_;
};

// The batches of an environment that are open, with what is under way for each.
struct OpenedBatch {
  std::shared_ptr<Batch> batch;
  std::vector<std::weak_ptr<Errand>> errands;
};

OpenedBatch& batch_at(Arguments& arguments) {
  auto& batches = ImageDesk::of(arguments.instance).batches;
  const auto found = batches.find(js::to_int64(arguments.env, arguments.values[0], "batch"));
  if (found == batches.end()) throw CodedError("ERR_TENCH_IMAGE", "this batch is not open");
  return *std::static_pointer_cast<OpenedBatch>(found->second);
}

BatchTensor target_at(Arguments& arguments, size_t index) {
  try {
    return BatchTensor(arguments.tensor(index));
  } catch (const std::invalid_argument& error) {
    throw BadArgument(error.what());
  }
}

int64_t number_within(double value, size_t count, const char* what) {
  if (value >= 0 && value < static_cast<double>(count) && value == std::floor(value))
    return static_cast<int64_t>(value);
  throw BadArgument(std::string("expected whole numbers from 0 to ") + std::to_string(count) + " for `" + what + "`");
}

// Paths, or the bytes of files: copies, since JavaScript may hand a buffer to another thread meanwhile.
std::vector<BatchFile> files_at(Arguments& arguments, size_t index) {
  napi_env env = arguments.env;
  uint32_t count = 0;
  if (napi_get_array_length(env, arguments.values[index], &count) != napi_ok)
    throw BadArgument("expected an array of paths and bytes for `sources`");
  std::vector<BatchFile> files(count);
  for (uint32_t i = 0; i < count; ++i) {
    napi_value source = nullptr;
    check(env, napi_get_element(env, arguments.values[index], i, &source), "element");
    if (js::type_of(env, source) == napi_string) {
      files[i].path = js::to_string(env, source, "sources");
      continue;
    }
    const std::span<const uint8_t> bytes = bytes_of(env, source, "sources");
    files[i].in_memory = true;
    files[i].size = bytes.size();
    files[i].bytes = std::make_unique_for_overwrite<uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), files[i].bytes.get());
  }
  return files;
}

napi_value new_lane(Arguments& arguments) {
  return js::number(arguments.env, static_cast<double>(ImageDesk::of(arguments.instance).next_lane++));
}

napi_value open_batch(Arguments& arguments) {
  napi_env env = arguments.env;
  auto batch = std::make_shared<Batch>();
  batch->limits = read_limits(arguments, 3);
  batch->files = files_at(arguments, 0);
  const image::Lane lane = read_lane(arguments, 1);
  ImageDesk& desk = ImageDesk::of(arguments.instance);
  auto errand = std::make_shared<OpenBatch>(batch);
  auto opened = std::make_shared<OpenedBatch>(OpenedBatch{batch, {errand}});
  const int64_t number = desk.next_batch++;
  desk.batches.emplace(number, std::move(opened));
  napi_value result = js::array(env, 2);
  js::set_element(env, result, 0, js::number(env, static_cast<double>(number)));
  js::set_element(env, result, 1, desk.send(std::move(errand), batch->files.size(), lane));
  return result;
}

napi_value paint_batch(Arguments& arguments) {
  napi_env env = arguments.env;
  OpenedBatch& opened = batch_at(arguments);
  BatchTensor target = target_at(arguments, 1);
  const std::vector<double> files = js::to_doubles(env, arguments.values[2], "files");
  const std::vector<double> places = js::to_doubles(env, arguments.values[3], "places");
  const std::vector<double> ends = js::to_doubles(env, arguments.values[4], "ends");
  std::vector<double> programs = js::to_doubles(env, arguments.values[5], "program");
  if (places.size() != files.size() || ends.size() != files.size())
    throw BadArgument("expected as many places and ends as files");
  std::vector<PaintBatch::Piece> pieces;
  size_t begin = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const auto end = static_cast<size_t>(number_within(ends[i], programs.size() + 1, "ends"));
    const auto file = static_cast<size_t>(number_within(files[i], opened.batch->files.size(), "files"));
    if (end < begin || opened.batch->files[file].kind != BatchFile::Kind::jpeg)
      throw BadArgument("expected JPEG files, and programs in their order");
    pieces.push_back({file, number_within(places[i], static_cast<size_t>(target.pictures()), "places"), begin, end});
    begin = end;
  }
  const size_t count = pieces.size();
  auto errand = std::make_shared<PaintBatch>(opened.batch, std::move(target), std::move(pieces), std::move(programs));
  opened.errands.push_back(errand);
  return ImageDesk::of(arguments.instance).send(std::move(errand), count, read_lane(arguments, 6));
}

napi_value batch_reasons(Arguments& arguments) {
  napi_env env = arguments.env;
  const std::vector<BatchFile>& files = batch_at(arguments).batch->files;
  napi_value result = js::array(env, files.size());
  for (uint32_t i = 0; i < files.size(); ++i) {
    const std::string& reason = files[i].reason;
    js::set_element(env, result, i, reason.empty() ? js::null(env) : js::string(env, reason));
  }
  return result;
}

napi_value close_batch(Arguments& arguments) {
  for (const auto& errand : batch_at(arguments).errands) {
    if (const auto running = errand.lock()) running->abandon();
  }
  ImageDesk::of(arguments.instance).batches.erase(js::to_int64(arguments.env, arguments.values[0], "batch"));
  return nullptr;
}

// Frees the memory of pixels that are all of their buffer: the collector, to which it is a small object, would take its
// time.
void let_go(napi_env env, napi_value pixels) {
  napi_value buffer = nullptr;
  size_t length = 0, offset = 0, whole = 0;
  check(env, napi_get_typedarray_info(env, pixels, nullptr, &length, nullptr, &buffer, &offset), "data");
  check(env, napi_get_arraybuffer_info(env, buffer, nullptr, &whole), "data");
  if (offset == 0 && length == whole) napi_detach_arraybuffer(env, buffer);
}

// Takes the pixels over: they are gone from JavaScript afterwards.
napi_value paint_pixels(Arguments& arguments) {
  napi_env env = arguments.env;
  BatchTensor target = target_at(arguments, 0);
  const int64_t place =
      number_within(js::to_double(env, arguments.values[1], "place"), static_cast<size_t>(target.pictures()), "place");
  const std::span<const uint8_t> data = bytes_of(env, arguments.values[2], "data");
  constexpr size_t kLongest = size_t{1} << 20, kChannels = 5;
  const auto figure = [&](size_t index, size_t below, const char* what) {
    return static_cast<int>(number_within(js::to_double(env, arguments.values[index], what), below, what));
  };
  Picture picture =
      Picture::of_size(figure(3, kLongest, "width"), figure(4, kLongest, "height"), figure(5, kChannels, "channels"));
  if (picture.size() != data.size() || data.empty())
    throw BadArgument("expected height x width x channels bytes for `data`");
  std::vector<double> program = js::to_doubles(env, arguments.values[6], "program");
  std::copy(data.begin(), data.end(), picture.bytes.get());
  let_go(env, arguments.values[2]);
  auto errand = std::make_shared<PaintPixels>(std::move(picture), std::move(target), place, std::move(program));
  return ImageDesk::of(arguments.instance).send(std::move(errand), 1, read_lane(arguments, 7));
}

}  // namespace

void export_image_batches(Instance& instance, napi_value exports) {
  export_function(instance, exports, "newLane", new_lane);
  export_function(instance, exports, "openBatch", open_batch);
  export_function(instance, exports, "paintBatch", paint_batch);
  export_function(instance, exports, "batchReasons", batch_reasons);
  export_function(instance, exports, "closeBatch", close_batch);
  export_function(instance, exports, "paintPixels", paint_pixels);
}

}  // namespace tench
