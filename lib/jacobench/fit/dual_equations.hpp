// The equations of a damped step in their n x n form, for more parameters than observations (fit/step_equations.hpp has the
// model).
#pragma once

#include "jacobench/fit/step_equations.hpp"
#include "jacobench/jacobian/held_products.hpp"

namespace jacobench {

class DualEquations final : public StepEquations {
 public:
  // decay [P] as it was given to the residuals, which are in the user's units and are kept by reference.
  DualEquations(Residuals& residuals, const Vector& decay);

  bool move_to(const Vector& theta) override;
  bool add_second_derivatives() override { return false; }
  bool has_region_steps() const override { return true; }
  bool solve(double mu, Vector& d) override;
  RegionStep solve_within(double radius, Vector& d) override;
  bool bend(Vector& d) override;
  double predicted_fall(double mu, const Vector& d) const override;

  // From here to where the gradient vanishes, as its second derivatives have it; none where they are not positive definite.
  std::optional<RegionStep> newton_step(Vector& d);

  // tr J (J'J + K)^-1 J', J of the data alone.  Cost: n^3 flops
  double effective_parameters();

 private:
  bool has_free() const { return !free_.empty(); }
  Index n_free() const { return static_cast<Index>(free_.size()); }
  Index n_data_rows() const { return residuals_.n_data_rows(); }
  bool factorise(double mu, double mu_free);
  void solve_factorised(const Vector& v, Vector& d);
  void times(const Vector& v, Vector& J_v);
  void transposed_times(const Vector& u, Vector& J_t_u);
  void half_hessian_times(const Vector& v, Vector& product);
  RegionStep truncated_newton(double radius, double accuracy, Vector& d);

  const Vector decay_;
  HeldProducts products_;
  std::vector<LayerScales> scales_;  // 1 / k, and 0 for what has no penalty
  std::vector<Index> free_;          // parameters without one
  Vector theta_;
  Matrix A_, J_free_;                                 // J_P K^-1 J_P', and the columns of J that are free
  std::optional<std::pair<double, double>> damping_;  // that the factors below are of
  Matrix L_, W_, S_;  // L L' = I + J_P B^-1 J_P', W = L^-1 J_F, and the factor of W'W + B_F
  Vector B_, u_, of_free_;
  Vector g_left_, preconditioned_, direction_, product_, H_d_;  // of conjugate gradients
  Matrix at_observations_, weights_;
  double penalty_scale_ = 1, free_scale_ = 0;  // of D
};

// Whether the dual form is possible, and much cheaper.
bool prefer_dual(const Perceptron& network, const Vector& decay, Index n_values);

// About what a step of the form that is preferred takes, second derivatives included.
double flops_of_step(const Perceptron& network, const Vector& decay, Index n_values);

}  // namespace jacobench
