// Reads up to four channels of one picture through a projective map.
//
// The channels are first laid side by side, four floats a pixel, with a border of zeros around them. So a neighbour's
// channels come in one load, bytes are converted once, and no place needs a case of its own.
#pragma once

#include <cstdint>

namespace tench::image {

enum class Mode { bilinear, nearest, bicubic };
enum class Outside { zeros, border, reflection };

// Floats of a pixel on a canvas.
constexpr int64_t kLanes = 4;

struct Sides {
  int64_t width;
  int64_t height;
};

// Where the channels of some pictures are in memory, in elements.
struct Strides {
  int64_t channel;
  int64_t row;
  int64_t pixel;
};

// From pixels of the result to pixels of the picture: (x w, y w, w) = map (column, row, 1).
struct PixelMap {
  double x[3];
  double y[3];
  double w[3];
};

// A picture with its channels side by side and a border of zeros, one pixel wide.
struct Canvas {
  const float* pixels;
  Sides sides;

  int64_t stride() const { return sides.width + 2; }
};

// Four channels of one result, from the first of them on.
struct Sampling {
  Canvas canvas;
  PixelMap map;
  Sides to;
  Mode mode;
  Outside outside;
  bool align_corners;
  float* target;
  Strides strides;
  int64_t channels;
  // What is done to each channel in the end.
  const float* factor;
  const float* offset;
};

void sample(const Sampling& sampling);

// Lays up to four channels side by side; the canvas was zeros before, and its border stays so.
void lay_out_floats(const float* source, Strides strides, int64_t channels, Sides sides, float* canvas);
void lay_out_bytes(const uint8_t* source, Strides strides, int64_t channels, Sides sides, float* canvas);

}  // namespace tench::image
