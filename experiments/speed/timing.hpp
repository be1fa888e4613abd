// Timings by Google Benchmark: several pieces of work side by side, their repetitions interleaved at random, so that a
// drift of the machine hits all alike.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace jacobench::speed {

struct TimingOptions {
  int repetitions = 9;
  double min_seconds = 0.02;  // of calls in each repetition
};

// Wall-clock seconds a call: the repetitions, and figures over them.
struct Timing {
  std::vector<double> repetitions;
  double median = 0;
  double min = 0;
  double spread = 0;  // the distance of the quartiles over the median
};

// One timing for each piece of work, in their order.
std::vector<Timing> time_side_by_side(const std::vector<std::function<void()>>& works,
                                      const TimingOptions& options);

// Name and value of what Google Benchmark sees of the machine: clock, caches, scaling.
std::vector<std::pair<std::string, std::string>> benchmark_context();

}  // namespace jacobench::speed
