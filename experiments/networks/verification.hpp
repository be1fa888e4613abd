// A computed Jacobian of a study's problem held to what its strategy promises (verification/promise.hpp).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "jacobench/verification/promise.hpp"

#include "networks/network_sweep.hpp"

namespace jacobench::harness {

// J and the reference are those of the problem's rows. relative_step: numeric strategies. Their steepness is taken to
// be the weights' scale, times the largest argument where that is above 1.
PromiseVerdict verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                      const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                      const Reference& reference);

std::vector<std::string> wrt_names();
Wrt wrt_from_name(std::string_view name);  // one of wrt_names()
std::string_view name_of(Wrt wrt);

}  // namespace jacobench::harness
