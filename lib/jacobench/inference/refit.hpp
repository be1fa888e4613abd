// A fit made again to other data: what bootstraps and conformal intervals repeat.
#pragma once

#include <atomic>
#include <functional>

#include "jacobench/fit/fit.hpp"

namespace jacobench {

// Tells IntervalOptions::watch how many of the tasks of parallel_for_workers are done.
class RefitCount {
 public:
  RefitCount(const std::function<void(Index, Index)>& watch, Index n_all) : watch_(watch), n_all_(n_all) {}

  // Worker 0 is the caller's thread.
  void one_is_done(Index worker) {
    const Index n = ++n_done_;
    if (watch_ && worker == 0) watch_(n, n_all_);
  }

 private:
  const std::function<void(Index, Index)>& watch_;
  const Index n_all_;
  std::atomic<Index> n_done_ = 0;
};

// From the estimate and no other start, with the fit's own decay and strategy, to the precision that its intervals can tell.
inline FitOptions refit_options(const Fit& like, Index max_iterations) {
  return {.n_starts = 0,
          .n_tries_from_start = 1,
          .decay = like.decay,
          .max_iterations = max_iterations,
          .relative_offset = 1e-7,
          .jacobian = like.jacobian};
}

}  // namespace jacobench
