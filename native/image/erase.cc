// Covers a rectangle with a colour, or with noise that a key fixes.
#include <string>

#include "operations.h"
#include "philox.h"

namespace tench::image {

namespace {

// Uniform bytes, sixteen from each block of random words.
class Noise {
 public:
  explicit Noise(std::array<uint32_t, 2> key) : key_(key) {}

  uint8_t next() {
    const uint32_t place = place_++ % 16;
    if (place == 0) words_ = philox({block_++, 0, 0, 0}, key_);
    return static_cast<uint8_t>(words_[place / 4] >> (place % 4 * 8));
  }

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> words_{};
  uint32_t block_ = 0;
  uint32_t place_ = 0;
};

uint32_t read_word(Arguments& arguments) {
  const double value = arguments.number_within("noise", 0, 4294967295.0);
  return static_cast<uint32_t>(value);
}

}  // namespace

Picture erase(Picture picture, Arguments& arguments) {
  const int left = arguments.whole("left", 0, picture.width - 1);
  const int top = arguments.whole("top", 0, picture.height - 1);
  const int width = arguments.whole("width", 1, picture.width - left);
  const int height = arguments.whole("height", 1, picture.height - top);
  const bool is_noise = arguments.flag("noise");
  const Fill fill = is_noise ? Fill{} : arguments.fill(picture.channels);
  const uint32_t low = is_noise ? read_word(arguments) : 0;
  const uint32_t high = is_noise ? read_word(arguments) : 0;
  arguments.end();
  Noise noise({low, high});
  for (int y = top; y < top + height; ++y) {
    uint8_t* pixel = picture.row(y) + static_cast<size_t>(left) * picture.channels;
    for (int x = 0; x < width; ++x) {
      for (int channel = 0; channel < picture.channels; ++channel) {
        *pixel++ = is_noise ? noise.next() : fill.of(channel);
      }
    }
  }
  return picture;
}

}  // namespace tench::image
