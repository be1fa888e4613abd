// What the data leave open is found, said in words, and dealt with by the policy that was chosen.
#include "jacobench/inference/undetermined.hpp"

#include <Eigen/LU>
#include <Eigen/SVD>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/covariance.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::step_data;

// A covariance and the tangent that it is of.
struct Computed {
  testing::Linearised at;
  Covariance cov;

  std::vector<std::string> undetermined() const { return undetermined_in_words(at); }
};

Computed of(const Perceptron& network, const Vector& theta, const Dataset& data,
            RankPolicy policy = RankPolicy::refuse) {
  const testing::Linearised at = testing::linearised(network, theta, data);
  return {at, covariance(at, {.policy = policy})};
}

const Perceptron two_tanh(1, {{2, tanh}, {1, identity}});

TEST(Undetermined, ADuplicateUnitIsNamed) {
  const Computed found = of(two_tanh, Vector{{1.5, 1.5, -0.4, -0.4, 1, 1, 3}}, step_data());
  EXPECT_EQ(found.cov.status(), CovarianceStatus::rank_deficient);
  EXPECT_EQ(found.cov.rank(), 4);
  EXPECT_THAT(found.undetermined(), SizeIs(1));
  EXPECT_THAT(found.undetermined(), Contains("unit 1 of layer 1 duplicates unit 0 of layer 1"));
  EXPECT_THAT(found.cov.reason(), HasSubstr("4 of 7"));
}

TEST(Undetermined, AMirroredUnitIsNamed) {
  const Computed found = of(two_tanh, Vector{{1.5, -1.5, -0.4, 0.4, 1, 2, 3}}, step_data());
  EXPECT_EQ(found.cov.rank(), 4);
  EXPECT_THAT(found.undetermined(),
              ::testing::ElementsAre("unit 1 of layer 1 duplicates the negative of unit 0 of layer 1"));
}

TEST(Undetermined, ADeadUnitIsNamed) {
  const Perceptron two_relu(1, {{2, relu}, {1, identity}});
  const Computed found = of(two_relu, Vector{{1, 1, 3, -9, 1, 1, 0}}, step_data());
  EXPECT_THAT(found.undetermined(), Contains(HasSubstr("unit 1 of layer 1 is dead")));
  EXPECT_THAT(found.undetermined(),
              Contains(HasSubstr("scale trade-off between layer 1 and layer 2 at unit 0")));
}

TEST(Undetermined, ALeakyUnitTradesScale) {
  const Perceptron network(1, {{1, leaky_relu}, {1, identity}});
  const Computed found = of(network, Vector{{1, 0.5, 2, 3}}, step_data());
  EXPECT_THAT(found.undetermined(),
              ::testing::ElementsAre("scale trade-off between layer 1 and layer 2 at unit 0"));
}

TEST(Undetermined, ASaturatedUnitIsNamed) {
  const Computed found = of(two_tanh, Vector{{1.5, 0.1, -0.4, 40, 1, 1, 3}}, step_data());
  EXPECT_THAT(
      found.undetermined(),
      Contains(HasSubstr(
          "unit 1 of layer 1 is constant over the data: its weights trade with the biases of layer 2")));
}

TEST(Undetermined, AUnitThatStepsBetweenTwoObservationsIsNamed) {
  Dataset data = step_data(20);
  data.X.col(0) = Vector::LinSpaced(20, -1, 1);
  // 2000 (x - 0.05): at the two observations next to 0.05, 10 -> saturated from the second on
  const Computed found = of(two_tanh, Vector{{1.5, 300, -0.4, -18, 1, 1, 3}}, data);
  EXPECT_THAT(found.undetermined(),
              Contains(HasSubstr("unit 1 of layer 1 is saturated at all but 1 observations")));
}

TEST(Undetermined, LinearHiddenUnitsTradeScaleAndMix) {
  const Perceptron network(1, {{2, identity}, {1, identity}});
  const Computed found = of(network, Vector{{1, -2, 0.5, 0.3, 0.7, 0.2, 3}}, step_data());
  EXPECT_EQ(found.cov.rank(), 2);
  EXPECT_THAT(found.undetermined(), Contains(HasSubstr("scale trade-off between layer 1 and layer 2")));
  EXPECT_THAT(found.undetermined(), Contains(HasSubstr("linear and can be mixed")));
}

