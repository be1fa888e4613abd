#include "jacobench/inference/profile.hpp"

#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/inference/multipliers.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::Fitted;

TEST(Profile, OfALinearFitIsTheTInterval) {
  const Fitted& fitted = testing::fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const Vector x0{{6.0, 0.5}};
  const double half = t_quantile(0.975, 22) * cov.standard_errors(testing::gradients_at(
                                                  fitted.network, fitted.theta, Matrix(x0.transpose())))[0];
  const ProfileInterval profile = profile_interval(fitted.at, cov, x0);
  // S near its minimum is known to rounding times S, and tau to the root of that over tau
  EXPECT_NEAR(profile.lower, profile.fit - half, 1e-7 * half);
  EXPECT_NEAR(profile.upper, profile.fit + half, 1e-7 * half);
  EXPECT_EQ(profile.reason, "");
}

// At a bound the constrained minimum costs q^2 s^2: checked for y = exp(w x), where f(x0) = c fixes w and S(c) needs no
// minimisation.
TEST(Profile, BoundsCostWhatTheyMust) {
  const Perceptron network(1, {{1, exp, Bias::none}});
  Dataset data{Matrix(8, 1), Matrix(8, 1), {}, {}};
  data.X << 0, 0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4;
  data.Y << 1.3, 0.9, 1.8, 1.5, 2.6, 2.2, 3.9, 3.6;
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at);
  const ProfileInterval profile = profile_interval(at, cov, Vector::Constant(1, 2), 0.99);
  const double q = t_quantile(0.995, 7);
  for (const double bound : {profile.lower, profile.upper}) {
    const double w = std::log(bound) / 2;
    const double S = ((data.X.array() * w).exp() - data.Y.array()).square().sum();
    EXPECT_NEAR(S - at->rss(), q * q * cov.sigma() * cov.sigma(), 1e-6 * S);
  }
  // curved: the two sides differ
  EXPECT_GT((profile.upper - profile.fit) - (profile.fit - profile.lower), 1e-3);
}

// Memory of the sizes that a profile asks for is left full of huge numbers.
TEST(Profile, HasTheSameBitsWhateverItsMemoryHeldBefore) {
  const Fitted& fitted = testing::fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Vector x0 = Vector::Constant(1, 0.3);
  const ProfileInterval first = profile_interval(fitted.at, cov, x0);
  for (const double left : {1e3, 1e100}) {
    std::vector<Vector>(1000, Vector::Constant(fitted.data.Y.size() + 1, left)).clear();
    const ProfileInterval again = profile_interval(fitted.at, cov, x0);
    EXPECT_EQ(again.lower, first.lower);
    EXPECT_EQ(again.upper, first.upper);
  }
}

TEST(Profile, OfANetworkIsNearTheDeltaIntervalWhereCurvatureIsSmall) {
  const Fitted& fitted = testing::fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Vector x0 = Vector::Constant(1, 0.3);
  const double half =
      t_quantile(0.975, 26) * cov.standard_errors(testing::gradients_at(fitted.network, fitted.theta, x0))[0];
  const ProfileInterval profile = profile_interval(fitted.at, cov, x0);
  EXPECT_NEAR((profile.upper - profile.fit) / half, 1, 0.1);
  EXPECT_NEAR((profile.fit - profile.lower) / half, 1, 0.1);
}

