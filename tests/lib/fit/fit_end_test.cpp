// What a fit reports, recomputed from the parameters that it ends at.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/QR>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/solvers.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::step_data;

const Perceptron one_unit(1, {{1, tanh}, {1, identity}});
const Vector near_the_truth{{1.2, 0.1, 1.5, 2.5}};

// The residuals g o (f - y) and their derivative, in the user's units and without a penalty.
testing::Linearised at_end(const Fit& result, const Dataset& data) {
  return testing::linearised(one_unit, result.theta, data);
}

// One step from a start a fit is not at its minimum: gradient and relative offset are far from zero.
TEST(FitEnd, BeforeTheMinimumGradientAndRelativeOffsetAreTheirFormulas) {
  Dataset data = step_data();
  data.weights = Vector::LinSpaced(30, 0.5, 2);
  const Fit result = fit(one_unit, data, {.start = near_the_truth, .n_starts = 0, .max_iterations = 1});
  EXPECT_EQ(result.end->stop, Stop::iteration_limit);
  EXPECT_EQ(result.end->n_iterations, 1);
  const testing::Linearised at = at_end(result, data);
  EXPECT_NEAR(result.end->rss, at->rss(), 1e-13 * result.end->rss);
  const double gradient = 2 * (at->J().transpose() * at->r()).norm();
  EXPECT_GT(gradient, 1e-3);
  EXPECT_NEAR(result.end->gradient_norm, gradient, 1e-10 * gradient);
  const Matrix Q = Eigen::HouseholderQR<Matrix>(at->J()).householderQ();
  const Vector rotated = Q.transpose() * at->r();
  const double offset = rotated.head(4).norm() / std::sqrt(4.0) / (rotated.tail(26).norm() / std::sqrt(26.0));
  EXPECT_NEAR(result.end->relative_offset.value(), offset, 1e-9 * offset);
}

// The offset of a penalised fit counts the rows of the penalty: 4 parameters, 30 + 2 rows.
TEST(FitEnd, TheRelativeOffsetOfAPenalisedFitCountsItsRows) {
  const Vector decay = equal_decay(one_unit, 0.5, DecayOf::weights);
  const Fit result = fit(one_unit, step_data(),
                         {.start = near_the_truth, .n_starts = 0, .decay = decay, .max_iterations = 1});
  const testing::Linearised at = at_end(result, step_data());
  Matrix J(32, 4);
  Vector r(32);
  const Matrix roots = std::sqrt(0.5) * Matrix::Identity(4, 4);
  J << at->J(), roots.row(0), roots.row(2);
  r << -at->r(), roots.row(0) * result.theta, roots.row(2) * result.theta;
  const Matrix Q = Eigen::HouseholderQR<Matrix>(J).householderQ();
  const Vector rotated = Q.transpose() * r;
  const double offset = rotated.head(4).norm() / std::sqrt(4.0) / (rotated.tail(28).norm() / std::sqrt(28.0));
  EXPECT_NEAR(result.end->relative_offset.value(), offset, 1e-9 * offset);
  EXPECT_NEAR(result.end->gradient_norm, 2 * (J.transpose() * r).norm(), 1e-10 * result.end->gradient_norm);
}

// Weights of 100 change the unit that residuals are kept in, and not that of the penalty.
TEST(FitEnd, ThePenaltyIsInTheUsersUnitsWhateverTheWeights) {
  Dataset data = step_data();
  data.weights = Vector::Constant(30, 100);
  const Vector decay = equal_decay(one_unit, 0.5, DecayOf::weights);
  const Fit result = fit(one_unit, data, {.decay = decay});
  EXPECT_NEAR(result.end->penalty, decay.dot(result.theta.cwiseAbs2()), 1e-13 * result.end->penalty);
  EXPECT_NEAR(result.end->rss, at_end(result, data)->rss(), 1e-13 * result.end->rss);
}

