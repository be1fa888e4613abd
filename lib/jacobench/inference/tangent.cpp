#include "jacobench/inference/tangent.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/machine_memory.hpp"
#include "jacobench/inference/jacobian_error.hpp"
#include "jacobench/inference/memory_needs.hpp"
#include "jacobench/inference/tangents_in_lanes.hpp"
#include "jacobench/verification/error_bound.hpp"

namespace jacobench {
namespace {

// Larger ones, relative to the outputs, are no rounding unless the network has lost half its digits.
constexpr double small_residuals = 0x1p-20;

// Of half-widths, relative, where J could be formed instead, and where it cannot.
constexpr double error_beside_J = 1e-8, error_without_J = 1e-6;

// Whether the machine has the memory for J and its factors.
bool has_memory_for_J(const Fit& like) {
  const ProblemSize size(like.network, like.n_values(), like.decay, StepForm::normal);
  return memory_of_inference(size, Inference::by_jacobian) <= machine_memory();
}

}  // namespace

Tangent::Tangent(const Fit& like)
    : network_(like.network),
      K_(like.decay.size() > 0 ? like.decay : Vector::Zero(like.network.n_params())),
      has_decay_(like.has_decay()),
      residuals_(like.network, like.data, {}, like.jacobian),
      forms_(InverseForms::make(form_of_steps(like.network, like.decay, like.n_values(), like.form), like)),
      can_form_J_(!forms_ || has_memory_for_J(like)),
      r_(like.n_values()),
      step_(like.n_params()),
      of_data_(like.n_values(), like.n_params()),
      with_decay_(like.n_values(), like.n_params()),
      one_lane_(TangentsInLanes::suits(like)
                    ? std::make_unique<TangentsInLanes>(like, kernel::kernels().one_fit)
                    : nullptr) {
  JB_EXPECT(K_.size() == network_.n_params(), "{} penalties for {} parameters", K_.size(),
            network_.n_params());
}

Tangent::~Tangent() = default;
Tangent::Tangent(Tangent&&) noexcept = default;

bool Tangent::move_to(const Fit& fit) {
  if (one_lane_) {
    one_lane_->put(0, fit);
    one_lane_->compute();
    const bool is_finite = move_to(fit, *one_lane_, 0);
    is_in_own_lane_ = has_clear_inverse_;
    return is_finite;
  }
  begin(fit);
  return evaluate();
}

bool Tangent::move_to(const Fit& fit, const TangentsInLanes& lanes, Index lane) {
  begin(fit);
  clear_inverse_.T.resize(n_params(), n_params());
  double norm = 0;
  has_clear_inverse_ = lanes.get(lane, r_, clear_inverse_.T, norm);
  if (!has_clear_inverse_) return evaluate();
  clear_inverse_.condition_scaled = std::sqrt(static_cast<double>(n_params())) * norm;
  return true;
}

void Tangent::begin(const Fit& fit) {
  network_.expect_shapes(fit.theta);
  fit_ = &fit;
  residuals_.set_data(fit.data);
  has_data_factor_ = has_decay_factor_ = false;
  column_errors_.resize(0);
  has_J_ = has_forms_ = has_clear_inverse_ = is_in_own_lane_ = false;
}

bool Tangent::evaluate() {
  const Fit& fit = *fit_;
  const bool is_asked_for = fit.form == StepForm::dual || fit.form == StepForm::matrix_free;
  has_forms_ = forms_ && forms_->move_to(fit.theta, fit.data.X, residuals_.rows()) &&
               (is_asked_for || forms_->accuracy() <= (can_form_J_ ? error_beside_J : error_without_J));
  if (!has_forms_) {
    J_.resize(n_values(), n_params());
    has_J_ = true;
  }
  if (!residuals_.evaluate(fit.theta, r_.data(), has_J_ ? J_.data() : nullptr)) return false;
  r_ = -r_;
  return true;
}

const Matrix& Tangent::J() const {
  if (!has_J_) {
    r_beside_J_.resize(n_values());
    J_.resize(n_values(), n_params());
    JB_EXPECT(residuals_.evaluate(theta(), r_beside_J_.data(), J_.data()), "J is not finite");
    has_J_ = true;
  }
  return J_;
}

double Tangent::effective_parameters() {
  return has_forms_ ? forms_->trace_h().value : with_decay().trace_h();
}

const Vector* Tangent::take_linear_step() {
  TangentFactor& factor = with_decay();
  if (!factor.is_determined()) return nullptr;
  right_.setZero(n_values() + (K_.array() > 0).count());
  right_.head(n_values()) = r_;
  for (Index p = 0, row = n_values(); p < K_.size(); ++p)
    if (K_[p] > 0) right_[row++] = -std::sqrt(K_[p]) * theta()[p];
  factor.solve(right_, step_);
  r_.noalias() -= J() * step_;
  return &step_;
}

bool Tangent::residuals_are_rounding() const {
  if (!(r_.norm() <= small_residuals * residuals_.size_of_outputs())) return false;
  Matrix rounding = value_error_bound(network_, theta(), data().X) + unit_roundoff * data().Y.cwiseAbs();
  rows().bound(rounding);
  return residuals_.is_rounding(rss()) || r_.norm() <= rounding.norm();
}

Index Tangent::rank() { return has_clear_inverse_ ? n_params() : of_data().rank(); }

double Tangent::condition_scaled() {
  return has_clear_inverse_ ? clear_inverse_.condition_scaled : of_data().condition_scaled();
}

Matrix Tangent::errors() const {
  Matrix errors = r_.reshaped(n_observations(), n_outputs());
  rows().undo(errors);
  return errors;
}

// Directions that J's own errors may have determined are open. Where all pivots are large no error of that size is
// possible: J loses digits as its columns come closer to dependence.
void Tangent::settle_rank(TangentFactor& factor) {
  if (factor.least_pivot() >= TangentFactor::clear_pivot) return;
  if (column_errors_.size() == 0) {
    Matrix errors = jacobian_errors(*fit_, data().X);
    rows().apply_to_stacked(errors);
    column_errors_ = errors.colwise().stableNorm().transpose();
  }
  factor.allow_for_errors(column_errors_);
}

TangentFactor& Tangent::of_data() {
  if (!has_data_factor_) {
    of_data_.factorise(J());
    settle_rank(of_data_);
  }
  has_data_factor_ = true;
  return of_data_;
}

TangentFactor& Tangent::with_decay() {
  if (!has_decay_) return of_data();
  if (!has_decay_factor_) {
    with_decay_.factorise(J(), K_);
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
