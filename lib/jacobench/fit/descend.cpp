#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/fit/solvers.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {

Descender::Descender(Residuals& residuals)
    : residuals_(residuals),
      r_(residuals.n_rows()),
      r_tried_(residuals.n_rows()),
      gradient_(residuals.n_params()),
      step_(residuals.n_params()),
      user_step_(residuals.n_params()),
      tried_(residuals.n_params()),
      J_t_J_step_(residuals.n_params()),
      scale_(residuals.n_params()),
      J_(residuals.n_rows(), residuals.n_params()),
      J_t_J_(residuals.n_params(), residuals.n_params()),
      damped_(residuals.n_params(), residuals.n_params()) {}

// J and r at tau, the columns of J scaled by 1 / (1 + |J(:, p)|) at the start, J'J and the gradient.
bool Descender::move_to(const Vector& tau) {
  if (!residuals_.evaluate(tau, r_.data(), J_.data())) return false;
  if (scale_[0] == 0) scale_ = (1 + J_.colwise().norm().transpose().array()).inverse();
  for (Index p = 0; p < J_.cols(); ++p) J_.col(p) *= scale_[p];
  J_t_J_.setZero();
  blas::add_gram(J_, J_t_J_);
  gradient_.noalias() = J_.transpose() * r_;
  return true;
}

// The d that solves (J'J + mu diag J'J) d = -J'r; returns whether rounding leaves the matrix positive definite.
bool Descender::solve(double mu) {
  damped_ = J_t_J_;
  for (Index p = 0; p < damped_.cols(); ++p) damped_(p, p) += mu * std::clamp(J_t_J_(p, p), 1e-6, 1e32);
  step_ = -gradient_;
  return blas::solve_positive_definite(damped_, step_);
}

// How much |r|^2 falls along the step if r is linear.
double Descender::predicted_fall() {
  J_t_J_step_.noalias() = J_t_J_.selfadjointView<Eigen::Lower>() * step_;
  return -(2 * step_.dot(gradient_) + step_.dot(J_t_J_step_));
}

Descent Descender::descend(Vector& tau, Index max_iterations, double trust_radius) {
  constexpr double least_relative_step = 1e-9;
  scale_.setZero();
  if (!move_to(tau)) return {std::numeric_limits<double>::infinity(), 0};
  double objective = r_.squaredNorm(), mu = 1 / trust_radius, growth = 2;
  Index iteration = 0;
  while (++iteration < max_iterations) {
    double gain = -1;  // the fall of the objective over what was predicted
    if (solve(mu)) {
      user_step_ = step_.cwiseProduct(scale_);
      if (!(user_step_.norm() >= least_relative_step * (tau.norm() + least_relative_step))) break;
      tried_ = tau + user_step_;
      if (residuals_.evaluate(tried_, r_tried_.data(), nullptr))
        gain = (objective - r_tried_.squaredNorm()) / predicted_fall();
    }
    if (gain > 0) {
      tau = tried_;
      mu *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
      growth = 2;
      if (!move_to(tau)) break;
      objective = r_.squaredNorm();
    } else {
      mu *= growth;
      growth *= 2;
      if (!std::isfinite(mu)) break;
    }
  }
  return {objective, iteration};
}

}  // namespace jacobench
