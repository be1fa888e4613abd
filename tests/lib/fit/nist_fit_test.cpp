// The fit held to NIST's certified values, from both of NIST's starting points.
#include <gtest/gtest.h>

#include "jacobench/fit/fit.hpp"

#include "support/entrywise.hpp"
#include "support/nist_problems.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::all_within_relative;
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
    const Fit result = fit(problem.network, problem.data, {.start = problem.theta_of(b), .n_starts = 0});
    EXPECT_TRUE(result.has_converged()) << explanation(result.end->stop);
    EXPECT_TRUE(all_within_relative(problem.b_of(result.theta), problem.certified_b, ten_digits));
    EXPECT_NEAR(result.end->rss / problem.certified_rss, 1, 1e-9);
    EXPECT_NEAR(result.sigma().value() / problem.certified_residual_sd, 1, 1e-9);
  }
}

TEST_P(NistFit, EveryStrategyReachesTheSameMinimum) {
  const NistProblem& problem = GetParam();
  for (const StrategyInfo& strategy : strategy_table()) {
    const Fit result = fit(problem.network, problem.data,
                           {.start = problem.theta_of(problem.start_b[1]),
                            .n_starts = 0,
                            .jacobian = {.strategy = std::string(strategy.name)}});
    // A numeric Jacobian leaves the tangent plane off by its own error, far below a thousandth of a standard error.
    EXPECT_TRUE(all_within(problem.b_of(result.theta), problem.certified_b, 1e-3 * problem.certified_sd_b))
        << strategy.name;
  }
}

// MGH17, b1 + b2 exp(-x b4) + b3 exp(-x b5), of NIST's higher level of difficulty: at the first start the exponentials
// are over before the second observation.
TEST(Mgh17, IsReachedFromFarOff) {
  const Perceptron network(1, {{2, Activation::exp, Bias::none}, {1, Activation::identity}});
  Dataset data{Matrix(33, 1), Matrix(33, 1), {}, {}};
  data.X = 10 * Vector::LinSpaced(33, 0, 32);
  data.Y << 0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658,
      0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424,
      0.420, 0.414, 0.411, 0.406;
  const auto theta_of = [](const Vector& b) -> Vector { return Vector{{-b[3], -b[4], b[1], b[2], b[0]}}; };
  const Vector certified =
      theta_of(Vector{{3.7541005211e-1, 1.9358469127, -1.4646871366, 1.2867534640e-2, 2.2122699662e-2}});
  for (const Vector& b : {Vector{{50, 150, -100, 1, 2}}, Vector{{0.5, 1.5, -1, 0.01, 0.02}}}) {
    const Fit result = fit(network, data, {.start = theta_of(b), .n_starts = 0});
    EXPECT_TRUE(all_within_relative(result.theta, certified, ten_digits));
    EXPECT_NEAR(result.end->rss / 5.4648946975e-5, 1, 1e-9);
    EXPECT_NEAR(result.sigma().value() / 1.3970497866e-3, 1, 1e-9);
  }
}

}  // namespace
}  // namespace jacobench
