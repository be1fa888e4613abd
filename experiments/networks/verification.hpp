// A computed Jacobian of a study's problem held to what its strategy promises (verification/promise.hpp).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "jacobench/verification/promise.hpp"

#include "networks/network_sweep.hpp"

namespace jacobench::harness {

// Those of a table that every network has: what an experiment measures unless it is told.
std::vector<const StrategyInfo*> strategies_for_all(std::span<const StrategyInfo> table);

// J and the reference are those of the problem's rows. relative_step: numeric strategies. Their steepness is taken to
// be the weights' scale, times the largest argument where that is above 1.
PromiseVerdict verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                      const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                      const Reference& reference);

}  // namespace jacobench::harness
