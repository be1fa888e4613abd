// The equations of a damped step in their P x P form (fit/step_equations.hpp has the model).
#pragma once

#include "jacobench/fit/step_equations.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {

class NormalEquations final : public StepEquations {
 public:
  // The residuals are kept by reference.
  explicit NormalEquations(Residuals& residuals);

  bool move_to(const Vector& tau) override;
  bool add_second_derivatives() override;
  bool solve(double mu, Vector& d) override;
  double predicted_fall(double mu, const Vector& d) const override;

 private:
  SecondDerivatives second_;
  Vector tau_;
  Matrix M_, damped_;  // their lower triangles
  Matrix weights_;     // of the outputs' second derivatives
  double scale_ = 1;   // D
};

}  // namespace jacobench
