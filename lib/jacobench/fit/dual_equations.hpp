// The equations of a damped step in their n x n form, for more parameters than observations (fit/step_equations.hpp has the
// model).
#pragma once

#include "jacobench/fit/step_equations.hpp"
#include "jacobench/jacobian/products.hpp"

namespace jacobench {

class DualEquations final : public StepEquations {
 public:
  // decay [P] as it was given to the residuals, which are in the user's units and are kept by reference.
  DualEquations(Residuals& residuals, const Vector& decay);

  bool move_to(const Vector& theta) override;
  bool add_second_derivatives() override { return false; }
  bool solve(double mu, Vector& d) override;
  bool bend(Vector&) override { return true; }
  double predicted_fall(double mu, const Vector& d) const override;

  // tr J (J'J + K)^-1 J', J of the data alone.  Cost: n^3 flops
  double effective_parameters();

 private:
  bool has_free() const { return (decay_.array() == 0).any(); }
  Index n_data_rows() const { return residuals_.n_data_rows(); }
  void set_damped(double mu);
  void outer_gram(const LayerScales& scales, Matrix& A);
  void set_times_transposed(const Eigen::Ref<const Vector>& v, Vector& result);

  const Vector decay_;
  JacobianProducts products_;
  LayerScales of_penalised_, of_free_;  // 1 / k, and 1 for what has no penalty
  Vector theta_;
  Matrix A_, A_free_, damped_;
  Vector u_, B_;
  Matrix at_observations_;
  double penalty_scale_ = 1, free_scale_ = 0;  // of D
};

// Whether the dual form is possible, and so much cheaper that it is worth doing without second derivatives.
bool prefer_dual(const Perceptron& network, const Vector& decay, Index n_values);

}  // namespace jacobench