TEST(Undetermined, AConstantInputAndARepeatedInputAreNamed) {
  Dataset data = step_data();
  data.X.conservativeResize(Eigen::NoChange, 3);
  data.X.col(1).setConstant(7);
  data.X.col(2) = data.X.col(0);
  const Perceptron network(3, {{1, tanh}, {1, identity}});
  const Computed found = of(network, Vector{{1, 0.01, 0.5, -0.4, 2, 3}}, data);
  EXPECT_EQ(found.cov.rank(), 4);
  EXPECT_THAT(found.undetermined(), Contains(HasSubstr("input 1 is constant over the data")));
  EXPECT_THAT(found.undetermined(), Contains("input 2 duplicates input 0"));
}

TEST(Undetermined, DependentInputsAreNamed) {
  Dataset data = step_data();
  data.X.conservativeResize(Eigen::NoChange, 3);
  data.X.col(1) = data.X.col(0).array().square();
  data.X.col(2) = 2 * data.X.col(0) - data.X.col(1);
  const Perceptron network(3, {{1, identity}});
  const Computed found = of(network, Vector{{1, 0.01, 0.5, -0.4}}, data);
  EXPECT_THAT(found.undetermined(), SizeIs(1));
  EXPECT_THAT(found.undetermined()[0],
              HasSubstr("the 4 weights into unit 0 of layer 1 cannot be told apart"));
}

TEST(Undetermined, TheBiasOfAnExponentialTradesScaleWithTheWeightAboveIt) {
  const Perceptron network(1, {{1, exp}, {1, identity}});
  const Computed found = of(network, Vector{{0.7, 0.3, 2, 1}}, step_data());
  EXPECT_EQ(found.cov.rank(), 3);
  EXPECT_THAT(found.undetermined(),
              ::testing::ElementsAre("scale trade-off between the bias of unit 0 of layer 1 and layer 2"));
}

// Four different inputs determine four directions of seven.
TEST(Undetermined, WhatHasNoNameIsGivenByItsEntries) {
  Dataset data = step_data(20);
  for (Index n = 0; n < 20; ++n) data.X(n, 0) = static_cast<double>(n % 4);
  const Computed found = of(two_tanh, Vector{{1, -0.7, 0.2, 0.5, 1.1, 2, 0.3}}, data);
  EXPECT_EQ(found.cov.rank(), 4);
  EXPECT_THAT(found.undetermined(), SizeIs(3));
  EXPECT_THAT(found.undetermined(), ::testing::Each(HasSubstr("a combination led by")));
  EXPECT_THAT(found.undetermined()[0], ::testing::ContainsRegex("[wb][12].[01]"));
  EXPECT_THAT(found.undetermined(), Contains(HasSubstr(", ")));
}

// The function is that of one unit, and so must its standard errors be where they are determined.
TEST(RankPolicy, PseudoInverseGivesWhatTheReducedNetworkGives) {
  const testing::Fitted& one = testing::fitted_step();
  const Vector& t = one.theta;
  const Vector doubled{{t[0], t[0], t[1], t[1], 0.5 * t[2], 0.5 * t[2], t[3]}};
  const auto [at, cov] = of(two_tanh, doubled, one.data, RankPolicy::pseudo_inverse);
  const RankReport report = at->of_data().report();
  ASSERT_TRUE(cov.ok()) << cov.reason();
  EXPECT_EQ(cov.dof(), 26);
  const Matrix X0 = Vector::LinSpaced(5, -2, 2);
  const Matrix G = testing::gradients_at(two_tanh, doubled, X0);
  EXPECT_TRUE(testing::all_at_most(report.undetermined_share(G), 1e-12));
  const Vector expected = covariance(one.at).standard_errors(testing::gradients_at(one.network, t, X0));
  EXPECT_TRUE(testing::all_within_relative(cov.standard_errors(G), expected, 1e-10));
  // one of the two output weights alone is not determined
  EXPECT_GT(report.undetermined_share(Matrix::Identity(7, 7))[4], 0.1);
  // a ridge of 10^-6 of the singular values moves this by about its square over theirs
  const auto [ridged_at, ridged] = of(two_tanh, doubled, one.data, RankPolicy::ridge);
  ASSERT_TRUE(ridged.ok()) << ridged.reason();
  EXPECT_TRUE(testing::all_within_relative(ridged.standard_errors(G), expected, 1e-6));
}

