// Warps: every pixel of the result is read at one place of the source, which a matrix gives, as Pillow's transform
// does.
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstring>
#include <vector>

#include "operations.h"

namespace tench::image {

namespace {

struct Place {
  double x;
  double y;
};

// Coefficients in the order x = (a x' + b y' + c) / (g x' + h y' + 1), y = (d x' + e y' + f) / (...); an affine map has
// six.
using Coefficients = std::array<double, 8>;

struct Canvas {
  int width;
  int height;
  Filter filter;
  Fill fill;
};

bool is_inside(const Picture& picture, const Place& place) {
  return place.x >= 0 && place.y >= 0 && place.x < picture.width && place.y < picture.height;
}

void write_fill(const Canvas& canvas, int channels, uint8_t* pixel) {
  for (int channel = 0; channel < channels; ++channel) pixel[channel] = canvas.fill.of(channel);
}

void read_nearest(const Picture& picture, const Place& place, uint8_t* pixel) {
  std::memcpy(pixel, picture.row(static_cast<int>(place.y)) + static_cast<size_t>(place.x) * picture.channels,
              picture.channels);
}

// A place among pixel centres, along one axis: the pixel before it and how far it is beyond that. Places are not
// negative, and older processors have no instruction for std::floor.
struct Between {
  int before;
  double share;

  explicit Between(double place)
      : before(place < 0.5 ? -1 : static_cast<int>(place - 0.5)), share(place - 0.5 - before) {}
};

double line(double from, double to, double share) { return from + (to - from) * share; }

// Cuts the fraction off, as Pillow does.
void read_bilinear(const Picture& picture, const Place& place, uint8_t* pixel) {
  const Between across(place.x);
  const Between down(place.y);
  const auto column = [&](int x) {
    return static_cast<size_t>(std::clamp(x, 0, picture.width - 1)) * picture.channels;
  };
  const size_t left = column(across.before);
  const size_t right = column(across.before + 1);
  const uint8_t* upper = picture.row(std::clamp(down.before, 0, picture.height - 1));
  const uint8_t* lower = picture.row(std::clamp(down.before + 1, 0, picture.height - 1));
  for (int channel = 0; channel < picture.channels; ++channel) {
    const double above = line(upper[left + channel], upper[right + channel], across.share);
    const double below = line(lower[left + channel], lower[right + channel], across.share);
    pixel[channel] = static_cast<uint8_t>(line(above, below, down.share));
  }
}

// Keys' cubic convolution (1981) with a = -1, which is not the cubic of a resize.
double cubic(const std::array<double, 4>& v, double share) {
  const double linear = v[2] - v[0];
  const double square = 2 * (v[0] - v[1]) + v[2] - v[3];
  const double cube = -v[0] + v[1] - v[2] + v[3];
  return v[1] + share * (linear + share * (square + share * cube));
}

void read_bicubic(const Picture& picture, const Place& place, uint8_t* pixel) {
  const Between across(place.x);
  const Between down(place.y);
  std::array<size_t, 4> columns;
  std::array<const uint8_t*, 4> rows;
  for (int i = 0; i < 4; ++i) {
    columns[i] = static_cast<size_t>(std::clamp(across.before - 1 + i, 0, picture.width - 1)) * picture.channels;
    const int y = down.before - 1 + i;
    // Above the first row stands the first; otherwise a row outside is the one before it again.
    rows[i] = i > 0 && (y < 0 || y >= picture.height) ? rows[i - 1] : picture.row(std::clamp(y, 0, picture.height - 1));
  }
  for (int channel = 0; channel < picture.channels; ++channel) {
    std::array<double, 4> sums;
    for (int i = 0; i < 4; ++i) {
      const uint8_t* row = rows[i] + channel;
      const auto at = [&](int k) { return static_cast<double>(row[columns[k]]); };
      sums[i] = cubic({at(0), at(1), at(2), at(3)}, across.share);
    }
    const double sum = cubic(sums, down.share);
    pixel[channel] = static_cast<uint8_t>(sum <= 0 ? 0 : sum >= 255 ? 255 : sum);
  }
}

template <std::invocable<int, int> Map>
void fill_canvas(const Picture& picture, const Canvas& canvas, const Map& map, Picture& made) {
  const auto read = canvas.filter == Filter::nearest    ? read_nearest
                    : canvas.filter == Filter::bilinear ? read_bilinear
                                                        : read_bicubic;
  for (int y = 0; y < canvas.height; ++y) {
    uint8_t* pixel = made.row(y);
    for (int x = 0; x < canvas.width; ++x, pixel += picture.channels) {
      const Place place = map(x, y);
      if (is_inside(picture, place)) {
        read(picture, place, pixel);
      } else {
        write_fill(canvas, picture.channels, pixel);
      }
    }
  }
}

// Without rotation or shear, nearest: places are added up step by step, which decides ties.
void scale_nearest(const Picture& picture, const Canvas& canvas, const Coefficients& c, Picture& made) {
  const auto places = [](double step, double first, int count) {
    std::vector<double> found(count);
    double place = first + step * 0.5;
    for (int i = 0; i < count; ++i, place += step) found[i] = place;
    return found;
  };
  const auto columns = places(c[0], c[2], canvas.width);
  const auto rows = places(c[4], c[5], canvas.height);
  fill_canvas(picture, canvas, [&](int x, int y) { return Place{columns[x], rows[y]}; }, made);
}

// Within these, nearest places are counted in 65536ths.
bool fits_fixed(const Coefficients& c, double x, double y) {
  return std::fabs(x * c[0] + y * c[1] + c[2]) < 32768 && std::fabs(x * c[3] + y * c[4] + c[5]) < 32768;
}

void affine_nearest(const Picture& picture, const Canvas& canvas, const Coefficients& c, Picture& made) {
  const double width = canvas.width;
  const double height = canvas.height;
  if (fits_fixed(c, 0, 0) && fits_fixed(c, width, height) && fits_fixed(c, 0, height) && fits_fixed(c, width, 0)) {
    const auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); };
    const int64_t across = fixed(c[0]), across_down = fixed(c[1]), down_across = fixed(c[3]), down = fixed(c[4]);
    const int64_t left = fixed(c[2] + c[0] * 0.5 + c[1] * 0.5);
    const int64_t top = fixed(c[5] + c[3] * 0.5 + c[4] * 0.5);
    const auto map = [=](int x, int y) {
      return Place{static_cast<double>((left + across * x + across_down * y) >> 16),
                   static_cast<double>((top + down_across * x + down * y) >> 16)};
    };
    return fill_canvas(picture, canvas, map, made);
  }
  const auto map = [&](int x, int y) {
    return Place{c[0] * (x + 0.5) + c[1] * (y + 0.5) + c[2], c[3] * (x + 0.5) + c[4] * (y + 0.5) + c[5]};
  };
  fill_canvas(picture, canvas, map, made);
}

