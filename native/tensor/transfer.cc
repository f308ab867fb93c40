#include "transfer.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <mutex>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "instance.h"

namespace tench {

namespace {

struct Ticket {
  at::Tensor tensor;  // of its own: the sender may dispose, move or change the flags of the one it shared
  bool requires_grad = false;
  int64_t receivers = 1;
  const Instance* sender = nullptr;  // null when the ticket outlives it
};

// One for the process. Never destroyed: environments end in any order, the main thread's perhaps after static
// destructors. Tensors are always dropped outside the lock, as their end may take long.
class TicketOffice {
 public:
  uint64_t issue(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    tickets_.emplace(next_, std::move(ticket));
    return next_++;
  }

  // The ticket for one more receiver; without a tensor when there is no such ticket.
  Ticket redeem(uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(number);
    if (found == tickets_.end()) return {};
    if (--found->second.receivers > 0) return found->second;
    Ticket last = std::move(found->second);
    tickets_.erase(found);
    return last;
  }

  bool revoke(uint64_t number) {
    Ticket dropped;
    const std::lock_guard lock(mutex_);
    const auto found = tickets_.find(number);
    if (found == tickets_.end()) return false;
    dropped = std::move(found->second);
    tickets_.erase(found);
    return true;
  }

  void withdraw(const Instance* sender) {
    std::vector<Ticket> dropped;
    const std::lock_guard lock(mutex_);
    for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
      if (ticket->second.sender != sender) {
        ++ticket;
        continue;
      }
      dropped.push_back(std::move(ticket->second));
      ticket = tickets_.erase(ticket);
    }
  }

 private:
  std::mutex mutex_;
  std::unordered_map<uint64_t, Ticket> tickets_;
  // Starts anywhere, so that a ticket which was written down or sent to another process names nothing there.
  uint64_t next_ = (std::random_device{}() & 0xfffff) * (uint64_t{1} << 32) + 1;
};

TicketOffice& office() {
  static TicketOffice* const instance = new TicketOffice;
  return *instance;
}

// Another tensor on the same storage that knows neither the graph nor the hooks of the first, and counts in-place
// changes together with it.
at::Tensor alias_of(const at::Tensor& tensor) {
  at::Tensor alias(tensor.tensor_data());
  alias.unsafeGetTensorImpl()->set_allow_tensor_metadata_change(true);
  return alias;
}

// shareTensor(handle, receivers, outlives): the number of a ticket
napi_value share_tensor(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::Tensor tensor = arguments.tensor(0);
  if (tensor.layout() != at::kStrided || !tensor.has_storage())
    throw BadArgument("shareTensor: expected a dense tensor; call toDense() first");
  if (tensor.requires_grad() && !tensor.is_leaf()) {
    throw BadArgument(
        "shareTensor: expected a leaf but received the result of a recorded operation, whose graph cannot leave its "
        "thread; share detach() of it");
  }
  Ticket ticket;
  ticket.tensor = alias_of(tensor);
  ticket.requires_grad = tensor.requires_grad();
  ticket.receivers = js::to_int64(env, arguments.values[1], "receivers");
  ticket.sender = js::to_bool(env, arguments.values[2], "outlives") ? nullptr : &arguments.instance;
  // Growing it would move the data away under another thread's operator.
  tensor.storage().unsafeGetStorageImpl()->set_resizable(false);
  return js::number(env, static_cast<double>(office().issue(std::move(ticket))));
}

uint64_t ticket_number(const Arguments& arguments) {
  return static_cast<uint64_t>(js::to_int64(arguments.env, arguments.values[0], "ticket"));
}

// receiveTensor(ticket): a handle, or 0 when there is no such ticket
napi_value receive_tensor(Arguments& arguments) {
  const Ticket ticket = office().redeem(ticket_number(arguments));
  if (!ticket.tensor.defined()) return js::number(arguments.env, 0);
  at::Tensor tensor = alias_of(ticket.tensor);
  if (ticket.requires_grad) tensor.set_requires_grad(true);
  return js::number(arguments.env, arguments.instance.handles.insert(std::move(tensor)));
}

napi_value revoke_ticket(Arguments& arguments) {
  return js::boolean(arguments.env, office().revoke(ticket_number(arguments)));
}

// storage(handle): [a number that is the storage's own while it lives, its bytes, how many tensors hold it], or null
napi_value storage_of(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::Tensor tensor = arguments.tensor(0);
  if (!tensor.has_storage()) return js::null(env);
  const c10::Storage& storage = tensor.storage();
  const auto bytes = storage.sym_nbytes().maybe_as_int();
  napi_value result = js::array(env, 3);
  const double figures[] = {static_cast<double>(reinterpret_cast<uintptr_t>(storage.unsafeGetStorageImpl())),
                            storage.data() != nullptr ? static_cast<double>(bytes.value_or(0)) : 0,
                            static_cast<double>(storage.use_count())};
  for (uint32_t i = 0; i < 3; ++i) js::set_element(env, result, i, js::number(env, figures[i]));
  return result;
}

}  // namespace

void withdraw_tickets(const Instance* sender) { office().withdraw(sender); }

void export_transfer(Instance& instance, napi_value exports) {
  export_function(instance, exports, "shareTensor", share_tensor);
  export_function(instance, exports, "receiveTensor", receive_tensor);
  export_function(instance, exports, "revokeTicket", revoke_ticket);
  export_function(instance, exports, "storage", storage_of);
}

}  // namespace tench
