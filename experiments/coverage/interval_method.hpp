// The ways to make intervals that a coverage study compares: one table.
//
// A method gives the standard errors of the fit at the points, with the sigma and the degrees of freedom of a t interval;
// or, where it has no such form, bounds of its own.
// Adding a method is one row of the table in interval_method.cpp.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/inference/standard_errors.hpp"

#include "coverage/scenario.hpp"

namespace jacobench::coverage {

// One replicate, fitted.
struct FittedReplicate {
  const Scenario& scenario;
  const JacobianChoice& jacobian;
  Index replicate;
  const Dataset& data;
  const Matrix& points;
  const Vector& theta;     // of the fit
  StandardErrors& errors;  // linearised there
};

struct MethodOptions {
  DofRule dof_rule = DofRule::n_minus_rank;  // known_sigma: the scenario's
  RankPolicy policy = RankPolicy::refuse;
  Index n_bootstrap = 999;
};

// Where `failure` is null: se of the fit [M], and noise_sd, what a new observation has beside it.
struct Errors {
  Vector se;
  double noise_sd = 0;
  double dof = 0;
  const char* failure = nullptr;
};

struct IntervalMethod {
  std::string name;
  std::string summary;
  std::optional<CovarianceKind> kind = {};  // of a covariance of the library, which sup_t needs

  // Fills in the errors, whose se has its size already.
  std::function<void(const FittedReplicate&, const MethodOptions&, Errors&)> errors = {};

  // Methods without standard errors: bounds of the mean at a level, [M] each; returns why there are none, or null.
  std::function<const char*(const FittedReplicate&, const MethodOptions&, double level, Vector& lower,
                            Vector& upper)>
      bounds = {};

  bool is_bootstrap = false;
  bool needs_nonlinear_fit = false;  // whether one linear step is not enough for it

  bool has_errors() const { return errors != nullptr; }
};

std::span<const IntervalMethod> interval_method_table();

// The general route to the covariance, for what StandardErrors does not compute.
Linearisation linearisation(const FittedReplicate& fitted);
CovarianceOptions covariance_options(CovarianceKind kind, const Scenario& scenario,
                                     const MethodOptions& options);

}  // namespace jacobench::coverage
