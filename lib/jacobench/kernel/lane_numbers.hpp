// Numbers of fits side by side, entry by entry: number i of the fit in a lane stands at [i * n_lanes + lane].
#pragma once

#include <span>
#include <vector>

#include "jacobench/kernel/batch_view.hpp"
#include "jacobench/kernel/line_allocator.hpp"

namespace jacobench::kernel {

class LaneNumbers {
 public:
  LaneNumbers() = default;

  // Zeros.
  LaneNumbers(Index n_numbers, Index n_lanes)
      : n_lanes_(n_lanes), numbers_(static_cast<std::size_t>(n_numbers * n_lanes)) {}

  Index size() const { return n_lanes_ > 0 ? std::ssize(numbers_) / n_lanes_ : 0; }  // of a lane

  double& operator()(Index i, Index lane) { return numbers_[place(i, lane)]; }
  double operator()(Index i, Index lane) const { return numbers_[place(i, lane)]; }

  // Numbers first, first + step, ... of one lane.
  void set(Index lane, Index first, Index step, std::span<const double> numbers) {
    const Index apart = step * n_lanes_;
    double* to = &numbers_[place(first, lane)];
    for (const double number : numbers) *to = number, to += apart;
  }
  // The first of them.
  void get(Index lane, std::span<double> numbers) const {
    const double* from = &numbers_[place(0, lane)];
    for (double& number : numbers) number = *from, from += n_lanes_;
  }

  double* data() { return numbers_.data(); }
  const double* data() const { return numbers_.data(); }

 private:
  std::size_t place(Index i, Index lane) const { return static_cast<std::size_t>(i * n_lanes_ + lane); }

  Index n_lanes_ = 0;
  std::vector<double, LineAllocator<double>> numbers_;
};

}  // namespace jacobench::kernel
