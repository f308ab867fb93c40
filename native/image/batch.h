// A batch of image files on its way into one tensor, in two steps: what the files are, so that a program can be made
// for each; then pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jpeg.h"
#include "picture.h"

namespace tench::image {

// Where the pictures of a batch go: [pictures, channels, height, width], contiguous, on the CPU; of bytes, or of
// float32 from 0 to 1.
class BatchTensor {
 public:
  // Throws std::invalid_argument for any other tensor.
  explicit BatchTensor(at::Tensor tensor);

  int64_t pictures() const { return tensor_.size(0); }
  // Writes a picture, which must have the batch's size. Places may be written side by side. Throws std::runtime_error.
  void write(int64_t place, const Picture& picture) const;

 private:
  at::Tensor tensor_;
  bool is_float_ = false;
  void* first_ = nullptr;
};

// One file of a batch, or one in memory.
struct BatchFile {
  enum class Kind { unreadable, jpeg, other };

  std::string path;
  bool in_memory = false;  // `bytes` are all there is, and are kept until it is painted
  Kind kind = Kind::unreadable;
  std::string reason;  // why it is unreadable
  JpegHeader header;
  std::unique_ptr<uint8_t[]> bytes;  // kept from the first step to the second where it is small
  size_t size = 0;

  // The first step: opens the file and finds out what it is.
  void inspect(const DecodeLimits& limits) noexcept;
  // The second, for a JPEG: decodes it, runs the program, and writes the result. Sets `reason` where that fails.
  void paint(const DecodeLimits& limits, std::span<const double> program, const BatchTensor& target, int64_t place,
             const std::atomic<bool>& abandoned) noexcept;

 private:
  // Finds out what bytes are; `read_all` gives all of them where the beginning is not enough.
  template <class ReadAll>
  void recognise(std::span<const uint8_t> beginning, const ReadAll& read_all, const DecodeLimits& limits);
};

}  // namespace tench::image
