#include "networks/verification.hpp"

#include <algorithm>

#include "networks/tried_formulas.hpp"

namespace jacobench::harness {
namespace {

double steepness(const NetworkCase& network_case, const Problem& problem, Wrt wrt) {
  const double largest =
      wrt == Wrt::parameters ? problem.theta.cwiseAbs().maxCoeff() : problem.X.cwiseAbs().maxCoeff();
  return std::max(1.0, network_case.weight_scale) * std::max(1.0, largest);
}

}  // namespace

std::vector<const StrategyInfo*> strategies_for_all(std::span<const StrategyInfo> table) {
  std::vector<const StrategyInfo*> rows;
  for (const StrategyInfo& row : table)
    if (!row.why_not && !is_on_trial(row)) rows.push_back(&row);
  return rows;
}

PromiseVerdict verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                      const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                      const Reference& reference) {
  PromiseVerdict verdict = hold_to_promise({.strategy = strategy,
                                            .relative_step = relative_step,
                                            .steepness = steepness(network_case, problem, wrt),
                                            .network = network_case.network,
                                            .theta = problem.theta,
                                            .X = problem.X,
                                            .wrt = wrt},
                                           J, reference);
  if (is_on_trial(strategy)) verdict.why_not_promised = "a formula on trial";
  return verdict;
}

}  // namespace jacobench::harness