// Of a linear model one Gauss-Newton step goes to the minimum, up to rounding times the condition number, some 100.
TEST(Polish, OneStepIsEnoughForALinearModel) {
  const testing::Fitted& linear = testing::fitted_linear();
  Residuals residuals(linear.network, linear.data, {}, JacobianChoice{});
  const Vector start{{-3, 8, 20}};
  Vector tau = start;
  const Polished polished = Polisher(residuals).polish(tau, {.max_iterations = 1});
  EXPECT_EQ(polished.n_iterations, 1);
  EXPECT_LE((tau - linear.theta).norm(), 1e-12 * (start - linear.theta).norm());
}

// The second unit is saturated at every observation: its weight and bias have columns of some 1e-34, by which a step
// would send them anywhere.
TEST(Polish, AUnitThatIsSaturatedEverywhereStays) {
  const Perceptron two_units(1, {{2, tanh}, {1, identity}});
  Residuals residuals(two_units, step_data(), {}, JacobianChoice{});
  Vector theta(7);
  theta << near_the_truth[0], 0, near_the_truth[1], 40, near_the_truth[2], 0.5, near_the_truth[3] - 0.5;
  const Polished polished = Polisher(residuals).polish(theta, {.max_iterations = 20});
  EXPECT_EQ(theta[1], 0);
  EXPECT_EQ(theta[3], 40);
  EXPECT_LE(polished.rank, 5);
  EXPECT_NEAR(polished.objective, testing::fitted_step().at->rss(), 1e-10);
}

// Where tanh is nearly flat a Gauss-Newton step overshoots by far; damped steps come back.
TEST(Polish, DampedStepsReachTheMinimumFromWhereGaussNewtonOvershoots) {
  const testing::Fitted& fitted = testing::fitted_step();
  Residuals residuals(fitted.network, fitted.data, {}, JacobianChoice{});
  const Vector far{{0.1, 2, 1, 1}};
  Vector r(30);
  Matrix J(30, 4);
  ASSERT_TRUE(residuals.evaluate(far, r.data(), J.data()));
  const double before = r.squaredNorm();
  const Vector undamped = far - J.colPivHouseholderQr().solve(r);
  residuals.evaluate(undamped, r.data(), nullptr);
  ASSERT_GT(r.squaredNorm(), before);
  Vector tau = far;
  const Polished polished = Polisher(residuals).polish(tau, {.max_iterations = 200});
  EXPECT_EQ(polished.stop, Stop::orthogonal);
  EXPECT_NEAR(polished.objective, fitted.at->rss(), 1e-12);
}

// Down by more than rounding, or as low and closer to orthogonal.
TEST(Polish, WhatIsNotANumberIsNotBetter) {
  const Standing now{1, 0.5};
  constexpr double slack = 1e-3, nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(is_better({0.9, 0.6}, now, slack));
  EXPECT_TRUE(is_better({1.0005, 0.4}, now, slack));
  EXPECT_FALSE(is_better({1.0005, 0.5}, now, slack));
  EXPECT_FALSE(is_better({1.1, 0.1}, now, slack));
  EXPECT_FALSE(is_better({nan, 0.1}, now, slack));
  EXPECT_FALSE(is_better({1, nan}, now, slack));
}

TEST(FitEnd, DataOnTheNetworkAreFittedExactlyAndDataNextToItAreNot) {
  Dataset data = step_data();
  data.Y = evaluate(one_unit, Vector{{1.5, -0.4, 2, 3}}, data.X);
  EXPECT_EQ(fit(one_unit, data).end->stop, Stop::exact);
  data.Y += 1e-10 * step_data(30, 9).Y;
  const Fit next_to_it = fit(one_unit, data);
  EXPECT_EQ(next_to_it.end->stop, Stop::orthogonal);
  EXPECT_GT(next_to_it.end->rss, 0);
}

TEST(FitEnd, AsManyParametersAsObservationsLeaveNoSigma) {
  EXPECT_FALSE(fit(one_unit, step_data(4)).sigma().has_value());
  const Fit one_left = fit(one_unit, step_data(5));
  EXPECT_NEAR(one_left.sigma().value(), std::sqrt(one_left.end->rss), 1e-14);
}

