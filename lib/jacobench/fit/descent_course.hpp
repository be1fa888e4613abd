// The rules by which a descent takes its damped steps and ends, whoever computes them (fit/solvers.hpp has the model).
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {

// A descent ends where a step that is hardly damped promises less than this share of the objective, and any step less
// than the other.
inline constexpr double least_fall = 1e-9, least_damped_fall = 1e-14;
inline constexpr double hardly_damped = 1e-2;

class DescentCourse {
 public:
  // `residuals` and `options` are kept by reference.
  void begin(const Residuals& residuals, const DescentOptions& options, double objective) {
    *this = {};
    residuals_ = &residuals;
    options_ = &options;
    objective_ = objective;
    mu_ = options.damping.mu;
  }

  // At rest it is to be found out whether that is a saddle point.
  enum class Next { step, rest, end };
  Next next() const {
    if (is_at_rest_) return Next::rest;
    const bool goes_on = !has_ended_ && n_iterations_ < options_->max_iterations && !is_at_rounding();
    return goes_on ? Next::step : Next::end;
  }

  double damping() const { return mu_; }
  DampingBy damping_by() const { return options_->damping.by; }
  bool is_by_newton() const { return is_slow_; }
  // Most descents are over before they bend their steps, and along a curved valley half as many are needed.
  bool is_long() const { return n_iterations_ >= long_descent; }
  bool is_bent() const { return is_slow_ && is_long(); }

  // After a step that predicted this fall and leads to this objective, infinite where it leads nowhere. Returns whether
  // it is taken.
  bool take(double predicted_fall, double objective) {
    is_at_rest_ = predicted_fall > 0 && predicted_fall <= least_damped_fall * objective_;
    const double gain = std::isfinite(objective) ? (objective_ - objective) / predicted_fall : -1;
    if (!(gain > 0)) {
      mu_ *= std::exchange(growth_, 2 * growth_);
      is_at_rest_ = is_at_rest_ || !std::isfinite(mu_);
      return false;
    }
    ++n_iterations_;
    const double before = std::exchange(objective_, objective);
    is_at_rest_ = is_at_rest_ || (predicted_fall <= least_fall * objective_ && mu_ <= hardly_damped);
    if (is_at_rest_) return true;
    is_slow_ = before - objective_ < slow_fall * objective_;
    mu_ = std::max(next_damping(gain), least_damping);
    growth_ = 2;
    is_interrupted_ = options_->go_on && !options_->go_on(objective_);
    has_ended_ = is_interrupted_;
    return true;
  }

  // From rest, at a lower point.
  void go_on_from_saddle(double objective) {
    objective_ = objective;
    is_at_rest_ = false;
    is_slow_ = true;
    mu_ = hardly_damped;
    growth_ = 2;
  }

  void arrive() { end(), has_arrived_ = true; }
  void end() { has_ended_ = true, is_at_rest_ = false; }

  // So far, or as it has ended.
  Descent descent() const {
    Descent descent{
        .objective = objective_, .n_iterations = n_iterations_, .end = Descent::End::iteration_limit};
    if (has_arrived_ || is_at_rounding()) descent.end = Descent::End::arrived;
    if (is_interrupted_) descent.end = Descent::End::interrupted;
    return descent;
  }

 private:
  // Steps by second derivatives begin where a Gauss-Newton step gains less than this share of the objective.
  static constexpr double slow_fall = 0.1;

  static constexpr Index long_descent = 30;

  // The damping has a floor, so that a parameter whose column vanishes stays.
  static constexpr double least_damping = 1e-12;

  // After a step that was taken, by its gain: the fall of the objective over what was predicted.
  double next_damping(double gain) const {
    if (gain > 0.8) return mu_ / 9;
    if (gain > 0.3) return mu_ / 3;
    return gain > 0.1 ? mu_ : 2 * mu_;
  }

  bool is_at_rounding() const { return residuals_->is_rounding(objective_); }

  const Residuals* residuals_ = nullptr;
  const DescentOptions* options_ = nullptr;
  double objective_ = 0, mu_ = 0, growth_ = 2;
  Index n_iterations_ = 0;
  bool is_slow_ = false, is_at_rest_ = false, is_interrupted_ = false, has_arrived_ = false,
       has_ended_ = false;
};

}  // namespace jacobench
