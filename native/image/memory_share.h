// A bound on the memory that pictures take while they are decoded, over all threads of the process.
#pragma once

#include <cstddef>

namespace tench::image {

// Waits until so many bytes may be taken, first come, first served, and gives them back at its end. What is larger than
// the whole bound waits until it is alone. A thread may hold only one.
class MemoryShare {
 public:
  explicit MemoryShare(size_t bytes);
  ~MemoryShare();
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;

 private:
  size_t bytes_;
};

}  // namespace tench::image
