#include "jacobench/fit/normal_equations.hpp"

#include <cmath>

#include "jacobench/kernel/blas.hpp"

namespace jacobench {

NormalEquations::NormalEquations(Residuals& residuals)
    : StepEquations(residuals),
      second_(residuals.network(), residuals.X().rows()),
      products_(residuals.network(), residuals.X().rows()),
      M_(residuals.n_params(), residuals.n_params()),
      damped_(residuals.n_params(), residuals.n_params()),
      weights_(residuals.X().rows(), residuals.network().n_outputs()),
      along_(residuals.n_data_rows(), 1),
      bend_(residuals.n_params()),
      M_d_(residuals.n_params()),
      diagonal_(residuals.n_params()) {
  second_.prepare();
}

bool NormalEquations::move_to(const Vector& tau) {
  tau_ = tau;
  if (!residuals_.normal_equations(tau, r_, M_, g_)) return false;
  diagonal_ = M_.diagonal();
  scale_ = diagonal_.mean();
  return true;
}

// Half the Hessian of |r|^2 is J'J and the sum of r_i d2 r_i; the penalty rows are linear.
bool NormalEquations::add_second_derivatives() {
  weights_ = Eigen::Map<const Matrix>(r_.data(), weights_.rows(), weights_.cols());
  residuals_.rows().apply_transposed(weights_);
  second_.add_weighted_sum(tau_, residuals_.X(), weights_, M_);
  if (std::isfinite(M_.sum())) return true;
  residuals_.normal_equations(tau_, r_, M_, g_);
  return false;
}

double NormalEquations::damping(double mu, Index p) const {
  return by_ == DampingBy::mean ? mu * scale_ : mu * diagonal_[p] + least_damping_by_columns * scale_;
}

bool NormalEquations::solve(double mu, Vector& d) {
  damped_.triangularView<Eigen::Lower>() = M_;
  for (Index p = 0; p < d.size(); ++p) damped_(p, p) += damping(mu, p);
  d = -g_;
  return blas::solve_positive_definite(damped_, d);
}

bool NormalEquations::bend(Vector& d) {
  second_.along(tau_, residuals_.X(), d, along_);
  weights_ = along_.reshaped(weights_.rows(), weights_.cols());
  residuals_.rows().apply_and_transposed(weights_);
  products_.transposed_times(tau_, residuals_.X(), weights_, bend_);
  bend_ = -bend_;
  blas::solve_with_factor(damped_, bend_);
  if (!(bend_.norm() <= longest_bend * d.norm())) return false;
  d += bend_ / 2;
  return true;
}

// By inverse iteration from a damping that is hardly more than makes M positive definite.
std::optional<double> NormalEquations::downward_curvature(Vector& d) {
  constexpr double least = 1e-9, most = 1, growth = 4;
  constexpr int n_iterations = 4;
  double mu = least;
  const auto is_definite = [&] {
    damped_.triangularView<Eigen::Lower>() = M_;
    damped_.diagonal().array() += mu * scale_;
    return blas::cholesky(damped_);
  };
  if (is_definite()) return {};
  do {
    mu *= growth;
    if (mu > most) return {};
  } while (!is_definite());
  // Units that have become equal part along a difference, which equal entries would have no part of.
  d.setLinSpaced(1, 2);
  for (int i = 0; i < n_iterations; ++i) {
    blas::solve_with_factor(damped_, d);
    d.normalize();
  }
  M_d_.noalias() = M_.selfadjointView<Eigen::Lower>() * d;
  const double curvature = d.dot(M_d_);
  if (!(curvature < -least * scale_)) return {};
  return curvature;
}

// -(2 g'd + d'M d), where (M + mu D) d = -g.
double NormalEquations::predicted_fall(double mu, const Vector& d) const {
  double fall = -g_.dot(d);
  for (Index p = 0; p < d.size(); ++p) fall += damping(mu, p) * d[p] * d[p];
  return fall;
}

}  // namespace jacobench
