// Colour operations on whole pixels: saturation, and hue by way of HSV in bytes. Alpha stays, and grey has neither.
#include <algorithm>
#include <cmath>

#include "blend.h"
#include "luma.h"
#include "operations.h"

namespace tench::image {

namespace {

struct Hsv {
  int hue;
  int saturation;
  int value;
};

int cut(double number) { return std::clamp(static_cast<int>(number), 0, 255); }

// Single precision and cut-off fractions as Pillow has them: they decide about levels.
Hsv to_hsv(const uint8_t* rgb) {
  const int high = std::max({rgb[0], rgb[1], rgb[2]});
  const int low = std::min({rgb[0], rgb[1], rgb[2]});
  if (high == low) return {0, 0, high};
  const float spread = static_cast<float>(high - low);
  const auto below = [&](int channel) { return static_cast<float>(high - rgb[channel]) / spread; };
  float sector;
  if (rgb[0] == high) {
    sector = below(2) - below(1);
  } else if (rgb[1] == high) {
    sector = static_cast<float>(2.0 + below(0) - below(2));
  } else {
    sector = static_cast<float>(4.0 + below(1) - below(0));
  }
  const float hue = static_cast<float>(std::fmod(sector / 6.0 + 1.0, 1.0));
  const float saturation = spread / static_cast<float>(high);
  return {cut(hue * 255.0), cut(saturation * 255.0), high};
}

int rounded(double number) { return std::clamp(static_cast<int>(std::round(number)), 0, 255); }

void to_rgb(const Hsv& hsv, uint8_t* rgb) {
  const float value = static_cast<float>(hsv.value);
  if (hsv.saturation == 0) {
    rgb[0] = rgb[1] = rgb[2] = static_cast<uint8_t>(hsv.value);
    return;
  }
  const float place = static_cast<float>(hsv.hue * 6.0 / 255.0);
  const int sector = static_cast<int>(std::floor(place));
  const float share = place - static_cast<float>(sector);
  const float saturation = static_cast<float>(hsv.saturation / 255.0);
  const int low = rounded(value * (1.0 - saturation));
  const int falling = rounded(value * (1.0 - saturation * share));
  const int rising = rounded(value * (1.0 - saturation * (1.0 - share)));
  const int high = hsv.value;
  const int sectors[6][3] = {{high, rising, low},  {falling, high, low}, {low, high, rising},
                             {low, falling, high}, {rising, low, high},  {high, low, falling}};
  for (int channel = 0; channel < 3; ++channel) rgb[channel] = static_cast<uint8_t>(sectors[sector % 6][channel]);
}

template <typename Function>
Picture each_pixel(Picture picture, const Function& change) {
  const size_t bytes = picture.size();
  uint8_t* pixel = picture.bytes.get();
  for (size_t i = 0; i < bytes; i += picture.channels, pixel += picture.channels) change(pixel);
  return picture;
}

}  // namespace

Picture saturation(Picture picture, Arguments& arguments) {
  const float factor = static_cast<float>(arguments.number_within("factor", 0, kMostFactor));
  arguments.end();
  if (picture.colours() == 1) return picture;
  return each_pixel(std::move(picture), [&](uint8_t* pixel) {
    const int luma = luma_of(pixel, 3);
    for (int channel = 0; channel < 3; ++channel) pixel[channel] = blend(luma, pixel[channel], factor);
  });
}

// `shift` is a share of the colour circle. The circle has 256 steps but the share counts 255, as in torchvision.
Picture hue(Picture picture, Arguments& arguments) {
  const int steps = static_cast<int>(arguments.number_within("shift", -0.5, 0.5) * 255);
  arguments.end();
  if (picture.colours() == 1) return picture;
  return each_pixel(std::move(picture), [&](uint8_t* pixel) {
    Hsv hsv = to_hsv(pixel);
    hsv.hue = (hsv.hue + steps) & 255;
    to_rgb(hsv, pixel);
  });
}

}  // namespace tench::image
