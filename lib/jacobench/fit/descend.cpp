#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/fit/descent_course.hpp"

namespace jacobench {
namespace {

// What the first step off a saddle point promises, as a share of the objective, and how much longer the longest may be.
constexpr double first_fall_off_saddle = 1e-10, longest_off_saddle = 1024;

// Steps within a radius: what a step along a bent path is to gain of what was predicted, and what is so good that it is
// not corrected; where a step that ends within the radius promises less of the objective than the last, the minimum is
// near.
constexpr double least_gain = 0.25, good_gain = 0.75, fall_near_minimum = 1e-5;
constexpr int most_lengths = 10;

// How much longer the next one is to be: what of the prediction fails grows with the fourth power of the length, or
// with more, and a quarter of it may.
double change_of_length(double gain, double least, double most) {
  if (gain >= 1) return most;
  return std::isfinite(gain) ? std::clamp(std::pow(0.25 / (1 - gain), 0.25), least, most) : least;
}

}  // namespace

Descender::Descender(Residuals& residuals, StepEquations& equations)
    : residuals_(residuals),
      equations_(equations),
      r_tried_(residuals.n_rows()),
      step_(residuals.n_params()),
      tried_(residuals.n_params()) {
  if (!equations.has_region_steps()) return;
  for (Vector* each : {&straight_, &half_bend_, &corrected_}) each->resize(residuals.n_params());
}

Descent Descender::descend(Vector& tau, const DescentOptions& options) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  equations_.damp_by(options.damping.by);
  if (!equations_.move_to(tau)) return {infinity, 0, Descent::End::not_finite};
  if (options.radius && equations_.has_region_steps())
    return descend_within(*options.radius, equations_.objective(), 0, tau, options);
  DescentCourse course;
  course.begin(residuals_, options, equations_.objective());
  for (DescentCourse::Next next = course.next(); next != DescentCourse::Next::end; next = course.next()) {
    if (next == DescentCourse::Next::rest) {
      double objective = course.descent().objective;
      leave_saddle(tau, objective) ? course.go_on_from_saddle(objective) : course.arrive();
      continue;
    }
    double predicted = 0, objective = infinity;
    if (equations_.solve(course.damping(), step_)) {
      predicted = equations_.predicted_fall(course.damping(), step_);
      const bool is_believed = !course.is_bent() || equations_.bend(step_);
      tried_ = tau + step_;
      if (is_believed && residuals_.evaluate(tried_, r_tried_.data(), nullptr))
        objective = r_tried_.squaredNorm();
    }
    if (!course.take(predicted, objective)) continue;
    tau = tried_;
    if (!equations_.move_to(tau)) {
      course.end();
    } else if (course.next() == DescentCourse::Next::step && course.is_by_newton()) {
      if (equations_.has_region_steps())
        return descend_within(std::sqrt(predicted), objective, course.descent().n_iterations, tau, options);
      equations_.add_second_derivatives();
    }
  }
  return course.descent();
}

// Where M, with the second derivatives, curves downwards, S falls along that direction to either side: from a step that
// the curvature alone hardly lets gain anything, twice as far for as long as it does. Returns whether tau is a lower
// point, where the equations are then those of Newton.
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

// S at tau + t d + t^2 a / 2, or, where that is not low enough, where one correction from there leads if that is lower;
// tried_ is there.
double Descender::objective_along(const Vector& tau, double t, double low_enough) {
  step_ = t * straight_ + t * t * half_bend_;
  tried_ = tau + step_;
  if (!residuals_.evaluate(tried_, r_tried_.data(), nullptr)) return std::numeric_limits<double>::infinity();
  const double objective = r_tried_.squaredNorm();
  if (objective <= low_enough) return objective;
  equations_.correct(t, r_tried_, step_);
  corrected_ = tau + step_;
  if (!residuals_.evaluate(corrected_, r_tried_.data(), nullptr) || !(r_tried_.squaredNorm() < objective))
    return objective;
  tried_.swap(corrected_);
  return r_tried_.squaredNorm();
}

// From tau, where the equations are: along bent steps, each made shorter until it falls as predicted.
Descent Descender::descend_within(double radius, double objective, Index iteration, Vector& tau,
                                  const DescentOptions& options) {
  bool is_near = false;
  while (iteration < options.max_iterations && !residuals_.is_rounding(objective)) {
    if (options.leaves_at && options.leaves_at(tau))
      return {objective, iteration, Descent::End::left, radius};
    if (options.go_on && !options.go_on(objective))
      return {objective, iteration, Descent::End::interrupted, radius};
    const RegionStep step = equations_.solve_within(radius, is_near, step_);
    const bool promises_nothing =
        step.predicted_fall <= least_damped_fall * objective ||
        (step.predicted_fall <= least_fall * objective && is_near && !step.is_at_edge);
    straight_ = step_;
    equations_.bend(step_);
    half_bend_ = step_ - straight_;
    const double slope = -2 * equations_.gradient().dot(straight_);
    double t = 1, gain = 0, next = objective;
    for (int i = 0; i < most_lengths; ++i) {
      if (i > 0) t *= change_of_length(gain, 0.25, 0.7);
      const double predicted = t * (slope + t * (step.predicted_fall - slope));
      next = objective_along(tau, t, objective - good_gain * predicted);
      gain = (objective - next) / predicted;
      if (gain > least_gain) break;
    }
    is_near = !step.is_at_edge && step.predicted_fall <= fall_near_minimum * objective;
    if (gain > 0) {
      ++iteration;
      tau = tried_;
      objective = next;
      if (!equations_.move_to(tau)) break;
    }
    if (promises_nothing) return {objective, iteration, Descent::End::arrived, radius};
    if (step.is_at_edge || t < 1) radius = t * step.length * change_of_length(gain, 0.25, t < 1 ? 1 : 2);
  }
  return {objective, iteration,
          residuals_.is_rounding(objective) ? Descent::End::arrived : Descent::End::iteration_limit, radius};
}

}  // namespace jacobench
