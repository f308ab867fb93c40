#include "batch.h"

#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>

#include "image_error.h"
#include "memory_share.h"
#include "planes.h"
#include "program.h"
#include "source_file.h"

namespace tench::image {

namespace {

// What of a file is kept between the steps: enough for the small photographs that data sets are made of, and a few
// megabytes a batch.
constexpr size_t kKept = size_t{64} << 10;

bool has_decoder() { return std::strcmp(jpeg_library(), "none") != 0; }

// The words for an exception, whatever it is.
std::string reason_of(const std::exception& error) {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? "memory ran out" : error.what();
}

bool is_same(const JpegHeader& a, const JpegHeader& b) {
  return a.width == b.width && a.height == b.height && a.components == b.components && a.orientation == b.orientation;
}

}  // namespace

BatchTensor::BatchTensor(at::Tensor tensor) : tensor_(std::move(tensor)) {
  const bool fits = tensor_.defined() && tensor_.layout() == at::kStrided && tensor_.device().is_cpu() &&
                    tensor_.dim() == 4 && tensor_.is_contiguous() &&
                    (tensor_.scalar_type() == at::kByte || tensor_.scalar_type() == at::kFloat);
  if (!fits) throw std::invalid_argument("expected a contiguous CPU tensor of 4 axes, uint8 or float32, for `tensor`");
  is_float_ = tensor_.scalar_type() == at::kFloat;
  first_ = tensor_.mutable_data_ptr();
}

void BatchTensor::write(int64_t place, const Picture& picture) const {
  if (picture.channels != tensor_.size(1) || picture.height != tensor_.size(2) || picture.width != tensor_.size(3))
    throw std::runtime_error("its size is not the batch's");
  const size_t begin = static_cast<size_t>(place) * picture.size();
  if (is_float_)
    write_planes(picture, static_cast<float*>(first_) + begin);
  else
    write_planes(picture, static_cast<uint8_t*>(first_) + begin);
}

template <class ReadAll>
void BatchFile::recognise(std::span<const uint8_t> beginning, const ReadAll& read_all, const DecodeLimits& limits) {
  if (!has_decoder() || !is_jpeg(beginning)) {
    kind = Kind::other;
    return;
  }
  auto found = read_jpeg_header(beginning);
  if (!found && beginning.size() < size) found = read_jpeg_header(read_all());
  if (!found) {
    decode_jpeg(read_all(), limits);
    throw ImageError("its header is damaged");
  }
  check_jpeg(*found, size, limits);
  header = *found;
  kind = Kind::jpeg;
}

void BatchFile::inspect(const DecodeLimits& limits) noexcept {
  try {
    if (in_memory) {
      const std::span<const uint8_t> all(bytes.get(), size);
      recognise(all, [&] { return all; }, limits);
    } else {
      SourceFile file(path);
      size = file.size();
      const auto beginning = file.read(kKept);
      recognise(beginning, [&] { return file.read_all(); }, limits);
      if (kind == Kind::jpeg && file.size() <= kKept) bytes = file.take();
    }
  } catch (const std::exception& error) {
    reason = reason_of(error);
  }
  if (kind != Kind::jpeg) bytes = nullptr;
}

void BatchFile::paint(const DecodeLimits& limits, std::span<const double> program, const BatchTensor& target,
                      int64_t place, const std::atomic<bool>& abandoned) noexcept {
  try {
    const MemoryShare share(decoding_bytes(header) + (bytes == nullptr ? size : 0));
    if (bytes == nullptr) {
      SourceFile file(path);
      const auto now = file.read_all();
      const auto found = read_jpeg_header(now);
      if (!found || !is_same(*found, header)) throw ImageError("it was changed while it was being read");
      size = now.size();
      bytes = file.take();
    }
    Picture picture = decode_jpeg({bytes.get(), size}, limits, &abandoned);
    bytes = nullptr;
    target.write(place, run_program(std::move(picture), program));
  } catch (const std::exception& error) {
    reason = reason_of(error);
  }
  bytes = nullptr;
}

}  // namespace tench::image
