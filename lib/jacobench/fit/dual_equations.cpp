#include "jacobench/fit/dual_equations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

// How much of the gradient a step may leave, in the norm of (J'J + K)^-1: steps towards a minimum need little more than
// their direction, the last ones more. What is left of the square of that norm is nothing where it is so small beside
// S: half the Hessian would have to be so much smaller than J'J + K for S to fall by as much again as a step that
// counts.
constexpr double accuracy_of_steps = 0.1, accuracy_near_minimum = 1e-3, nothing_of_objective = 1e-13;

constexpr Index most_conjugate_gradients = 100;

}  // namespace

DualEquations::DualEquations(Residuals& residuals, const Vector& decay, Index n_threads)
    : StepEquations(residuals),
      decay_(decay),
      factor_(residuals.network(), decay, residuals.X().rows(), n_threads),
      u_(residuals.n_data_rows()),
      at_observations_(residuals.X().rows(), residuals.network().n_outputs()),
      weights_(at_observations_.rows(), at_observations_.cols()) {}

bool DualEquations::move_to(const Vector& theta) {
  theta_ = theta;
  if (!residuals_.evaluate(theta, r_.data(), nullptr)) return false;
  if (!factor_.move_to(theta, residuals_.X(), residuals_.rows())) return false;
  weights_ = r_.head(n_data_rows()).reshaped(weights_.rows(), weights_.cols());
  residuals_.rows().apply_transposed(weights_);
  factor_.products().transposed_times(weights_, g_);
  g_ += decay_.cwiseProduct(theta_);
  return g_.allFinite();
}

bool DualEquations::solve(double mu, Vector& d) {
  if (!factor_.factorise(mu, std::max(mu, DualFactor::least_free_damping))) return false;
  factor_.solve(g_, d);
  d = -d;
  return true;
}

// -(2 g'd + d'M d), where (M + B - K) d = -g.
double DualEquations::predicted_fall(double, const Vector& d) const {
  return -g_.dot(d) + (factor_.B() - decay_).dot(d.cwiseAbs2());
}

// Conjugate gradients for H d = -g from preconditioned_ = -M^-1 g on, preconditioned by M, in whose norm the length of
// d grows from one iterate to the next: it ends where that reaches the radius, or where H bends down.
RegionStep DualEquations::truncated_newton(double radius, double accuracy, Vector& d) {
  d.setZero(g_.size());
  H_d_.setZero(g_.size());
  g_left_ = -g_;
  direction_ = preconditioned_;
  double left = g_left_.dot(preconditioned_), d_M_d = 0, d_M_p = 0, p_M_p = left;
  const auto share = [left](double of_gradient) { return of_gradient * of_gradient * left; };
  const double nothing = std::min(share(accuracy_of_steps), nothing_of_objective * objective());
  const double enough = std::max(share(accuracy), nothing);
  bool is_at_edge = false;
  for (Index i = 0; i < most_conjugate_gradients && left > enough; ++i) {
    half_hessian_times(direction_, product_);
    const double curvature = direction_.dot(product_);
    double step = left / curvature;
    is_at_edge = !(curvature > 0) || d_M_d + step * (2 * d_M_p + step * p_M_p) >= radius * radius;
    if (is_at_edge && !std::isfinite(radius)) break;
    if (is_at_edge) step = (-d_M_p + std::sqrt(d_M_p * d_M_p + p_M_p * (radius * radius - d_M_d))) / p_M_p;
    d += step * direction_;
    H_d_ += step * product_;
    d_M_d += step * (2 * d_M_p + step * p_M_p);
    if (is_at_edge) break;
    g_left_ -= step * product_;
    factor_.solve(g_left_, preconditioned_);
    const double before = std::exchange(left, g_left_.dot(preconditioned_));
    const double ratio = left / before;
    d_M_p = ratio * (d_M_p + step * p_M_p);
    p_M_p = left + ratio * ratio * p_M_p;
    direction_ = preconditioned_ + ratio * direction_;
  }
  return {
      .predicted_fall = -(2 * g_.dot(d) + d.dot(H_d_)), .length = std::sqrt(d_M_d), .is_at_edge = is_at_edge};
}

RegionStep DualEquations::solve_within(double radius, bool is_near_minimum, Vector& d) {
  if (!weigh_along_bent_steps()) return {.predicted_fall = 0, .length = 0, .is_at_edge = true};
  return truncated_newton(radius, is_near_minimum ? accuracy_near_minimum : accuracy_of_steps, d);
}

std::optional<RegionStep> DualEquations::newton_step(Vector& d) {
  if (!factor_.factorise_all_penalised()) return {};
  take_gauss_newton_step();
  weigh_second_derivatives(r_.head(n_data_rows()));
  const RegionStep step = truncated_newton(std::numeric_limits<double>::infinity(), accuracy_near_minimum, d);
  if (step.is_at_edge) return {};
  factor_.times(d, u_);
  return RegionStep{.predicted_fall = step.predicted_fall,
                    .length = std::sqrt(u_.squaredNorm() + decay_.dot(d.cwiseAbs2())),
                    .is_at_edge = false};
}

bool DualEquations::bend(Vector& d) {
  factor_.times(d, u_);
  factor_.products().along(d, at_observations_);
  residuals_.rows().apply_and_transposed(at_observations_);
  factor_.products().transposed_times(at_observations_, g_left_);
  factor_.solve(g_left_, product_);
  if (!(product_.norm() <= longest_bend * d.norm())) return false;
  d -= product_ / 2;
  return true;
}

void DualEquations::correct(double t, const Vector& r_at_d, Vector& d) {
  left_of_data_ = r_at_d.head(n_data_rows()) - r_.head(n_data_rows()) - t * u_;
  factor_.transposed_times(left_of_data_, g_left_);
  factor_.solve(g_left_, product_);
  d -= product_;
}

std::optional<double> DualEquations::weigh_along_bent_steps() {
  if (!factor_.factorise_all_penalised()) return {};
  take_gauss_newton_step();
  factor_.times(preconditioned_, u_);
  weigh_second_derivatives(r_.head(n_data_rows()) + u_);
  return -g_.dot(preconditioned_);
}

IdlePull DualEquations::pull_on_idle(Index layer, Index unit) {
  Matrix Q;
  factor_.products().idle_second_derivatives(layer, Q);
  return jacobench::pull_on_idle(residuals_.network(), decay_, layer, unit, std::move(Q));
}

double DualEquations::effective_parameters() {
  return factor_.factorise_undamped() ? factor_.trace_h() : static_cast<double>(n_data_rows());
}

void DualEquations::take_gauss_newton_step() {
  factor_.solve(g_, preconditioned_);
  preconditioned_ = -preconditioned_;
}

void DualEquations::weigh_second_derivatives(const Vector& r) {
  weights_ = r.reshaped(weights_.rows(), weights_.cols());
  residuals_.rows().apply_transposed(weights_);
  factor_.products().set_weights(weights_);
}

void DualEquations::half_hessian_times(const Vector& v, Vector& product) {
  factor_.products().times(v, at_observations_);
  residuals_.rows().apply_and_transposed(at_observations_);
  factor_.products().second_times(v, at_observations_, product);
  if (!product.allFinite()) {  // second derivatives that overflow: without them
    factor_.times(v, u_);
    factor_.transposed_times(u_, product);
  }
  product += decay_.cwiseProduct(v);
}

}  // namespace jacobench
