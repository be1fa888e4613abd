// The criterion of the scenario suite: does a strategy keep its promise on a scenario?
//
// analytic  every entry within the running error bound of verification/error_bound.hpp
// numeric   every entry within the strategy's promise times the 2-norm of its row, where it promises anything
// and
//           where what the promise presumes holds: it allows 1024 times for the units by which y is off (64
//           at most) times |y| / |y'|, so that |y| may be 16 times the norm of the row
#pragma once

#include <ostream>
#include <string>

#include "jacobench/jacobian/strategy.hpp"

#include "support/scenarios.hpp"

namespace jacobench {

// So that a parameterised test prints a name.
inline std::ostream& operator<<(std::ostream& out, const StrategyInfo& strategy) {
  return out << strategy.name;
}

}  // namespace jacobench

namespace jacobench::testing {

struct Verdict {
  enum class Outcome { kept, broken, not_promised };

  Outcome outcome = Outcome::kept;
  double error_over_promise = 0;  // at the worst entry
  std::string text;               // the worst entry, both values and the bound; or why nothing is promised

  bool kept() const { return outcome == Outcome::kept; }
};

Verdict judge(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& scenario,
              Wrt wrt);

// J as the strategy computes it.
Matrix jacobian_by(const StrategyInfo& strategy, const StrategyOptions& options, const Scenario& scenario,
                   Wrt wrt);

// The name of a column of J: "W2(1,0)", "b1(3)" or "x2", counted as in network/perceptron.hpp.
std::string column_name(const Perceptron& network, Wrt wrt, Index column);

// The worst entry of J by error over bound, and that ratio; an error that is not a number counts as infinite.
struct WorstEntry {
  double ratio = -1;
  Index row = 0;
  Index column = 0;
};
WorstEntry worst_entry(const Matrix& J, const ReferenceMatrix& reference, const Matrix& bound);

}  // namespace jacobench::testing
