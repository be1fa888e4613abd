#include "jacobench/verification/promise.hpp"

namespace jacobench {

PromiseVerdict hold_to_promise(const JacobianOrigin& origin, const Matrix& J, const Reference& reference) {
  const auto& [strategy, relative_step, steepness, network, theta, X, wrt] = origin;
  const ReferenceMatrix& truth = reference.jacobian(wrt);
  EntryScales scales = error_scales(network, theta, X, strategy.summation, wrt);
  PromiseVerdict verdict{};
  const bool by_row = strategy.numeric_promise != nullptr;
  if (by_row) {
    const double step = relative_step.value_or(strategy.default_relative_step.value_or(0));
    if (steepness) verdict.promise = strategy.numeric_promise(network, step, *steepness);
    if (verdict.promise)
      scales.bound = numeric_error_bound(*verdict.promise, truth, reference.values);
    else
      verdict.why_not_promised = steepness ? "a kink, or a step too wide for the network"
                                           : "how fast the network varies along an argument is not known";
  }
  verdict.errors = compare(J, truth, scales);
  if (!by_row) verdict.promise = verdict.errors.max_bound;
  if (verdict.errors.max_over_bound)
    verdict.outcome = *verdict.errors.max_over_bound <= 1 ? PromiseOutcome::kept : PromiseOutcome::broken;
  return verdict;
}

}  // namespace jacobench
