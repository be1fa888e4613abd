#include "jacobench/inference/conformal.hpp"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

const Matrix at_three_points = Vector::LinSpaced(3, -1.5, 2.5);

const Perceptron two_lines(1, {{2, Activation::identity}});

// Twenty observations of two outputs, neither of which is a line, with weights.
Dataset twenty_observations() {
  RandomStream stream(11, 2, 0, RandomPurpose::noise);
  Dataset data{Matrix(20, 1), Matrix(20, 2), Vector(20)};
  for (Index n = 0; n < 20; ++n) {
    const double x = 4 * stream.uniform() - 2;
    data.X(n, 0) = x;
    data.Y.row(n) << 1 + x * x + 0.3 * stream.normal(), 50 * (x - 1) + 5 * stream.normal();
    data.weights[n] = 0.5 + 2 * stream.uniform();
  }
  return data;
}

std::vector<Index> all_but(Index n, Index left_out) {
  std::vector<Index> rest;
  for (Index i = 0; i < n; ++i)
    if (i != left_out) rest.push_back(i);
  return rest;
}

// By the definition, sorted in full: fits without each observation, its score, the values at the points.
Band brute_force_jackknife(const Fit& fit, const Matrix& X0, double level, double new_weight) {
  const Index N = fit.data.n_observations(), K = fit.data.Y.cols(), M = X0.rows();
  Band band{.se = {}, .lower = Matrix(M, K), .upper = Matrix(M, K)};
  std::vector<std::vector<double>> low(static_cast<std::size_t>(M * K)), high = low;
  for (Index i = 0; i < N; ++i) {
    const Dataset rest = fit.data.rows(all_but(N, i));
    const Vector theta =
        Fitter(fit.network, rest, {.start = fit.theta, .n_starts = 0, .decay = fit.decay}).fit(rest).theta;
    const Matrix at_points = evaluate(fit.network, theta, X0);
    const double root = fit.data.weights.size() > 0 ? std::sqrt(fit.data.weights[i]) : 1;
    for (Index k = 0; k < K; ++k) {
      const double error =
          root * std::abs(fit.data.Y(i, k) - evaluate(fit.network, theta, fit.data.X.row(i))(0, k));
      for (Index m = 0; m < M; ++m) {
        low[static_cast<std::size_t>(k * M + m)].push_back(at_points(m, k) - error / std::sqrt(new_weight));
        high[static_cast<std::size_t>(k * M + m)].push_back(at_points(m, k) + error / std::sqrt(new_weight));
      }
    }
  }
  for (Index i = 0; i < M * K; ++i) {
    auto &below = low[static_cast<std::size_t>(i)], &above = high[static_cast<std::size_t>(i)];
    std::sort(below.begin(), below.end());
    std::sort(above.begin(), above.end());
    const double alpha = 1 - level, n = static_cast<double>(N + 1);
    band.lower.reshaped()[i] = below[static_cast<std::size_t>(std::floor(alpha * n + 1e-9)) - 1];
    band.upper.reshaped()[i] = above[static_cast<std::size_t>(std::ceil(level * n - 1e-9)) - 1];
  }
  return band;
}

Bands conformal_at(const Fit& fit, const char* method, double level, IntervalOptions how = {}) {
  return bands_at(fit, at_three_points, {.method = method, .level = level, .how = std::move(how)});
}

TEST(Conformal, RanksAreThoseOfTheOrderStatistic) {
  EXPECT_EQ(conformal_rank(19, 0.95), 19);  // 20 x 0.95 to the bit or not
  EXPECT_EQ(conformal_rank(18, 0.95), 19);  // beyond all
  EXPECT_EQ(conformal_rank(99, 0.9), 90);
  EXPECT_EQ(conformal_rank(100, 0.9), 91);
  for (Index n = 1; n < 2000; ++n)
    for (const int percent : {50, 80, 90, 95, 99}) {
      const Index exact = (percent * (n + 1) + 99) / 100;
      ASSERT_EQ(conformal_rank(n, percent / 100.0), exact) << n << ' ' << percent;
    }
  EXPECT_DOUBLE_EQ(split_conformal_coverage(25, 0.95), 25.0 / 26);
}

