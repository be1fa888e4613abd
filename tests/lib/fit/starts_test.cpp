// What starts have found, when they end, and how sure that is.
#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"

namespace jacobench {
namespace {

// Two waves, for which three units are too few: several optima.
Dataset two_waves() {
  Dataset data{Vector::LinSpaced(60, -3, 3), {}};
  data.Y = data.X.array().sin() + 0.4 * (3 * data.X.array()).cos();
  return data;
}

const Perceptron three_units(1, {{3, Activation::tanh}, {1, Activation::identity}});
const Vector small_decay = Vector::Constant(10, 1e-3);

// Each start alone, and then all together: the same optima, counted one by one. Noise has many of them.
TEST(Starts, OptimaAreCountedAsOneByOne) {
  const Perceptron network(1, {{4, Activation::tanh}, {1, Activation::identity}});
  const Vector decay = Vector::Constant(network.n_params(), 1e-2);
  RandomStream stream(5, 0, 0, RandomPurpose::noise);
  Dataset data{Vector::LinSpaced(40, -3, 3), Matrix(40, 1)};
  for (double& y : data.Y.reshaped()) y = stream.normal();
  Matrix starts(network.n_params(), 12);
  for (double& entry : starts.reshaped()) entry = stream.normal();

  std::vector<double> alone;
  for (Index s = 0; s < starts.cols(); ++s)
    alone.push_back(
        fit(network, data, {.starts = starts.col(s), .n_redraws = 0, .decay = decay}).objective());
  const std::vector<double> in_order = alone;
  std::sort(alone.begin(), alone.end());
  std::vector<Index> n_at;  // each optimum
  double lowest_there = 0;
  for (const double objective : alone) {
    if (n_at.empty() || objective > 1.001 * lowest_there) {
      lowest_there = objective;
      n_at.push_back(0);
    }
    ++n_at.back();
  }
  const auto n_once = std::count(n_at.begin(), n_at.end(), 1);
  ASSERT_GT(n_once, 0);
  ASSERT_LT(n_once, std::ssize(n_at));

  const StartSummary together =
      fit(network, data, {.starts = starts, .n_redraws = 0, .decay = decay}).end->starts;
  EXPECT_EQ(together.n_drawn, 12);
  EXPECT_EQ(together.n_optima, std::ssize(n_at));
  EXPECT_EQ(together.n_seen_once, n_once);
  EXPECT_EQ(together.n_at_best, n_at.front());
  EXPECT_EQ(together.chance_of_new_by_good(), static_cast<double>(n_once) / 12);
  ASSERT_EQ(together.outcomes.size(), in_order.size());
  for (std::size_t s = 0; s < in_order.size(); ++s) {
    EXPECT_NEAR(together.outcomes[s].objective, in_order[s], 1e-6 * in_order[s]) << "start " << s;
    EXPECT_TRUE(together.outcomes[s].is_drawn);
  }
}

// Two inputs that are equal to 1e-8: normal equations, whose condition is the square of that of J, end their descents
// in the valley, and only the last steps reach its bottom. All starts reach the one minimum that a line has.
TEST(Starts, OfALineReachItsMinimumHoweverLongTheValley) {
  const Perceptron line(2, {{1, Activation::identity}});
  RandomStream stream(3, 0, 0, RandomPurpose::noise);
  Dataset data{Matrix(30, 2), Matrix(30, 1)};
  for (Index n = 0; n < 30; ++n) {
    data.X(n, 0) = stream.normal();
    data.X(n, 1) = data.X(n, 0) + 1e-7 * stream.normal();
    data.Y(n, 0) = 3 * data.X(n, 1) + 0.1 * stream.normal() + 3e6 * (data.X(n, 0) - data.X(n, 1));
  }
  const Fit fitted = fit(line, data, {.n_starts = 5});
  EXPECT_TRUE(is_minimum(fitted.end->stop));
  EXPECT_EQ(fitted.end->starts.n_at_best, fitted.end->starts.n_starts);
}

// Rounds of 3, 2, 3, 4, 6, ...: they end with the first after which the best was reached three times, and each start
// was searched until all its units had been drawn anew in vain.
TEST(Starts, EndWhenTheBestWasReachedAsOftenAsWanted) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const FitOptions options{.n_starts = 200, .n_wanted_at_best = 3, .seed = seed, .decay = small_decay};
    const Fit result = fit(three_units, two_waves(), options);
    const StartSummary& starts = result.end->starts;
    EXPECT_GE(starts.n_at_best, 3);
    EXPECT_TRUE((std::set<Index>{3, 5, 8, 12, 18, 27, 41, 62}.contains(starts.n_starts))) << starts.n_starts;
    EXPECT_GE(starts.n_redraws, 3 * starts.n_starts);
    EXPECT_EQ(starts.n_wanted, 3);
    // From the same starts without redraws, however many are enough, the best is no lower.
    const Fit plain = fit(three_units, two_waves(),
                          {.n_starts = starts.n_starts, .n_redraws = 0, .seed = seed, .decay = small_decay});
    EXPECT_LE(result.objective(), (1 + 1e-6) * plain.objective());
    // One round less was not enough: as it is where no more starts than that are allowed.
    if (starts.n_starts == 3) continue;
    FitOptions fewer = options;
    fewer.n_starts = 2 * starts.n_starts / 3;
    EXPECT_LT(fit(three_units, two_waves(), fewer).end->starts.n_at_best, 3);
  }
}

