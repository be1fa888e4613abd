#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

// Steps by second derivatives begin where a Gauss-Newton step gains less than this share of the objective.
constexpr double slow_fall = 0.1;

// A descent ends where a step that is hardly damped promises less than this share of the objective, and any step less than
// the other.
constexpr double least_fall = 1e-9, least_damped_fall = 1e-14;
constexpr double hardly_damped = 1e-2;

}  // namespace

Descender::Descender(Residuals& residuals, StepEquations& equations)
    : residuals_(residuals),
      equations_(equations),
      r_tried_(residuals.n_rows()),
      step_(residuals.n_params()),
      tried_(residuals.n_params()) {}

Descent Descender::descend(Vector& tau, const DescentOptions& options) {
  if (!equations_.move_to(tau)) return {std::numeric_limits<double>::infinity(), 0, Descent::End::not_finite};
  const double exact = std::pow(8 * std::numeric_limits<double>::epsilon() * residuals_.size_of_outputs(), 2);
  double objective = equations_.objective(), mu = options.damping, growth = 2;
  Index iteration = 0;
  while (iteration < options.max_iterations && objective > exact) {
    double gain = -1, predicted = 0;  // the fall of the objective over what was predicted
    if (equations_.solve(mu, step_)) {
      predicted = equations_.predicted_fall(mu, step_);
      tried_ = tau + step_;
      if (residuals_.evaluate(tried_, r_tried_.data(), nullptr))
        gain = (objective - r_tried_.squaredNorm()) / predicted;
    }
    const bool promises_nothing = predicted > 0 && predicted <= least_damped_fall * objective;
    if (gain > 0) {
      ++iteration;
      tau = tried_;
      const double fall = objective - r_tried_.squaredNorm();
      if (!equations_.move_to(tau)) break;
      objective = equations_.objective();
      if (promises_nothing || (predicted <= least_fall * objective && mu <= hardly_damped))
        return {objective, iteration, Descent::End::arrived};
      if (fall < slow_fall * objective) equations_.add_second_derivatives();
      mu *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
      growth = 2;
      if (options.go_on && !options.go_on(objective))
        return {objective, iteration, Descent::End::interrupted};
    } else {
      mu *= growth;
      growth *= 2;
      if (promises_nothing || !std::isfinite(mu)) return {objective, iteration, Descent::End::arrived};
    }
  }
  return {objective, iteration, objective > exact ? Descent::End::iteration_limit : Descent::End::arrived};
}

}  // namespace jacobench
