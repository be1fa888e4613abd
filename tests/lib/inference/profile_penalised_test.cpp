// Profiles of weighted and penalised fits, and where they end.
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/multipliers.hpp"
#include "jacobench/inference/profile.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::fitted_linear;
using ::testing::HasSubstr;

// Of a penalised linear model, S(c) - S = (c - f)^2 / (g' (J'J + K)^-1 g): the profile is the interval of `laplace`.
TEST(ProfilePenalised, OfALinearFitWithWeightsScaleAndDecayIsThatOfLaplace) {
  const Perceptron& network = fitted_linear().network;
  Dataset data = fitted_linear().data;
  data.weights = Vector::LinSpaced(25, 0.5, 3);
  data.output_scales = Vector::Constant(1, 2);
  const Vector decay = equal_decay(network, 3, DecayOf::weights);
  const testing::Linearised at =
      testing::linearised(network, fit(network, data, {.decay = decay}).theta, data, decay);
  const Covariance cov = covariance(at, {.kind = CovarianceKind::laplace, .dof_rule = DofRule::n_minus_rank});
  const Vector x0{{6.0, 0.5}};
  const double half = t_quantile(0.95, 22) * cov.standard_errors(testing::gradients_at(
                                                 network, at->theta(), Matrix(x0.transpose())))[0];
  const ProfileInterval profile = profile_interval(at, cov, x0, 0.9);
  EXPECT_NEAR(profile.lower, profile.fit - half, 1e-6 * half);
  EXPECT_NEAR(profile.upper, profile.fit + half, 1e-6 * half);
  EXPECT_EQ(profile.reason, "");
}

// y = exp(w x) at x = -1 only, where it is nearly zero: however large w, the data lose next to nothing, and exp(w) at
// x = 1 is not bounded above. Below it is.
TEST(ProfilePenalised, WhatTheDataDoNotBoundIsInfinite) {
  const Perceptron network(1, {{1, exp, Bias::none}});
  Dataset data{Matrix::Constant(6, 1, -1), Matrix(6, 1), {}, {}};
  data.Y << 1.0, -1.0, 0.5, -0.6, 0.3, 0.4;
  const testing::Linearised at = testing::linearised(network, Vector::Constant(1, -std::log(0.1)), data);
  const ProfileInterval profile = profile_interval(at, covariance(at), Vector::Ones(1));
  EXPECT_EQ(profile.upper, std::numeric_limits<double>::infinity());
  EXPECT_THAT(profile.reason, HasSubstr("do not bound f"));
  // exp(-w) = 0.1 + q s / sqrt(6) at the bound, s^2 = RSS / 5
  const double furthest = 0.1 + t_quantile(0.975, 5) * std::sqrt(at->rss() / 5 / 6);
  EXPECT_NEAR(profile.lower, 1 / furthest, 1e-6 / furthest);
}

TEST(ProfilePenalised, ALowerMinimumOnTheWayIsSaid) {
  const testing::Fitted& fitted = fitted_linear();
  const testing::Linearised off = testing::linearised(fitted.network, 1.1 * fitted.theta, fitted.data);
  EXPECT_THAT(profile_interval(off, covariance(off), Vector{{6.0, 0.5}}).reason, HasSubstr("lower minimum"));
}

// logistic(1000) is 1 to the bit.
TEST(ProfilePenalised, WithoutAStandardErrorHasNoWidth) {
  const Perceptron network(1, {{1, logistic, Bias::none}});
  Dataset data{Matrix(4, 1), Matrix(4, 1), {}, {}};
  data.X << -1, 0.5, 1, 2;
  data.Y << 0.3, 0.6, 0.8, 0.85;
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const ProfileInterval profile = profile_interval(at, covariance(at), Vector::Constant(1, 1e6));
  EXPECT_EQ(profile.reason, "");
  EXPECT_EQ(profile.lower, 1);
  EXPECT_EQ(profile.upper, 1);
}

TEST(ProfilePenalised, RefusesALevelThatIsNone) {
  const testing::Fitted& fitted = fitted_linear();
  for (const double level : {0.0, 1.0, std::numeric_limits<double>::quiet_NaN()})
    EXPECT_THROW(profile_interval(fitted.at, covariance(fitted.at), Vector{{6.0, 0.5}}, level), InputError);
}

}  // namespace
}  // namespace jacobench
