// The tensors that one Node environment holds, each under a number of slot and generation, so that a stale number is an
// error and never another tensor.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/flat_hash_map.h>
#include <node_api.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace tench {

class HandleTable {
 public:
  explicit HandleTable(napi_env env) : env_(env) {}
  ~HandleTable();
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  // Holds a defined tensor and returns its handle, never 0.
  double insert(at::Tensor tensor);
  // A copy, because the garbage collector may release the slot during any call that allocates in JavaScript. Throws on
  // a stale handle.
  at::Tensor get(double handle) const;
  // Without the copy: only for as long as nothing runs that may allocate in JavaScript.
  const at::Tensor& peek(double handle) const;
  bool contains(double handle) const;
  // Lets go of the tensor; a stale handle is ignored. Returns the bytes that live on though no handle leads to them any
  // more: a graph keeps them for its backward.
  int64_t release(double handle);
  // The same for a tensor that the garbage collector has found dead, which is told what became free by that.
  void collect(double handle, node_api_basic_env env);
  // Lets a tensor weigh as much more as its graph keeps alive, until it is released or a backward lets go of the graph.
  void weigh(double handle, int64_t bytes);
  // After a backward that has let go of its graph. Which tensors hung on that one is not known, so all are taken for
  // light: what is left of another graph is only collected later.
  void forget_graphs();
  // Tells the garbage collector what has been added since the last call, so that it feels the weight of tensors. What
  // was disposed is kept back up to a bound: a loop that makes and disposes large tensors, as a training step does,
  // stays below a level that the collector knows, where telling it of every fall and rise would have it look for
  // garbage that is not there, several times a step.
  void report_external_memory(node_api_basic_env env);

  size_t size() const { return size_; }

 private:
  struct Slot {
    at::Tensor tensor;
    // Null for small storages, whose bytes are counted by handle.
    c10::StorageImpl* storage = nullptr;
    uint32_t small_bytes = 0;
    uint32_t generation = 1;
    uint32_t next_free = 0;
  };
  struct StorageUse {
    uint32_t handles = 0;
    int64_t bytes = 0;
  };

  static constexpr uint32_t kChunk = 4096;
  // Below this, knowing which handles share a storage costs more than the memory is worth.
  static constexpr int64_t kSmallBytes = 1024;
  static constexpr int64_t kWorthReporting = 1 << 16;
  static constexpr int64_t kMostKeptBack = 1 << 30;
  static constexpr int kSlotBits = 26;
  static constexpr uint32_t kMaxGeneration = (1u << 27) - 1;
  static constexpr uint32_t kNone = ~0u;

  static uint32_t index_of(double handle) {
    return static_cast<uint32_t>(static_cast<uint64_t>(handle) & ((1u << kSlotBits) - 1));
  }
  Slot& slot(uint32_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  Slot* find(double handle) const;
  void hold_storage(Slot& slot);
  // Both return what `release` does.
  int64_t drop_storage(Slot& slot);
  int64_t drop_graph(uint32_t index);
  void report(node_api_basic_env env, int64_t change);

  napi_env env_;
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  ska::flat_hash_map<c10::StorageImpl*, StorageUse> storages_;
  // By slot, what only the graph of its tensor keeps alive.
  ska::flat_hash_map<uint32_t, int64_t> graphs_;
  uint32_t first_free_ = kNone;
  size_t size_ = 0;
  int64_t unreported_ = 0;
  // Of what is not reported yet, what the collector has freed.
  int64_t collected_ = 0;
  int64_t reported_ = 0;
};

}  // namespace tench
