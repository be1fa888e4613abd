#include "jacobench/fit/normal_equations.hpp"

#include "jacobench/kernel/blas.hpp"

namespace jacobench {

NormalEquations::NormalEquations(Residuals& residuals)
    : StepEquations(residuals),
      second_(residuals.network(), residuals.X().rows()),
      M_(residuals.n_params(), residuals.n_params()),
      damped_(residuals.n_params(), residuals.n_params()),
      weights_(residuals.factors().rows(), residuals.factors().cols()) {}

bool NormalEquations::move_to(const Vector& tau) {
  tau_ = tau;
  if (!residuals_.normal_equations(tau, r_, M_, g_)) return false;
  scale_ = M_.diagonal().mean();
  return true;
}

// Half the Hessian of |r|^2 is J'J and the sum of r_i d2 r_i; the penalty rows are linear.
bool NormalEquations::add_second_derivatives() {
  const Eigen::Map<const Matrix> r(r_.data(), weights_.rows(), weights_.cols());
  weights_ = residuals_.factors().cwiseProduct(r);
  second_.add_weighted_sum(tau_, residuals_.X(), weights_, M_);
  return true;
}

bool NormalEquations::solve(double mu, Vector& d) {
  damped_.triangularView<Eigen::Lower>() = M_;
  damped_.diagonal().array() += mu * scale_;
  d = -g_;
  return blas::solve_positive_definite(damped_, d);
}

// -(2 g'd + d'M d), where (M + mu D) d = -g.
double NormalEquations::predicted_fall(double mu, const Vector& d) const {
  return -g_.dot(d) + mu * scale_ * d.squaredNorm();
}

}  // namespace jacobench
