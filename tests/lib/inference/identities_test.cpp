// The same fit written in other ways, and bad data all the way from the fit to the bands.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/inference/intervals.hpp"

#include "support/ceres_covariance.hpp"
#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::all_within_relative;
using testing::Fitted;
using testing::step_data;

const Perceptron two_units(1, {{2, tanh}, {1, identity}});

// y = tanh(3 (x + 1)) + tanh(3 (x - 1)) + noise: both units are needed.
Fitted two_steps() {
  Dataset data = step_data(40);
  const Vector noise = data.Y.array() - 3 - 2 * (1.5 * data.X.array() - 0.4).tanh();
  data.Y = (3 * (data.X.array() + 1)).tanh() + (3 * (data.X.array() - 1)).tanh() + noise.array();
  const Vector theta = fit(two_units, data, {.start = Vector{{3, 3, 3, -3, 1, 1, 0}}, .n_starts = 0}).theta;
  return {two_units, data, theta, testing::linearised(two_units, theta, data)};
}

struct Summary {
  Matrix fit, se;
  double sum_of_leverages;
};

Summary summary(const Perceptron& network, const Vector& theta, const Dataset& data, const Matrix& X0) {
  const testing::Linearised at = testing::linearised(network, theta, data);
  const Covariance cov = covariance(at);
  const Bands bands = testing::bands_at(at, cov, X0);
  return {bands.fit, bands.mean.se, cov.leverages().sum()};
}

// Relative rounding 2^-53 times the condition numbers of these fits, below 10^3, with room for a factor of 100.
constexpr double same = 1e-11;

TEST(Identities, PermutedUnitsGiveTheSameBands) {
  const Fitted fitted = two_steps();
  const Matrix X0 = Vector::LinSpaced(11, -2.5, 2.5);
  const Vector& t = fitted.theta;
  const Summary plain = summary(two_units, t, fitted.data, X0);
  const Summary other =
      summary(two_units, Vector{{t[1], t[0], t[3], t[2], t[5], t[4], t[6]}}, fitted.data, X0);
  EXPECT_TRUE(all_within_relative(other.se, plain.se, same));
  EXPECT_NEAR(plain.sum_of_leverages, 7, 1e-12);
  const Summary mirrored =
      summary(two_units, Vector{{-t[0], t[1], -t[2], t[3], -t[4], t[5], t[6]}}, fitted.data, X0);
  EXPECT_TRUE(all_within_relative(mirrored.se, plain.se, same));
}

TEST(Identities, ARescaledInputGivesTheSameBands) {
  const Fitted fitted = two_steps();
  const Matrix X0 = Vector::LinSpaced(11, -2.5, 2.5);
  const Summary plain = summary(two_units, fitted.theta, fitted.data, X0);
  for (const double scale : {1e-12, 1e12}) {
    Dataset data = fitted.data;
    data.X *= scale;
    Vector theta = fitted.theta;
    theta.head(2) /= scale;
    const Summary other = summary(two_units, theta, data, X0 * scale);
    EXPECT_TRUE(all_within_relative(other.se, plain.se, same)) << scale;
    // and fitted afresh in those units
    const Vector again = fit(two_units, data, {.start = 0.9 * theta, .n_starts = 0}).theta;
    EXPECT_TRUE(all_within_relative(summary(two_units, again, data, X0 * scale).se, plain.se, 1e-6)) << scale;
  }
}

TEST(Identities, CeresHasTheSameCovariance) {
  const Fitted fitted = two_steps();
  const RowMajorMatrix J = fitted.at->J();
  RowMajorMatrix inverse(7, 7);
  ASSERT_TRUE(testing::covariance_by_ceres(J.data(), static_cast<int>(J.rows()), 7, inverse.data()));
  const Covariance cov = covariance(fitted.at);
  EXPECT_TRUE(all_within_relative(cov.of_parameters(), cov.sigma() * cov.sigma() * inverse, 1e-9));
}

// Weights are relative: twice the weight is half the variance of each observation, and of a new one of that weight.
TEST(Identities, EqualWeightsAreNone) {
  const Fitted fitted = two_steps();
  const Matrix X0 = Vector::LinSpaced(11, -2.5, 2.5);
  Dataset weighted = fitted.data;
  weighted.weights = Vector::Constant(40, 2);
  const testing::Linearised at = testing::linearised(two_units, fitted.theta, weighted);
  const Bands plain = testing::bands_at(fitted.at, covariance(fitted.at), X0);
  const Bands other =
      testing::bands_at(at, covariance(at), X0, {.how = {.new_weights = Vector::Constant(1, 2)}});
  EXPECT_TRUE(all_within_relative(other.mean.se, plain.mean.se, same));
  EXPECT_TRUE(all_within_relative(other.prediction.se, plain.prediction.se, same));
  const Bands of_half = testing::bands_at(at, covariance(at), X0, {.how = {.new_weights = Vector::Ones(1)}});
  EXPECT_GT(of_half.prediction.se(0, 0), 1.1 * plain.prediction.se(0, 0));
}

// Of two rows of weights 1 and 4 the second counts as four: as in Fit.AWeightIsANumberOfRepetitions, but for the
// degrees of freedom.
TEST(Identities, AWeightIsANumberOfRepetitionsButForTheDegreesOfFreedom) {
  const Fitted fitted = two_steps();
  Dataset weighted = fitted.data;
  weighted.weights = Vector::Ones(40);
  weighted.weights[5] = 4;
  std::vector<Index> rows{5, 5, 5};
  for (Index n = 0; n < 40; ++n) rows.push_back(n);
  const testing::Linearised at_a = testing::linearised(two_units, fitted.theta, weighted);
  const testing::Linearised at_b = testing::linearised(two_units, fitted.theta, fitted.data.rows(rows));
  const Covariance a = covariance(at_a), b = covariance(at_b);
  EXPECT_EQ(b.dof(), a.dof() + 3);
  EXPECT_TRUE(all_within_relative(a.of_parameters() / std::pow(a.sigma(), 2),
                                  b.of_parameters() / std::pow(b.sigma(), 2), 1e-10));
}

