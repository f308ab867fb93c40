// Runs image programs: short lists of operations with everything random drawn already.
#pragma once

#include <span>

#include "picture.h"

namespace tench::image {

// A program is flat: for each operation its number, how many arguments it has, and the arguments. The numbers stand in
// program.cc and, in the same order, in lib/vision/program.ts, which also says what each operation means.
//
// The meaning is sequential. Only what gives the same bytes is run as one: a crop before a resize is not copied out,
// and a resize before a crop computes only what is kept.
//
// Keeps no state and may run on any number of threads. Throws std::invalid_argument that names the operation.
Picture run_program(Picture picture, std::span<const double> program);

}  // namespace tench::image
