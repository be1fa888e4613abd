// Units that run to infinity, each made by hand, and what is said of them.
#include "jacobench/inference/runaway.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using ::testing::HasSubstr;

// 21 observations at -2, -1.8, ..., 2 of whatever the network gives there.
Fit fit_of(Activation activation, const std::vector<double>& w, const std::vector<double>& b,
           const std::vector<double>& v) {
  const auto n = static_cast<Index>(w.size());
  const Perceptron network(1, {{n, activation}, {1, identity}});
  Vector theta(3 * n + 1);
  for (Index i = 0; i < n; ++i) {
    const auto unit = static_cast<std::size_t>(i);
    theta[i] = w[unit];
    theta[n + i] = b[unit];
    theta[2 * n + i] = v[unit];
  }
  theta[3 * n] = 0.5;
  const Matrix X = Vector::LinSpaced(21, -2, 2);
  Matrix Y = evaluate(network, theta, X);
  Y(0, 0) += 0.1;
  return {.network = network, .theta = theta, .data = {.X = X, .Y = Y}};
}

std::string only_words(const Fit& fit, Index unit = 0) {
  const std::vector<Runaway> found = runaways(fit, {.inputs = {"dose"}});
  if (found.empty()) return "none";
  EXPECT_EQ(found.front().layer, 0);
  EXPECT_EQ(found.front().unit, unit);
  return found.front().words;
}

TEST(Runaways, AStepIsPlacedBetweenTwoObservations) {
  for (const Activation activation : {tanh, logistic})
    EXPECT_THAT(
        only_words(fit_of(activation, {400}, {-400 * 0.3}, {1})),
        HasSubstr("unit 0 of layer 1 tends to a step at dose between 0.2 and 0.4, which lies anywhere"));
  EXPECT_THAT(only_words(fit_of(tanh, {1, 60}, {0.2, -60 * 0.22}, {1, 1}), 1),
              HasSubstr("between 0.2 and 0.4, with 1 observation on the way"));
}

TEST(Runaways, ASaturatedUnitTendsToAConstant) {
  EXPECT_THAT(only_words(fit_of(tanh, {1, 1}, {0.1, 40}, {1, 1}), 1), HasSubstr("tends to a constant"));
}

TEST(Runaways, AUnitOfWhichTheSlopeAloneIsUsedTendsToALine) {
  EXPECT_THAT(only_words(fit_of(tanh, {1e-4}, {0.1}, {1e4})), HasSubstr("tends to a straight line"));
}

TEST(Runaways, UnitsThatCancelTendToADerivative) {
  const std::vector<Runaway> found = runaways(fit_of(tanh, {1, 1.001}, {0, 0}, {1000, -1000}));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].words, HasSubstr("unit 0 of layer 1 cancels unit 1"));
  EXPECT_THAT(found[1].words, HasSubstr("unit 1 of layer 1 cancels unit 0"));
}

TEST(Runaways, LargeWeightsAreSaidOfUnitsThatNeverSaturate) {
  EXPECT_THAT(only_words(fit_of(relu, {5e4}, {1}, {1e-4})), HasSubstr("tends to a step or a kink"));
}

// Where the data determine a unit it does not run away, be it steep or used over a part of its range only.
TEST(Runaways, ThereAreNoneWhereTheDataDetermineAllUnits) {
  EXPECT_TRUE(runaways(testing::fitted_step().at.fit()).empty());
  EXPECT_TRUE(runaways(testing::fitted_linear().at.fit()).empty());
  EXPECT_EQ(only_words(fit_of(tanh, {8}, {-1}, {1})), "none");
  EXPECT_EQ(only_words(fit_of(tanh, {0.05}, {0.3}, {20})), "none");
  EXPECT_EQ(only_words(fit_of(exp, {1}, {0}, {2})), "none");
}

// Two classes that a straight line parts: no weights are the best. Where the two that are nearest to the line change
// places, some are.
TEST(Runaways, ALogisticOutputThatSeparatesIsNamed) {
  const Perceptron network(1, {{1, Activation::logistic}});
  Dataset data{Vector::LinSpaced(20, 0, 9.5), Matrix::Zero(20, 1)};
  data.Y.bottomRows(11).setOnes();
  const std::vector<Runaway> found = runaways(fit(network, data), {.outputs = {"class"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_THAT(found[0].words, ::testing::HasSubstr("output class has gone to the ends of its range"));
  data.Y(8, 0) = 1;
  data.Y(9, 0) = 0;
  EXPECT_TRUE(runaways(fit(network, data)).empty());
}

}  // namespace
}  // namespace jacobench