// A refit that may take no step stays where the one before it ended, and has not settled unless next to nothing was
// asked of it.
TEST(Profile, ABoundOfRefitsThatHaveNotSettledIsNotGiven) {
  const Fitted& fitted = testing::fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Vector x0 = Vector::Constant(1, 0.3);
  const ProfileInterval settled = profile_interval(fitted.at, cov, x0);
  EXPECT_EQ(settled.refits.n_unsettled, 0);
  EXPECT_GT(settled.refits.number, 4);
  const ProfileInterval unsettled = profile_interval(fitted.at, cov, x0, 0.95, 0);
  EXPECT_TRUE(std::isnan(unsettled.lower) && std::isnan(unsettled.upper))
      << unsettled.lower << " " << unsettled.upper;
  EXPECT_GT(unsettled.refits.n_unsettled, 8);
  EXPECT_THAT(unsettled.reason, ::testing::HasSubstr("have not settled within 0 iterations"));

  BandOptions options{.method = "profile"};
  options.how.max_refit_iterations = 0;
  const Bands bands = bands_at(fitted.at.fit(), x0.transpose(), options);
  EXPECT_EQ(bands.open, std::vector<std::string>{unsettled.reason});
  EXPECT_EQ(bands.refits.n_unsettled, unsettled.refits.n_unsettled);
  EXPECT_EQ(bands.remark, fmt::format("{} of {} refits have not settled", unsettled.refits.n_unsettled,
                                      unsettled.refits.number));
}

// Fits of a linear network end in one step.
TEST(Profile, RefitsOfALinearNetworkSettleInAStep) {
  const Fitted& fitted = testing::fitted_linear();
  const ProfileInterval profile =
      profile_interval(fitted.at, covariance(fitted.at), Vector{{6.0, 0.5}}, 0.95, 1);
  EXPECT_EQ(profile.refits.n_unsettled, 0);
  EXPECT_EQ(profile.reason, "");
}

// Stopping distances of cars (R's data set), 2 tanh units, decay 1 on the weights. The figures are S(c) minimised with
// the output bias eliminated, by SciPy's BFGS from many starts, where tau = t(0.975; 43). At speed 20 the branch of the
// estimate meets another at 46, before the lower bound.
TEST(Profile, ABoundIsWhereTauIsQOnTheBranchOfTheEstimate) {
  Dataset data{Matrix(50, 1), Matrix(50, 1), {}, {}};
  data.X << 4, 4, 7, 7, 8, 9, 10, 10, 10, 11, 11, 12, 12, 12, 12, 13, 13, 13, 13, 14, 14, 14, 14, 15, 15, 15,
      16, 16, 17, 17, 17, 18, 18, 18, 18, 19, 19, 19, 20, 20, 20, 20, 20, 22, 23, 24, 24, 24, 24, 25;
  data.Y << 2, 10, 4, 22, 16, 10, 18, 26, 34, 17, 28, 14, 20, 24, 28, 26, 34, 34, 46, 26, 36, 60, 80, 20, 26,
      54, 32, 40, 32, 40, 50, 42, 56, 76, 84, 36, 46, 68, 32, 48, 52, 56, 64, 66, 54, 70, 92, 93, 120, 85;
  const Perceptron network(1, {{2, tanh}, {1, identity}});
  const Vector decay = equal_decay(network, 1, DecayOf::weights);
  const Vector start{
      {0.2278770952, -4.405912002, -2.958436076, 103.0262361, 22.12631277, -17.67240352, 50.80070232}};
  const Vector theta = fit(network, data, {.start = start, .n_starts = 0, .decay = decay}).theta;
  const testing::Linearised at = testing::linearised(network, theta, data, decay);
  const Covariance cov = covariance(at);
  const auto profile = [&](double speed) {
    return profile_interval(at, cov, Vector::Constant(1, speed), 0.95, 1000);
  };
  EXPECT_NEAR(profile(7).upper, 24.3786, 1e-3);
  EXPECT_EQ(profile(7).reason, "");
  EXPECT_NEAR(profile(15).lower, 35.1004, 1e-3);
  EXPECT_NEAR(profile(20).upper, 61.750, 1e-3);
  EXPECT_TRUE(std::isnan(profile(20).lower));
  EXPECT_THAT(profile(20).reason, ::testing::HasSubstr("cannot be followed to the bound"));
}

TEST(Profile, IsForOneOutput) {
  const Perceptron network(1, {{2, identity}});
  Dataset data = testing::step_data();
  data.Y.conservativeResize(Eigen::NoChange, 2);
  data.Y.col(1) = data.X.col(0);
  data.Y(0, 1) += 1;
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  EXPECT_THROW(profile_interval(at, covariance(at), Vector::Zero(1)), InputError);
}

}  // namespace
}  // namespace jacobench
