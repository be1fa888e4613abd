// Confidence and prediction intervals of a fit, by any method of the table, and intervals for its parameters.
//
// Shapes: X0 [M x D]; bounds [M x K]
// Cost:   that of the method
// Errors: InputError for options that make no sense. What cannot be given is an outcome, with its reason.
#pragma once

#include <limits>

#include "jacobench/inference/interval_method.hpp"

namespace jacobench {

struct Bands {
  std::string reason;                  // why there is no band, one line; empty where there is
  Matrix fit;                          // f(X0)
  Band mean, prediction;               // empty where the method gives none,
  std::string no_mean, no_prediction;  // and then why, one line
  std::vector<std::string> open;       // of each point, why it has no bound; [M], or [0] where all have one
  double sigma = 0, dof = 0;
  Refits refits;
  std::string remark;

  bool ok() const { return reason.empty(); }
};

struct BandOptions {
  std::string method = {};  // a name of interval_method_table(); empty: default_interval_method(fit)
  double level = 0.95;
  Simultaneous simultaneous = Simultaneous::none;
  Sides sides = Sides::both;
  std::uint64_t seed = 1;
  IntervalOptions how = {};
};

// Both bands at new points.
Bands bands_at(const Fit& fit, const MatrixView& X0, const BandOptions& options = {});

// The covariance of the K fitted outputs at one point; that of an observation there has residual_covariance() added.
// Shapes: x0 [D], result [K x K]
Matrix joint_covariance(const Tangent& at, const Covariance& cov, const VectorView& x0);

// R'R / (n - r), n observations, r = tr H / K taken up by each output: the covariance of the outputs' noise, in the
// units of the outputs, for weight 1.  Shape: [K x K]
Matrix residual_covariance(const Tangent& at, const Covariance& cov);

struct ParameterInterval {
  std::string name;
  double estimate;
  std::optional<double> se, lower, upper;  // none where the data do not determine the parameter
};

std::vector<ParameterInterval> parameter_intervals(Tangent& at, const Covariance& cov, double level = 0.95,
                                                   Index most = std::numeric_limits<Index>::max());

}  // namespace jacobench
