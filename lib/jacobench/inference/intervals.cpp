#include "jacobench/inference/intervals.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/quantiles.hpp"
#include "jacobench/network/entry_names.hpp"

namespace jacobench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// More of a gradient than this in directions that the data leave open is not rounding.
constexpr double undetermined_share = 1e-6;

constexpr std::array corrections{
    SimultaneousInfo{Simultaneous::none, "none", "each interval holds by itself"},
    SimultaneousInfo{Simultaneous::bonferroni, "bonferroni", "alpha is shared out between the intervals"},
    SimultaneousInfo{Simultaneous::scheffe, "scheffe", "all linear combinations at once"},
    SimultaneousInfo{Simultaneous::sup_t, "sup_t",
                     "the largest of the intervals' own correlated errors, simulated"},
};

void check_options(const Linearisation& at, const MatrixView& X0, const IntervalOptions& options) {
  check_level(options.level);
  if (!(options.new_weight > 0 && std::isfinite(options.new_weight)))
    throw InputError("new weight: {} is not a positive finite number", options.new_weight);
  if (options.simultaneous == Simultaneous::scheffe && options.sides != Sides::both)
    throw InputError("scheffe: bands are two-sided; for one side take bonferroni or sup_t");
  if (options.simultaneous == Simultaneous::sup_t && options.n_simulations < 1000)
    throw InputError("simulations: {} are too few for a quantile; 20000 are usual", options.n_simulations);
  if (X0.cols() != at.network.n_inputs())
    throw InputError("new points: {} input columns for a network with {} inputs", X0.cols(),
                     at.network.n_inputs());
  if (!X0.allFinite())
    throw InputError("new points: an input is not a finite number; correct or remove the row");
  const Matrix& Sx = options.input_noise;
  if (Sx.size() > 0 && (Sx.rows() != X0.cols() || Sx.cols() != X0.cols() || !Sx.isApprox(Sx.transpose()) ||
                        Sx.selfadjointView<Eigen::Lower>().ldlt().vectorD().minCoeff() < 0))
    throw InputError("input noise: not a covariance matrix of {} inputs (symmetric, no negative variance)",
                     X0.cols());
}

// Variance that the noise on the inputs brings, dy/dx Sx dy/dx'.  Shape: [M K]
Vector input_noise_variance(const Linearisation& at, const MatrixView& X0, const IntervalOptions& options) {
  Vector variance = Vector::Zero(X0.rows() * at.n_outputs());
  if (options.input_noise.size() == 0) return variance;
  Matrix J_y_x(variance.size(), X0.cols());
  find_strategy(options.jacobian.strategy)
      .make(at.network, X0.rows(), options.jacobian.options)
      ->evaluate(at.theta, X0, {.J_y_x = &J_y_x});
  return (J_y_x * options.input_noise).cwiseProduct(J_y_x).rowwise().sum();
}

// sigma^2 d_k^2 / w0.  Shape: [M K]
Vector noise_variance(const Linearisation& at, const Covariance& cov, Index n_points, double weight) {
  Vector variance(n_points * at.n_outputs());
  for (Index k = 0; k < at.n_outputs(); ++k) {
    const double d = at.data.output_scales.size() > 0 ? at.data.output_scales[k] : 1;
    variance.segment(k * n_points, n_points).setConstant(cov.sigma * cov.sigma * d * d / weight);
  }
  return variance;
}

// `r` is the number of directions for Scheffe.
Multiplier multiplier(const IntervalOptions& options, double dof, double r, const JointError& error) {
  if (options.simultaneous == Simultaneous::sup_t) return sup_t_multiplier(error, dof, options);
  const int tails = options.sides == Sides::both ? 2 : 1;
  return {interval_multiplier(options.simultaneous, options.level, tails, error.own.size(), r, dof), 0};
}

void set_bounds(const Matrix& fit, const Matrix& se, double q, Sides sides, Matrix& lower, Matrix& upper) {
  lower = sides == Sides::upper ? Matrix::Constant(fit.rows(), fit.cols(), -infinity) : Matrix(fit - q * se);
  upper = sides == Sides::lower ? Matrix::Constant(fit.rows(), fit.cols(), infinity) : Matrix(fit + q * se);
}

