#include "jacobench/fit/dual_equations.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

// 1 / k of each layer, 0 for biases without a penalty; none where the weights have none, or k is not of the form of LayerScales.
std::optional<std::vector<LayerScales>> inverse_scales(const Perceptron& network, const Vector& decay) {
  if (decay.size() != network.n_params()) return {};
  return scales_of(network, (decay.array() > 0).select(decay.cwiseInverse(), 0));
}

// The damping that parameters without a penalty keep, relative to the mean of their diag J'J: a unit that is saturated has a bias whose
// column vanishes, and stays where it is.
constexpr double least_free_damping = 1e-12;

// How much of the gradient a step may leave, in the norm of (J'J + K)^-1: steps towards a minimum need little more than their
// direction, the last look at it more.
constexpr double accuracy_of_steps = 0.1, accuracy_of_remainder = 1e-3;

// That of the norm in which the length of a step within a radius is measured: biases of units that hardly count would otherwise move
// without a cost.
constexpr double free_damping_of_regions = 1e-4;

constexpr Index most_conjugate_gradients = 100;

}  // namespace

DualEquations::DualEquations(Residuals& residuals, const Vector& decay)
    : StepEquations(residuals),
      decay_(decay),
      products_(residuals.network(), residuals.X().rows()),
      A_(residuals.n_data_rows(), residuals.n_data_rows()),
      L_(A_.rows(), A_.rows()),
      B_(decay.size()),
      u_(A_.rows()),
      at_observations_(residuals.X().rows(), residuals.network().n_outputs()),
      weights_(at_observations_.rows(), at_observations_.cols()) {
  const auto scales = inverse_scales(residuals.network(), decay);
  JB_EXPECT(scales, "the dual form of a penalty that is not the product of a number an input and one a unit");
  scales_ = *scales;
  for (Index p = 0; p < decay.size(); ++p)
    if (decay[p] == 0) free_.push_back(p);
  J_free_.resize(A_.rows(), n_free());
  W_.resize(A_.rows(), n_free());
  S_.resize(n_free(), n_free());
  of_free_.resize(n_free());
}

bool DualEquations::move_to(const Vector& theta) {
  theta_ = theta;
  damping_.reset();
  if (!residuals_.evaluate(theta, r_.data(), nullptr)) return false;
  products_.move_to(theta, residuals_.X());
  products_.outer_gram(scales_, A_);
  residuals_.stacked_to_rows(A_);
  A_.transposeInPlace();
  residuals_.stacked_to_rows(A_);
  for (Index f = 0; f < n_free(); ++f) {
    const ParameterPlace at = residuals_.network().place_of(free_[static_cast<std::size_t>(f)]);
    products_.get_bias_column(at.layer, at.unit, J_free_.col(f));
  }
  residuals_.stacked_to_rows(J_free_);
  penalty_scale_ = A_.trace() / static_cast<double>(decay_.size() - n_free());
  free_scale_ = has_free() ? J_free_.squaredNorm() / static_cast<double>(n_free()) : 0;
  weights_ = r_.head(n_data_rows()).reshaped(weights_.rows(), weights_.cols());
  residuals_.from_rows(weights_);
  products_.set_weights(weights_);
  products_.transposed_times(weights_, g_);
  g_ += decay_.cwiseProduct(theta_);
  return g_.allFinite() && std::isfinite(penalty_scale_);
}

// M = J'J + B. Returns whether it is positive definite up to rounding.
bool DualEquations::factorise(double mu, double mu_free) {
  if (damping_ == std::pair(mu, mu_free)) return true;
  damping_.reset();
  const double more = 1 + mu * penalty_scale_;
  L_.triangularView<Eigen::Lower>() = A_ / more;
  L_.diagonal().array() += 1;
  if (!blas::cholesky(L_)) return false;
  W_ = J_free_;
  blas::solve_lower(L_, W_);
  const double of_free = mu_free * free_scale_;
  if (has_free()) {
    S_.setZero();
    blas::add_gram(W_, S_);
    S_.diagonal().array() += of_free;
    if (!blas::cholesky(S_)) return false;
  }
  for (Index p = 0; p < B_.size(); ++p) B_[p] = decay_[p] > 0 ? decay_[p] * more : of_free;
  damping_ = {mu, mu_free};
  return true;
}

// d = M^-1 v. With w = J d: (I + J_P B^-1 J_P') w = J_P B^-1 v_P + J_F d_F, and J_F'w + B_F d_F = v_F.
void DualEquations::solve_factorised(const Vector& v, Vector& d) {
  d = v.cwiseQuotient(B_);
  for (const Index p : free_) d[p] = 0;
  times(d, u_);
  blas::solve_lower(L_, u_);
  if (has_free()) {
    for (Index f = 0; f < n_free(); ++f) of_free_[f] = v[free_[static_cast<std::size_t>(f)]];
    of_free_.noalias() -= W_.transpose() * u_;
    blas::solve_with_factor(S_, of_free_);
    u_.noalias() += W_ * of_free_;
  }
  blas::solve_lower_transposed(L_, u_);
  transposed_times(u_, d);
  d = (v - d).cwiseQuotient(B_);
  for (Index f = 0; f < n_free(); ++f) d[free_[static_cast<std::size_t>(f)]] = of_free_[f];
}

