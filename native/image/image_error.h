// Why an image file cannot be had, in words that follow `cannot read the image PATH: `.
#pragma once

#include <stdexcept>
#include <string>

namespace tench::image {

struct ImageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Nobody waits for the picture any more.
struct Abandoned : std::exception {
  const char* what() const noexcept override { return "nobody waits for it any more"; }
};

}  // namespace tench::image
