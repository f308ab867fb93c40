#include "system_memory.h"

#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

namespace tench::memory {

namespace {

constexpr size_t kLeastReservation = size_t{1} << 30;

// The number in a control group's file; SIZE_MAX for "max", for a missing file and for the huge default of v1.
size_t limit_in(const char* path) {
  std::ifstream file(path);
  unsigned long long bytes = 0;
  return file >> bytes ? static_cast<size_t>(bytes) : SIZE_MAX;
}

}  // namespace

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

char* reserve_address_space(size_t* bytes) {
  for (; *bytes >= kLeastReservation; *bytes /= 2) {
    void* start = mmap(nullptr, *bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start != MAP_FAILED) {
      madvise(start, *bytes, MADV_HUGEPAGE);  // a wish: where it is refused, ordinary pages do
      return static_cast<char*>(start);
    }
  }
  return nullptr;
}

bool make_accessible(char* start, size_t bytes) { return mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0; }

void give_back(char* start, size_t bytes) { madvise(start, bytes, MADV_DONTNEED); }

void* map_table(size_t bytes) {
  void* table = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return table == MAP_FAILED ? nullptr : table;
}

size_t system_memory_limit() {
  struct sysinfo info = {};
  size_t machine = SIZE_MAX;
  if (sysinfo(&info) == 0) machine = (size_t{info.totalram} + info.totalswap) * info.mem_unit;
  return std::min(
      {machine, limit_in("/sys/fs/cgroup/memory.max"), limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

}  // namespace tench::memory
