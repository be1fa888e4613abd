#include "jacobench/fit/matrix_free_equations.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/fit/dual_factor.hpp"
#include "jacobench/fit/hat_trace.hpp"

namespace jacobench {
namespace {

// Of the fall of S that a step predicts, what it may leave, as a root: where all parameters have a penalty, no singular
// value is below one, and what is left is at most the square of the gradient.
constexpr double left_by_steps = 0.1, left_at_end = 1e-3;

}  // namespace

MatrixFreeEquations::MatrixFreeEquations(Residuals& residuals, const Vector& decay)
    : StepEquations(residuals),
      K_(decay.size() > 0 ? decay : Vector::Zero(residuals.n_params())),
      J_(residuals.network(), residuals.X().rows()) {}

bool MatrixFreeEquations::move_to(const Vector& theta) {
  theta_ = theta;
  if (!residuals_.evaluate(theta, r_.data(), nullptr)) return false;
  J_.move_to(theta, residuals_.X(), residuals_.rows());
  J_.jacobian_transposed_times(r_.head(residuals_.n_data_rows()), g_);
  g_ += K_.cwiseProduct(theta_);
  squared_columns_ = J_.squared_columns();
  double of_penalised = 0, of_free = 0, n_penalised = 0;
  for (Index p = 0; p < K_.size(); ++p)
    if (K_[p] > 0) {
      of_penalised += squared_columns_[p] / K_[p];
      ++n_penalised;
    } else {
      of_free += squared_columns_[p];
    }
  const double n_free = static_cast<double>(K_.size()) - n_penalised;
  penalty_scale_ = n_penalised > 0 ? of_penalised / n_penalised : 0;
  free_scale_ = n_free > 0 ? of_free / n_free : 0;
  return g_.allFinite() && std::isfinite(of_penalised + of_free);
}

bool MatrixFreeEquations::solve(double mu, Vector& d) { return solve_to(mu, left_by_steps, d); }

bool MatrixFreeEquations::solve_to(double mu, double accuracy, Vector& d) {
  const double more = 1 + mu * penalty_scale_;
  const double of_free = std::max(mu, DualFactor::least_free_damping) * free_scale_;
  B_ = (K_.array() > 0).select(K_ * more, of_free);
  Vector S = (squared_columns_ + B_).cwiseSqrt().cwiseInverse();
  S = (K_.array() > 0).select(B_.cwiseSqrt().cwiseInverse(), S);
  // Nothing depends on it, and nothing says where it should go.
  S = (B_.array() > 0).select(S, 0);
  J_.set_diagonals(B_, S);
  const Vector of_penalty =
      (K_.array() > 0).select(-K_.cwiseProduct(theta_).cwiseQuotient(B_.cwiseSqrt()), 0);
  return least_squares(-r_.head(residuals_.n_data_rows()), of_penalty, accuracy, d);
}

bool MatrixFreeEquations::least_squares(const Vector& of_data, const Vector& of_penalty, double accuracy,
                                        Vector& d) {
  right_.resize(of_data.size() + of_penalty.size());
  right_ << of_data, of_penalty;
  const auto is_enough = [&](double gradient, const Vector&, const Vector& A_x) {
    const double fall = 2 * right_.dot(A_x) - A_x.squaredNorm();
    return gradient * gradient <= accuracy * accuracy * fall;
  };
  lsmr_.solve(J_, right_, is_enough, Lsmr::most_iterations);
  J_d_ = lsmr_.A_x().head(of_data.size());
  d = J_.scale().cwiseProduct(lsmr_.x());
  return d.allFinite();
}

// -(2 g'd + d'(J'J + K) d)
double MatrixFreeEquations::predicted_fall(double, const Vector& d) const {
  return -(2 * g_.dot(d) + J_d_.squaredNorm() + K_.dot(d.cwiseAbs2()));
}

// d + a / 2,  (J'J + B) a = -J' r_dd
bool MatrixFreeEquations::bend(Vector& d) {
  Vector second, a;
  J_.along(d, second);
  if (!least_squares(-second, Vector::Zero(d.size()), left_by_steps, a)) return false;
  if (!(a.norm() <= longest_bend * d.norm())) return false;
  d += a / 2;
  return true;
}

std::optional<double> MatrixFreeEquations::fall_to_minimum(Vector& d) {
  if (!solve_to(0, left_at_end, d)) return {};
  return predicted_fall(0, d);
}

double MatrixFreeEquations::effective_parameters() {
  return trace_of_hat(residuals_.network(), K_, theta_, residuals_.X(), residuals_.rows()).value;
}

}  // namespace jacobench
