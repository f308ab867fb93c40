#include "filter.h"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

namespace tench::image {

namespace {

constexpr std::pair<std::string_view, Filter> kNames[] = {
    {"nearest", Filter::nearest}, {"box", Filter::box},         {"bilinear", Filter::bilinear},
    {"hamming", Filter::hamming}, {"bicubic", Filter::bicubic}, {"lanczos", Filter::lanczos},
};

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

// Half-open on one side, so that a pixel between two windows counts once.
double box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }

double triangle(double x) { return std::fmax(0, 1 - std::fabs(x)); }

// One lobe of sinc under the window of Hamming.
double hamming(double x) {
  x = std::fabs(x);
  return x < 1 ? sinc(x) * (0.54 + 0.46 * std::cos(x * std::numbers::pi)) : 0;
}

// Keys' cubic convolution (1981) with a = -1/2, the value that reproduces quadratics.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Three lobes of sinc under the central lobe of a wider one.
double lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

}  // namespace

Filter filter_named(std::string_view name) {
  std::string known;
  for (const auto& [candidate, filter] : kNames) {
    if (candidate == name) return filter;
    known += (known.empty() ? "'" : ", '") + std::string(candidate) + "'";
  }
  throw std::invalid_argument("expected one of " + known + " for `filter` but received '" + std::string(name) + "'");
}

double filter_support(Filter filter) {
  switch (filter) {
    case Filter::nearest:
      return 0;
    case Filter::box:
      return 0.5;
    case Filter::bilinear:
      return 1;
    case Filter::hamming:
      return 1;
    case Filter::bicubic:
      return 2;
    case Filter::lanczos:
      return 3;
  }
  return 0;
}

double filter_weight(Filter filter, double x) {
  switch (filter) {
    case Filter::nearest:
      return 0;
    case Filter::box:
      return box(x);
    case Filter::bilinear:
      return triangle(x);
    case Filter::hamming:
      return hamming(x);
    case Filter::bicubic:
      return cubic(x);
    case Filter::lanczos:
      return lanczos(x);
  }
  return 0;
}

}  // namespace tench::image