// Whether the decay of the fit stands in for the data where they say nothing.
bool penalty_determines(const Linearisation& at, const Covariance& cov) {
  return info(cov.kind).decay != Decay::ignored && at.has_decay();
}

void name_undetermined(const Linearisation& at, const Covariance& cov, const Matrix& G, Bands& bands) {
  bands.undetermined.resize(static_cast<std::size_t>(bands.fit.rows()));
  if (cov.rank.is_full() || penalty_determines(at, cov)) return;
  const Vector share = cov.rank.undetermined_share(G);
  for (Index row = 0; row < G.rows(); ++row)
    if (share[row] > undetermined_share)
      bands.undetermined[static_cast<std::size_t>(row % bands.fit.rows())] = fmt::format(
          "the data do not determine f here: {:.2g} of its gradient lies in directions that they leave open",
          share[row]);
}

}  // namespace

std::span<const SimultaneousInfo> simultaneous_table() { return corrections; }

Simultaneous simultaneous_from_name(std::string_view name) {
  return find_by_name(simultaneous_table(), name, "simultaneous method").method;
}

Bands bands_at(const Linearisation& at, const Covariance& cov, const MatrixView& X0,
               const IntervalOptions& options) {
  check_options(at, X0, options);
  Bands bands{};
  bands.status = cov.status;
  bands.reason = cov.reason;
  bands.fit = evaluate(at.network, at.theta, X0);
  if (!cov.ok() || X0.rows() == 0) return bands;
  const Index M = X0.rows(), K = at.n_outputs();
  const Matrix G = gradients_at(at.network, at.theta, X0, options.jacobian);
  JointError error{cov.factor_of(G), input_noise_variance(at, X0, options)};
  bands.se_mean = error.se().reshaped(M, K);
  bands.mean = multiplier(options, cov.dof, static_cast<double>(cov.rank.rank), error);
  error.own += noise_variance(at, cov, M, options.new_weight);
  bands.se_prediction = error.se().reshaped(M, K);
  bands.prediction = multiplier(options, cov.dof, static_cast<double>(M * K), error);
  set_bounds(bands.fit, bands.se_mean, bands.mean.value, options.sides, bands.mean_lower, bands.mean_upper);
  set_bounds(bands.fit, bands.se_prediction, bands.prediction.value, options.sides, bands.prediction_lower,
             bands.prediction_upper);
  name_undetermined(at, cov, G, bands);
  return bands;
}

Matrix joint_covariance(const Linearisation& at, const Covariance& cov, const VectorView& x0) {
  return cov.of(gradients_at(at.network, at.theta, Matrix(x0.transpose())));
}

Matrix residual_covariance(const Linearisation& at, const Covariance& cov) {
  Matrix R = at.r.reshaped(at.n_observations(), at.n_outputs());
  if (at.data.output_scales.size() > 0) R *= at.data.output_scales.asDiagonal();
  const double left =
      static_cast<double>(at.n_observations()) - cov.trace_h / static_cast<double>(at.n_outputs());
  JB_EXPECT(left > 0, "{} observations left", left);
  return R.transpose() * R / left;
}

std::vector<ParameterInterval> parameter_intervals(const Linearisation& at, const Covariance& cov,
                                                   double level) {
  std::vector<ParameterInterval> intervals;
  for (Index p = 0; p < at.n_params(); ++p)
    intervals.push_back({parameter_name(at.network, p), at.theta[p], {}, {}, {}});
  if (!cov.ok()) return intervals;
  const Matrix unit = Matrix::Identity(at.n_params(), at.n_params());
  const Vector se = cov.standard_errors(unit), share = cov.rank.undetermined_share(unit);
  const double q = t_quantile((1 + level) / 2, cov.dof);
  for (Index p = 0; p < at.n_params(); ++p) {
    ParameterInterval& interval = intervals[static_cast<std::size_t>(p)];
    if (share[p] > undetermined_share && !penalty_determines(at, cov)) continue;
    interval.se = se[p];
    interval.lower = at.theta[p] - q * se[p];
    interval.upper = at.theta[p] + q * se[p];
  }
  return intervals;
}

}  // namespace jacobench
