#include "source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "image_error.h"

namespace tench::image {

namespace {

// A picture may have a film behind it, but none is larger than this.
constexpr size_t kMostBytes = size_t{1} << 30;

[[noreturn]] void refuse(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      throw ImageError("there is no such file");
    case EACCES:
      throw ImageError("permission denied");
    case EISDIR:
      throw ImageError("it is a folder");
    default:
      throw ImageError(std::strerror(error));
  }
}

}  // namespace

SourceFile::SourceFile(const std::string& path) {
  if (path.find('\0') != std::string::npos) throw ImageError("there is no such file");
  // A pipe that nobody writes to would keep a thread waiting for ever.
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor_ < 0) refuse(errno);
  struct stat status{};
  if (fstat(descriptor_, &status) != 0) {
    const int error = errno;
    close(descriptor_);
    refuse(error);
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor_);
    throw ImageError(S_ISDIR(status.st_mode) ? "it is a folder" : "it is no regular file");
  }
  size_ = std::min(kMostBytes, static_cast<size_t>(status.st_size));
}

SourceFile::~SourceFile() { close(descriptor_); }

std::span<const uint8_t> SourceFile::read(size_t bytes) {
  bytes = std::min(bytes, size_);
  if (bytes > room_) {
    auto larger = std::make_unique_for_overwrite<uint8_t[]>(bytes);
    if (filled_ > 0) std::memcpy(larger.get(), bytes_.get(), filled_);
    bytes_ = std::move(larger);
    room_ = bytes;
  }
  while (filled_ < bytes) {
    const ssize_t count = ::read(descriptor_, bytes_.get() + filled_, bytes - filled_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(errno);
    if (count == 0) size_ = bytes = filled_;  // it has become shorter
    filled_ += static_cast<size_t>(count);
  }
  return {bytes_.get(), std::min(bytes, filled_)};
}

}  // namespace tench::image
