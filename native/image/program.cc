#include "program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operations.h"

namespace tench::image {

namespace {

struct Named {
  std::string_view name;
  Operation run;
};

// An operation's number is its place here; programs are stored, so new ones come last.
constexpr std::array kOperations{
    Named{"toRgb", to_rgb},
    Named{"toGrey", to_grey},
    Named{"crop", crop},
    Named{"resize", resize},
    Named{"dihedral", dihedral},
    Named{"warp", warp},
    Named{"affine", affine},
    Named{"grayscale", grayscale},
    Named{"lookUp", look_up},
    Named{"invert", invert},
    Named{"posterize", posterize},
    Named{"solarize", solarize},
    Named{"autocontrast", autocontrast},
    Named{"equalize", equalize},
    Named{"brightness", brightness},
    Named{"contrast", contrast},
    Named{"saturation", saturation},
    Named{"hue", hue},
    Named{"sharpness", sharpness},
    Named{"blur", blur},
    Named{"erase", erase},
};

constexpr size_t kCrop = 2;
constexpr size_t kResize = 3;
static_assert(kOperations[kCrop].name == "crop" && kOperations[kResize].name == "resize");

struct Step {
  size_t number;
  std::span<const double> values;

  std::string_view name() const { return kOperations[number].name; }
};

size_t whole_at(std::span<const double> program, size_t place, size_t below, const char* what) {
  const double value = place < program.size() ? program[place] : -1;
  if (value >= 0 && value < static_cast<double>(below) && value == std::floor(value)) return static_cast<size_t>(value);
  throw std::invalid_argument("program: expected " + std::string(what) + " below " + std::to_string(below) +
                              " at place " + std::to_string(place));
}

std::vector<Step> parse(std::span<const double> program) {
  std::vector<Step> steps;
  for (size_t place = 0; place < program.size();) {
    const size_t number = whole_at(program, place, kOperations.size(), "the number of an operation");
    const size_t left = program.size() - std::min(program.size(), place + 2);
    const size_t count = whole_at(program, place + 1, left + 1, "a number of arguments");
    steps.push_back({number, program.subspan(place + 2, count)});
    place += 2 + count;
  }
  return steps;
}

// The crop at `steps[at]` if there is one and it lies inside of a picture of that size.
std::optional<Crop> crop_inside(const std::vector<Step>& steps, size_t at, int width, int height, int channels) {
  if (at >= steps.size() || steps[at].number != kCrop) return std::nullopt;
  Arguments arguments(steps[at].name(), steps[at].values);
  const Crop crop = read_crop(arguments, channels);
  return crop.is_inside(width, height) ? std::optional(crop) : std::nullopt;
}

// Runs a resize together with the crops around it, where they are such that this gives the same bytes. Returns how many
// steps that was; 0: none.
size_t run_together(Picture& picture, const std::vector<Step>& steps, size_t at) {
  const auto before = crop_inside(steps, at, picture.width, picture.height, picture.channels);
  const size_t middle = before ? at + 1 : at;
  if (middle >= steps.size() || steps[middle].number != kResize) return 0;
  Arguments arguments(steps[middle].name(), steps[middle].values);
  const Resize resize =
      read_resize(arguments, before ? before->width : picture.width, before ? before->height : picture.height);
  if (!resize.antialias) return 0;
  const auto after = crop_inside(steps, middle + 1, resize.width, resize.height, picture.channels);
  picture = resize_between(picture, before, resize, after, arguments);
  return middle - at + (after ? 2 : 1);
}

}  // namespace

Picture run_program(Picture picture, std::span<const double> program) {
  const std::vector<Step> steps = parse(program);
  for (size_t at = 0; at < steps.size();) {
    if (const size_t ran = run_together(picture, steps, at); ran > 0) {
      at += ran;
      continue;
    }
    Arguments arguments(steps[at].name(), steps[at].values);
    picture = kOperations[steps[at].number].run(std::move(picture), arguments);
    ++at;
  }
  return picture;
}

}  // namespace tench::image
