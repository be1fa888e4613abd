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

// A refit that may take no step stays where the one before it ended, so none of them has settled.
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
  EXPECT_EQ(unsettled.refits.n_unsettled, unsettled.refits.number);
  EXPECT_THAT(unsettled.reason, ::testing::HasSubstr("have not settled within 0 iterations"));

  BandOptions options{.method = "profile"};
  options.how.max_refit_iterations = 0;
  const Bands bands = bands_at(fitted.at.fit(), x0.transpose(), options);
  EXPECT_EQ(bands.open, std::vector<std::string>{unsettled.reason});
  EXPECT_EQ(bands.refits.n_unsettled, unsettled.refits.number);
  EXPECT_EQ(bands.remark, fmt::format("{0} of {0} refits have not settled", unsettled.refits.number));
}

// Fits of a linear network end in one step.
TEST(Profile, RefitsOfALinearNetworkSettleInAStep) {
  const Fitted& fitted = testing::fitted_linear();
  const ProfileInterval profile =
      profile_interval(fitted.at, covariance(fitted.at), Vector{{6.0, 0.5}}, 0.95, 1);
  EXPECT_EQ(profile.refits.n_unsettled, 0);
  EXPECT_EQ(profile.reason, "");
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
