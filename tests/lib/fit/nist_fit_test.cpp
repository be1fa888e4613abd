// The fit held to NIST's certified values, from both of NIST's starting points.
#include <gtest/gtest.h>

#include "jacobench/fit/fit.hpp"

#include "support/nist_problems.hpp"

namespace jacobench {
namespace {

using testing::nist_problems;
using testing::NistProblem;

class NistFit : public ::testing::TestWithParam<NistProblem> {};

INSTANTIATE_TEST_SUITE_P(StRD, NistFit, ::testing::ValuesIn(nist_problems().begin(), nist_problems().end()),
                         [](const auto& test) { return test.param.name; });

// NIST prints eleven digits: half a unit in the tenth place leaves room for their rounding only.
constexpr double ten_digits = 5e-11;

TEST_P(NistFit, ReachesTheCertifiedValuesFromBothStarts) {
  const NistProblem& problem = GetParam();
  for (const Vector& b : problem.start_b) {
    const FitResult result =
        fit(problem.network, problem.data, {.start = problem.theta_of(b), .n_starts = 0});
    EXPECT_TRUE(result.has_converged()) << explanation(result.stop);
    const Vector error =
        (problem.b_of(result.theta) - problem.certified_b).cwiseQuotient(problem.certified_b).cwiseAbs();
    EXPECT_LE(error.maxCoeff(), ten_digits) << error.transpose();
    EXPECT_NEAR(result.rss / problem.certified_rss, 1, 1e-9);
    EXPECT_NEAR(result.sigma.value() / problem.certified_residual_sd, 1, 1e-9);
  }
}

TEST_P(NistFit, EveryStrategyReachesTheSameMinimum) {
  const NistProblem& problem = GetParam();
  for (const StrategyInfo& strategy : strategy_table()) {
    const FitResult result = fit(problem.network, problem.data,
                                 {.start = problem.theta_of(problem.start_b[1]),
                                  .n_starts = 0,
                                  .jacobian = {.strategy = std::string(strategy.name)}});
    const Vector error =
        (problem.b_of(result.theta) - problem.certified_b).cwiseQuotient(problem.certified_sd_b).cwiseAbs();

    // A numeric Jacobian leaves the tangent plane off by its own error, far below a thousandth of a standard error.
    EXPECT_LE(error.maxCoeff(), 1e-3) << strategy.name;
  }
}

}  // namespace
}  // namespace jacobench