bool DualEquations::solve(double mu, Vector& d) {
  if (!factorise(mu, std::max(mu, least_free_damping))) return false;
  solve_factorised(g_, d);
  d = -d;
  return true;
}

// -(2 g'd + d'M d), where (M + B - K) d = -g.
double DualEquations::predicted_fall(double, const Vector& d) const {
  return -g_.dot(d) + (B_ - decay_).dot(d.cwiseAbs2());
}

// Conjugate gradients for H d = -g, H half the Hessian of S, preconditioned by M = J'J + K, in whose norm the length of d grows
// from one iterate to the next: it ends where that reaches the radius, or where H bends down.
RegionStep DualEquations::truncated_newton(double radius, double accuracy, Vector& d) {
  d.setZero(g_.size());
  H_d_.setZero(g_.size());
  g_left_ = -g_;
  solve_factorised(g_left_, preconditioned_);
  direction_ = preconditioned_;
  double left = g_left_.dot(preconditioned_), d_M_d = 0, d_M_p = 0, p_M_p = left;
  const double enough = accuracy * accuracy * left;
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
    solve_factorised(g_left_, preconditioned_);
    const double before = std::exchange(left, g_left_.dot(preconditioned_));
    const double ratio = left / before;
    d_M_p = ratio * (d_M_p + step * p_M_p);
    p_M_p = left + ratio * ratio * p_M_p;
    direction_ = preconditioned_ + ratio * direction_;
  }
  return {
      .predicted_fall = -(2 * g_.dot(d) + d.dot(H_d_)), .length = std::sqrt(d_M_d), .is_at_edge = is_at_edge};
}

RegionStep DualEquations::solve_within(double radius, Vector& d) {
  if (!factorise(0, free_damping_of_regions)) return {.predicted_fall = 0, .length = 0, .is_at_edge = true};
  return truncated_newton(radius, accuracy_of_steps, d);
}

std::optional<RegionStep> DualEquations::newton_step(Vector& d) {
  if (!factorise(0, free_damping_of_regions)) return {};
  const RegionStep step = truncated_newton(std::numeric_limits<double>::infinity(), accuracy_of_remainder, d);
  if (step.is_at_edge) return {};
  times(d, u_);
  return RegionStep{.predicted_fall = step.predicted_fall,
                    .length = std::sqrt(u_.squaredNorm() + decay_.dot(d.cwiseAbs2())),
                    .is_at_edge = false};
}

bool DualEquations::bend(Vector& d) {
  times(d, u_);
  products_.along(d, at_observations_);
  residuals_.to_rows_and_back(at_observations_);
  products_.transposed_times(at_observations_, g_left_);
  solve_factorised(g_left_, product_);
  if (!(product_.norm() <= longest_bend * d.norm())) return false;
  d -= product_ / 2;
  return true;
}

// With V = I + J_P K^-1 J_P' and F free columns, I - H = V^-1 - V^-1 F (F'V^-1 F)^-1 F'V^-1.
double DualEquations::effective_parameters() {
  if (!factorise(0, least_free_damping)) return static_cast<double>(n_data_rows());
  Matrix inverse = Matrix::Identity(L_.rows(), L_.cols());
  blas::solve_lower(L_, inverse);
  double left = inverse.squaredNorm();
  if (has_free()) {
    Matrix of_W = W_.transpose();
    blas::solve_lower(S_, of_W);
    of_W = of_W * inverse;
    left -= of_W.squaredNorm();
  }
  return static_cast<double>(n_data_rows()) - left;
}

void DualEquations::times(const Vector& v, Vector& J_v) {
  products_.times(v, at_observations_);
  residuals_.to_rows(at_observations_);
  J_v = at_observations_.reshaped();
}

void DualEquations::transposed_times(const Vector& u, Vector& J_t_u) {
  at_observations_ = u.reshaped(at_observations_.rows(), at_observations_.cols());
  residuals_.from_rows(at_observations_);
  products_.transposed_times(at_observations_, J_t_u);
}

void DualEquations::half_hessian_times(const Vector& v, Vector& product) {
  products_.times(v, at_observations_);
  residuals_.to_rows_and_back(at_observations_);
  products_.second_times(v, at_observations_, product);
  if (!product.allFinite()) {  // second derivatives that overflow: without them
    times(v, u_);
    transposed_times(u_, product);
  }
  product += decay_.cwiseProduct(v);
}

bool prefer_dual(const Perceptron& network, const Vector& decay, Index n_values) {
  if (!inverse_scales(network, decay)) return false;
  // A step of it takes some eight times what its own equations cost: products with second derivatives, many a step.
  constexpr double worth = 8;
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  const double normal = n * P * P + P * P * P / 3, dual = n * n * P + n * n * n / 3;
  return normal > worth * dual;
}

double flops_of_step(const Perceptron& network, const Vector& decay, Index n_values) {
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  if (!prefer_dual(network, decay, n_values)) return 2 * n * P * P + P * P * P / 3;
  constexpr double products = 10, passes_of_product = 3;
  return products * passes_of_product * 2 * n * P + n * n * n / 3;
}

}  // namespace jacobench
