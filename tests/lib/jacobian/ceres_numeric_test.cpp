#include "jacobench/jacobian/ceres_numeric.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/entrywise.hpp"
#include "support/scenarios.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::Scenario;

class NumericSteps : public ::testing::Test {
 protected:
  NumericSteps()
      : s_(testing::draw_scenario("numeric steps", 2, {{4, Activation::tanh}, {2, Activation::identity}},
                                  6)) {
    // no larger than 1, so that the step is the relative step itself
    s_.theta *= 0.9 / s_.theta.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    s_.X *= 0.9 / s_.X.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  }

  Matrix by(const char* strategy, double step, Wrt wrt = Wrt::parameters) const {
    return testing::jacobian_by(find_strategy(strategy),
                                {.relative_step = step, .direction = Direction::cheaper}, s_, wrt);
  }

  // The largest error over the entries, relative to the largest entry.
  double error(const char* strategy, double step) const {
    const ReferenceMatrix& truth = testing::reference_of(s_).J_y_theta;
    return (by(strategy, step) - truth.high).cwiseAbs().maxCoeff<Eigen::PropagateNaN>() /
           truth.high.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  }

  Vector values(const Vector& theta) const { return evaluate(s_.network, theta, s_.X).reshaped(); }

  Scenario s_;
};

// The quotient written out. Steps that are powers of two scale exactly, so it is the same to the bit: no
// other step, and no floor under the step, can have been used.
TEST_F(NumericSteps, DifferenceQuotientsAreOfExactlyTheStepThatIsAskedFor) {
  for (double h : {0x1p-4, 0x1p-13, 0x1p-26, 0x1p-27, 0x1p-33, 0x1p-45}) {
    const Matrix forward = by("ceres_forward", h), central = by("ceres_central", h);
    for (Index p = 0; p < s_.theta.size(); ++p) {
      Vector above = s_.theta, below = s_.theta;
      above[p] += h;
      below[p] -= h;
      ASSERT_EQ(Vector(forward.col(p)), Vector((values(above) - values(s_.theta)) / h))
          << h << ", parameter " << p;
      ASSERT_EQ(Vector(central.col(p)), Vector((values(above) - values(below)) / (2 * h)))
          << h << ", parameter " << p;
    }
  }
}

TEST_F(NumericSteps, LargeArgumentsTakeStepsInProportion) {
  const double r = 0x1p-30;
  s_.theta[3] = 24;  // the step is |theta| r, no power of two; r |theta| is exact
  const Matrix forward = by("ceres_forward", r);
  Vector above = s_.theta;
  above[3] += 24 * r;
  const Vector quotient = (values(above) - values(s_.theta)) / (24 * r);
  // the strategy multiplies by the rounded 1 / h
  const double largest = quotient.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
  EXPECT_TRUE(testing::all_within(forward.col(3), quotient, 4 * unit_roundoff * largest));
  EXPECT_GT(largest, 0);
}

TEST_F(NumericSteps, InputsTakeTheStepToo) {
  const double h = 0x1p-31;
  const Matrix forward = by("ceres_forward", h, Wrt::inputs);
  for (Index d = 0; d < 2; ++d) {
    Matrix above = s_.X;
    above.col(d).array() += h;
    const Matrix quotient =
        (evaluate(s_.network, s_.theta, above) - evaluate(s_.network, s_.theta, s_.X)) / h;
    EXPECT_EQ(Vector(forward.col(d)), Vector(quotient.reshaped()));
  }
}

TEST_F(NumericSteps, TwoSmallStepsDiffer) {
  for (const char* strategy : {"ceres_forward", "ceres_central"}) {
    EXPECT_NE(by(strategy, 1e-9), by(strategy, 1e-10)) << strategy;
    EXPECT_NE(by(strategy, 1e-9, Wrt::inputs), by(strategy, 1e-10, Wrt::inputs)) << strategy;
  }
  EXPECT_NE(by("ceres_ridders", 1e-2), by("ceres_ridders", 1e-3));
}

// The V-curve. Truncation is c h (1 + O(h)) for forward and c h^2 (1 + O(h^2)) for central differences: from
// step 2^-7 to 2^-13 it falls by 2^6 and 2^12, up to what the next term leaves at 2^-7, a few percent.
// Rounding, 2^-53 / h, is 10^-8 of the truncation of forward differences there and 10^-4 of that of central
// ones.
TEST_F(NumericSteps, TruncationFallsAsItsOrderSays) {
  const double forward = error("ceres_forward", 0x1p-7) / error("ceres_forward", 0x1p-13);
  EXPECT_NEAR(std::log2(forward), 6, 0.1);
  const double central = error("ceres_central", 0x1p-7) / error("ceres_central", 0x1p-13);
  EXPECT_NEAR(std::log2(central), 12, 0.1);
}

// Far below the best step, h ~ 2^-26 and 2^-18, rounding dominates and grows as 1 / h.
TEST_F(NumericSteps, RoundingGrowsBelowTheBestStep) {
  for (const char* strategy : {"ceres_forward", "ceres_central"}) {
    EXPECT_GT(error(strategy, 1e-12), 100 * error(strategy, 1e-7)) << strategy;
    EXPECT_GT(error(strategy, 1e-14), 10 * error(strategy, 1e-12)) << strategy;
  }
}

TEST_F(NumericSteps, AreOfTheStrategyWhereNoneIsGiven) {
  for (const char* strategy : {"ceres_forward", "ceres_central", "ceres_ridders"})
    EXPECT_EQ(testing::jacobian_by(find_strategy(strategy), {}, s_, Wrt::parameters),
              by(strategy, *find_strategy(strategy).default_relative_step))
        << strategy;
}

TEST_F(NumericSteps, ThatAreNoneAreBrokenPreconditions) {
  for (const char* strategy : {"ceres_forward", "ceres_central", "ceres_ridders"})
    for (double step : {0.0, -1e-6, std::nan(""), HUGE_VAL})
      EXPECT_THROW(by(strategy, step), std::logic_error) << strategy << " " << step;
}

TEST(NumericPromise, IsEmptyWhereItCannotBeKept) {
  const Perceptron smooth(1, {{2, Activation::tanh}, {1, Activation::identity}});
  for (const StrategyInfo& strategy : strategy_table()) {
    if (!strategy.is_numeric()) continue;
    const auto promise = [&](const Perceptron& network) {
      return strategy.numeric_promise(network, *strategy.default_relative_step, 1);
    };
    EXPECT_TRUE(promise(smooth).has_value()) << strategy.name;
    EXPECT_LT(*promise(smooth), 0.1) << strategy.name;
    for (Activation kinked : {Activation::relu, Activation::leaky_relu, Activation::selu})
      EXPECT_FALSE(promise(Perceptron(1, {{2, kinked}, {1, Activation::identity}})).has_value())
          << strategy.name;
  }
  EXPECT_FALSE(promise_ceres_ridders(smooth, 1e-2, 4).has_value());
}

// elu is smooth but for its second derivative, which central differences and Ridders build on.
TEST(NumericPromise, IsEmptyForAJumpOfTheSecondDerivativeAboveFirstOrder) {
  const Scenario& s = testing::scenario("elu_across_zero");
  for (const char* name : {"ceres_central", "ceres_ridders"})
    EXPECT_FALSE(find_strategy(name).numeric_promise(s.network, 1e-2, 1).has_value()) << name;
  EXPECT_TRUE(promise_ceres_forward(s.network, 1e-8, 1).has_value());
}

}  // namespace
}  // namespace jacobench
