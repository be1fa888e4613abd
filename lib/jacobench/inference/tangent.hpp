// A fit linearised at its parameters: all that intervals are computed from, for one fit after another in a workspace
// that is made once.
//
// Model:  J = B J_y_theta and r = B (Y - f(X; theta)), with the B of fit/residuals.hpp, so
//         that under the model the rows of r are uncorrelated with one variance sigma^2. The penalty of a decayed fit
//         is kept apart, as the diagonal K: it never stands among the rows, so RSS, leverages and residuals are the
//         data's. J is formed when it is first asked for where (J'J + K)^-1 is had without it
//         (inference/inverse_forms.hpp): of fits whose steps were n x n or matrix free, as accurate as a band is to be
// Shapes: J [(N K) x P], r [N K], row k N + n being output k of observation n; K [P], zero without decay
//         Of a small network T comes from lanes (inference/tangents_in_lanes.hpp) where the data clearly determine all
//         parameters: then J and its factors are made for those alone who ask for more
// Cost:   J by the fit's own strategy; the factors when they are first asked for (inference/tangent_factor.hpp); no
//         allocation after the first fit by the analytic strategies
// Errors: logic_error for a fit of another shape
#pragma once

#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/residuals.hpp"
#include "jacobench/inference/inverse_forms.hpp"
#include "jacobench/inference/tangent_factor.hpp"

namespace jacobench {

class TangentsInLanes;

class Tangent {
 public:
  // A workspace for fits of this network, decay and strategy to data of these shapes.
  explicit Tangent(const Fit& like);
  ~Tangent();
  Tangent(Tangent&&) noexcept;

  // Linearises at the fit, which is kept by reference until the next call. Returns whether the network and its
  // derivative are finite; if not, nothing below may be asked.
  bool move_to(const Fit& fit);

  // The same, with the bits of that, of a fit whose tangent has been computed beside others.
  bool move_to(const Fit& fit, const TangentsInLanes& lanes, Index lane);

  // From there to the minimum of the linearised objective, one Gauss-Newton step, with J left as it is: r is then that
  // of a linear model. Returns the step, or null where data and decay do not determine it.
  const Vector* take_linear_step();

  const Fit& fit() const { return *fit_; }
  const Perceptron& network() const { return network_; }
  const Vector& theta() const { return fit_->theta; }
  const Dataset& data() const { return fit_->data; }
  const Vector& decay() const { return K_; }  // zeros without decay
  bool has_decay() const { return has_decay_; }
  const Matrix& J() const;
  const Vector& r() const { return r_; }
  const RowMap& rows() const { return residuals_.rows(); }  // B
  Matrix errors() const;                                    // Y - f(X; theta), as r has it  [N x K]

  Index n_values() const { return r_.size(); }
  Index n_params() const { return K_.size(); }
  Index n_observations() const { return n_values() / n_outputs(); }
  Index n_outputs() const { return network_.n_outputs(); }
  double rss() const { return r_.squaredNorm(); }

  // Whether the residuals are no more than rounding can make of the outputs and of the fitted values.
  // Cost: that of a forward pass or two where they are small, and nothing otherwise
  bool residuals_are_rounding() const;

  // T T' = (J'J)^-1 where the data clearly determine all parameters and it is had without J; otherwise null.
  struct ClearInverse {
    Matrix T;
    double condition_scaled;
  };
  const ClearInverse* clear_inverse() const { return has_clear_inverse_ ? &clear_inverse_ : nullptr; }

  // The lane that this tangent comes from, where it was computed by itself; otherwise null.
  const TangentsInLanes* one_lane() const { return is_in_own_lane_ ? one_lane_.get() : nullptr; }

  InverseForms* forms() { return has_forms_ ? forms_.get() : nullptr; }  // null where J is what there is
  double effective_parameters();                                         // tr H of the fit's own K
  TangentFactor& of_data();                                              // K = 0
  TangentFactor& with_decay();  // the fit's own K; of_data() without decay
  Index rank();                 // of J
  double condition_scaled();    // of J C^-1, as of_data() has it

 private:
  void begin(const Fit& fit);
  bool evaluate();
  void settle_rank(TangentFactor& factor);

  const Perceptron network_;
  const Vector K_;
  const bool has_decay_;
  const Fit* fit_ = nullptr;
  mutable Residuals residuals_;
  mutable Matrix J_;
  mutable bool has_J_ = false;
  mutable Vector r_beside_J_;
  std::unique_ptr<InverseForms> forms_;
  bool has_forms_ = false;
  const bool can_form_J_;
  Vector r_, right_, step_;
  Vector column_errors_;  // of J; empty until they are needed
  TangentFactor of_data_, with_decay_;
  bool has_data_factor_ = false, has_decay_factor_ = false;
  std::unique_ptr<TangentsInLanes> one_lane_;  // where such tangents are had in lanes
  ClearInverse clear_inverse_;
  bool has_clear_inverse_ = false, is_in_own_lane_ = false;
};

// The tangent of one fit, which is kept by reference.
// Errors: InputError for data that are not data for the network, or where it is not finite at theta
Tangent linearise(const Fit& fit);
Tangent linearise(Fit&&) = delete;

}  // namespace jacobench
