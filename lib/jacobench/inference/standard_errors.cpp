#include "jacobench/inference/standard_errors.hpp"

#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

bool has_sandwich(CovarianceKind kind) {
  return kind == CovarianceKind::hc0 || kind == CovarianceKind::hc1 || kind == CovarianceKind::hc2 ||
         kind == CovarianceKind::hc3;
}

bool needs_second_derivatives(CovarianceKind kind) {
  return kind == CovarianceKind::hessian || kind == CovarianceKind::hessian_sandwich;
}

}  // namespace

bool StandardErrors::can_compute(const CovarianceOptions& options) {
  return !needs_second_derivatives(options.kind) && options.policy == RankPolicy::refuse;
}

StandardErrors::Factor::Factor(Index n_rows, Index n_data_rows, Index n_params)
    : scaled(n_rows, n_params), qr(n_rows, n_params), T(n_params, n_params), Q(n_data_rows, n_params) {}

StandardErrors::StandardErrors(const Perceptron& network, const Dataset& like, const MatrixView& X0,
                               const Vector& decay, const JacobianChoice& jacobian)
    : network_(network),
      n_data_rows_(like.n_values()),
      X0_(X0),
      has_decay_((decay.array() > 0).any()),
      residuals_(network, like, decay, jacobian),
      at_points_(find_strategy(jacobian.strategy).make(network, X0.rows(), jacobian.options)),
      r_(residuals_.n_rows()),
      rotated_(residuals_.n_rows()),
      step_(network.n_params()),
      J_(residuals_.n_rows(), network.n_params()),
      fit_at_points_(X0.rows(), 1),
      G_(X0.rows(), network.n_params()),
      A_(X0.rows(), network.n_params()),
      AS_(X0.rows(), network.n_params()),
      S_(network.n_params(), network.n_params()),
      weighted_Q_(n_data_rows_, network.n_params()),
      fit_(X0.rows()),
      adjusted_(n_data_rows_),
      data_(n_data_rows_, n_data_rows_, network.n_params()),
      penalised_(has_decay_ ? residuals_.n_rows() : 0, n_data_rows_, network.n_params()) {
  JB_EXPECT(network.n_outputs() == 1, "{} outputs, want 1", network.n_outputs());
  JB_EXPECT(X0.cols() == network.n_inputs(), "X0 has {} columns, want {}", X0.cols(), network.n_inputs());
}

bool StandardErrors::linearise(const Vector& theta, const Dataset& data) {
  residuals_.set_data(data);
  data_.is_ready = penalised_.is_ready = false;
  if (!residuals_.evaluate(theta, r_.data(), J_.data())) return false;
  at_points_->evaluate(theta, X0_, {.values = &fit_at_points_, .J_y_theta = &G_});
  fit_ = fit_at_points_.col(0);
  return fit_.allFinite() && G_.allFinite();
}

bool StandardErrors::take_linear_step() {
  Factor& factor = has_decay_ ? penalised_factor() : data_factor();
  if (!factor.qr.has_full_rank()) return false;
  rotated_ = -r_;
  factor.qr.rotate(rotated_);
  factor.qr.solve(rotated_, step_);
  r_.noalias() += J_ * step_;
  fit_.noalias() += G_ * step_;
  return true;
}

StandardErrors::Factor& StandardErrors::data_factor() {
  if (!data_.is_ready) {
    data_.scaled = J_.topRows(n_data_rows_);
    factorise(data_);
  }
  return data_;
}

StandardErrors::Factor& StandardErrors::penalised_factor() {
  if (!penalised_.is_ready) {
    penalised_.scaled = J_;
    factorise(penalised_);
  }
  return penalised_;
}

void StandardErrors::factorise(Factor& factor) const {
  factor.qr.factorise(factor.scaled);
  factor.has_Q = false;
  if (factor.qr.has_full_rank()) factor.qr.inverse_factor(factor.T);
  factor.is_ready = true;
}

const Matrix& StandardErrors::Q_of(Factor& factor) const {
  if (!factor.has_Q) blas::multiply(J_.topRows(n_data_rows_), factor.T, factor.Q);
  factor.has_Q = true;
  return factor.Q;
}

