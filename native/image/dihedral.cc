// The eight ways to lay a picture onto itself: flips, quarter turns and both diagonals.
#include <array>
#include <cstring>
#include <utility>

#include "operations.h"

namespace tench::image {

namespace {

// How the pixel at (x, y) of the result is found: both axes change places first, then each may run backwards.
struct Element {
  bool swapped;
  bool right_to_left;
  bool bottom_to_top;
};

// Number 0 changes nothing; the others are Pillow's transpositions in their order.
constexpr std::array<Element, 8> kElements{{
    {false, false, false},  // identity
    {false, true, false},   // flip left and right
    {false, false, true},   // flip top and bottom
    {true, true, false},    // a quarter turn anti-clockwise
    {false, true, true},    // a half turn
    {true, false, true},    // a quarter turn clockwise
    {true, false, false},   // transpose: about the main diagonal
    {true, true, true},     // transverse: about the other diagonal
}};

template <int Channels>
void rearrange(const Picture& from, const Element& element, Picture& to) {
  const std::ptrdiff_t across = (element.swapped ? from.stride() : Channels);
  const std::ptrdiff_t down = (element.swapped ? Channels : from.stride());
  const auto last = [](std::ptrdiff_t step, int count) { return step * (count - 1); };
  const uint8_t* corner = from.bytes.get();
  // Backwards is along the source's own axes: columns of the source are rows of a swapped result.
  const std::ptrdiff_t step_x = (element.swapped ? element.bottom_to_top : element.right_to_left) ? -across : across;
  const std::ptrdiff_t step_y = (element.swapped ? element.right_to_left : element.bottom_to_top) ? -down : down;
  if (step_x < 0) corner += last(across, to.width);
  if (step_y < 0) corner += last(down, to.height);
  for (int y = 0; y < to.height; ++y) {
    const uint8_t* source = corner + step_y * y;
    uint8_t* target = to.row(y);
    if (step_x == Channels) {
      std::memcpy(target, source, to.stride());
      continue;
    }
    for (int x = 0; x < to.width; ++x) std::memcpy(target + x * Channels, source + step_x * x, Channels);
  }
}

}  // namespace

Picture dihedral(Picture picture, Arguments& arguments) {
  const int number = arguments.whole("element", 0, 7);
  arguments.end();
  if (number == 0) return picture;
  const Element& element = kElements[number];
  int width = picture.width;
  int height = picture.height;
  if (element.swapped) std::swap(width, height);
  Picture made = arguments.make_picture(width, height, picture.channels);
  constexpr decltype(&rearrange<1>) kRearrange[] = {rearrange<1>, rearrange<2>, rearrange<3>, rearrange<4>};
  kRearrange[picture.channels - 1](picture, element, made);
  return made;
}

}  // namespace tench::image
