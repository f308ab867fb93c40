// Colour operations that send every byte to another one by a table: levels, inversions, and stretched histograms. Alpha
// stays as it is.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "blend.h"
#include "luma.h"
#include "operations.h"

namespace tench::image {

namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

uint8_t to_byte(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

template <typename Function>
Table table_of(const Function& function) {
  Table table;
  for (int i = 0; i < 256; ++i) table[i] = function(i);
  return table;
}

Picture look_up(Picture picture, const std::array<Table, 3>& tables) {
  const int colours = picture.colours();
  const size_t bytes = picture.size();
  uint8_t* pixel = picture.bytes.get();
  for (size_t i = 0; i < bytes; i += picture.channels, pixel += picture.channels) {
    for (int channel = 0; channel < colours; ++channel) pixel[channel] = tables[channel][pixel[channel]];
  }
  return picture;
}

Picture look_up(Picture picture, const Table& table) { return look_up(std::move(picture), {table, table, table}); }

std::array<Histogram, 3> histograms_of(const Picture& picture) {
  std::array<Histogram, 3> histograms{};
  const int colours = picture.colours();
  const size_t bytes = picture.size();
  const uint8_t* pixel = picture.bytes.get();
  for (size_t i = 0; i < bytes; i += picture.channels, pixel += picture.channels) {
    for (int channel = 0; channel < colours; ++channel) ++histograms[channel][pixel[channel]];
  }
  return histograms;
}

template <typename Function>
Picture by_histogram(Picture picture, const Function& table_for) {
  const auto histograms = histograms_of(picture);
  std::array<Table, 3> tables;
  for (int channel = 0; channel < picture.colours(); ++channel) tables[channel] = table_for(histograms[channel]);
  return look_up(std::move(picture), tables);
}

const auto kUnchanged = [](int value) { return static_cast<uint8_t>(value); };

// The darkest byte that occurs becomes 0, the lightest 255.
Table stretch(const Histogram& histogram) {
  int low = 0;
  while (low < 255 && histogram[low] == 0) ++low;
  int high = 255;
  while (high > 0 && histogram[high] == 0) --high;
  if (high <= low) return table_of(kUnchanged);
  const double scale = 255.0 / (high - low);
  const double offset = -low * scale;
  return table_of([&](int value) { return to_byte(value * scale + offset); });
}

// Every level gets about as many pixels.
Table flatten(const Histogram& histogram) {
  int64_t sum = 0;
  int64_t last = 0;
  int levels = 0;
  for (const int64_t count : histogram) {
    if (count == 0) continue;
    sum += count;
    last = count;
    ++levels;
  }
  const int64_t step = (sum - last) / 255;
  if (levels <= 1 || step == 0) return table_of(kUnchanged);
  int64_t reached = step / 2;
  Table table;
  for (int value = 0; value < 256; ++value) {
    table[value] = static_cast<uint8_t>(std::min<int64_t>(reached / step, 255));
    reached += histogram[value];
  }
  return table;
}

int mean_luma(const Picture& picture) {
  const size_t pixels = static_cast<size_t>(picture.width) * picture.height;
  int64_t sum = 0;
  const uint8_t* pixel = picture.bytes.get();
  for (size_t i = 0; i < pixels; ++i, pixel += picture.channels) sum += luma_of(pixel, picture.colours());
  return static_cast<int>(static_cast<double>(sum) / static_cast<double>(pixels) + 0.5);
}

float read_factor(Arguments& arguments) {
  const double factor = arguments.number_within("factor", 0, kMostFactor);
  arguments.end();
  return static_cast<float>(factor);
}

}  // namespace

// One table for all colours, or one for each.
Picture look_up(Picture picture, Arguments& arguments) {
  const auto numbers = arguments.rest();
  const size_t colours = picture.colours();
  if (numbers.size() != 256 && numbers.size() != 256 * colours) {
    arguments.refuse("table", "256 bytes, for all colours or for each", std::to_string(numbers.size()) + " numbers");
  }
  std::array<Table, 3> tables;
  for (size_t i = 0; i < 256 * colours; ++i) {
    const double value = numbers[i % numbers.size()];
    if (!(value >= 0 && value <= 255)) arguments.refuse("table", "bytes", std::to_string(value));
    tables[i / 256][i % 256] = static_cast<uint8_t>(value);
  }
  return look_up(std::move(picture), tables);
}

Picture invert(Picture picture, Arguments& arguments) {
  arguments.end();
  return look_up(std::move(picture), table_of([](int value) { return static_cast<uint8_t>(255 - value); }));
}

Picture posterize(Picture picture, Arguments& arguments) {
  const int bits = arguments.whole("bits", 1, 8);
  arguments.end();
  const int mask = ~((1 << (8 - bits)) - 1);
  return look_up(std::move(picture), table_of([&](int value) { return static_cast<uint8_t>(value & mask); }));
}

Picture solarize(Picture picture, Arguments& arguments) {
  const double threshold = arguments.number_within("threshold", 0, 256);
  arguments.end();
  return look_up(std::move(picture),
                 table_of([&](int value) { return static_cast<uint8_t>(value < threshold ? value : 255 - value); }));
}

Picture autocontrast(Picture picture, Arguments& arguments) {
  arguments.end();
  return by_histogram(std::move(picture), stretch);
}

Picture equalize(Picture picture, Arguments& arguments) {
  arguments.end();
  return by_histogram(std::move(picture), flatten);
}

Picture brightness(Picture picture, Arguments& arguments) {
  const float factor = read_factor(arguments);
  return look_up(std::move(picture), table_of([&](int value) { return blend(0, value, factor); }));
}

// Away from the mean of the luma, or towards it.
Picture contrast(Picture picture, Arguments& arguments) {
  const float factor = read_factor(arguments);
  const int mean = mean_luma(picture);
  return look_up(std::move(picture), table_of([&](int value) { return blend(mean, value, factor); }));
}

}  // namespace tench::image
