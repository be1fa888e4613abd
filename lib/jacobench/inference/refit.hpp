// Fits made again to other data: what bootstraps and conformal intervals repeat.
//
// Model:  numbered data of one shape, each fitted from the same start, with the fit's own decay and strategy, to the
//         precision that intervals can tell. Where fits of the network can, they go side by side (Fitter::fit_all).
//         A thread that is done with one takes the next that nobody has
// Bits:   those of each refit by itself, whatever the number of threads and whatever goes beside it
// Cost:   a fit each. A thread has a fitter, and data for each fit that goes side by side, from its first refit on
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "jacobench/fit/fit.hpp"

namespace jacobench {

// Tells IntervalOptions::watch how many refits are done.
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

// From a given start and no other.
FitOptions refit_options(const Fit& like, Index max_iterations);

class Refitting {
 public:
  // Of fits like this one, which is kept by reference.
  Refitting(const Fit& like, Index max_iterations, Index n_threads);
  ~Refitting();

  struct Task {
    Index n_refits;
    const Dataset& data;  // of the shape of all, in every run
    const Vector& start;  // in the user's units
    // Into `data` as they are above, or as another number has left them.
    std::function<void(Index number, Dataset& data)> draw;
    // In no particular order, but one after the other by one worker < n_threads, on its thread.
    std::function<void(Index number, const Fit& again, Index worker)> use;
  };

  // Rethrows one of the exceptions that were thrown on the way, after which no further data are drawn.
  void run(const Task& task, RefitCount& count);

 private:
  class Worker;

  const Fit& like_;
  const Index max_iterations_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace jacobench
