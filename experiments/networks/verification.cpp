#include "networks/verification.hpp"

#include <algorithm>

#include "jacobench/verification/error_bound.hpp"

namespace jacobench::harness {
namespace {

// How fast y varies along an argument, for the promise of numeric strategies: as the weights' scale; a step is in
// proportion to the argument where that is above 1.
double steepness(const NetworkCase& network_case, const Problem& problem, Wrt wrt) {
  const double largest =
      wrt == Wrt::parameters ? problem.theta.cwiseAbs().maxCoeff() : problem.X.cwiseAbs().maxCoeff();
  return std::max(1.0, network_case.weight_scale) * std::max(1.0, largest);
}

}  // namespace

Verification verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                    const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                    const Reference& reference) {
  const Perceptron& network = network_case.network;
  const ReferenceMatrix& truth = wrt == Wrt::parameters ? reference.J_y_theta : reference.J_y_x;
  EntryScales scales = error_scales(network, problem.theta, problem.X, strategy.summation, wrt);
  Verification result;
  if (strategy.is_numeric()) {
    result.promise =
        strategy.numeric_promise(network, relative_step.value_or(*strategy.default_relative_step),
                                 steepness(network_case, problem, wrt));
    if (result.promise)
      scales.bound = numeric_error_bound(*result.promise, truth, reference.values);
    else
      result.no_promise = "a kink, or a step too wide for the network";
  }
  result.errors = compare(J, truth, scales);
  if (!strategy.is_numeric()) result.promise = result.errors.max_bound;
  return result;
}

}  // namespace jacobench::harness
