// The criterion of the scenario suite: does a strategy keep its promise on a scenario (verification/promise.hpp)?
// Beside a kink nothing is promised of a numeric strategy, whose step straddles it.
#pragma once

#include <ostream>
#include <string>

#include "jacobench/verification/promise.hpp"

#include "support/scenarios.hpp"

namespace jacobench {

// So that a parameterised test prints a name.
inline std::ostream& operator<<(std::ostream& out, const StrategyInfo& strategy) {
  return out << strategy.name;
}

}  // namespace jacobench

namespace jacobench::testing {

struct Verdict {
  PromiseOutcome outcome = PromiseOutcome::not_promised;
  double error_over_promise = 0;  // at the worst entry
  std::string text;               // the worst entry, both values and their ratio; or why nothing is promised

  bool kept() const { return outcome == PromiseOutcome::kept; }
};

Verdict judge(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& scenario,
              Wrt wrt);

// J as the strategy computes it.
Matrix jacobian_by(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& scenario,
                   Wrt wrt);

// The name of a column of J: "w1[2,0]" or "x2" (network/entry_names.hpp).
std::string column_name(const Perceptron& network, Wrt wrt, Index column);

}  // namespace jacobench::testing