TEST(Starts, AreNoMoreThanAreAllowed) {
  const StartSummary starts =
      fit(three_units, two_waves(), {.n_starts = 4, .n_wanted_at_best = 50, .decay = small_decay})
          .end->starts;
  EXPECT_EQ(starts.n_starts, 4);
  EXPECT_LT(starts.n_at_best, 50);
}

// A search whose work is used up begins nothing new, and says so; more work may only help.
TEST(Starts, EndWhenTheirWorkIsDone) {
  FitOptions options{.n_starts = 200, .n_wanted_at_best = 50, .search_flops = 3e5, .decay = small_decay};
  const Fit little = fit(three_units, two_waves(), options);
  options.search_flops = 3e7;
  const Fit more = fit(three_units, two_waves(), options);
  EXPECT_TRUE(little.end->starts.has_reached_work_limit);
  // 3e5 flops are 24 steps, of which each start takes one at least, and a last round adds half as many; the best fifty
  // times takes fifty.
  EXPECT_LE(little.end->starts.n_starts, 36);
  EXPECT_LT(little.end->starts.n_starts, more.end->starts.n_starts);
  EXPECT_LE(more.objective(), (1 + 1e-9) * little.objective());
  options.n_wanted_at_best = 3;
  options.search_flops = 1e12;
  EXPECT_FALSE(fit(three_units, two_waves(), options).end->starts.has_reached_work_limit);
}

// A start that is given and stays the lowest is reached by itself, and the drawn ones count beside it.
TEST(Starts, AGivenStartCountsOnce) {
  const Fit best =
      fit(three_units, two_waves(), {.n_starts = 100, .n_wanted_at_best = 5, .decay = small_decay});
  const StartSummary again =
      fit(three_units, two_waves(),
          {.start = best.theta, .n_starts = 0, .n_wanted_at_best = 2, .decay = small_decay})
          .end->starts;
  EXPECT_EQ(again.n_starts, 1);
  EXPECT_EQ(again.n_drawn, 0);
  EXPECT_EQ(again.n_at_best, 1);
  EXPECT_GE(again.n_redraws, 3);
  EXPECT_EQ(again.chance_of_new(), std::nullopt);
}

// Residuals that are rounding differ by any factor, and are one optimum.
TEST(Starts, ExactFitsAreOneOptimum) {
  const Perceptron one_unit(1, {{1, Activation::tanh}, {1, Activation::identity}});
  Dataset data{Vector::LinSpaced(20, -2, 2), {}};
  data.Y = evaluate(one_unit, Vector{{1.1, 0.3, 2, -1}}, data.X);
  const StartSummary starts = fit(one_unit, data, {.n_starts = 30, .n_wanted_at_best = 4}).end->starts;
  EXPECT_GE(starts.n_at_best, 4);
  EXPECT_LE(starts.n_starts, 6);
}

double chance_of_new(Index n, Index w) {
  const StartSummary starts{.n_drawn = n, .n_optima = w};
  return starts.chance_of_new().value();
}

// The expectation by its definition: k optima, all k and all their sizes alike beforehand, are seen w times different
// in n starts with a likelihood of C(k, w) / C(n + k - 1, n) but for a factor, and then another start reaches one of
// the others with probability (k - w) / (n + k). The terms fall as k^(w - n): those beyond 10^5 are below 10^-15 of the
// sum.
TEST(Starts, TheChanceOfANewOptimumIsItsExpectation) {
  for (const auto& [n, w] : {std::pair<Index, Index>{10, 3}, {12, 7}, {6, 1}, {30, 20}}) {
    const auto log_choose = [](double a, double b) {
      return std::lgamma(a + 1) - std::lgamma(b + 1) - std::lgamma(a - b + 1);
    };
    const auto n_starts = static_cast<double>(n), n_seen = static_cast<double>(w);
    double weight = 0, chance = 0;
    for (double k = n_seen; k < 1e5; ++k) {
      const double likelihood = std::exp(log_choose(k, n_seen) - log_choose(n_starts + k - 1, n_starts));
      weight += likelihood;
      chance += likelihood * (k - n_seen) / (n_starts + k);
    }
    // lgamma of 10^5 is 10^6 with an error of its last bit.
    EXPECT_NEAR(chance_of_new(n, w), chance / weight, 1e-8);
  }
  EXPECT_EQ(chance_of_new(5, 5), 1);
  EXPECT_EQ(chance_of_new(1, 1), 1);
}

}  // namespace
}  // namespace jacobench