// Near the minimum the model of S is S: what remains is what a fit that is finished has less, in its s^2, and the move
// is the length of J (theta - minimum) in its s, both but for terms of the next order.
TEST(FitEnd, SaysWhatIsLeftUndone) {
  const Dataset data = step_data();
  const Fit whole = fit(one_unit, data, {.start = near_the_truth, .n_starts = 0});
  ASSERT_TRUE(whole.end->remaining.has_value());
  EXPECT_LE(whole.end->remaining->move, 1e-6);
  EXPECT_TRUE(whole.has_settled());
  for (const double h : {1e-2, 1e-3}) {
    const Vector away = whole.theta + h * Vector{{1, -0.5, 0.3, 0.2}};
    const Fit begun = fit(one_unit, data, {.start = away, .n_starts = 0, .max_iterations = 0});
    const testing::Linearised at = at_end(begun, data);
    const double s_squared = begun.end->rss / 26;
    const double fall = (begun.end->rss - whole.end->rss) / s_squared;
    const double move = (at->J() * (begun.theta - whole.theta)).norm() / std::sqrt(s_squared);
    EXPECT_NEAR(begun.end->remaining->fall, fall, 5 * h * fall);
    EXPECT_NEAR(begun.end->remaining->move, move, 5 * h * move);
    EXPECT_EQ(begun.has_settled(), move <= Remaining::settled_move);
  }
}

// Three units on thirty points have several minima: the best of the starts is the one that is polished, and the summary
// tells them apart, in the units of y.
TEST(FitEnd, TheBestOfSeveralMinimaIsTaken) {
  const Perceptron three_units(1, {{3, tanh}, {1, identity}});
  for (const double scale : {1.0, 1000.0}) {
    Dataset data = step_data();
    data.Y *= scale;
    const Fit result = fit(three_units, data, {.n_starts = 15, .seed = 3});
    const StartSummary& starts = result.end->starts;
    std::vector<double> objectives;
    for (const StartOutcome& one : starts.outcomes) objectives.push_back(one.objective);
    ASSERT_EQ(std::ssize(objectives), starts.n_starts);
    EXPECT_EQ(*std::min_element(objectives.begin(), objectives.end()), starts.lowest);
    EXPECT_EQ(*std::max_element(objectives.begin(), objectives.end()), starts.highest);
    EXPECT_LE(result.end->rss, (1 + 1e-6) * starts.lowest);
    EXPECT_GT(starts.median, (1 + 1e-3) * starts.lowest);
    EXPECT_LT(starts.n_at_best, starts.n_starts);
    EXPECT_LT(starts.highest, scale * scale * 30);
    EXPECT_GT(starts.highest, scale * scale * 0.05);
  }
}

// A start that is given counts three times; here it overflows, and the drawn ones do not.
TEST(FitEnd, StartsThatFailAreCountedApart) {
  const Perceptron network(1, {{1, exp}, {1, identity}});
  const Fit result = fit(network, step_data(), {.start = Vector::Constant(4, 1e4), .n_starts = 5});
  EXPECT_EQ(result.end->starts.n_starts, 7);
  EXPECT_EQ(result.end->starts.n_failed, 2);
  EXPECT_TRUE(std::isfinite(result.end->starts.highest));
}

// In the user's units, whatever the fit standardises inside.
TEST(FitEnd, ARefitReachesTheMinimumOfThePenalisedObjective) {
  Dataset data = step_data();
  data.Y *= 1000;
  const Vector decay = equal_decay(one_unit, 0.5, DecayOf::weights_and_biases);
  const Fit result = fit(one_unit, data, {.decay = decay});
  Fitter fitter(one_unit, data, {.n_starts = 0, .decay = decay});
  const Fit& again = fitter.fit(data, 1.01 * result.theta);
  EXPECT_NEAR(again.objective(), result.objective(), 1e-10 * again.objective());
  EXPECT_TRUE(testing::all_within_relative(again.theta, result.theta, 1e-6));
}

TEST(FitEnd, RefusesADecayThatIsNotFinite) {
  const Vector decay = Vector::Constant(4, std::numeric_limits<double>::infinity());
  EXPECT_THROW(fit(one_unit, step_data(), {.decay = decay}), InputError);
}

}  // namespace
}  // namespace jacobench
