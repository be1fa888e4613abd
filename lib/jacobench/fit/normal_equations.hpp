// The equations of a damped step in their P x P form (fit/step_equations.hpp has the model).
#pragma once

#include "jacobench/fit/step_equations.hpp"
#include "jacobench/jacobian/products.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {

class NormalEquations final : public StepEquations {
 public:
  // The residuals are kept by reference.
  explicit NormalEquations(Residuals& residuals);

  bool move_to(const Vector& tau) override;
  bool add_second_derivatives() override;
  void damp_by(DampingBy by) override { by_ = by; }
  bool solve(double mu, Vector& d) override;
  bool bend(Vector& d) override;
  std::optional<double> downward_curvature(Vector& d) override;
  double predicted_fall(double mu, const Vector& d) const override;

  const Matrix& matrix() const { return M_; }  // its lower triangle

 private:
  double damping(double mu, Index p) const;

  SecondDerivatives second_;
  JacobianProducts products_;
  Vector tau_;
  Matrix M_, damped_;  // their lower triangles
  Matrix weights_;     // of the outputs' second derivatives
  Matrix along_;       // second derivatives of the outputs along a step
  Vector bend_, M_d_;
  DampingBy by_ = DampingBy::mean;
  Vector diagonal_;   // of J'J
  double scale_ = 1;  // its mean
};

}  // namespace jacobench
