#include "jacobench/fit/fitter.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

// A 1-3-1 tanh network with noise of 1 %, and as many data sets as are asked for.
class Fits : public ::testing::Test {
 protected:
  Fits() : network_(1, {{3, Activation::tanh}, {1, Activation::identity}}) {
    RandomStream stream(4, 0, 0, RandomPurpose::parameters);
    theta_ = draw_parameters(network_, 2, stream);
  }

  Dataset data(std::uint32_t number) const {
    RandomStream stream(4, 0, number, RandomPurpose::noise);
    Dataset data{Vector::LinSpaced(60, -2, 2), {}, {}, {}};
    data.Y = evaluate(network_, theta_, data.X);
    for (double& y : data.Y.reshaped()) y += 0.01 * stream.normal();
    return data;
  }

  // From the start that is given, and no others.
  Fitter fitter(const Vector& decay = {}) const {
    return {network_, data(0), {.n_starts = 0, .decay = decay}};
  }

  Perceptron network_;
  Vector theta_;
};

// The objective is quadratic at its minimum, so that half the digits of the relative offset are its own.
TEST_F(Fits, FromNearTheMinimumReachThatOfDrawnStarts) {
  const Vector decay = equal_decay(network_, 1e-4, DecayOf::weights);
  Fitter near = fitter(decay);
  for (const std::uint32_t number : {0u, 1u, 2u}) {
    const Fit& again = near.fit(data(number), theta_);
    const Fit whole = fit(network_, data(number), {.start = theta_, .n_starts = 5, .decay = decay});
    EXPECT_NEAR(again.objective(), whole.objective(), 1e-12 * again.objective());
    EXPECT_TRUE(again.has_converged());
    EXPECT_LE(
        (evaluate(network_, again.theta, data(0).X) - evaluate(network_, whole.theta, data(0).X)).norm(),
        1e-6 * *whole.sigma());
  }
}

// Of the given one and of all that are drawn.
TEST_F(Fits, KeepTheLowestOfSeveralStarts) {
  Fitter given = fitter(), drawn(network_, data(0), {.n_starts = 3, .n_redraws = 0});
  const double at_drawn = drawn.fit(data(0)).objective();
  std::vector<double> at_given;
  for (const Vector& start : {Vector(Vector::Zero(theta_.size())), theta_, Vector(1e-3 * theta_)}) {
    at_given.push_back(given.fit(data(0), start).objective());
    // To what descents leave for polishing.
    EXPECT_LE(drawn.fit(data(0), start).objective(), (1 + 1e-6) * std::min(at_given.back(), at_drawn));
  }
  EXPECT_GT(at_given[0], 2 * at_given[1]);  // from zero all units stay equal
}

TEST_F(Fits, DoNotDependOnWhatWasFittedBefore) {
  Fitter used = fitter(), fresh = fitter();
  used.fit(data(1), 3 * theta_);
  used.fit(data(2), theta_);
  const Vector theta = used.fit(data(3), theta_).theta;
  EXPECT_EQ(theta, fresh.fit(data(3), theta_).theta);
  Fitter many(network_, data(0), {.n_starts = 3}), fresh_many(network_, data(0), {.n_starts = 3});
  many.fit(data(1));
  EXPECT_EQ(many.fit(data(2)).theta, fresh_many.fit(data(2)).theta);
}

// The fit holds what it was made of, for whoever makes intervals from it.
TEST_F(Fits, HoldTheirDataDecayAndStrategy) {
  const Vector decay = equal_decay(network_, 1e-3, DecayOf::weights);
  Fitter fitter(network_, data(0),
                {.n_starts = 0, .decay = decay, .jacobian = {.strategy = "per_parameter"}});
  const Fit& fit = fitter.fit(data(1), theta_);
  EXPECT_EQ(fit.data.Y, data(1).Y);
  EXPECT_EQ(fit.decay, decay);
  EXPECT_EQ(fit.jacobian.strategy, "per_parameter");
  EXPECT_NEAR(fit.rss(), fit.end->rss, 1e-12 * fit.end->rss);
  EXPECT_NEAR(fit.objective(), fit.end->rss + fit.end->penalty, 1e-12 * fit.objective());
}

TEST_F(Fits, AllocateNothing) {
  const Dataset first = data(0), second = data(1);
  const Vector far = 5 * theta_;  // far enough for damped steps
  Fitter given = fitter(equal_decay(network_, 1e-3, DecayOf::weights));
  Fitter drawn(network_, first, {.n_starts = 2});
  given.fit(first, far);
  drawn.fit(first);
  EXPECT_EQ(allocations_of([&] {
              given.fit(second, far);
              given.fit(first, theta_);
              drawn.fit(second);
            }),
            0u);
}

TEST_F(Fits, NeedSomewhereToStartFrom) {
  Fitter nowhere = fitter();
  EXPECT_THROW(nowhere.fit(data(0)), InputError);
  EXPECT_THROW(nowhere.fit(data(0), Vector::Zero(2)), std::logic_error);
}

}  // namespace
}  // namespace jacobench
