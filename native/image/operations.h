// Every operation that a program may have, as a function of its picture and its arguments.
#pragma once

#include <optional>

#include "arguments.h"
#include "picture.h"
#include "resample.h"

namespace tench::image {

using Operation = Picture (*)(Picture, Arguments&);

// channels.cc
Picture to_rgb(Picture picture, Arguments& arguments);
Picture to_grey(Picture picture, Arguments& arguments);
Picture grayscale(Picture picture, Arguments& arguments);

// crop.cc
struct Crop {
  int left;
  int top;
  int width;
  int height;
  enum class Outside { fill, reflect, edge } outside;
  Fill fill;

  bool is_inside(int across, int down) const {
    return left >= 0 && top >= 0 && width <= across - left && height <= down - top;
  }
};
Crop read_crop(Arguments& arguments, int channels);
Picture crop(Picture picture, Arguments& arguments);

// resize.cc
struct Resize {
  struct Sides {
    double left;
    double top;
    double right;
    double bottom;
  };
  int width;
  int height;
  Filter filter;
  bool antialias;
  Sides box;
};
Resize read_resize(Arguments& arguments, int width, int height);
Picture resize(Picture picture, Arguments& arguments);
// The same pixels as one after another: a crop inside of the picture, a resize with antialiasing, and a crop inside of
// that.
Picture resize_between(const Picture& picture, const std::optional<Crop>& before, const Resize& resize,
                       const std::optional<Crop>& after, const Arguments& arguments);

// dihedral.cc
Picture dihedral(Picture picture, Arguments& arguments);

// warp.cc
Picture warp(Picture picture, Arguments& arguments);
Picture affine(Picture picture, Arguments& arguments);
// What Pillow calls EXTENT: the box at another size, every pixel read at one place. Outside of the picture is 0.
Picture extent(const Picture& picture, const Resize& resize, const Arguments& arguments);

// tables.cc
Picture look_up(Picture picture, Arguments& arguments);
Picture invert(Picture picture, Arguments& arguments);
Picture posterize(Picture picture, Arguments& arguments);
Picture solarize(Picture picture, Arguments& arguments);
Picture autocontrast(Picture picture, Arguments& arguments);
Picture equalize(Picture picture, Arguments& arguments);
Picture brightness(Picture picture, Arguments& arguments);
Picture contrast(Picture picture, Arguments& arguments);

// colour.cc
Picture saturation(Picture picture, Arguments& arguments);
Picture hue(Picture picture, Arguments& arguments);

// smooth.cc
Picture sharpness(Picture picture, Arguments& arguments);
Picture blur(Picture picture, Arguments& arguments);

// erase.cc
Picture erase(Picture picture, Arguments& arguments);

}  // namespace tench::image
