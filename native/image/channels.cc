// Between grey and colour, by the luma weights of Rec. 601 in whole numbers, as Pillow has them.
#include "luma.h"
#include "operations.h"

namespace tench::image {

// Repeats grey and drops alpha, without blending.
Picture to_rgb(Picture picture, Arguments& arguments) {
  arguments.end();
  if (picture.channels == 3) return picture;
  Picture made = arguments.make_picture(picture.width, picture.height, 3);
  const size_t pixels = static_cast<size_t>(picture.width) * picture.height;
  const int colours = picture.colours();
  const uint8_t* from = picture.bytes.get();
  uint8_t* to = made.bytes.get();
  for (size_t i = 0; i < pixels; ++i, from += picture.channels, to += 3) {
    to[0] = from[0];
    to[1] = from[colours == 1 ? 0 : 1];
    to[2] = from[colours == 1 ? 0 : 2];
  }
  return made;
}

Picture to_grey(Picture picture, Arguments& arguments) {
  arguments.end();
  if (picture.channels == 1) return picture;
  Picture made = arguments.make_picture(picture.width, picture.height, 1);
  const size_t pixels = static_cast<size_t>(picture.width) * picture.height;
  const uint8_t* from = picture.bytes.get();
  for (size_t i = 0; i < pixels; ++i, from += picture.channels) made.bytes[i] = luma_of(from, picture.colours());
  return made;
}

// Takes the colour away and keeps the channels.
Picture grayscale(Picture picture, Arguments& arguments) {
  arguments.end();
  if (picture.colours() == 1) return picture;
  const size_t bytes = picture.size();
  uint8_t* pixel = picture.bytes.get();
  for (size_t i = 0; i < bytes; i += picture.channels, pixel += picture.channels) {
    pixel[0] = pixel[1] = pixel[2] = luma_of(pixel, 3);
  }
  return picture;
}

}  // namespace tench::image
