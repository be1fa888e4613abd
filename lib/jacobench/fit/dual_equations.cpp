#include "jacobench/fit/dual_equations.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

// What a penalty is for all weights, and for all biases, of each layer; none where it differs within them.
std::optional<LayerScales> by_layer(const Perceptron& network, const Vector& decay) {
  LayerScales k = LayerScales::ones(network);
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    const auto weights = decay.segment(layer.weights_at, layer.n_weights());
    k.weights[l] = weights[0];
    if ((weights.array() != weights[0]).any()) return {};
    if (!layer.has_bias()) continue;
    const auto biases = decay.segment(layer.bias_at, layer.n_units);
    k.biases[l] = biases[0];
    if ((biases.array() != biases[0]).any()) return {};
  }
  return k;
}

LayerScales inverse(const LayerScales& of) { return {of.weights.cwiseInverse(), of.biases.cwiseInverse()}; }

// A damping that is left for parameters without a penalty, relative to the mean of their diag J'J. It stands in the equations as
// 1 / m and in the step as m: m = eps^(1/3) and a little more loses and leaves the same, and a step gains five digits.
constexpr double least_free_damping = 1e-5;

}  // namespace

DualEquations::DualEquations(Residuals& residuals, const Vector& decay)
    : StepEquations(residuals),
      decay_(decay),
      products_(residuals.network(), residuals.X().rows()),
      A_(residuals.n_data_rows(), residuals.n_data_rows()),
      A_free_(has_free() ? residuals.n_data_rows() : 0, A_.rows()),
      damped_(A_.rows(), A_.rows()),
      u_(A_.rows()),
      B_(decay.size()),
      at_observations_(residuals.factors().rows(), residuals.factors().cols()) {
  const std::optional<LayerScales> k = by_layer(residuals.network(), decay);
  JB_EXPECT(k && (k->weights.array() > 0).all(), "the dual form of a penalty that is not one number a layer");
  of_penalised_ = inverse(*k);
  of_free_ = {Vector::Zero(k->weights.size()), Vector::Zero(k->weights.size())};
  for (Index l = 0; l < k->biases.size(); ++l)
    if (k->biases[l] == 0) {
      of_penalised_.biases[l] = 0;
      of_free_.biases[l] = 1;
    }
}

bool DualEquations::move_to(const Vector& theta) {
  theta_ = theta;
  if (!residuals_.evaluate(theta, r_.data(), nullptr)) return false;
  outer_gram(of_penalised_, A_);
  if (has_free()) outer_gram(of_free_, A_free_);
  const auto n_free = static_cast<double>((decay_.array() == 0).count());
  penalty_scale_ = A_.trace() / (static_cast<double>(decay_.size()) - n_free);
  free_scale_ = has_free() ? A_free_.trace() / n_free : 0;
  set_times_transposed(r_.head(n_data_rows()), g_);
  g_ += decay_.cwiseProduct(theta_);
  return g_.allFinite() && std::isfinite(penalty_scale_);
}

// I + J B^-1 J', and B.
void DualEquations::set_damped(double mu) {
  const double more = 1 + mu * penalty_scale_, of_free = std::max(mu, least_free_damping) * free_scale_;
  damped_.triangularView<Eigen::Lower>() = A_ / more;
  if (has_free()) damped_.triangularView<Eigen::Lower>() += A_free_ / of_free;
  damped_.diagonal().array() += 1;
  for (Index p = 0; p < B_.size(); ++p) B_[p] = decay_[p] > 0 ? decay_[p] * more : of_free;
}

bool DualEquations::solve(double mu, Vector& d) {
  set_damped(mu);
  d = decay_.cwiseProduct(theta_).cwiseQuotient(B_);
  products_.times(theta_, residuals_.X(), d, at_observations_);
  u_ = r_.head(n_data_rows()) - at_observations_.cwiseProduct(residuals_.factors()).reshaped();
  if (!blas::solve_positive_definite(damped_, u_)) return false;
  set_times_transposed(u_, d);
  d = -(d + decay_.cwiseProduct(theta_)).cwiseQuotient(B_);
  return true;
}

// -(2 g'd + d'M d), where (M + B - K) d = -g.
double DualEquations::predicted_fall(double, const Vector& d) const {
  return -g_.dot(d) + (B_ - decay_).dot(d.cwiseAbs2());
}

// tr A (I + A)^-1 = n - tr (I + A)^-1, A = J K^-1 J'.
double DualEquations::effective_parameters() {
  set_damped(0);
  const Eigen::LLT<Matrix> factor(damped_);
  const Matrix inverse_factor = factor.matrixL().solve(Matrix::Identity(damped_.rows(), damped_.cols()));
  return static_cast<double>(damped_.rows()) - inverse_factor.squaredNorm();
}

// J S J', both triangles, with J that of r.
void DualEquations::outer_gram(const LayerScales& scales, Matrix& A) {
  products_.outer_gram(theta_, residuals_.X(), scales, A);
  const auto g = residuals_.factors().reshaped().array();
  A.array().colwise() *= g;
  for (Index row = 0; row < A.cols(); ++row) A.col(row) *= g[row];
}

// result = J'v
void DualEquations::set_times_transposed(const Eigen::Ref<const Vector>& v, Vector& result) {
  at_observations_ =
      v.reshaped(at_observations_.rows(), at_observations_.cols()).cwiseProduct(residuals_.factors());
  products_.transposed_times(theta_, residuals_.X(), at_observations_, result);
}

bool prefer_dual(const Perceptron& network, const Vector& decay, Index n_values) {
  if (decay.size() != network.n_params()) return false;
  const std::optional<LayerScales> k = by_layer(network, decay);
  if (!k || !(k->weights.array() > 0).all()) return false;
  // Newton steps, which only the normal form takes, are worth some eight times the arithmetic.
  constexpr double worth = 8;
  const auto n = static_cast<double>(n_values), P = static_cast<double>(network.n_params());
  const double normal = n * P * P + P * P * P / 3, dual = n * n * P + n * n * n / 3;
  return normal > worth * dual;
}

}  // namespace jacobench
