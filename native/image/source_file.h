// The bytes of an image file, whole or only its beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace tench::image {

class SourceFile {
 public:
  // Opens a regular file. Throws an ImageError: missing, not permitted, a folder, ...
  explicit SourceFile(const std::string& path);
  ~SourceFile();
  SourceFile(const SourceFile&) = delete;
  SourceFile& operator=(const SourceFile&) = delete;

  size_t size() const { return size_; }
  // Reads up to `bytes` from the beginning on; fewer only where the file has fewer. What was read before is not read
  // again. Throws an ImageError.
  std::span<const uint8_t> read(size_t bytes);
  std::span<const uint8_t> read_all() { return read(size_); }
  // What was read, for whoever keeps it beyond the open file.
  std::unique_ptr<uint8_t[]> take() { return std::move(bytes_); }

 private:
  int descriptor_ = -1;
  size_t size_ = 0;
  std::unique_ptr<uint8_t[]> bytes_;
  size_t room_ = 0;
  size_t filled_ = 0;
};

}  // namespace tench::image
