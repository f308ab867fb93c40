#include "arguments.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

#include "resample.h"

namespace tench::image {

namespace {

std::string shown(double number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

}  // namespace

void Arguments::refuse(std::string_view argument, const std::string& expected, const std::string& received) const {
  throw std::invalid_argument(std::string(operation_) + ": expected " + expected + " for `" + std::string(argument) +
                              "` but received " + received);
}

double Arguments::number(std::string_view argument) {
  if (next_ == values_.size()) refuse(argument, "a number", "nothing");
  const double value = values_[next_++];
  if (!std::isfinite(value)) refuse(argument, "a finite number", shown(value));
  return value;
}

double Arguments::number_within(std::string_view argument, double least, double most) {
  const double value = number(argument);
  if (value < least || value > most) {
    refuse(argument, "a number from " + shown(least) + " to " + shown(most), shown(value));
  }
  return value;
}

int Arguments::whole(std::string_view argument, int least, int most) {
  const double value = number(argument);
  if (value < least || value > most || value != std::floor(value)) {
    refuse(argument, "a whole number from " + std::to_string(least) + " to " + std::to_string(most), shown(value));
  }
  return static_cast<int>(value);
}

Filter Arguments::filter(std::string_view argument) {
  return static_cast<Filter>(whole(argument, 0, static_cast<int>(Filter::lanczos)));
}

Fill Arguments::fill(int channels) {
  Fill fill;
  fill.count = whole("fill", 1, 4);
  if (fill.count != 1 && fill.count != channels) {
    refuse("fill", "one value or " + std::to_string(channels), std::to_string(fill.count));
  }
  for (int i = 0; i < fill.count; ++i) fill.values[i] = static_cast<uint8_t>(whole("fill", 0, 255));
  return fill;
}

std::span<const double> Arguments::rest() {
  const auto left = values_.subspan(next_);
  next_ = values_.size();
  return left;
}

void Arguments::end() const {
  if (next_ == values_.size()) return;
  throw std::invalid_argument(std::string(operation_) + ": expected " + std::to_string(next_) +
                              " arguments but received " + std::to_string(values_.size()));
}

Picture Arguments::make_picture(int width, int height, int channels) const {
  const double bytes = static_cast<double>(width) * height * channels;
  if (width < 1 || height < 1 || width > kLongestSide || height > kLongestSide ||
      bytes > static_cast<double>(kMostBytes)) {
    refuse("size", "sides of 1 to " + std::to_string(kLongestSide) + " pixels and less than 2 GiB",
           std::to_string(width) + "x" + std::to_string(height));
  }
  return Picture::of_size(width, height, channels);
}

}  // namespace tench::image
