// Simulations in memory, by the path that studies take, and the gates that exact cases and mutants are
// judged by.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coverage/coverage_experiment.hpp"
#include "coverage/coverage_row.hpp"
#include "support/find_noise_law.hpp"
#include "support/linearised.hpp"

namespace jacobench::testing {

// A network with drawn parameters.
coverage::Truth teacher(const UniformLayers& layers, double weight_scale = 1);

// The teacher's network fitted to its data by one linear step: normal noise of sd 0.3, inputs uniform on
// [-1, 1]^D.
coverage::Scenario linear_step(const UniformLayers& layers, Index n_rows, Index n_points = 6,
                               double weight_scale = 1);

// What a t interval is made from.
struct Errors {
  Vector se;  // of the fit at the points [M]
  double noise_sd = 0;
  double dof = 0;
};

// A method of the table's form that makes t intervals from the errors that `make` fills in; it returns why there are
// none, or null.
using MakeErrors =
    std::function<const char*(Tangent& at, NewPoints& points, std::uint64_t seed, Errors& errors)>;
IntervalMethod method_from(const std::string& name, const MakeErrors& make);

// The errors of `delta`.
Errors errors_of_delta(Tangent& at, NewPoints& points);

// Each method with each kind at each level.
struct Intervals {
  std::vector<IntervalMethod> methods;
  std::vector<IntervalKind> kinds{IntervalKind::mean};
  std::vector<double> levels{0.95};
  Simultaneous simultaneous = Simultaneous::none;
  DofRule dof_rule = DofRule::n_minus_rank;
};

class Simulation {
 public:
  Simulation(const coverage::Scenario& scenario, Intervals intervals, Index n_replicates,
             Index n_simulations = 2000);

  const coverage::ReplicateContext& context() const { return *context_; }
  Index n_replicates() const { return records_.cols(); }
  const std::vector<std::string>& failures() const { return failures_; }
  const Matrix& records() const { return records_; }

  // Of the interval of this method, kind and level, by their numbers.
  std::size_t interval(std::size_t method, std::size_t kind = 0, std::size_t level = 0) const;
  coverage::CoverageRow row(std::size_t interval) const;
  coverage::Measures measures(std::size_t interval) const;

  // [M x R], less the truth.
  Matrix fits() const { return block(context_->layout.fit(0)); }
  Matrix standard_errors(std::size_t method) const { return block(context_->layout.se(0, method)); }
  Matrix upper(std::size_t interval) const { return block(context_->layout.upper(0, interval)); }

 private:
  Matrix block(std::size_t at) const;

  const Intervals intervals_;  // whose methods the plan points to
  std::unique_ptr<coverage::ReplicateContext> context_;
  Matrix records_;
  std::vector<std::string> failures_;
};

// The linear model that a fit by one step is exactly of, by Eigen's QR rather than by the library's.
struct LinearModel {
  explicit LinearModel(const coverage::ReplicateContext& context);

  // A = G (J'J + K)^-1 J': the fit at the points is A y.
  Matrix fit_weights(const Vector& K) const { return G * pseudo_inverse(K); }
  Matrix fit_weights() const { return fit_weights(Vector::Zero(J.cols())); }
  Matrix hat() const { return J * pseudo_inverse(Vector::Zero(J.cols())); }

  // sqrt(g'(J'J)^-1 g).  Shape: [M]
  Vector unit_se() const { return fit_weights().rowwise().norm(); }

  Vector theta;
  Matrix J, G;
  Vector variances;  // of the noise on the data

 private:
  Matrix pseudo_inverse(const Vector& K) const;  // (J'J + K)^-1 J'
};

// P(|T| <= q) for Student's T; normal where dof is infinite.
double probability_within(double q, double dof);

// The normal quantile for a test at 99.9 % that makes so many two-sided comparisons together.
double z_for(Index n_comparisons);

// Whether observations are within z standard errors; the one furthest off is named.
::testing::AssertionResult agree(const Vector& observed, const Vector& exact, const Vector& se, double z);
::testing::AssertionResult agrees(double observed, double exact, double se, double z);

// The coverages at the points against what they are, with the binomial standard error.
::testing::AssertionResult covers(const coverage::Measures& measures, const Vector& exact, double z);
::testing::AssertionResult covers(const coverage::Measures& measures, double exact, double z);

// Those of predictions, at the points where they are lowest and highest.
::testing::AssertionResult predicts(const coverage::Measures& measures, double exact, double z);

// A study as its config has it.
std::unique_ptr<coverage::CoverageExperiment> coverage_study(const harness::Config& config);

}  // namespace jacobench::testing
