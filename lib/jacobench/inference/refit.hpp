// A fit made again to other data: what bootstraps and conformal intervals repeat.
#pragma once

#include "jacobench/fit/fit.hpp"

namespace jacobench {

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
