#include "jacobench/inference/tangent.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {

Tangent::Tangent(const Fit& like)
    : network_(like.network),
      K_(like.decay.size() > 0 ? like.decay : Vector::Zero(like.network.n_params())),
      has_decay_(like.has_decay()),
      residuals_(like.network, like.data, {}, like.jacobian),
      J_(like.n_values(), like.n_params()),
      factors_(like.data.Y.rows(), like.data.Y.cols()),
      r_(like.n_values()),
      row_factors_(like.n_values()),
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
  fit.data.get_row_factors(factors_);
  row_factors_ = factors_.reshaped();
  has_data_factor_ = has_decay_factor_ = false;
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

TangentFactor& Tangent::of_data() {
  if (!has_data_factor_) of_data_.factorise(J_);
  has_data_factor_ = true;
  return of_data_;
}

TangentFactor& Tangent::with_decay() {
  if (!has_decay_) return of_data();
  if (!has_decay_factor_) with_decay_.factorise(J_, K_);
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
