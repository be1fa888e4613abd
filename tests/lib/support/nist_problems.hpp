// Four nonlinear regression problems of the NIST Statistical Reference Datasets (StRD) that are perceptrons exactly,
// with their certified values.
//
//   Rat42     b1 / (1 + exp(b2 - b3 x))                            1-1-1, logistic
//   Misra1d   b1 b2 x / (1 + b2 x)                                 1-1-1, softsign without bias
//   Lanczos2  b1 exp(-b2 x) + b3 exp(-b4 x) + b5 exp(-b6 x)        1-3-1, exp without bias
//   Eckerle4  (b1 / b2) exp(-((x - b3) / b2)^2 / 2)                1-1-1, gaussian
// The top layer is the identity without bias. NIST prints 11 digits; `refit` values come from a fit of the network in
// 50-digit arithmetic and agree with them.
// Source: National Institute of Standards and Technology, StRD, nonlinear regression
#pragma once

#include <array>
#include <iosfwd>
#include <span>
#include <string>

#include "jacobench/fit/dataset.hpp"

namespace jacobench::testing {

struct NistProblem {
  std::string name;
  Perceptron network;
  Dataset data;
  std::array<Vector, 2> start_b;
  Vector certified_b, certified_sd_b;
  double certified_rss, certified_residual_sd;
  // From the 50-digit refit.
  double fit_at_first_row, se_at_first_row, fit_at_last_row, se_at_last_row, max_leverage;
  Vector (*theta_of)(const Vector& b);
  Vector (*b_of)(const Vector& theta);
  Matrix (*J_b_theta)(const Vector& theta);
};

std::span<const NistProblem> nist_problems();

std::ostream& operator<<(std::ostream& out, const NistProblem& problem);

}  // namespace jacobench::testing
