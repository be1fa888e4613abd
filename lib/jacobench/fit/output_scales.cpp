#include "jacobench/fit/output_scales.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

constexpr Index most_rounds = 50;
constexpr double resting = 1e-7;  // relative change of a scale
constexpr double least_left = 0.5;

Vector with_geometric_mean_one(const Vector& d) { return d / std::exp(d.array().log().mean()); }

// r_k, from J and the penalty rows.  Shape: [K]
Vector parameters_taken_up(Matrix& J, Index N, Index K) {
  ScaledQr qr(J.rows(), J.cols());
  qr.factorise(J);
  Matrix Q(N * K, qr.rank());
  qr.get_q(Q);
  Vector taken(K);
  for (Index k = 0; k < K; ++k) taken[k] = Q.middleRows(k * N, N).squaredNorm();
  return taken;
}

}  // namespace

bool wants_output_scales(const Dataset& data, const FitOptions& options) {
  return options.output_noise == OutputNoise::own && data.Y.cols() > 1 && data.output_scales.size() == 0;
}

Vector spreads_of_outputs(const Dataset& data) {
  const Matrix centred = data.Y.rowwise() - data.Y.colwise().mean();
  return with_geometric_mean_one(centred.colwise().norm().transpose());
}

std::optional<Vector> output_scales_of(const Fit& fit) {
  const Index N = fit.data.n_observations(), K = fit.data.Y.cols();
  Residuals residuals(fit.network, fit.data, fit.decay, fit.jacobian);
  Vector r(residuals.n_rows());
  Matrix J(residuals.n_rows(), residuals.n_params());
  if (!residuals.evaluate(fit.theta, r.data(), J.data())) return {};
  const Vector taken = parameters_taken_up(J, N, K);
  Vector d(K);
  for (Index k = 0; k < K; ++k) {
    const double left = static_cast<double>(N) - taken[k], scale = fit.data.output_scales[k];
    if (!(left >= least_left)) return {};
    const double s = scale * std::sqrt(r.segment(k * N, N).squaredNorm() / left);
    const double of_rounding = 8 * std::numeric_limits<double>::epsilon() * fit.data.Y.col(k).norm();
    d[k] = std::max(s, of_rounding / std::sqrt(static_cast<double>(N)));
  }
  return with_geometric_mean_one(d);
}

Fit fit_with_output_scales(const Perceptron& network, const Dataset& data, const FitOptions& options,
                           const Vector& first) {
  Dataset scaled = data;
  scaled.output_scales = first;
  scaled.output_noise = OutputNoise::own;
  Fit result = Fitter(network, scaled, options).fit(scaled);
  FitOptions again = options;
  again.start.reset();
  again.starts.resize(0, 0);
  again.n_starts = 0;
  again.n_redraws = 0;
  again.n_tries_from_start = 1;
  std::optional<Fitter> fitter;
  for (Index round = 0; result.end->stop != Stop::not_finite && result.end->stop != Stop::interrupted;
       ++round) {
    const std::optional<Vector> d = output_scales_of(result);
    if (!d) break;
    const double change = (d->array() / result.data.output_scales.array()).log().abs().maxCoeff();
    if (change <= resting) break;
    if (round == most_rounds) {
      result.end->stop = Stop::iteration_limit;
      result.end->remaining.reset();
      break;
    }
    scaled.output_scales = *d;
    if (!fitter) fitter.emplace(network, scaled, again);
    const Vector from = result.theta;
    const StartSummary starts = result.end->starts;
    const Index n_before = result.end->n_iterations;
    result = fitter->fit(scaled, from);
    result.end->starts = starts;
    result.end->n_iterations += n_before;
  }
  return result;
}

}  // namespace jacobench
