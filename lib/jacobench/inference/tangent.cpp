#include "jacobench/inference/tangent.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/jacobian_error.hpp"
#include "jacobench/verification/error_bound.hpp"

namespace jacobench {
namespace {

// Larger ones, relative to the outputs, are no rounding unless the network has lost half its digits.
constexpr double small_residuals = 0x1p-20;

constexpr double clear_pivot = 0x1p-20;

}  // namespace

Tangent::Tangent(const Fit& like)
    : network_(like.network),
      K_(like.decay.size() > 0 ? like.decay : Vector::Zero(like.network.n_params())),
      has_decay_(like.has_decay()),
      residuals_(like.network, like.data, {}, like.jacobian),
      J_(like.n_values(), like.n_params()),
      r_(like.n_values()),
      step_(like.n_params()),
      of_data_(like.n_values(), like.n_params()),
      with_decay_(like.n_values(), like.n_params()) {
  JB_EXPECT(K_.size() == network_.n_params(), "{} penalties for {} parameters", K_.size(),
            network_.n_params());
}

bool Tangent::move_to(const Fit& fit) {
  network_.expect_shapes(fit.theta);
  fit_ = &fit;
  residuals_.set_data(fit.data);
  has_data_factor_ = has_decay_factor_ = false;
  column_errors_.resize(0);
  if (!residuals_.evaluate(fit.theta, r_.data(), J_.data())) return false;
  r_ = -r_;
  return true;
}

const Vector* Tangent::take_linear_step() {
  TangentFactor& factor = with_decay();
  if (!factor.is_determined()) return nullptr;
  right_.setZero(n_values() + (K_.array() > 0).count());
  right_.head(n_values()) = r_;
  for (Index p = 0, row = n_values(); p < K_.size(); ++p)
    if (K_[p] > 0) right_[row++] = -std::sqrt(K_[p]) * theta()[p];
  factor.solve(right_, step_);
  r_.noalias() -= J_ * step_;
  return &step_;
}

bool Tangent::residuals_are_rounding() const {
  if (!(r_.norm() <= small_residuals * residuals_.size_of_outputs())) return false;
  Matrix rounding = value_error_bound(network_, theta(), data().X) + unit_roundoff * data().Y.cwiseAbs();
  residuals_.bound_rows(rounding);
  return residuals_.is_rounding(rss()) || r_.norm() <= rounding.norm();
}

Matrix Tangent::errors() const {
  Matrix errors = r_.reshaped(n_observations(), n_outputs());
  residuals_.undo_rows(errors);
  return errors;
}

// Directions that J's own errors may have determined are open. Where all pivots are large no error of that size is possible: J
// loses digits as its columns come closer to dependence.
void Tangent::settle_rank(TangentFactor& factor) {
  if (factor.least_pivot() >= clear_pivot) return;
  if (column_errors_.size() == 0) {
    Matrix errors = jacobian_errors(*fit_, data().X);
    residuals_.stacked_to_rows(errors);
    column_errors_ = errors.colwise().stableNorm().transpose();
  }
  factor.allow_for_errors(column_errors_);
}

TangentFactor& Tangent::of_data() {
  if (!has_data_factor_) {
    of_data_.factorise(J_);
    settle_rank(of_data_);
  }
  has_data_factor_ = true;
  return of_data_;
}

TangentFactor& Tangent::with_decay() {
  if (!has_decay_) return of_data();
  if (!has_decay_factor_) {
    with_decay_.factorise(J_, K_);
    settle_rank(with_decay_);
  }
  has_decay_factor_ = true;
  return with_decay_;
}

Tangent linearise(const Fit& fit) {
  check_dataset(fit.data, fit.network);
  for (const double k : fit.decay)
    if (!(k >= 0 && std::isfinite(k)))
      throw InputError("decay: {} is not a penalty; give finite numbers from 0 up", k);
  Tangent at(fit);
  if (!at.move_to(fit))
    throw InputError(
        "model: the network or its derivative is not finite at these data; fit it to them first");
  return at;
}

}  // namespace jacobench
