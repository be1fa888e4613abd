#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

// Steps by second derivatives begin where a Gauss-Newton step gains less than this share of the objective.
constexpr double slow_fall = 0.1;

// Steps are bent from then on: most descents are over before, and along a curved valley half as many steps are needed.
constexpr Index long_descent = 30;

// The damping has a floor, so that a parameter whose column vanishes stays.
constexpr double least_damping_of_descent = 1e-12;

// The damping after a step that was taken, by its gain: the fall of the objective over what was predicted.
double next_damping(double mu, double gain) {
  if (gain > 0.8) return mu / 9;
  if (gain > 0.3) return mu / 3;
  return gain > 0.1 ? mu : 2 * mu;
}

// A descent ends where a step that is hardly damped promises less than this share of the objective, and any step less than
// the other.
constexpr double least_fall = 1e-9, least_damped_fall = 1e-14;
constexpr double hardly_damped = 1e-2;

// What the first step off a saddle point promises, as a share of the objective, and how much longer the longest may be.
constexpr double first_fall_off_saddle = 1e-10, longest_off_saddle = 1024;

// How a radius follows the gain of the step that it held back.
constexpr double radius_growth = 2, radius_shrinkage = 0.25;

}  // namespace

Descender::Descender(Residuals& residuals, StepEquations& equations)
    : residuals_(residuals),
      equations_(equations),
      r_tried_(residuals.n_rows()),
      step_(residuals.n_params()),
      tried_(residuals.n_params()) {}

Descent Descender::descend(Vector& tau, const DescentOptions& options) {
  if (!equations_.move_to(tau)) return {std::numeric_limits<double>::infinity(), 0, Descent::End::not_finite};
  double objective = equations_.objective(), mu = options.damping, growth = 2;
  Index iteration = 0;
  bool slow = false;
  while (iteration < options.max_iterations && !residuals_.is_rounding(objective)) {
    double gain = -1, predicted = 0;
    if (equations_.solve(mu, step_)) {
      predicted = equations_.predicted_fall(mu, step_);
      const bool is_believed = !slow || iteration < long_descent || equations_.bend(step_);
      tried_ = tau + step_;
      if (is_believed && residuals_.evaluate(tried_, r_tried_.data(), nullptr))
        gain = (objective - r_tried_.squaredNorm()) / predicted;
    }
    bool is_at_rest = predicted > 0 && predicted <= least_damped_fall * objective;
    if (gain > 0) {
      ++iteration;
      tau = tried_;
      const double before = std::exchange(objective, r_tried_.squaredNorm());
      if (!equations_.move_to(tau)) break;
      is_at_rest = is_at_rest || (predicted <= least_fall * objective && mu <= hardly_damped);
      if (!is_at_rest) {
        slow = before - objective < slow_fall * objective;
        if (slow && equations_.has_region_steps())
          return descend_within(std::sqrt(predicted), objective, iteration, tau, options);
        if (slow) equations_.add_second_derivatives();
        mu = std::max(next_damping(mu, gain), least_damping_of_descent);
        growth = 2;
        if (options.go_on && !options.go_on(objective))
          return {objective, iteration, Descent::End::interrupted};
      }
    } else {
      mu *= growth;
      growth *= 2;
      is_at_rest = is_at_rest || !std::isfinite(mu);
    }
    if (is_at_rest) {
      if (!leave_saddle(tau, objective)) return {objective, iteration, Descent::End::arrived};
      slow = true;
      mu = hardly_damped;
      growth = 2;
    }
  }
  return {objective, iteration,
          residuals_.is_rounding(objective) ? Descent::End::arrived : Descent::End::iteration_limit};
}

// Where M, with the second derivatives, curves downwards, S falls along that direction to either side: from a step that the
// curvature alone hardly lets gain anything, twice as far for as long as it does. Returns whether tau is a lower point, where the
// equations are then those of Newton.
bool Descender::leave_saddle(Vector& tau, double& objective) {
  if (!equations_.move_to(tau) || !equations_.add_second_derivatives()) return false;
  const std::optional<double> curvature = equations_.downward_curvature(step_);
  if (!curvature) return false;
  const double first = std::sqrt(first_fall_off_saddle * objective / -*curvature);
  double lowest = objective, length = 0;
  for (const double side : {1.0, -1.0})
    for (double t = first; t <= longest_off_saddle * first; t *= 2) {
      tried_ = tau + side * t * step_;
      if (!residuals_.evaluate(tried_, r_tried_.data(), nullptr) || !(r_tried_.squaredNorm() < lowest)) break;
      lowest = r_tried_.squaredNorm();
      length = side * t;
    }
  if (!(lowest < (1 - least_damped_fall) * objective)) return false;
  tau += length * step_;
  objective = lowest;
  return equations_.move_to(tau) && equations_.add_second_derivatives();
}

// From tau, where the equations are.
Descent Descender::descend_within(double radius, double objective, Index iteration, Vector& tau,
                                  const DescentOptions& options) {
  while (iteration < options.max_iterations && !residuals_.is_rounding(objective)) {
    if (options.go_on && !options.go_on(objective)) return {objective, iteration, Descent::End::interrupted};
    const RegionStep step = equations_.solve_within(radius, step_);
    const bool promises_nothing = step.predicted_fall <= least_damped_fall * objective ||
                                  (step.predicted_fall <= least_fall * objective && !step.is_at_edge);
    equations_.bend(step_);
    tried_ = tau + step_;
    double gain = -1;
    if (residuals_.evaluate(tried_, r_tried_.data(), nullptr))
      gain = (objective - r_tried_.squaredNorm()) / step.predicted_fall;
    if (gain > 0) {
      ++iteration;
      tau = tried_;
      objective = r_tried_.squaredNorm();
      if (!equations_.move_to(tau)) break;
    }
    if (promises_nothing) return {objective, iteration, Descent::End::arrived};
    if (!(gain > 0.25))
      radius = radius_shrinkage * step.length;
    else if (gain > 0.75 && step.is_at_edge)
      radius = std::max(radius, radius_growth * step.length);
  }
  return {objective, iteration,
          residuals_.is_rounding(objective) ? Descent::End::arrived : Descent::End::iteration_limit};
}

}  // namespace jacobench
