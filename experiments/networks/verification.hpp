// A computed Jacobian of a study's problem held to what its strategy promises (verification/promise.hpp).
#pragma once

#include <optional>

#include "jacobench/verification/promise.hpp"

#include "networks/network_sweep.hpp"

namespace jacobench::harness {

// J and the reference are those of the problem's rows. relative_step: numeric strategies. Their steepness is taken to
// be the weights' scale, times the largest argument where that is above 1.
PromiseVerdict verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                      const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                      const Reference& reference);

}  // namespace jacobench::harness
