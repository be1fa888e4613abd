// Fits to one set of data after another, all of one shape, in a workspace that is made once: what a bootstrap, a profile and
// a simulation spend their time in.
//
// Model:  that of fit/fit.hpp, with the standardisation given; from each start the polishing descent of fit/solvers.hpp,
//         down to a relative offset that is far below what statistics can tell. The lowest of several minima is kept.
// Shapes: as in fit/fit.hpp
// Cost:   an iteration is J and 2 N P^2 flops; no allocation after making (by the analytic strategies)
// Errors: logic_error for data of another shape. Data are not checked. Not to converge is an outcome: `stop`
#pragma once

#include "jacobench/fit/solvers.hpp"

namespace jacobench {

struct RefitOptions {
  Vector decay = {};  // as in FitOptions
  JacobianChoice jacobian = {};
  Index max_iterations = 200;
  double relative_offset = 1e-7;
};

struct Refit {
  Vector theta;
  double objective;
  Stop stop;
  Index n_iterations;  // over all starts

  bool is_finite() const { return stop != Stop::not_finite; }
};

class Refitter {
 public:
  // Standardised as suits `like`, the shapes of which all data have.
  Refitter(const Perceptron& network, const Dataset& like, RefitOptions options = {});

  // From one start, or from the best of several: the columns of `starts` [P x S]. The result stays until the next call.
  const Refit& refit(const Dataset& data, const MatrixView& starts);

 private:
  const RefitOptions options_;
  const Scaling scaling_;
  Residuals residuals_;
  Polisher polisher_;
  Vector tau_;
  Refit best_;
};

}  // namespace jacobench
