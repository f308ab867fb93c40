// Tensors on their way from one Node environment to another: the same storage, named by the number of a ticket.
#pragma once

namespace tench {

struct Instance;

// Withdraws the tickets of an environment that ends, but for those that were made to outlive it.
void withdraw_tickets(const Instance* sender);

}  // namespace tench