// K = (ridge C times the largest singular value of J C^-1)^2, where the rank is not full and nowhere else.
TEST(RankPolicy, RidgeIsThatOfItsFormula) {
  const Vector theta{{1.5, 1.5, -0.4, -0.4, 1, 1, 3}};
  const testing::Linearised at = testing::linearised(two_tanh, theta, step_data());
  const Vector C = at->J().colwise().norm();
  const double largest =
      Eigen::JacobiSVD<Matrix>(at->J() * C.cwiseInverse().asDiagonal()).singularValues()[0];
  const Matrix K = (0.1 * largest * C).cwiseAbs2().asDiagonal(), JtJ = at->J().transpose() * at->J();
  const Matrix inverse = (JtJ + K).inverse();
  const Covariance cov = covariance(at, {.policy = RankPolicy::ridge, .ridge = 0.1});
  EXPECT_EQ(cov.dof(), 26);
  EXPECT_TRUE(testing::all_within_relative(cov.of_parameters(),
                                           cov.sigma() * cov.sigma() * inverse * JtJ * inverse, 1e-10));
  const testing::Linearised& full = testing::fitted_step().at;
  EXPECT_EQ(covariance(full, {.policy = RankPolicy::ridge, .ridge = 0.1}).of_parameters(),
            covariance(full).of_parameters());
}

TEST(RankPolicy, WhatDataAndDecayTogetherLeaveOpenIsRefused) {
  const Perceptron two_relu(1, {{2, relu}, {1, identity}});
  // the bias of the dead unit has neither data nor decay
  const Vector decay = equal_decay(two_relu, 0.5, DecayOf::weights);
  const testing::Linearised at =
      testing::linearised(two_relu, Vector{{1, 1, 0.5, -9, 1, 1, 0}}, step_data(), decay);
  const Covariance cov = covariance(at, {.kind = CovarianceKind::ridge});
  EXPECT_EQ(cov.status(), CovarianceStatus::rank_deficient);
  EXPECT_THAT(cov.reason(), HasSubstr("data and decay together determine 6 of 7"));
}

// Of two observations a decayed fit takes up 1.9: less than half an observation is none, for hc1 too.
TEST(RankPolicy, Hc1NeedsHalfAnObservation) {
  const Perceptron large(1, {{6, tanh}, {1, identity}});
  const Dataset data = step_data(2);
  const Vector decay = equal_decay(large, 0.1, DecayOf::weights_and_biases);
  const testing::Linearised at =
      testing::linearised(large, fit(large, data, {.n_starts = 2, .decay = decay}).theta, data, decay);
  const auto status = [&](CovarianceKind kind) {
    return covariance(at, {.kind = kind, .dof_rule = DofRule::known_sigma, .known_sigma = 1}).status();
  };
  EXPECT_EQ(status(CovarianceKind::hc0), CovarianceStatus::ok);
  EXPECT_EQ(status(CovarianceKind::hc1), CovarianceStatus::no_degrees_of_freedom);
}

TEST(RankPolicy, OneDegreeOfFreedomIsEnoughAndNoneIsNot) {
  const Perceptron& network = testing::fitted_step().network;
  const Vector& theta = testing::fitted_step().theta;
  const Computed one = of(network, theta, step_data(5));
  EXPECT_TRUE(one.cov.ok());
  EXPECT_EQ(one.cov.dof(), 1);
  const Computed none = of(network, theta, step_data(4));
  EXPECT_EQ(none.cov.status(), CovarianceStatus::no_degrees_of_freedom);
  EXPECT_THAT(none.cov.reason(), HasSubstr("4 observed values and 4 taken up"));
  // as many parameters as observations, of which two are the same
  EXPECT_EQ(of(network, theta, step_data(4).rows({0, 0, 1, 2})).cov.status(),
            CovarianceStatus::rank_deficient);
}

