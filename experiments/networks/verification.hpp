// A computed Jacobian held to what its strategy promises (jacobian/strategy.hpp).
#pragma once

#include <optional>
#include <string>

#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/verification/comparison.hpp"
#include "jacobench/verification/reference.hpp"

#include "networks/network_sweep.hpp"

namespace jacobench::harness {

struct Verification {
  ErrorSummary errors;
  std::optional<double> promise;  // analytic: max of bound over condition scale; numeric: what is promised
  std::optional<std::string> no_promise;  // why nothing is promised
};

// J and the reference are those of the problem's rows. relative_step: numeric strategies.
Verification verify(const StrategyInfo& strategy, std::optional<double> relative_step,
                    const NetworkCase& network_case, const Problem& problem, Wrt wrt, const Matrix& J,
                    const Reference& reference);

}  // namespace jacobench::harness
