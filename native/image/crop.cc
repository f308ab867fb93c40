// Cuts out whole pixels; what lies outside of the picture is filled, or continues it.
#include <algorithm>
#include <cstring>
#include <vector>

#include "operations.h"

namespace tench::image {

namespace {

// As in a mirror that stands on the middle of the outermost pixel, which is therefore not repeated: 2 1 [0 1 2] 1 0.
int reflected(int64_t place, int length) {
  if (length == 1) return 0;
  const int64_t period = 2 * (static_cast<int64_t>(length) - 1);
  const int64_t within = ((place % period) + period) % period;
  return static_cast<int>(std::min(within, period - within));
}

// Which pixel of an axis every pixel of the crop shows; -1: none.
std::vector<int> places(int first, int count, int length, Crop::Outside outside) {
  std::vector<int> shown(count);
  for (int i = 0; i < count; ++i) {
    const int place = first + i;
    const bool inside = place >= 0 && place < length;
    if (inside) {
      shown[i] = place;
    } else if (outside == Crop::Outside::fill) {
      shown[i] = -1;
    } else {
      shown[i] = outside == Crop::Outside::edge ? std::clamp(place, 0, length - 1) : reflected(place, length);
    }
  }
  return shown;
}

void write_fill(const Fill& fill, int channels, uint8_t* pixel) {
  for (int channel = 0; channel < channels; ++channel) pixel[channel] = fill.of(channel);
}

}  // namespace

Crop read_crop(Arguments& arguments, int channels) {
  Crop crop{};
  crop.left = arguments.whole("left", -kLongestSide, kLongestSide);
  crop.top = arguments.whole("top", -kLongestSide, kLongestSide);
  crop.width = arguments.whole("width", 1, kLongestSide);
  crop.height = arguments.whole("height", 1, kLongestSide);
  crop.outside = static_cast<Crop::Outside>(arguments.whole("outside", 0, 2));
  crop.fill = arguments.fill(channels);
  arguments.end();
  return crop;
}

Picture crop(Picture picture, Arguments& arguments) {
  const Crop wanted = read_crop(arguments, picture.channels);
  const size_t pixel_bytes = picture.channels;
  Picture made = arguments.make_picture(wanted.width, wanted.height, picture.channels);
  if (wanted.is_inside(picture.width, picture.height)) {
    for (int y = 0; y < wanted.height; ++y) {
      std::memcpy(made.row(y), picture.row(wanted.top + y) + wanted.left * pixel_bytes, made.stride());
    }
    return made;
  }
  const auto columns = places(wanted.left, wanted.width, picture.width, wanted.outside);
  const auto rows = places(wanted.top, wanted.height, picture.height, wanted.outside);
  for (int y = 0; y < wanted.height; ++y) {
    uint8_t* to = made.row(y);
    for (int x = 0; x < wanted.width; ++x, to += pixel_bytes) {
      if (rows[y] < 0 || columns[x] < 0) {
        write_fill(wanted.fill, picture.channels, to);
      } else {
        std::memcpy(to, picture.row(rows[y]) + columns[x] * pixel_bytes, pixel_bytes);
      }
    }
  }
  return made;
}

}  // namespace tench::image
