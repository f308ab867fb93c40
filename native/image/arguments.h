// The numbers of one operation of a program, read in turn and checked under the names that people know them by.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "filter.h"
#include "picture.h"

namespace tench::image {

// The most bytes that a picture may have.
inline constexpr size_t kMostBytes = (size_t{1} << 31) - 1;

// A colour, or one value for every channel.
struct Fill {
  int count = 0;
  std::array<uint8_t, 4> values{};

  uint8_t of(int channel) const { return values[count == 1 ? 0 : channel]; }
};

class Arguments {
 public:
  Arguments(std::string_view operation, std::span<const double> values) : operation_(operation), values_(values) {}

  // Every reader throws std::invalid_argument that names the operation and the argument.
  double number(std::string_view argument);
  double number_within(std::string_view argument, double least, double most);
  int whole(std::string_view argument, int least, int most);
  bool flag(std::string_view argument) { return whole(argument, 0, 1) == 1; }
  // By its place among filter_named()'s names.
  Filter filter(std::string_view argument);
  // A count and so many bytes: one, or one for each channel.
  Fill fill(int channels);
  // All numbers that are left.
  std::span<const double> rest();
  // Throws unless everything was read.
  void end() const;

  [[noreturn]] void refuse(std::string_view argument, const std::string& expected, const std::string& received) const;
  // A picture to be written; throws if it would be too large.
  Picture make_picture(int width, int height, int channels) const;

 private:
  std::string_view operation_;
  std::span<const double> values_;
  size_t next_ = 0;
};

}  // namespace tench::image