// Of so few observations a penalty on all parameters is taken by the dual route, of twice as many by that of the rows.
TEST(RankPolicy, MoreParametersThanObservationsHaveANamedStatus) {
  const Perceptron large(1, {{6, tanh}, {1, identity}});
  RandomStream stream(1, 1, 1, RandomPurpose::parameters);
  const Vector theta = draw_parameters(large, 1, stream);
  for (const Index n : {10, 5}) {
    SCOPED_TRACE(n);
    const Dataset data = step_data(n);
    const testing::Linearised bare = testing::linearised(large, theta, data);
    const auto status = [&](const CovarianceOptions& options) { return covariance(bare, options).status(); };
    EXPECT_EQ(status({}), CovarianceStatus::more_parameters_than_observations);
    EXPECT_THAT(undetermined_in_words(bare),
                Contains(HasSubstr(fmt::format(
                    "19 parameters for {} observed values leave at least {} directions open", n, 19 - n))));
    EXPECT_EQ(status({.policy = RankPolicy::pseudo_inverse}), CovarianceStatus::no_degrees_of_freedom);
    EXPECT_EQ(status({.kind = CovarianceKind::ridge}), CovarianceStatus::no_decay);

    Vector decay = Vector::Constant(19, 0.1);
    const testing::Linearised at = testing::linearised(large, theta, data, decay);
    EXPECT_EQ(at->with_decay().is_dual(), n == 5);
    const Matrix G = testing::gradients_at(large, theta, Vector::LinSpaced(5, -2, 2));
    const Matrix JtJ = at->J().transpose() * at->J();
    const Matrix inverse = (JtJ + Matrix(decay.asDiagonal())).inverse();
    const auto V = [&](const testing::Linearised& decayed, CovarianceKind kind) {
      return covariance(decayed, {.kind = kind, .dof_rule = DofRule::known_sigma, .known_sigma = 2}).of(G);
    };
    EXPECT_TRUE(
        testing::all_within_relative(V(at, CovarianceKind::laplace), 4 * G * inverse * G.transpose(), 1e-9));
    EXPECT_TRUE(testing::all_within_relative(V(at, CovarianceKind::ridge),
                                             4 * G * inverse * JtJ * inverse * G.transpose(), 1e-9));
    const Covariance effective =
        covariance(at, {.kind = CovarianceKind::ridge, .dof_rule = DofRule::n_minus_trace});
    EXPECT_TRUE(effective.ok()) << effective.reason();
    EXPECT_NEAR(effective.trace_h(), (inverse * JtJ).trace(), 1e-9);
    // and with one bias left out of the decay
    decay[18] = 0;
    const testing::Linearised without_one = testing::linearised(large, theta, data, decay);
    EXPECT_EQ(without_one->with_decay().is_dual(), n == 5);
    const Matrix partly = (JtJ + Matrix(decay.asDiagonal())).inverse();
    EXPECT_TRUE(testing::all_within_relative(V(without_one, CovarianceKind::laplace),
                                             4 * G * partly * G.transpose(), 1e-9));
  }
}

TEST(Covariance, OptionsThatDoNotBelongTogetherAreRefused) {
  const testing::Linearised& at = testing::fitted_step().at;
  EXPECT_THROW(covariance(at, {.dof_rule = DofRule::known_sigma}), InputError);
  EXPECT_THROW(covariance(at, {.known_sigma = 1}), InputError);
  EXPECT_THROW(covariance(at, {.dof_rule = DofRule::known_sigma, .known_sigma = -1}), InputError);
  EXPECT_THROW(covariance(at, {.ridge = 0}), InputError);
  const testing::Fitted& step = testing::fitted_step();
  EXPECT_THROW(testing::linearised(step.network, step.theta, step.data, Vector{{1, -1, 1, 1}}), InputError);
  EXPECT_THROW(find_by_name(covariance_table(), "best", "covariance"), InputError);
  for (const CovarianceInfo& row : covariance_table())
    EXPECT_EQ(find_by_name(covariance_table(), row.name, "covariance").kind, row.kind);
}

// An observation far out has leverage 1 to the bit: HC2 and HC3 say so.
TEST(Covariance, ALeverageOfOneIsAnOutcome) {
  const testing::Linearised& at = testing::fitted_leverage_of_one().at;
  const Covariance hc3 = covariance(at, {.kind = CovarianceKind::hc3});
  EXPECT_EQ(hc3.status(), CovarianceStatus::leverage_of_one);
  EXPECT_THAT(hc3.reason(), HasSubstr("observation 4"));
  EXPECT_TRUE(covariance(at, {.kind = CovarianceKind::hc1}).ok());
}

// Where a ridge of K stands in for open directions the delta method is the sampling variance of the ridged estimator,
// s^2 (J'J + K)^-1 J'J (J'J + K)^-1, and not the larger s^2 (J'J + K)^-1. The inverse has a condition of some 1e6.
TEST(Covariance, OfAnAddedRidgeIsTheVarianceOfTheRidgedEstimator) {
  const testing::Linearised at =
      testing::linearised(two_tanh, Vector{{1.5, 1.5, -0.4, -0.4, 1, 1, 3}}, testing::step_data());
  const double ridge = 1e-3;
  const Covariance cov = covariance(
      at, {.policy = RankPolicy::ridge, .ridge = ridge, .dof_rule = DofRule::known_sigma, .known_sigma = 2});
  ASSERT_TRUE(cov.ok() && cov.has_added_ridge());
  const RankReport report = at->of_data().report();
  const Matrix K = (ridge * report.largest * report.column_norms).cwiseAbs2().asDiagonal();
  const Matrix JtJ = at->J().transpose() * at->J(), inverse = (JtJ + K).inverse();
  const Matrix G = testing::gradients_at(two_tanh, at->theta(), Vector::LinSpaced(5, -2, 2));
  EXPECT_TRUE(testing::all_within_relative(cov.of(G), 4 * G * inverse * JtJ * inverse * G.transpose(), 1e-6));
}

}  // namespace
}  // namespace jacobench
