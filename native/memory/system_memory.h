// What the operating system does for the allocator: address space, pages, and the limits of the machine.
#pragma once

#include <cstddef>

namespace tench::memory {

// The size of a page in bytes.
size_t page_size();

// Reserves address space that costs no memory; tries half as much again and again where the system refuses,
// and writes what it got to *bytes. nullptr when even 1 GiB is refused.
char* reserve_address_space(size_t* bytes);

// Makes a reserved range usable. False when the system refuses.
bool make_accessible(char* start, size_t bytes);

// Gives the pages of a usable range back; the range stays usable and reads as zeros.
void give_back(char* start, size_t bytes);

// Zero-filled memory for the allocator's own tables, taken from the system as it is touched; nullptr if refused.
void* map_table(size_t bytes);

// The most memory this process could ever be given: RAM and swap, or its control group's limit.
size_t system_memory_limit();

}  // namespace tench::memory
