// What looks at neighbours: sharpness, and a Gaussian blur made of three box blurs, as Pillow has them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "blend.h"
#include "operations.h"

namespace tench::image {

namespace {

// Neighbours count 1, the pixel itself 5, in 13ths; single precision and this order of adding are part of the result.
uint8_t smoothed(const uint8_t* above, const uint8_t* here, const uint8_t* below, int step) {
  constexpr float kNeighbour = 1.0F / 13.0F;
  constexpr float kItself = 5.0F / 13.0F;
  const auto row = [step](const uint8_t* at, float middle) {
    return at[-step] * kNeighbour + at[0] * middle + at[step] * kNeighbour;
  };
  float sum = 0.5F;
  sum += row(below, kNeighbour);
  sum += row(here, kItself);
  sum += row(above, kNeighbour);
  return static_cast<uint8_t>(std::min(sum, 255.0F));
}

constexpr int kPasses = 3;

// The width of box that comes nearest to a Gaussian in kPasses passes: Gwosdek, Grewenig, Bruhn and Weickert,
// "Theoretical foundations of Gaussian convolution by extended box filtering", SSVM 2011.
float box_radius(float deviation) {
  const float variance = deviation * deviation / kPasses;
  const float length = std::sqrt(12.0 * variance + 1.0);
  const float whole = std::floor((length - 1.0) / 2.0);
  const float share =
      (2 * whole + 1) * (whole * (whole + 1) - 3 * variance) / (6 * (variance - (whole + 1) * (whole + 1)));
  return whole + share;
}

// An average over 2 r + 1 pixels, of which the outermost count a fraction, in 2^24ths. The line's ends go on outside.
class BoxBlur {
 public:
  explicit BoxBlur(float radius)
      : whole_(static_cast<int>(radius)),
        inner_(static_cast<uint32_t>((1 << 24) / (radius * 2 + 1))),
        outer_(((1 << 24) - (static_cast<uint32_t>(whole_) * 2 + 1) * inner_) / 2) {}

  void run(const std::vector<uint8_t>& line, std::vector<uint8_t>& blurred) const {
    const int last = static_cast<int>(line.size()) - 1;
    const auto at = [&](int place) -> uint32_t { return line[std::clamp(place, 0, last)]; };
    uint32_t sum = 0;
    for (int place = -whole_ - 1; place < whole_; ++place) sum += at(place);
    for (int x = 0; x <= last; ++x) {
      sum += at(x + whole_) - at(x - whole_ - 1);
      const uint32_t weighted = sum * inner_ + (at(x - whole_ - 1) + at(x + whole_ + 1)) * outer_;
      blurred[x] = static_cast<uint8_t>((weighted + (1 << 23)) >> 24);
    }
  }

 private:
  int whole_;
  uint32_t inner_;
  uint32_t outer_;
};

void blur_lines(uint8_t* first, int length, size_t step, int lines, size_t line_step, float deviation) {
  if (deviation == 0) return;
  const BoxBlur box(box_radius(deviation));
  std::vector<uint8_t> line(length);
  std::vector<uint8_t> blurred(length);
  for (int number = 0; number < lines; ++number) {
    uint8_t* at = first + number * line_step;
    for (int i = 0; i < length; ++i) line[i] = at[i * step];
    for (int pass = 0; pass < kPasses; ++pass) {
      box.run(line, blurred);
      std::swap(line, blurred);
    }
    for (int i = 0; i < length; ++i) at[i * step] = line[i];
  }
}

}  // namespace

Picture sharpness(Picture picture, Arguments& arguments) {
  const float factor = static_cast<float>(arguments.number_within("factor", 0, kMostFactor));
  arguments.end();
  // The outermost pixels have not all neighbours and stay.
  if (picture.width < 3 || picture.height < 3) return picture;
  Picture made = arguments.make_picture(picture.width, picture.height, picture.channels);
  std::copy_n(picture.bytes.get(), picture.size(), made.bytes.get());
  const int channels = picture.channels;
  const size_t end = picture.stride() - channels;
  for (int y = 1; y < picture.height - 1; ++y) {
    const uint8_t* above = picture.row(y - 1);
    const uint8_t* here = picture.row(y);
    const uint8_t* below = picture.row(y + 1);
    uint8_t* target = made.row(y);
    for (size_t i = channels; i < end; ++i) {
      target[i] = blend(smoothed(above + i, here + i, below + i, channels), here[i], factor);
    }
    if (!picture.has_alpha()) continue;
    for (size_t i = channels - 1; i < end; i += channels) target[i] = here[i];
  }
  return made;
}

// By standard deviations across and down, in pixels. Alpha is blurred too.
Picture blur(Picture picture, Arguments& arguments) {
  constexpr double kMost = 1000;
  const float across = static_cast<float>(arguments.number_within("across", 0, kMost));
  const float down = static_cast<float>(arguments.number_within("down", 0, kMost));
  arguments.end();
  const size_t channels = picture.channels;
  for (size_t channel = 0; channel < channels; ++channel) {
    uint8_t* first = picture.bytes.get() + channel;
    blur_lines(first, picture.width, channels, picture.height, picture.stride(), across);
    blur_lines(first, picture.height, picture.stride(), picture.width, channels, down);
  }
  return picture;
}

}  // namespace tench::image
