#include "jacobench/fit/redraw.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"

namespace jacobench {
namespace {

const Perceptron two_layers(2, {{3, Activation::tanh}, {2, Activation::tanh}, {2, Activation::identity}});

Vector drawn_parameters(std::uint32_t number) {
  RandomStream stream(6, 0, number, RandomPurpose::parameters);
  return draw_parameters(two_layers, 1, stream);
}

Matrix some_inputs() {
  RandomStream stream(7, 0, 0, RandomPurpose::inputs);
  Matrix X(300, 2);
  for (double& x : X.reshaped()) x = stream.normal();
  return X;
}

class RedrawOfTwoLayers : public ::testing::Test {
 protected:
  Vector redrawn(std::span<const HiddenUnit> units) {
    RandomStream stream(9, 0, 0, RandomPurpose::redraws);
    Vector tau = theta_;
    redraw_.redraw(units, stream, tau);
    return tau;
  }

  // Of the activation of a unit of the upper layer.
  double forward_mean(const Vector& theta, const HiddenUnit& unit) {
    ForwardPass forward(two_layers, X_.rows());
    forward.run(theta, X_, 0, X_.rows(), Slopes::none);
    return forward.activation(unit.layer).rows(X_.rows()).col(unit.unit).mean();
  }

  double objective(const Vector& theta) {
    Vector r(residuals_.n_rows());
    EXPECT_TRUE(residuals_.evaluate(theta, r.data(), nullptr));
    return r.squaredNorm();
  }

