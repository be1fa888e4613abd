#include "jacobench/inference/standard_errors.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::all_within_relative;

const Matrix new_points = Vector::LinSpaced(7, -3, 3);

// Data from a 1-3-1 tanh network with weights, and a decayed fit to them.
struct Decayed {
  Perceptron network{1, {{3, Activation::tanh}, {1, Activation::identity}}};
  Dataset data{Vector::LinSpaced(40, -2, 2), {}, Vector::LinSpaced(40, 0.5, 2), {}};
  Vector decay = equal_decay(network, 1e-3, DecayOf::weights_and_biases);
  Vector theta;

  Decayed() {
    RandomStream noise(8, 0, 0, RandomPurpose::noise);
    data.Y = data.X.array().sin().matrix();
    for (double& y : data.Y.reshaped()) y += 0.1 * noise.normal();
    theta = fit(network, data, {.decay = decay}).theta;
  }
};

const Decayed& decayed() {
  static const Decayed fitted;
  return fitted;
}

class OfKindAndRule : public ::testing::TestWithParam<std::tuple<CovarianceKind, DofRule>> {};

// Two routes to the same figures: QR and SVD of matrices whose condition, some 1e3, multiplies their rounding.
TEST_P(OfKindAndRule, AreThoseOfTheCovariance) {
  const auto [kind, rule] = GetParam();
  CovarianceOptions options{.kind = kind, .dof_rule = rule};
  if (rule == DofRule::known_sigma) options.known_sigma = 0.2;
  const Decayed& fitted = decayed();
  const Linearisation at = linearise(fitted.network, fitted.theta, fitted.data, fitted.decay);
  const Covariance cov = covariance(at, options);
  ASSERT_TRUE(cov.ok()) << cov.reason;
  const Bands bands = bands_at(at, cov, new_points);

  StandardErrors errors(fitted.network, fitted.data, new_points, fitted.decay);
  ASSERT_TRUE(errors.linearise(fitted.theta, fitted.data));
  Vector se(new_points.rows());
  const StandardErrors::Outcome outcome = errors.compute(options, se);
  ASSERT_EQ(outcome.status, CovarianceStatus::ok);
  const double tolerance = 1e3 * 40 * 10 * unit_roundoff;
  EXPECT_NEAR(outcome.sigma, cov.sigma, tolerance * cov.sigma);
  if (rule != DofRule::known_sigma) {
    EXPECT_NEAR(outcome.dof, cov.dof, tolerance * cov.dof);
  }
  EXPECT_TRUE(all_within_relative(se, bands.se_mean.col(0), tolerance));
  EXPECT_TRUE(all_within(errors.fit(), bands.fit, tolerance));
  EXPECT_EQ(errors.rank(), cov.rank.rank);
}

INSTANTIATE_TEST_SUITE_P(
    StandardErrors, OfKindAndRule,
    ::testing::Combine(::testing::Values(CovarianceKind::delta, CovarianceKind::ridge,
                                         CovarianceKind::laplace, CovarianceKind::hc0, CovarianceKind::hc1,
                                         CovarianceKind::hc2, CovarianceKind::hc3),
                       ::testing::Values(DofRule::n_minus_rank, DofRule::n_minus_trace,
                                         DofRule::n_minus_trace_2h_hh, DofRule::known_sigma)));

TEST(StandardErrors, ConditionIsBetweenTheTwoNormsAndPTimesIt) {
  const Decayed& fitted = decayed();
  StandardErrors errors(fitted.network, fitted.data, new_points);
  ASSERT_TRUE(errors.linearise(fitted.theta, fitted.data));
  const double two_norm =
      covariance(linearise(fitted.network, fitted.theta, fitted.data)).rank.condition_scaled;
  EXPECT_GE(errors.condition(), two_norm);
  EXPECT_LE(errors.condition(), 10 * two_norm);
}

// A network that is linear in its parameters is fitted by one step, from anywhere and with decay too.
TEST(StandardErrors, LinearStepReachesTheMinimumOfALinearModel) {
  const Perceptron line(1, {{1, Activation::identity}});
  const Decayed& fitted = decayed();
  const Vector decay = Vector::Constant(2, 0.3);
  const Vector theta = fit(line, fitted.data, {.decay = decay}).theta;
  StandardErrors errors(line, fitted.data, new_points, decay), there(line, fitted.data, new_points, decay);
  ASSERT_TRUE(errors.linearise(Vector::Constant(2, 5), fitted.data));
  ASSERT_TRUE(errors.take_linear_step());
  ASSERT_TRUE(there.linearise(theta, fitted.data));
  const double tolerance = 40 * 2 * 16 * unit_roundoff;
  EXPECT_TRUE(all_within(errors.fit(), there.fit(), tolerance));
  EXPECT_NEAR(errors.rss(), there.rss(), tolerance * there.rss());
}

TEST(StandardErrors, SayWhatTheDataDoNotAllow) {
  const Decayed& fitted = decayed();
  const Dataset few{fitted.data.X.topRows(6), fitted.data.Y.topRows(6), {}, {}};
  Vector se(new_points.rows());
  StandardErrors errors(fitted.network, few, new_points);
  ASSERT_TRUE(errors.linearise(fitted.theta, few));
  EXPECT_EQ(errors.compute({}, se).status, CovarianceStatus::more_parameters_than_observations);
  EXPECT_EQ(errors.compute({.kind = CovarianceKind::laplace}, se).status, CovarianceStatus::no_decay);
  StandardErrors flat(fitted.network, fitted.data, new_points);
  ASSERT_TRUE(flat.linearise(Vector::Zero(10), fitted.data));
  EXPECT_EQ(flat.compute({}, se).status, CovarianceStatus::rank_deficient);
  EXPECT_TRUE(std::isinf(flat.condition()));
  EXPECT_EQ(flat.rank(), 1);
  EXPECT_FALSE(flat.take_linear_step());
  Vector far = fitted.theta;
  far[0] = INFINITY;
  EXPECT_FALSE(flat.linearise(far, fitted.data));
}

TEST(StandardErrors, AllocateNothing) {
  const Decayed& fitted = decayed();
  Vector se(new_points.rows());
  StandardErrors errors(fitted.network, fitted.data, new_points, fitted.decay);
  EXPECT_EQ(allocations_of([&] {
              errors.linearise(fitted.theta, fitted.data);
              for (const CovarianceKind kind : {CovarianceKind::delta, CovarianceKind::ridge,
                                                CovarianceKind::laplace, CovarianceKind::hc3})
                errors.compute({.kind = kind, .dof_rule = DofRule::n_minus_trace_2h_hh}, se);
              errors.condition();
              errors.take_linear_step();
            }),
            0u);
}

}  // namespace
}  // namespace jacobench