// ---- negative control: the penalty as rows of data, as a fit by augmentation would leave it

TEST(Identities, ControlPenaltyRowsCountedAsDataIsCaught) {
  const Fitted fitted = testing::fitted_step(Vector::Constant(4, 0.5));
  const Covariance right =
      covariance(fitted.at, {.kind = CovarianceKind::ridge, .dof_rule = DofRule::n_minus_trace});
  // of a network that is linear in its parameters the inputs are J, and at zero the outputs are r
  Dataset augmented{Matrix(34, 4), Matrix(34, 1), {}, {}};
  const Matrix roots = fitted.at->decay().cwiseSqrt().asDiagonal();
  augmented.X << fitted.at->J(), roots;
  augmented.Y << fitted.at->r(), -roots * fitted.theta;
  const testing::Linearised wrong =
      testing::linearised(Perceptron(4, {{1, identity, Bias::none}}), Vector::Zero(4), augmented);
  const Covariance leaked = covariance(wrong);
  EXPECT_GT(std::abs(leaked.sigma() / right.sigma() - 1), 0.1);
  EXPECT_GT(std::abs(leaked.leverages().sum() - right.leverages().sum()), 0.05);
  // what is right is held to its formula in PenaltyRowsAreNotData
}

// ---- bad data

Bands whole_way(const Perceptron& network, const Dataset& data, const CovarianceOptions& options = {},
                const Vector& decay = {}) {
  const Fit result = fit(network, data, {.decay = decay});
  const testing::Linearised at = testing::linearised(network, result.theta, data, decay);
  const Covariance cov = covariance(at, options);
  return testing::bands_at(at, cov, data.X.topRows(std::min<Index>(3, data.X.rows())));
}

void expect_answer_or_reason(const Bands& bands) {
  if (bands.ok()) {
    EXPECT_TRUE(bands.mean.se.allFinite() && bands.mean.lower.allFinite() &&
                bands.prediction.upper.allFinite());
  } else {
    EXPECT_NE(bands.reason, "");
  }
}

TEST(BadData, AConstantColumnGivesAReasonOrTheAnswerWithoutIt) {
  Dataset data = step_data();
  const Perceptron alone(1, {{1, tanh}, {1, identity}});
  const Bands expected = whole_way(alone, data);
  for (const double constant : {0.0, 1.0, 1e12, 1e-12}) {
    Dataset with = data;
    with.X.conservativeResize(Eigen::NoChange, 2);
    with.X.col(1).setConstant(constant);
    const Perceptron network(2, {{1, tanh}, {1, identity}});
    const Bands refused = whole_way(network, with);
    EXPECT_THAT(refused.reason, ::testing::HasSubstr("the data determine 4 of 5")) << constant;
    EXPECT_THAT(refused.reason, ::testing::HasSubstr("input 1 is")) << constant;
    const Bands bands = whole_way(network, with, {.policy = RankPolicy::pseudo_inverse});
    ASSERT_TRUE(bands.ok()) << bands.reason;
    EXPECT_TRUE(all_within_relative(bands.mean.se, expected.mean.se, 1e-5)) << constant;
    EXPECT_TRUE(bands.open.empty()) << constant;
  }
}

TEST(BadData, FewerObservationsThanParametersGiveAReasonOrAnAnswer) {
  const Perceptron large(1, {{6, tanh}, {1, identity}});
  for (const Index n : {2, 3, 10, 19}) {
    const Dataset data = step_data(n);
    const testing::Linearised at = testing::linearised(large, fit(large, data, {.n_starts = 2}).theta, data);
    for (const CovarianceInfo& kind : covariance_table())
      for (const RankPolicyInfo& policy : rank_policy_table()) {
        SCOPED_TRACE(std::string(kind.name) + ", " + std::string(policy.name));
        const Covariance cov = covariance(at, {.kind = kind.kind, .policy = policy.policy});
        expect_answer_or_reason(testing::bands_at(at, cov, data.X));
      }
    const Vector decay = equal_decay(large, 0.1, DecayOf::weights_and_biases);
    for (const CovarianceKind kind : {CovarianceKind::ridge, CovarianceKind::laplace}) {
      const Bands bands = whole_way(large, data, {.kind = kind, .dof_rule = DofRule::n_minus_trace}, decay);
      // of two observations 1.9 are taken up
      EXPECT_EQ(bands.ok(), n > 2) << bands.reason;
      expect_answer_or_reason(bands);
    }
  }
}

TEST(BadData, RepeatedRowsAndWildScalesGiveAnswers) {
  const Perceptron network(1, {{1, tanh}, {1, identity}});
  std::vector<Index> rows;
  for (Index n = 0; n < 60; ++n) rows.push_back(n / 2);
  expect_answer_or_reason(whole_way(network, step_data().rows(rows)));
  const Bands plain = whole_way(network, step_data());
  for (const double scale : {1e-12, 1e12}) {
    Dataset data = step_data();
    data.X *= scale;
    data.Y /= scale;
    const Bands bands = whole_way(network, data);
    ASSERT_TRUE(bands.ok()) << bands.reason;
    EXPECT_TRUE(all_within_relative(bands.mean.se * scale, plain.mean.se, 1e-8));
  }
}

}  // namespace
}  // namespace jacobench
