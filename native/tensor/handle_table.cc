#include "handle_table.h"

#include <utility>

#include "js.h"

namespace tench {

HandleTable::~HandleTable() { report(env_, -reported_); }

double HandleTable::insert(at::Tensor tensor) {
  if (first_free_ == kNone) {
    const uint32_t base = static_cast<uint32_t>(chunks_.size()) * kChunk;
    if (base >= (1u << kSlotBits))
      throw CodedError("ERR_TENCH", "too many tensors are alive at once (2^26); release some");
    chunks_.push_back(std::make_unique<Slot[]>(kChunk));
    for (uint32_t i = kChunk; i-- > 0;) {
      slot(base + i).next_free = first_free_;
      first_free_ = base + i;
    }
  }
  const uint32_t index = first_free_;
  Slot& free = slot(index);
  first_free_ = free.next_free;
  free.tensor = std::move(tensor);
  hold_storage(free);
  ++size_;
  return static_cast<double>((static_cast<uint64_t>(free.generation) << kSlotBits) | index);
}

HandleTable::Slot* HandleTable::find(double handle) const {
  if (!(handle >= 1) || !js::is_whole(handle)) return nullptr;
  const uint64_t bits = static_cast<uint64_t>(handle);
  const uint32_t index = static_cast<uint32_t>(bits & ((1u << kSlotBits) - 1));
  if (index / kChunk >= chunks_.size()) return nullptr;
  Slot& found = slot(index);
  return found.tensor.defined() && found.generation == bits >> kSlotBits ? &found : nullptr;
}

at::Tensor HandleTable::get(double handle) const { return peek(handle); }

const at::Tensor& HandleTable::peek(double handle) const {
  const Slot* found = find(handle);
  if (found == nullptr) {
    throw CodedError("ERR_TENCH_DISPOSED",
                     "this tensor was disposed, by `dispose`, `using` or the end of a scope; return it from the scope "
                     "or keep a clone");
  }
  return found->tensor;
}

bool HandleTable::contains(double handle) const { return find(handle) != nullptr; }

int64_t HandleTable::release(double handle) {
  Slot* found = find(handle);
  if (found == nullptr) return 0;
  const uint32_t index = index_of(handle);
  const int64_t living = drop_storage(*found) + drop_graph(index);
  // Moved out first: a destructor may come back here through a hook's owner.
  at::Tensor dying = std::move(found->tensor);
  --size_;
  // A slot whose generations are used up is retired, so that no handle ever comes again.
  if (found->generation == kMaxGeneration) return living;
  ++found->generation;
  found->next_free = first_free_;
  first_free_ = index;
  return living;
}

void HandleTable::collect(double handle, node_api_basic_env env) {
  const int64_t before = unreported_;
  release(handle);
  collected_ += before - unreported_;
  // A fall only, whatever rises wait to be told: a rise can start the next collection, and V8 dies of that in this one.
  if (collected_ >= kWorthReporting) report(env, -std::exchange(collected_, 0));
}

void HandleTable::weigh(double handle, int64_t bytes) {
  if (bytes == 0 || find(handle) == nullptr) return;
  graphs_[index_of(handle)] += bytes;
  unreported_ += bytes;
}

void HandleTable::forget_graphs() {
  for (const auto& [index, bytes] : graphs_) unreported_ -= bytes;
  graphs_.clear();
}

void HandleTable::hold_storage(Slot& slot) {
  slot.storage = nullptr;
  slot.small_bytes = 0;
  c10::StorageImpl* storage = slot.tensor.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl();
  if (storage == nullptr) return;
  const int64_t bytes = storage->data() != nullptr ? static_cast<int64_t>(storage->nbytes()) : 0;
  if (bytes <= kSmallBytes) {
    slot.small_bytes = static_cast<uint32_t>(bytes);
    unreported_ += bytes;
    return;
  }
  StorageUse& use = storages_[storage];
  if (use.handles++ == 0) {
    use.bytes = bytes;
    unreported_ += bytes;
  }
  slot.storage = storage;
}

int64_t HandleTable::drop_storage(Slot& slot) {
  unreported_ -= slot.small_bytes;
  if (slot.storage == nullptr) return 0;
  const auto use = storages_.find(slot.storage);
  slot.storage = nullptr;
  if (use == storages_.end() || --use->second.handles > 0) return 0;
  const int64_t bytes = use->second.bytes;
  unreported_ -= bytes;
  storages_.erase(use);
  const c10::TensorImpl* tensor = slot.tensor.unsafeGetTensorImpl();
  const bool lives = slot.tensor.use_count() > 1 || tensor->unsafe_storage().use_count() > 1;
  return lives ? bytes : 0;
}

int64_t HandleTable::drop_graph(uint32_t index) {
  if (graphs_.empty()) return 0;
  const auto graph = graphs_.find(index);
  if (graph == graphs_.end()) return 0;
  const int64_t bytes = graph->second;
  unreported_ -= bytes;
  graphs_.erase(graph);
  return bytes;
}

void HandleTable::report_external_memory(node_api_basic_env env) {
  if (unreported_ < kWorthReporting && unreported_ > -kMostKeptBack) return;
  collected_ = 0;
  report(env, unreported_);
}

void HandleTable::report(node_api_basic_env env, int64_t change) {
  unreported_ -= change;
  reported_ += change;
  int64_t total = 0;
  napi_adjust_external_memory(env, change, &total);
}

}  // namespace tench
