#include "jacobench/fit/output_scales.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/QR>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

constexpr Index most_rounds = 50;
constexpr double resting = 1e-7;  // relative change of a scale
constexpr double least_left = 0.5;

// Of the residuals of an output, when those of others are taken from it: with less of it the covariance is singular.
constexpr double least_own_share = 1e-6;

Vector with_geometric_mean_one(const Vector& d) { return d / std::exp(d.array().log().mean()); }

// What rounding makes of numbers as large as those of each output.  Shape: [K]
Vector rounding_of(const Matrix& Y) {
  return 8 * std::numeric_limits<double>::epsilon() * Y.colwise().norm().transpose();
}

// r_k, from J and the penalty rows.  Shape: [K]
Vector parameters_taken_up(const Matrix& J, Index N, Index K) {
  ScaledQr qr(J.rows(), J.cols());
  qr.factorise(J);
  Matrix Q(N * K, qr.rank());
  qr.get_q(Q);
  Vector taken(K);
  for (Index k = 0; k < K; ++k) taken[k] = Q.middleRows(k * N, N).squaredNorm();
  return taken;
}

// From a factor of E'E, so that what each column has to itself is exact up to the rounding of the columns.  Shape: [N x
// K] Throws InputError where it is no more than that, or than the least share of a column, which is called `what`.
OutputScales joint_scales(const Matrix& errors, const Vector& rounding, double least_share,
                          std::string_view what) {
  const Index N = errors.rows(), K = errors.cols();
  const Vector norms = errors.colwise().norm().transpose();
  Matrix R = Matrix::Zero(K, K);
  if (N >= K && (norms.array() > 0).all())
    R = Eigen::HouseholderQR<Matrix>(errors * norms.cwiseInverse().asDiagonal())
            .matrixQR()
            .topRows(K)
            .triangularView<Eigen::Upper>();
  for (Index k = 0; k < K; ++k)
    if (!(std::abs(R(k, k)) > least_share && std::abs(R(k, k)) * norms[k] > rounding[k]))
      throw InputError(
          "output noise joint: {} {} of {} is those before it combined, up to rounding (the covariance of "
          "the "
          "noise is singular, the likelihood without a maximum); leave the output out, or take own",
          what, k + 1, errors.cols());
  Matrix C = R.transpose() * R;
  C.triangularView<Eigen::StrictlyUpper>() = C.transpose();
  C.diagonal().setOnes();
  const double log_det = (norms.array() * R.diagonal().array().abs()).log().mean();
  return {.d = norms / std::exp(log_det), .C = C};
}

}  // namespace

bool wants_output_scales(const Dataset& data, const FitOptions& options) {
  return options.output_noise != OutputNoise::shared && data.Y.cols() > 1 && data.output_scales.size() == 0;
}

Dataset with_first_scales(const Dataset& data, OutputNoise noise) {
  const Matrix centred = data.Y.rowwise() - data.Y.colwise().mean();
  Dataset scaled = data;
  scaled.output_noise = noise;
  scaled.output_scales = with_geometric_mean_one(centred.colwise().norm().transpose());
  if (noise == OutputNoise::joint) {
    joint_scales(centred, rounding_of(data.Y), 0, "output");
    scaled.output_correlation = Matrix::Identity(data.Y.cols(), data.Y.cols());
  }
  return scaled;
}

void set_scales(Dataset& data, const OutputScales& scales) {
  data.output_scales = scales.d;
  data.output_correlation = scales.C;
}

std::optional<OutputScales> output_scales_of(const Fit& fit) {
  const Index N = fit.data.n_observations(), K = fit.data.Y.cols();
  Residuals residuals(fit.network, fit.data, fit.decay, fit.jacobian);
  const bool is_joint = fit.data.output_noise == OutputNoise::joint;
  Vector r(residuals.n_rows());
  Matrix J(is_joint ? 0 : residuals.n_rows(), residuals.n_params());
  if (!residuals.evaluate(fit.theta, r.data(), is_joint ? nullptr : J.data())) return {};
  if (is_joint) {
    Matrix rows = r.head(N * K).reshaped(N, K);
    // A multiple of the identity where the scales are as they were.
    const Matrix S = rows.transpose() * rows;
    const double change =
        (static_cast<double>(K) * S / S.trace() - Matrix::Identity(K, K)).cwiseAbs().maxCoeff();
    fit.data.output_mixing().correlate(rows);
    OutputScales scales = joint_scales(rows * fit.data.output_scales.asDiagonal(), rounding_of(fit.data.Y),
                                       least_own_share, "the residual of output");
    scales.change = change;
    return scales;
  }
  const Vector taken = parameters_taken_up(J, N, K);
  const Vector rounding = rounding_of(fit.data.Y) / std::sqrt(static_cast<double>(N));
  Vector d(K);
  for (Index k = 0; k < K; ++k) {
    const double left = static_cast<double>(N) - taken[k], scale = fit.data.output_scales[k];
    if (!(left >= least_left)) return {};
    const double s = scale * std::sqrt(r.segment(k * N, N).squaredNorm() / left);
    d[k] = std::max(s, rounding[k]);
  }
  d = with_geometric_mean_one(d);
  const double change = (d.array() / fit.data.output_scales.array()).log().abs().maxCoeff();
  return OutputScales{.d = d, .change = change};
}

void rescale_starts(FitEnd& end, const FitEnd& before) {
  const double ratio = (end.rss + end.penalty) / (before.rss + before.penalty);
  end.starts = before.starts;
  if (!std::isfinite(ratio)) return;
  for (double* objective : {&end.starts.lowest, &end.starts.median, &end.starts.highest}) *objective *= ratio;
  for (StartOutcome& outcome : end.starts.outcomes) outcome.objective *= ratio;
}

Fit fit_with_output_scales(const Perceptron& network, const Dataset& data, const FitOptions& options) {
  Dataset scaled = data;
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
    const std::optional<OutputScales> scales = output_scales_of(result);
    if (!scales || scales->change <= resting) break;
    if (round == most_rounds) {
      result.end->stop = Stop::iteration_limit;
      result.end->remaining.reset();
      break;
    }
    set_scales(scaled, *scales);
    if (!fitter) fitter.emplace(network, scaled, again);
    const Vector from = result.theta;
    const FitEnd before = *result.end;
    result = fitter->fit(scaled, from);
    rescale_starts(*result.end, before);
    result.end->n_iterations += before.n_iterations;
  }
  return result;
}

}  // namespace jacobench
