// The resampling filters, as functions of the distance from the centre.
#pragma once

#include <string_view>

namespace tench::image {

enum class Filter { nearest, box, bilinear, hamming, bicubic, lanczos };

// The filter of that name ("bilinear"). Throws std::invalid_argument that lists the names.
Filter filter_named(std::string_view name);

// How far a filter reaches on either side of the centre, in pixels, when nothing is reduced. `nearest` has none.
double filter_support(Filter filter);

// The weight at distance x; not normalised.
double filter_weight(Filter filter, double x);

}  // namespace tench::image
