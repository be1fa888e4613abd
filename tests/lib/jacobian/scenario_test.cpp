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
  if (verdict.outcome == PromiseOutcome::not_promised) GTEST_SKIP() << verdict.text;
  EXPECT_TRUE(verdict.kept()) << verdict.text;
}

// The promise once more, without the summary that experiments print: entry by entry, where nothing is left out.
TEST_P(StrategyOnScenario, HasEveryEntryWithinItsBound) {
  const Case& c = GetParam();
  if (c.strategy->is_numeric()) GTEST_SKIP() << "only an analytic strategy has a running error bound";
  const Scenario& s = *c.scenario;
  const ReferenceMatrix& truth = testing::reference_of(s).jacobian(c.wrt);
  const EntryScales scales = error_scales(s.network, s.theta, s.X, c.strategy->summation, c.wrt);
  const Matrix J = testing::jacobian_by(*c.strategy, c.options, s, c.wrt);
  for (Index j = 0; j < J.cols(); ++j)
    for (Index i = 0; i < J.rows(); ++i)
      EXPECT_LE(truth.error(J(i, j), i, j), scales.bound(i, j)) << "row " << i << ", column " << j;
  const ErrorSummary summary = compare(J, truth, scales);
  EXPECT_TRUE(std::isfinite(summary.max_scaled)) << summary.max_scaled;
  EXPECT_TRUE(std::isfinite(summary.max_relative_to_row)) << summary.max_relative_to_row;
  EXPECT_TRUE(std::isfinite(summary.mean_scaled));
  EXPECT_LE(summary.p99_scaled, summary.max_scaled);
}

// More than is promised: where |y| is at most 16 times the norm of the row, the error is within the promised part of
// that norm alone. The promise allows 1024 times for the units by which y is off (64 at most) times |y| over the norm.
TEST_P(StrategyOnScenario, ByDifferencesIsRightBesideTheRowAlone) {
  const Case& c = GetParam();
  const Scenario& s = *c.scenario;
  if (!c.strategy->is_numeric() || s.on_kink) GTEST_SKIP() << "analytic, or beside a kink";
  const auto promise = c.strategy->numeric_promise(s.network, *c.strategy->default_relative_step,
                                                   testing::steepness(s, c.wrt));
  if (!promise) GTEST_SKIP() << "nothing is promised for this network and step";
  const Reference& reference = testing::reference_of(s);
  const ReferenceMatrix& truth = reference.jacobian(c.wrt);
  const Vector row_norms = truth.high.rowwise().stableNorm();
  const Matrix J = testing::jacobian_by(*c.strategy, c.options, s, c.wrt);
  for (Index i = 0; i < J.rows(); ++i) {
    if (std::abs(reference.values.high.reshaped()[i]) > 16 * row_norms[i]) continue;
    for (Index j = 0; j < J.cols(); ++j)
      EXPECT_LE(truth.error(J(i, j), i, j), *promise * row_norms[i]) << "row " << i << ", column " << j;
  }
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