double StandardErrors::condition() {
  Factor& factor = data_factor();
  if (!factor.qr.has_full_rank()) return std::numeric_limits<double>::infinity();
  return factor.qr.condition(factor.T);
}

double StandardErrors::degrees_of_freedom(DofRule rule, Factor& factor) {
  const auto n = static_cast<double>(n_data_rows_);
  switch (rule) {
    case DofRule::n_minus_rank:
      return n - static_cast<double>(rank());
    case DofRule::n_minus_trace:
      return n - Q_of(factor).squaredNorm();
    case DofRule::n_minus_trace_2h_hh: {
      S_.setZero();
      blas::add_gram(Q_of(factor), S_);
      double trace_hh = S_.diagonal().squaredNorm();
      for (Index p = 0; p < S_.cols(); ++p) trace_hh += 2 * S_.col(p).tail(S_.rows() - p - 1).squaredNorm();
      return n - 2 * S_.trace() + trace_hh;
    }
    case DofRule::known_sigma:
      return std::numeric_limits<double>::infinity();
  }
  JB_EXPECT(false, "dof rule {} is not in the table", static_cast<int>(rule));
  return 0;
}

// The e of hc0 to hc3.
CovarianceStatus StandardErrors::adjust_residuals(CovarianceKind kind, Factor& factor) {
  const Matrix& Q = Q_of(factor);
  adjusted_ = residuals_at_data();
  if (kind == CovarianceKind::hc1) {
    const auto n = static_cast<double>(n_data_rows_);
    const double left = n - Q.squaredNorm();
    if (left < 0.5) return CovarianceStatus::no_degrees_of_freedom;
    adjusted_ *= std::sqrt(n / left);
  } else if (kind != CovarianceKind::hc0) {
    for (Index i = 0; i < n_data_rows_; ++i) {
      const double left = 1 - Q.row(i).squaredNorm();
      if (left < 64 * unit_roundoff) return CovarianceStatus::leverage_of_one;
      adjusted_[i] /= kind == CovarianceKind::hc2 ? std::sqrt(left) : left;
    }
  }
  return CovarianceStatus::ok;
}

StandardErrors::Outcome StandardErrors::compute(const CovarianceOptions& options, Vector& se) {
  JB_EXPECT(can_compute(options), "{} with this policy is not computed here", info(options.kind).name);
  const Decay decay = info(options.kind).decay;
  if (decay == Decay::needed && !has_decay_) return {CovarianceStatus::no_decay, 0, 0};
  Factor& factor = has_decay_ && decay != Decay::ignored ? penalised_factor() : data_factor();
  if (!factor.qr.has_full_rank())
    return {decay == Decay::ignored && network_.n_params() > n_data_rows_
                ? CovarianceStatus::more_parameters_than_observations
                : CovarianceStatus::rank_deficient,
            0, 0};
  Outcome outcome{CovarianceStatus::ok, 0, degrees_of_freedom(options.dof_rule, factor)};
  if (options.known_sigma)
    outcome.sigma = *options.known_sigma;
  else if (outcome.dof < 0.5)
    return {CovarianceStatus::no_degrees_of_freedom, 0, 0};
  else
    outcome.sigma = std::sqrt(rss() / outcome.dof);

  blas::multiply(G_, factor.T, A_);
  if (options.kind == CovarianceKind::delta || options.kind == CovarianceKind::laplace) {
    se = outcome.sigma * A_.rowwise().norm();
    return outcome;
  }
  S_.setZero();
  if (has_sandwich(options.kind)) {
    outcome.status = adjust_residuals(options.kind, factor);
    if (outcome.status != CovarianceStatus::ok) return outcome;
    weighted_Q_ = adjusted_.asDiagonal() * factor.Q;
    blas::add_gram(weighted_Q_, S_);
  } else {
    blas::add_gram(Q_of(factor), S_);
  }
  blas::multiply_symmetric(A_, S_, AS_);
  const double scale = has_sandwich(options.kind) ? 1 : outcome.sigma;
  se = scale * AS_.cwiseProduct(A_).rowwise().sum().cwiseMax(0).cwiseSqrt();
  return outcome;
}

}  // namespace jacobench