void run_affine(const Picture& picture, const Canvas& canvas, const Coefficients& c, Picture& made) {
  if (canvas.filter == Filter::nearest) {
    const bool straight = c[1] == 0 && c[3] == 0;
    return straight ? scale_nearest(picture, canvas, c, made) : affine_nearest(picture, canvas, c, made);
  }
  const auto map = [&](int x, int y) {
    const double across = x + 0.5;
    const double down = y + 0.5;
    return Place{c[0] * across + c[1] * down + c[2], c[3] * across + c[4] * down + c[5]};
  };
  fill_canvas(picture, canvas, map, made);
}

void check_filter(Filter filter, const Arguments& arguments) {
  if (filter == Filter::nearest || filter == Filter::bilinear || filter == Filter::bicubic) return;
  arguments.refuse("filter", "nearest, bilinear or bicubic", "a filter that averages");
}

Canvas read_canvas(Arguments& arguments, int channels) {
  Canvas canvas{};
  canvas.width = arguments.whole("width", 1, kLongestSide);
  canvas.height = arguments.whole("height", 1, kLongestSide);
  canvas.filter = arguments.filter("filter");
  check_filter(canvas.filter, arguments);
  canvas.fill = arguments.fill(channels);
  return canvas;
}

Coefficients read_coefficients(Arguments& arguments, int count) {
  // Far beyond any picture, and small enough for sums and products to stay finite.
  constexpr double kMost = 1e12;
  Coefficients coefficients{};
  for (int i = 0; i < count; ++i) coefficients[i] = arguments.number_within("coefficients", -kMost, kMost);
  arguments.end();
  return coefficients;
}

}  // namespace

Picture warp(Picture picture, Arguments& arguments) {
  const Canvas canvas = read_canvas(arguments, picture.channels);
  const Coefficients c = read_coefficients(arguments, 8);
  Picture made = arguments.make_picture(canvas.width, canvas.height, picture.channels);
  const auto map = [&](int x, int y) {
    const double across = x + 0.5;
    const double down = y + 0.5;
    const double depth = c[6] * across + c[7] * down + 1;
    return Place{(c[0] * across + c[1] * down + c[2]) / depth, (c[3] * across + c[4] * down + c[5]) / depth};
  };
  fill_canvas(picture, canvas, map, made);
  return made;
}

Picture affine(Picture picture, Arguments& arguments) {
  const Canvas canvas = read_canvas(arguments, picture.channels);
  const Coefficients coefficients = read_coefficients(arguments, 6);
  Picture made = arguments.make_picture(canvas.width, canvas.height, picture.channels);
  run_affine(picture, canvas, coefficients, made);
  return made;
}

Picture extent(const Picture& picture, const Resize& resize, const Arguments& arguments) {
  check_filter(resize.filter, arguments);
  const auto& [left, top, right, bottom] = resize.box;
  Picture made = arguments.make_picture(resize.width, resize.height, picture.channels);
  const Canvas canvas{resize.width, resize.height, resize.filter, Fill{1, {}}};
  const Coefficients coefficients{(right - left) / resize.width, 0, left, 0, (bottom - top) / resize.height, top, 0, 0};
  run_affine(picture, canvas, coefficients, made);
  return made;
}

}  // namespace tench::image
