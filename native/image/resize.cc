// Brings a box of a picture to another size, averaging over what every pixel covers or reading it at one place.
#include <string>

#include "operations.h"

namespace tench::image {

Resize read_resize(Arguments& arguments, int width, int height) {
  Resize resize{};
  resize.width = arguments.whole("width", 1, kLongestSide);
  resize.height = arguments.whole("height", 1, kLongestSide);
  resize.filter = arguments.filter("filter");
  resize.antialias = arguments.flag("antialias");
  const bool whole = !arguments.flag("box");
  const auto side = [&](double otherwise) {
    return whole ? otherwise : arguments.number_within("box", -2.0 * kLongestSide, 2.0 * kLongestSide);
  };
  resize.box.left = side(0);
  resize.box.top = side(0);
  resize.box.right = side(width);
  resize.box.bottom = side(height);
  arguments.end();
  return resize;
}

Picture resize_between(const Picture& picture, const std::optional<Crop>& before, const Resize& resize,
                       const std::optional<Crop>& after, const Arguments& arguments) {
  const int width = before ? before->width : picture.width;
  const int height = before ? before->height : picture.height;
  const uint8_t* first = picture.bytes.get();
  if (before) first = picture.row(before->top) + static_cast<size_t>(before->left) * picture.channels;
  const Window window =
      after ? Window{after->left, after->top, after->width, after->height} : Window{0, 0, resize.width, resize.height};
  const auto narrow = [](double side) { return static_cast<float>(side); };
  const Box box{narrow(resize.box.left), narrow(resize.box.top), narrow(resize.box.right), narrow(resize.box.bottom)};
  const bool inside = box.left >= 0 && box.top >= 0 && box.right <= static_cast<float>(width) &&
                      box.bottom <= static_cast<float>(height);
  if (!inside || !(box.left < box.right) || !(box.top < box.bottom)) {
    arguments.refuse("box",
                     "a box of some width and height inside " + std::to_string(width) + "x" + std::to_string(height),
                     "[" + std::to_string(box.left) + ", " + std::to_string(box.top) + ", " +
                         std::to_string(box.right) + ", " + std::to_string(box.bottom) + "]");
  }
  Picture made = arguments.make_picture(window.width, window.height, picture.channels);
  resample_window(first, width, height, picture.channels, picture.stride(), box, made.bytes.get(), resize.width,
                  resize.height, window, made.stride(), resize.filter);
  return made;
}

Picture resize(Picture picture, Arguments& arguments) {
  const Resize wanted = read_resize(arguments, picture.width, picture.height);
  if (!wanted.antialias) return extent(picture, wanted, arguments);
  return resize_between(picture, std::nullopt, wanted, std::nullopt, arguments);
}

}  // namespace tench::image
