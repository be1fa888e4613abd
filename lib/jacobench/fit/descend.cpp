#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/fit/solvers.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

// J and r at one point, J'J, and the steps from there, the columns of J scaled by 1 / (1 + |J(:, p)|) at the start.
class NormalEquations {
 public:
  explicit NormalEquations(Residuals& residuals)
      : residuals_(residuals),
        r_(residuals.n_rows()),
        gradient_(residuals.n_params()),
        step_(residuals.n_params()),
        J_(residuals.n_rows(), residuals.n_params()),
        J_t_J_(residuals.n_params(), residuals.n_params()),
        damped_(residuals.n_params(), residuals.n_params()) {}

  bool move_to(const Vector& tau) {
    if (!residuals_.evaluate(tau, r_.data(), J_.data())) return false;
    if (scale_.size() == 0) scale_ = (1 + J_.colwise().norm().array()).inverse();
    J_ *= scale_.asDiagonal();
    J_t_J_.setZero();
    blas::add_gram(J_, J_t_J_);
    gradient_.noalias() = J_.transpose() * r_;
    return true;
  }

  double objective() const { return r_.squaredNorm(); }

  // The d that solves (J'J + mu diag J'J) d = -J'r; returns whether rounding leaves the matrix positive definite.
  bool solve(double mu) {
    damped_ = J_t_J_;
    for (Index p = 0; p < damped_.cols(); ++p) damped_(p, p) += mu * std::clamp(J_t_J_(p, p), 1e-6, 1e32);
    step_ = -gradient_;
    return blas::solve_positive_definite(damped_, step_);
  }

  // In the units of tau.
  Vector step() const { return step_.cwiseProduct(scale_); }

  // How much |r|^2 falls along the step if r is linear.
  double predicted_fall() const {
    return -step_.dot(2 * gradient_ + J_t_J_.selfadjointView<Eigen::Lower>() * step_);
  }

 private:
  Residuals& residuals_;
  Vector r_, gradient_, step_, scale_;
  Matrix J_, J_t_J_, damped_;
};

}  // namespace

Descent descend(Residuals& residuals, Vector tau, Index max_iterations, double trust_radius) {
  constexpr double least_relative_step = 1e-9;
  NormalEquations now(residuals);
  Vector r(residuals.n_rows());
  if (!now.move_to(tau)) return {std::move(tau), std::numeric_limits<double>::infinity(), 0};
  double mu = 1 / trust_radius, growth = 2;
  Index iteration = 0;
  while (++iteration < max_iterations) {
    double gain = -1;  // the fall of the objective over what was predicted
    Vector tried;
    if (now.solve(mu)) {
      const Vector step = now.step();
      if (!(step.norm() >= least_relative_step * (tau.norm() + least_relative_step))) break;
      tried = tau + step;
      if (residuals.evaluate(tried, r.data(), nullptr))
        gain = (now.objective() - r.squaredNorm()) / now.predicted_fall();
    }
    if (gain > 0) {
      tau = std::move(tried);
      mu *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
      growth = 2;
      if (!now.move_to(tau)) break;
    } else {
      mu *= growth;
      growth *= 2;
      if (!std::isfinite(mu)) break;
    }
  }
  return {std::move(tau), now.objective(), iteration};
}

}  // namespace jacobench
