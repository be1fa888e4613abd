// Every strategy on every scenario, with respect to parameters and inputs, against the 50-digit reference.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/verification/comparison.hpp"

#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::judge;
using testing::Scenario;
using testing::scenarios;
using testing::Verdict;

struct Case {
  std::string name;
  const StrategyInfo* strategy;
  StrategyOptions options;
  const Scenario* scenario;
  Wrt wrt;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string_view name_of(Wrt wrt) { return wrt == Wrt::parameters ? "parameters" : "inputs"; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const StrategyInfo& strategy : strategy_table())
    for (const Scenario& s : scenarios())
      for (Wrt wrt : {Wrt::parameters, Wrt::inputs})
        all.push_back(
            {fmt::format("{}__{}__{}", strategy.name, s.name, name_of(wrt)), &strategy, {}, &s, wrt});
  for (const Scenario& s : scenarios())
    for (Direction direction : {Direction::forward, Direction::backward})
      all.push_back({fmt::format("layerwise_{}__{}__inputs",
                                 direction == Direction::forward ? "forward" : "backward", s.name),
                     &find_strategy("layerwise"),
                     {.relative_step = {}, .direction = direction},
                     &s,
                     Wrt::inputs});
  return all;
}

class StrategyOnScenario : public ::testing::TestWithParam<Case> {};

TEST_P(StrategyOnScenario, KeepsItsPromise) {
  const Case& c = GetParam();
  const Verdict verdict = judge(*c.strategy, c.options, *c.scenario, c.wrt);
  if (verdict.outcome == Verdict::Outcome::not_promised) GTEST_SKIP() << verdict.text;
  EXPECT_TRUE(verdict.kept()) << verdict.text;
}

// The summary that experiments print, by compare(), says the same as the suite's own criterion.
TEST_P(StrategyOnScenario, IsJudgedTheSameByCompare) {
  const Case& c = GetParam();
  if (c.strategy->is_numeric())
    GTEST_SKIP() << "the suite's criterion for numeric strategies is not part of compare()";
  const Scenario& s = *c.scenario;
  const Reference& reference = testing::reference_of(s);
  const ReferenceMatrix& truth = c.wrt == Wrt::parameters ? reference.J_y_theta : reference.J_y_x;
  const ErrorSummary summary = compare(testing::jacobian_by(*c.strategy, c.options, s, c.wrt), truth,
                                       error_scales(s.network, s.theta, s.X, c.strategy->summation, c.wrt));
  ASSERT_TRUE(summary.max_over_bound.has_value());
  EXPECT_LE(*summary.max_over_bound, 1);
  EXPECT_TRUE(std::isfinite(summary.max_scaled)) << summary.max_scaled;
  EXPECT_TRUE(std::isfinite(summary.max_relative_to_row)) << summary.max_relative_to_row;
  EXPECT_TRUE(std::isfinite(summary.mean_scaled));
  EXPECT_LE(summary.p99_scaled, summary.max_scaled);
}

INSTANTIATE_TEST_SUITE_P(Suite, StrategyOnScenario, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

// Every numeric strategy is held to its promise on most of the smooth scenarios: a suite that skips
// everything proves nothing.
TEST(ScenarioSuite, HoldsNumericStrategiesToSomething) {
  for (const StrategyInfo& strategy : strategy_table()) {
    if (!strategy.is_numeric()) continue;
    int n_judged = 0;
    for (const Scenario& s : scenarios())
      if (!s.on_kink && strategy.numeric_promise(s.network, *strategy.default_relative_step,
                                                 testing::steepness(s, Wrt::parameters)))
        ++n_judged;
    EXPECT_GE(n_judged, 12) << strategy.name;
  }
}

}  // namespace
}  // namespace jacobench
