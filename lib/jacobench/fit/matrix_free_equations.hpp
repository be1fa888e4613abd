// The equations of a damped step by products with J alone (fit/step_equations.hpp has the model), for so many
// parameters and observations that neither P x P nor n x n matrices can be had.
//
// Model:  min |J d + r|^2 + |B^-1/2 (B d + K theta)|^2,  B = K + mu D as in the dual form: (J'J + B) d = -J'r - K
//         theta, by LSMR on the rows of [J; sqrt(B)] (fit/penalised_jacobian.hpp). Columns are scaled: those of
//         parameters with a penalty by B^-1/2, so that no singular value is below one and as many as the data determine
//         are above, the others by their norms
// Cost:   4 products of a pass each iteration of LSMR; memory of a score of vectors
// Accuracy: a step leaves a hundredth of the fall that there is; predicted_fall is that of the step as it is
#pragma once

#include "jacobench/fit/penalised_jacobian.hpp"
#include "jacobench/fit/step_equations.hpp"

namespace jacobench {

class MatrixFreeEquations final : public StepEquations {
 public:
  // decay [P] as it was given to the residuals, or empty. They are in the user's units and are kept by reference.
  MatrixFreeEquations(Residuals& residuals, const Vector& decay);

  bool move_to(const Vector& theta) override;
  bool add_second_derivatives() override { return false; }
  bool solve(double mu, Vector& d) override;
  bool bend(Vector& d) override;
  double predicted_fall(double mu, const Vector& d) const override;

  std::optional<double> fall_to_minimum(Vector& d) override;
  double effective_parameters() override;  // an estimate, where the n x n form cannot be had

 private:
  bool solve_to(double mu, double accuracy, Vector& d);
  bool least_squares(const Vector& of_data, const Vector& of_penalty, double accuracy, Vector& d);

  const Vector K_;
  PenalisedJacobian J_;
  Lsmr lsmr_;
  Vector theta_, B_, right_, squared_columns_;
  Vector J_d_;  // of the last step
  double penalty_scale_ = 0, free_scale_ = 0;
};

}  // namespace jacobench