// A network that is linear in its parameters leaves observations out by its leverages: those fits are exact, and the
// bounds those of twenty fits, with weights, a decay, and two outputs. Both routes round in the last digits of y, which
// is below 200.
TEST(Conformal, ByLeveragesIsTheJackknifeOfTwentyFits) {
  const Dataset data = twenty_observations();
  const Vector no_decay, decay = Vector::Constant(4, 0.7);
  for (const Vector& k : {no_decay, decay}) {
    const Fit fit = jacobench::fit(two_lines, data, {.decay = k});
    const Bands bands = conformal_at(fit, "jackknife_plus", 0.9, {.new_weights = Vector::Constant(1, 1.7)});
    ASSERT_TRUE(bands.prediction.lower.size() > 0);
    const Band expected = brute_force_jackknife(fit, at_three_points, 0.9, 1.7);
    EXPECT_TRUE(testing::all_within(bands.prediction.lower, expected.lower, 1e-10));
    EXPECT_TRUE(testing::all_within(bands.prediction.upper, expected.upper, 1e-10));
    EXPECT_EQ(bands.refits.number, 0);
  }
}

// Of a network that is not, by refits from the estimate, which end where others do up to their tolerance of 1e-7
// standard errors.
TEST(Conformal, ByRefitsIsTheJackknifeOfTwentyFits) {
  const Perceptron step(1, {{1, Activation::tanh}, {1, Activation::identity}});
  const Fit fit = jacobench::fit(step, testing::step_data(20));
  const Bands bands = conformal_at(fit, "jackknife_plus", 0.9);
  const Band expected = brute_force_jackknife(fit, at_three_points, 0.9, 1);
  EXPECT_TRUE(testing::all_within(bands.prediction.lower, expected.lower, 1e-6));
  EXPECT_TRUE(testing::all_within(bands.prediction.upper, expected.upper, 1e-6));
  EXPECT_EQ(bands.refits.number, 20);
  // a fold each is the same, whatever their order
  const Bands folds = conformal_at(fit, "cv_plus", 0.9, {.n_folds = 50});
  EXPECT_EQ(folds.prediction.lower, bands.prediction.lower);
  EXPECT_EQ(folds.prediction.upper, bands.prediction.upper);
  // and fewer folds are others
  EXPECT_NE(conformal_at(fit, "cv_plus", 0.9, {.n_folds = 4}).prediction.lower, bands.prediction.lower);
}

// The fit to the half ends within its tolerance of 1e-7 standard errors, which are below 10.
TEST(Conformal, SplitIsOneFitAndTheErrorsOfTheOtherHalf) {
  const Dataset data = twenty_observations();
  const Fit fit = jacobench::fit(two_lines, data);
  const Bands bands = conformal_at(fit, "split_conformal", 0.8, {.new_weights = Vector{{0.5, 1, 4}}});
  std::vector<Index> order = shuffled(20, 1, "split_conformal");
  const Dataset half = data.rows({order.begin(), order.begin() + 10});
  const Vector theta = jacobench::fit(two_lines, half).theta;
  const Matrix values = evaluate(two_lines, theta, at_three_points);
  for (Index k = 0; k < 2; ++k) {
    std::vector<double> errors;
    for (auto row = order.begin() + 10; row != order.end(); ++row)
      errors.push_back(std::sqrt(data.weights[*row]) *
                       std::abs(data.Y(*row, k) - evaluate(two_lines, theta, data.X.row(*row))(0, k)));
    std::sort(errors.begin(), errors.end());
    const Vector half_width = errors[8] * Vector{{std::sqrt(2), 1, 0.5}};  // the ninth of ten: 11 x 0.8 = 8.8
    EXPECT_TRUE(testing::all_within(bands.prediction.upper.col(k), values.col(k) + half_width, 1e-6));
    EXPECT_TRUE(testing::all_within(bands.prediction.lower.col(k), values.col(k) - half_width, 1e-6));
  }
  std::sort(order.begin(), order.end());
  for (Index n = 0; n < 20; ++n) EXPECT_EQ(order[static_cast<std::size_t>(n)], n);
}

