// A walk over a batch [batch, channels, ...] in the order of memory, in strips whose lanes each belong to a channel.
//
// With the channels innermost a lane is one channel of one of several neighbouring places, else one of several places
// of one channel's plane; so the same loops serve both layouts, and their vectors are full for few channels too.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "activation_norm_loops.h"

namespace tench::nn {

class Sweep {
 public:
  // `x` is contiguous, or contiguous with the channels innermost.
  explicit Sweep(const at::Tensor& x)
      : channels_(x.size(1)),
        places_(x.numel() / channels_),
        innermost_(!x.is_contiguous()),
        plane_(innermost_ ? places_ : places_ / x.size(0)),
        group_(innermost_ ? group_of(channels_) : kLanes),
        lanes_(innermost_ ? channels_ * group_ : kLanes),
        chunk_((places_ + kChunks - 1) / kChunks),
        // A chunk is whole groups, so that only the last leaves some over.
        tasks_(innermost_ ? (places_ + rounded_chunk() - 1) / rounded_chunk() : channels_) {}

  int64_t channels() const { return channels_; }
  // How many numbers a channel has.
  int64_t places() const { return places_; }

  // A number for every lane of every kind of strip, from one for every channel.
  template <class A>
  std::vector<A> spread(const std::vector<A>& of_channel) const {
    std::vector<A> lanes(static_cast<size_t>(innermost_ ? lanes_ : channels_ * kLanes));
    for (size_t i = 0; i < lanes.size(); ++i) lanes[i] = of_channel[innermost_ ? i % channels_ : i / kLanes];
    return lanes;
  }

  // Calls visit(strip, first), where `first` is the place of the strip's first lane in what spread() made, on several
  // threads.
  template <class Visit>
  void each(const Visit& visit) const {
    at::parallel_for(0, tasks_, grain(), [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) strips(task, visit);
    });
  }

  // Calls add(strip, first, one, two), which adds to two sums of each lane, and adds them up for each channel. The
  // order of adding does not depend on the number of threads.
  template <class A, class Add>
  void sums(const Add& add, std::vector<double>& one, std::vector<double>& two) const {
    const int64_t width = innermost_ ? channels_ : 1;
    std::vector<double> partial(static_cast<size_t>(2 * tasks_ * width));
    at::parallel_for(0, tasks_, grain(), [&](int64_t begin, int64_t end) {
      std::vector<A> lanes(static_cast<size_t>(2 * lanes_));
      for (int64_t task = begin; task < end; ++task) {
        double* const mine = partial.data() + 2 * task * width;
        strips(task, [&](Strip strip, int64_t first) {
          // Few enough rows that the lanes' own sums lose nothing.
          const int64_t rows = strip.rows;
          for (int64_t row = 0; row < rows; row += kRows) {
            strip.rows = std::min(kRows, rows - row);
            std::fill(lanes.begin(), lanes.end(), A{0});
            add(strip, first, lanes.data(), lanes.data() + lanes_);
            for (int64_t lane = 0; lane < strip.lanes;) {
              for (int64_t i = 0; i < width && lane < strip.lanes; ++i, ++lane) {
                mine[i] += static_cast<double>(lanes[lane]);
                mine[width + i] += static_cast<double>(lanes[lanes_ + lane]);
              }
            }
            strip.offset += strip.rows * strip.stride;
          }
        });
      }
    });
    one.assign(static_cast<size_t>(channels_), 0);
    two.assign(static_cast<size_t>(channels_), 0);
    for (int64_t task = 0; task < tasks_; ++task) {
      for (int64_t i = 0; i < width; ++i) {
        one[innermost_ ? i : task] += partial[2 * task * width + i];
        two[innermost_ ? i : task] += partial[2 * task * width + width + i];
      }
    }
  }

 private:
  static constexpr int64_t kLanes = 128, kChunks = 64, kRows = 128;
  // Fewer numbers than this are not worth waking a thread.
  static constexpr int64_t kGrain = 32768;

  // Whole vectors if that takes few places: a strip's last lanes are slow if they fill none.
  static int64_t group_of(int64_t channels) {
    const int64_t whole = kLanes / std::gcd(channels, kLanes);
    return whole * channels <= 16 * kLanes ? whole : std::max<int64_t>(1, kLanes / channels);
  }
  int64_t rounded_chunk() const { return (chunk_ + group_ - 1) / group_ * group_; }
  int64_t grain() const { return std::max<int64_t>(1, kGrain * tasks_ / std::max<int64_t>(1, places_ * channels_)); }

  template <class Visit>
  void strips(int64_t task, const Visit& visit) const {
    if (innermost_) {
      const int64_t begin = task * rounded_chunk(), count = std::min(rounded_chunk(), places_ - begin);
      const int64_t whole = count / group_, rest = count % group_;
      if (whole > 0) visit(Strip{begin * channels_, whole, lanes_, lanes_}, 0);
      if (rest > 0) visit(Strip{(begin + whole * group_) * channels_, rest, channels_, channels_}, 0);
      return;
    }
    const int64_t whole = plane_ / kLanes, rest = plane_ % kLanes, stride = channels_ * plane_;
    const int64_t images = places_ / plane_, start = task * plane_;
    for (int64_t image = 0; whole > 0 && image < images; ++image)
      visit(Strip{start + image * stride, whole, kLanes, kLanes}, task * kLanes);
    if (rest > 0) visit(Strip{start + whole * kLanes, images, rest, stride}, task * kLanes);
  }

  int64_t channels_, places_;
  bool innermost_;
  int64_t plane_, group_, lanes_, chunk_, tasks_;
};

}  // namespace tench::nn
