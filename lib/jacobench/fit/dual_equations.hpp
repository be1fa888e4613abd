// The equations of a damped step in their n x n form, for more parameters than observations (fit/step_equations.hpp has
// the model).
#pragma once

#include "jacobench/fit/dual_factor.hpp"
#include "jacobench/fit/live_units.hpp"
#include "jacobench/fit/step_equations.hpp"

namespace jacobench {

class DualEquations final : public StepEquations {
 public:
  // decay [P] as it was given to the residuals, which are in the user's units and are kept by reference. The threads
  // are those of products with J.
  DualEquations(Residuals& residuals, const Vector& decay, Index n_threads = 1);

  bool move_to(const Vector& theta) override;
  bool add_second_derivatives() override { return false; }
  bool has_region_steps() const override { return true; }
  bool solve(double mu, Vector& d) override;
  RegionStep solve_within(double radius, bool is_near_minimum, Vector& d) override;
  bool bend(Vector& d) override;
  void correct(double t, const Vector& r_at_d, Vector& d) override;
  double predicted_fall(double mu, const Vector& d) const override;

  std::optional<RegionStep> newton_step(Vector& d) override;
  double effective_parameters() override;  // n^3 flops

  // Makes second derivatives those along bent steps. Returns how much S would fall by the Gauss-Newton step, if that is
  // known.
  std::optional<double> weigh_along_bent_steps();
  // By these, on a unit of a hidden layer, were it idle.
  IdlePull pull_on_idle(Index layer, Index unit);

 private:
  Index n_data_rows() const { return residuals_.n_data_rows(); }
  void take_gauss_newton_step();
  void weigh_second_derivatives(const Vector& r);
  void half_hessian_times(const Vector& v, Vector& product);
  RegionStep truncated_newton(double radius, double accuracy, Vector& d);

  const Vector decay_;
  DualFactor factor_;
  Vector theta_, u_, left_of_data_;
  Vector g_left_, preconditioned_, direction_, product_, H_d_;  // of conjugate gradients
  Matrix at_observations_, weights_;
};

}  // namespace jacobench
