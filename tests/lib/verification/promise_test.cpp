#include "jacobench/verification/promise.hpp"

#include <gtest/gtest.h>

#include "support/verdict.hpp"

namespace jacobench {
namespace {

class Promise : public ::testing::Test {
 protected:
  PromiseVerdict verdict(const Matrix& J, std::string_view strategy, std::optional<double> steepness = {},
                         std::optional<double> relative_step = {}) const {
    return hold_to_promise({.strategy = find_strategy(strategy),
                            .relative_step = relative_step,
                            .steepness = steepness,
                            .network = s_.network,
                            .theta = s_.theta,
                            .X = s_.X,
                            .wrt = Wrt::parameters},
                           J, reference_);
  }

  // The reference, but for one entry that is off by so much.
  Matrix off_by(double error) const {
    Matrix J = reference_.J_y_theta.high;
    J(1, 3) += error;
    return J;
  }

  const testing::Scenario s_ =
      testing::draw_scenario("drawn", 2, {{3, Activation::tanh}, {1, Activation::identity}}, 4);
  const Reference reference_ = compute_reference(s_.network, s_.theta, s_.X);
};

TEST_F(Promise, OfAnAnalyticStrategyIsKeptUpToItsRunningErrorBoundAndNoFurther) {
  const double bound =
      error_scales(s_.network, s_.theta, s_.X, PathSummation::from_outputs, Wrt::parameters).bound(1, 3);
  const PromiseVerdict exact = verdict(off_by(0), "layerwise");
  EXPECT_EQ(exact.outcome, PromiseOutcome::kept);
  EXPECT_EQ(exact.promise, exact.errors.max_bound);
  // One rounding of the entry, at most as large as the bound's last part, lies between what was added and the error.
  EXPECT_EQ(verdict(off_by(bound / 4), "layerwise").outcome, PromiseOutcome::kept);
  const PromiseVerdict wrong = verdict(off_by(4 * bound), "layerwise");
  EXPECT_EQ(wrong.outcome, PromiseOutcome::broken);
  EXPECT_EQ(wrong.errors.over_bound_row, 1);
  EXPECT_EQ(wrong.errors.over_bound_column, 3);
}

TEST_F(Promise, OfANumericStrategyIsKeptUpToItsErrorModelAndNoFurther) {
  const double step = 1e-3;
  const auto promised = find_strategy("ceres_central").numeric_promise(s_.network, step, 2);
  ASSERT_TRUE(promised);
  const double bound = numeric_error_bound(*promised, reference_.J_y_theta, reference_.values)(1, 3);
  EXPECT_EQ(verdict(off_by(0.9 * bound), "ceres_central", 2, step).outcome, PromiseOutcome::kept);
  const PromiseVerdict wrong = verdict(off_by(1.1 * bound), "ceres_central", 2, step);
  EXPECT_EQ(wrong.outcome, PromiseOutcome::broken);
  EXPECT_EQ(wrong.promise, promised);
  EXPECT_NEAR(wrong.errors.max_over_bound.value(), 1.1, 1e-6);
}

TEST_F(Promise, IsNoneWithAReasonWhereNothingIsPromised) {
  const PromiseVerdict unknown = verdict(off_by(1), "ceres_central");
  EXPECT_EQ(unknown.outcome, PromiseOutcome::not_promised);
  EXPECT_FALSE(unknown.promise);
  EXPECT_EQ(unknown.why_not_promised, "how fast the network varies along an argument is not known");
  const PromiseVerdict too_wide = verdict(off_by(1), "ceres_ridders", 100);
  EXPECT_EQ(too_wide.outcome, PromiseOutcome::not_promised);
  EXPECT_EQ(too_wide.why_not_promised, "a kink, or a step too wide for the network");
}

TEST_F(Promise, IsBrokenByAnEntryThatIsNotANumber) {
  EXPECT_EQ(verdict(off_by(std::nan("")), "layerwise").outcome, PromiseOutcome::broken);
  EXPECT_EQ(verdict(off_by(std::nan("")), "ceres_central", 2).outcome, PromiseOutcome::broken);
}

TEST(PromiseOutcomes, TheWorstOfSeveralIsTheLargest) {
  EXPECT_GT(PromiseOutcome::broken, PromiseOutcome::kept);
  EXPECT_GT(PromiseOutcome::kept, PromiseOutcome::not_promised);
}

}  // namespace
}  // namespace jacobench