  const Matrix X_ = some_inputs();
  // In the user's units, whose standardisation is the identity: no data row is far from zero, or scaled.
  Residuals residuals_{two_layers, {X_, evaluate(two_layers, drawn_parameters(2), X_)}, {}};
  UnitRedraw redraw_{residuals_, find_initialisation("lecun"), nullptr};
  Vector theta_ = drawn_parameters(0);
};

// The unit that feeds nothing varies nothing above; all other units do.
TEST_F(RedrawOfTwoLayers, AUnitThatFeedsNothingIsTheLeastUseful) {
  two_layers.weights(theta_, 1).col(2).setZero();
  const std::vector<HiddenUnit>& units = redraw_.rank(theta_);
  ASSERT_EQ(units.size(), 5u);
  EXPECT_EQ(units[0].layer, 0);
  EXPECT_EQ(units[0].unit, 2);
  EXPECT_EQ(units[0].usefulness, 0);
  for (std::size_t i = 1; i < units.size(); ++i) EXPECT_GE(units[i].usefulness, units[i - 1].usefulness);
  EXPECT_GT(units[1].usefulness, 0);
}

// Of three units in a layer those are idle that feed a millionth of the third: 1e-12 of its usefulness, far below a
// hundredth of the mean, which is a third of that.
TEST_F(RedrawOfTwoLayers, IdleUnitsOfALayerGoTogether) {
  redraw_.rank(theta_);
  EXPECT_EQ(redraw_.n_idle_from(0), 1u);
  two_layers.weights(theta_, 1).leftCols(2) *= 1e-6;
  redraw_.rank(theta_);
  EXPECT_EQ(redraw_.n_idle_from(0), 2u);
  EXPECT_EQ(redraw_.n_idle_from(2), 1u);
  two_layers.weights(theta_, 2).col(0) *= 1e-9;
  EXPECT_EQ(redraw_.rank(theta_)[0].layer, 1);
  EXPECT_EQ(redraw_.n_idle_from(0), 1u);
  EXPECT_EQ(redraw_.n_idle_from(1), 2u);
}

// Only the unit's own weights, what it feeds, and the biases above change.
TEST_F(RedrawOfTwoLayers, LeavesAllOtherUnitsAsTheyWere) {
  const std::vector<HiddenUnit> units = redraw_.rank(theta_);
  for (const HiddenUnit& unit : units) {
    Vector difference = redrawn({&unit, 1}) - theta_;
    EXPECT_GT(two_layers.weights(difference, unit.layer).row(unit.unit).norm(), 0);
    two_layers.weights(difference, unit.layer).row(unit.unit).setZero();
    two_layers.bias(difference, unit.layer)[unit.unit] = 0;
    two_layers.weights(difference, unit.layer + 1).col(unit.unit).setZero();
    two_layers.bias(difference, unit.layer + 1).setZero();
    EXPECT_EQ(difference.norm(), 0);
  }
}

// What a unit of the upper layer feeds goes straight to the outputs: the objective is a parabola in it, at whose
// minimum along the gradient it is left. A hundredth more or less raises the objective, and so little that the
// parabola's own rise, 1e-4 of what it gained, is 1e6 times the rounding of the objective.
TEST_F(RedrawOfTwoLayers, FeedsAsMuchAsGoesFurthestDown) {
  const std::vector<HiddenUnit> units = redraw_.rank(theta_);
  for (const HiddenUnit& unit : units) {
    if (unit.layer != 1) continue;
    const Vector at_minimum = redrawn({&unit, 1});
    Vector silent = at_minimum;
    const double mean = forward_mean(at_minimum, unit);
    two_layers.bias(silent, 2) += mean * two_layers.weights(at_minimum, 2).col(unit.unit);
    two_layers.weights(silent, 2).col(unit.unit).setZero();
    const double lowest = objective(at_minimum), gained = objective(silent) - lowest;
    EXPECT_GT(gained, 0);
    for (const double change : {-0.01, 0.01}) {
      const Vector other = at_minimum + change * (at_minimum - silent);
      EXPECT_NEAR(objective(other) - lowest, 1e-4 * gained, 1e-7 * gained);
    }
  }
}

// The standard error of a share of 4000 is 0.008 at most, and 0.04 are five of it.
TEST(UnitRedraw, CandidatesAreTakenInProportionToWhatTheyPromise) {
  constexpr int n = 4000;
  RandomStream stream(10, 0, 0, RandomPurpose::redraws);
  const Vector shares{{0, 3, 1, 0, 6, 0}};
  Vector counts = Vector::Zero(shares.size());
  for (int i = 0; i < n; ++i) ++counts[draw_in_proportion(shares, stream)];
  for (Index i = 0; i < shares.size(); ++i) {
    EXPECT_EQ(counts[i] == 0, shares[i] == 0);
    EXPECT_NEAR(counts[i], n * shares[i] / shares.sum(), 0.04 * n);
  }
  EXPECT_LT(draw_in_proportion(Vector::Zero(3), stream), 3);
}

// Half of the spreads are 3, the logarithms of the others uniform up to that of 30. The standard error of a share of
// 4000 is 0.008 at most, and 0.04 are five of it.
TEST(UnitRedraw, SpreadsAreThoseOfStartsOrSteeper) {
  constexpr int n = 4000;
  RandomStream stream(8, 0, 0, RandomPurpose::redraws);
  int n_least = 0, n_below_middle = 0;
  for (int i = 0; i < n; ++i) {
    const double spread = draw_spread(stream);
    ASSERT_GE(spread, 3);
    ASSERT_LE(spread, 30 * (1 + 1e-15));
    n_least += spread == 3;
    n_below_middle += spread < 3 * std::sqrt(10);
  }
  EXPECT_NEAR(n_least, 0.5 * n, 0.04 * n);
  EXPECT_NEAR(n_below_middle, 0.75 * n, 0.04 * n);
}

// Two bumps of five observations each on a wave take four steep units of six. With spreads of 3 alone four of the ten
// fits find both, whose objective is 0.36; where one is missed it is above 0.6.
TEST(UnitRedraw, FindsStepsBetweenObservations) {
  Dataset data{Vector::LinSpaced(120, -3, 3), {}};
  const auto x = data.X.array();
  data.Y = x.sin() + ((x - 0.7).abs() < 0.12).cast<double>() - ((x + 1.4).abs() < 0.12).cast<double>();
  const Perceptron network(1, {{6, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = Vector::Constant(network.n_params(), 2e-5);
  Index n_found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed)
    n_found +=
        fit(network, data, {.n_starts = 1, .n_redraws = 20, .seed = seed, .decay = decay}).objective() < 0.5;
  EXPECT_GE(n_found, 7);
}

// With steps in the n x n form.
TEST(UnitRedraw, OfManyUnitsAndFewObservationsNoneIsDrawnAnew) {
  Dataset data{Matrix(40, 1), Matrix(40, 1)};
  data.X.col(0).setLinSpaced(-3, 3);
  data.Y = (2 * data.X.array()).sin() + (7 * data.X.array()).cos();
  for (const Index n_units : {4, 25}) {
    const Perceptron network(1, {{n_units, Activation::tanh}, {1, Activation::identity}});
    const Fit one = fit(network, data,
                        {.n_starts = 1,
                         .decay = equal_decay(network, 0.1, DecayOf::weights_and_biases),
                         .form = StepForm::dual});
    EXPECT_EQ(one.end->starts.n_redraws > 0, n_units == 4) << n_units;
  }
}

// A single start often ends in a minimum from which a unit drawn anew leads down; what redraws find is said.
TEST(UnitRedraw, AFitWithRedrawsEndsNoHigher) {
  Dataset data{Vector::LinSpaced(80, -4, 4), {}};
  data.Y = data.X.array().sin() + 0.3 * (3 * data.X.array()).cos();
  const Perceptron network(1, {{6, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = equal_decay(network, 1e-3, DecayOf::weights_and_biases);
  Index n_lowered = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Fit without = fit(network, data, {.n_starts = 1, .n_redraws = 0, .seed = seed, .decay = decay});
    const Fit with = fit(network, data, {.n_starts = 1, .n_redraws = 8, .seed = seed, .decay = decay});
    EXPECT_EQ(without.end->starts.n_redraws, 0);
    EXPECT_EQ(with.end->starts.n_redraws, 8);
    EXPECT_LE(with.objective(), (1 + 1e-9) * without.objective());
    EXPECT_EQ(with.objective() < (1 - 1e-6) * without.objective(), with.end->starts.n_lowered > 0);
    n_lowered += with.end->starts.n_lowered;
  }
  EXPECT_GT(n_lowered, 0);
}

}  // namespace
}  // namespace jacobench