// Of a line fitted to a parabola, with an error that is exponential and grows with x: 19 scores and level 0.9 cover
// exactly 18 of 20. The 99.9 % interval of 4000 trials is +- 0.0156.
TEST(Conformal, SplitCoversWhatItSaysWhateverTheModelAndTheNoise) {
  const Perceptron line(1, {{1, Activation::identity}});
  const auto draw = [](RandomStream& stream, Dataset& data) {
    for (Index n = 0; n < data.X.rows(); ++n) {
      const double x = 2 * stream.uniform();
      data.X(n, 0) = x;
      data.Y(n, 0) = 3 * x * x - std::exp(x) * std::log(stream.uniform());
    }
  };
  constexpr int n_trials = 4000;
  int n_covered = 0;
  Dataset data{Matrix(39, 1), Matrix(39, 1)};
  for (int trial = 0; trial < n_trials; ++trial) {
    RandomStream stream(5, 6, static_cast<std::uint32_t>(trial), RandomPurpose::noise);
    draw(stream, data);
    const std::vector<Index> observed = all_but(39, 38);
    const Fit fit{.network = line, .theta = Vector::Zero(2), .data = data.rows(observed)};
    const Bands bands = bands_at(fit, data.X.bottomRows(1),
                                 {.method = "split_conformal", .level = 0.9, .how = {.n_starts = 1}});
    ASSERT_EQ(bands.prediction.lower.size(), 1);
    n_covered +=
        bands.prediction.lower(0, 0) <= data.Y(38, 0) && data.Y(38, 0) <= bands.prediction.upper(0, 0);
  }
  const double expected = split_conformal_coverage(19, 0.9);
  EXPECT_DOUBLE_EQ(expected, 0.9);
  EXPECT_NEAR(static_cast<double>(n_covered) / n_trials, expected, 3.29 * std::sqrt(0.09 / n_trials));
}

TEST(Conformal, WhatCannotBeHadHasItsReason) {
  const testing::Fitted& fitted = testing::fitted_linear();
  const auto reason = [&](const char* method, BandRequest request, IntervalOptions how = {}) {
    NewPoints points(fitted.at.fit(), Matrix::Zero(1, 2));
    points.move_to(fitted.at);
    return answers_of(find_interval_method(method), {request}, how, fitted.at, points, 1).bands[0].reason;
  };
  const BandRequest prediction{.kind = IntervalKind::prediction};
  for (const char* method : {"split_conformal", "jackknife_plus", "cv_plus"}) {
    EXPECT_THAT(reason(method, {.kind = IntervalKind::mean}), ::testing::HasSubstr("none of the mean"));
    EXPECT_THAT(reason(method, {.kind = IntervalKind::prediction, .sides = Sides::upper}),
                ::testing::HasSubstr("two-sided"));
    EXPECT_THAT(reason(method, {.kind = IntervalKind::prediction, .level = 0.99}),
                ::testing::HasSubstr("too few for level 0.99"));
  }
  EXPECT_EQ(reason("jackknife_plus", prediction), "");
  // 12 scores of 25 observations
  EXPECT_THAT(reason("split_conformal", prediction),
              ::testing::HasSubstr(
                  "12 observations are too few for level 0.95, at which the bounds are infinite; 19"));
  EXPECT_EQ(reason("split_conformal", {.kind = IntervalKind::prediction, .level = 0.9}), "");
}

TEST(Conformal, AnObservationThatAloneDeterminesTheFitIsNamed) {
  const testing::Fitted& fitted = testing::fitted_leverage_of_one();
  const Bands bands = bands_at(fitted.at.fit(), Matrix{{1, 1}}, {.method = "jackknife_plus", .level = 0.5});
  EXPECT_EQ(bands.prediction.lower.size(), 0);
  EXPECT_THAT(bands.reason, ::testing::HasSubstr("none of the mean"));
  NewPoints points(fitted.at.fit(), Matrix{{1, 1}});
  points.move_to(fitted.at);
  const Answers answers =
      answers_of(find_interval_method("jackknife_plus"), {{.kind = IntervalKind::prediction, .level = 0.5}},
                 {}, fitted.at, points, 1);
  EXPECT_THAT(answers.bands[0].reason, ::testing::HasSubstr("observation 4 has leverage 1"));
}

// One iteration is too few for a refit of a network.
TEST(Conformal, RefitsThatHaveNotSettledGiveNoBounds) {
  const testing::Fitted& fitted = testing::fitted_step();
  NewPoints points(fitted.at.fit(), Matrix::Zero(1, 1));
  points.move_to(fitted.at);
  const auto answers = [&](const char* method) {
    return answers_of(find_interval_method(method), {{.kind = IntervalKind::prediction, .level = 0.9}},
                      {.max_refit_iterations = 0}, fitted.at, points, 1);
  };
  EXPECT_THAT(answers("cv_plus").bands[0].reason, ::testing::HasSubstr("have not settled within 0"));
  EXPECT_GT(answers("cv_plus").refits.n_unsettled, 0);
  // whatever the one fit of the other half has come to, its errors there are what they are
  EXPECT_EQ(answers("split_conformal").bands[0].reason, "");
  EXPECT_EQ(answers("split_conformal").refits.n_unsettled, 1);
  EXPECT_THAT(answers("split_conformal").remark, ::testing::HasSubstr("1 of 1 fits have not settled"));
}

}  // namespace
}  // namespace jacobench
