// Intervals for the function, an observation and the parameters, one by one and all at once.
#include "jacobench/inference/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/quantiles.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::all_within;
using testing::all_within_relative;
using testing::Fitted;
using testing::fitted_linear;
using testing::fitted_step;

const Matrix points = Vector::LinSpaced(7, -2.2, 2.2);

Bands step_bands(const IntervalOptions& options = {}) {
  const Fitted& fitted = fitted_step();
  return bands_at(fitted.at, covariance(fitted.at), points, options);
}

// ---- quantiles, against printed tables (Abramowitz and Stegun 26.10, 26.9; Graybill 1976)

TEST(Quantiles, AreThoseOfTheTables) {
  EXPECT_NEAR(t_quantile(0.975, 10), 2.228138852, 1e-9);
  EXPECT_NEAR(t_quantile(0.975, INFINITY), 1.959963985, 1e-9);
  EXPECT_NEAR(scheffe_multiplier(0.95, 2, 10), std::sqrt(2 * 4.102821015), 1e-8);
  EXPECT_NEAR(scheffe_multiplier(0.95, 2, INFINITY), std::sqrt(5.991464547), 1e-9);
  EXPECT_EQ(scheffe_multiplier(0.95, 0, 10), 0);
  // one direction is one interval
  EXPECT_NEAR(scheffe_multiplier(0.95, 1, 10), t_quantile(0.975, 10), 1e-12);
}

TEST(SupT, OfOneIntervalIsTheTQuantile) {
  const JointError one{Matrix::Constant(1, 1, 3), Vector::Zero(1)};
  for (const Sides sides : {Sides::both, Sides::lower}) {
    const Multiplier q = sup_t_multiplier(one, 7, {.sides = sides, .n_simulations = 40000});
    EXPECT_NEAR(q.value, t_quantile(sides == Sides::both ? 0.975 : 0.95, 7), 4 * q.simulation_error);
    EXPECT_LT(q.simulation_error, 0.03);
  }
}

// From the draws themselves: of 1000 the 900th, and half the distance of those a binomial deviation, 9.49, to either side.
TEST(SupT, IsAnOrderStatisticOfItsDraws) {
  const JointError one{Matrix::Constant(1, 1, 3), Vector::Zero(1)};
  const Multiplier q = sup_t_multiplier(one, INFINITY, {.level = 0.9, .n_simulations = 1000});
  std::vector<double> draws;
  for (std::uint32_t s = 0; s < 1000; ++s)
    draws.push_back(std::abs(RandomStream(1, 0, s, RandomPurpose::simulation).normal()));
  std::sort(draws.begin(), draws.end());
  EXPECT_NEAR(q.value, draws[899], 1e-14);
  EXPECT_NEAR(q.simulation_error, (draws[909] - draws[890]) / 2, 1e-14);
  // an estimate without error has no part in it
  const JointError with_a_constant{Matrix{{0}, {3}}, Vector::Zero(2)};
  EXPECT_EQ(sup_t_multiplier(with_a_constant, INFINITY, {.level = 0.9, .n_simulations = 1000}).value,
            q.value);
}

// max |z_i| of m independent normals: (2 Phi(q) - 1)^m = level
TEST(SupT, OfIndependentIntervalsIsSidaks) {
  const JointError five{Matrix::Identity(5, 5), Vector::Zero(5)};
  const Multiplier q = sup_t_multiplier(five, INFINITY, {.n_simulations = 40000});
  EXPECT_NEAR(q.value, t_quantile((1 + std::pow(0.95, 0.2)) / 2, INFINITY), 4 * q.simulation_error);
  const JointError own{Matrix::Zero(5, 1), Vector::Constant(5, 9)};
  EXPECT_NEAR(sup_t_multiplier(own, INFINITY, {.n_simulations = 40000}).value, q.value,
              6 * q.simulation_error);
}

// ---- bands

TEST(Bands, AreTheFormula) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Bands bands = step_bands({.level = 0.9});
  const Matrix G = gradients_at(fitted.network, fitted.theta, points);
  const Vector se = (G * cov.of_parameters() * G.transpose()).diagonal().cwiseSqrt();
  const double t = t_quantile(0.95, 26);
  EXPECT_EQ(bands.mean.value, t);
  EXPECT_TRUE(all_within_relative(bands.mean_upper - bands.fit, t * se, 1e-10));
  EXPECT_TRUE(all_within_relative(bands.fit - bands.prediction_lower,
                                  t * (se.array().square() + cov.sigma * cov.sigma).sqrt().matrix(), 1e-10));
}

// Simple linear regression by hand: se^2 = s^2 (1 / n + (x0 - mean)^2 / Sxx), and s^2 more for an observation.
TEST(Bands, OfALineAreThoseOfTheTextbook) {
  const Perceptron line(1, {{1, identity}});
  Dataset data{Matrix(5, 1), Matrix(5, 1), {}, {}};
  data.X << 1, 2, 3, 4, 5;
  data.Y << 1, 3, 2, 5, 4;
  // slope 0.8, intercept 0.6, RSS 3.6, s^2 = 1.2, Sxx = 10
  const Linearisation at = linearise(line, fit(line, data).theta, data);
  const Bands bands = bands_at(at, covariance(at), Matrix::Constant(1, 1, 6));
  EXPECT_NEAR(bands.fit(0, 0), 5.4, 1e-13);
  EXPECT_NEAR(bands.se_mean(0, 0), std::sqrt(1.2 * (0.2 + 0.9)), 1e-13);
  EXPECT_NEAR(bands.se_prediction(0, 0), std::sqrt(1.2 * (1 + 0.2 + 0.9)), 1e-13);
  EXPECT_NEAR(bands.mean.value, 3.182446305, 1e-8);
}

// Negative controls: what is often done wrong is far outside the tolerances above.
TEST(Bands, ControlsAreCaught) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Bands bands = step_bands();
  const double normal_for_t = t_quantile(0.975, INFINITY) / bands.mean.value;
  EXPECT_GT(std::abs(normal_for_t - 1), 0.04);
  const double without_the_one =
      (bands.se_mean.array() / bands.se_prediction.array()).maxCoeff<Eigen::PropagateNaN>();
  EXPECT_LT(without_the_one, 0.8);
  const double rss_over_n = std::sqrt(fitted.at.rss() / 30) / cov.sigma;
  EXPECT_GT(std::abs(rss_over_n - 1), 0.05);
}

TEST(Bands, OneSidedOnesPutAllOfAlphaOnOneSide) {
  const Bands lower = step_bands({.sides = Sides::lower}), upper = step_bands({.sides = Sides::upper});
  EXPECT_EQ(lower.mean.value, t_quantile(0.95, 26));
  EXPECT_TRUE((lower.mean_upper.array() == INFINITY).all());
  EXPECT_TRUE((upper.prediction_lower.array() == -INFINITY).all());
  EXPECT_TRUE(all_within(lower.mean_lower + upper.mean_upper, 2 * lower.fit, 1e-14));
}

TEST(Bands, SimultaneousOnesAreOrdered) {
  const auto q = [](Simultaneous method) { return step_bands({.simultaneous = method}); };
  const Bands none = q(Simultaneous::none), sup_t = q(Simultaneous::sup_t),
              bonferroni = q(Simultaneous::bonferroni), scheffe = q(Simultaneous::scheffe);
  EXPECT_EQ(bonferroni.mean.value, t_quantile(1 - 0.025 / 7, 26));
  EXPECT_EQ(scheffe.mean.value, scheffe_multiplier(0.95, 4, 26));
  EXPECT_EQ(scheffe.prediction.value, scheffe_multiplier(0.95, 7, 26));
  EXPECT_TRUE(
      all_within_relative((scheffe.prediction_upper - scheffe.fit).cwiseQuotient(scheffe.se_prediction),
                          Matrix::Constant(7, 1, scheffe.prediction.value), 1e-13));
  EXPECT_LT(none.mean.value, sup_t.mean.value);
  EXPECT_LT(sup_t.mean.value, std::min(bonferroni.mean.value, scheffe.mean.value));
  EXPECT_GT(sup_t.mean.simulation_error, 0);
  EXPECT_EQ(sup_t.mean.value, q(Simultaneous::sup_t).mean.value);
}

TEST(Bands, ScaleAndShiftWithTheOutput) {
  const Fitted& fitted = fitted_step();
  Dataset other = fitted.data;
  other.Y = other.Y.array() * -50 + 7;
  const Linearisation at = linearise(fitted.network, fit(fitted.network, other).theta, other);
  const Bands bands = bands_at(at, covariance(at), points), plain = step_bands();
  EXPECT_TRUE(all_within_relative(bands.se_mean, 50 * plain.se_mean, 1e-9));
  EXPECT_TRUE(all_within_relative(bands.fit, plain.fit * -50 + Matrix::Constant(7, 1, 7), 1e-10));
}

TEST(Bands, NoiseOnTheInputsAddsItsVariance) {
  const Fitted& fitted = fitted_linear();
  Matrix Sx(2, 2);
  Sx << 0.5, 0.1, 0.1, 0.3;
  const Matrix X0 = Matrix::Constant(1, 2, 1);
  const Covariance cov = covariance(fitted.at);
  const Bands noisy = bands_at(fitted.at, cov, X0, {.input_noise = Sx});
  const double with = noisy.se_mean(0, 0);
  const double without = bands_at(fitted.at, cov, X0).se_mean(0, 0);
  const Eigen::Vector2d slope = fitted.theta.head(2);
  EXPECT_NEAR(with * with - without * without, slope.dot(Sx * slope), 1e-11);
  EXPECT_NEAR(std::pow(noisy.se_prediction(0, 0), 2) - with * with, cov.sigma * cov.sigma, 1e-11);
}

TEST(Bands, ANewObservationOfMoreWeightHasLessNoise) {
  const Bands usual = step_bands(), precise = step_bands({.new_weight = 4});
  const Matrix difference = usual.se_prediction.cwiseAbs2() - precise.se_prediction.cwiseAbs2();
  const double sigma = covariance(fitted_step().at).sigma;
  EXPECT_TRUE(all_within(difference, Matrix::Constant(7, 1, 0.75 * sigma * sigma), 1e-14));
}

TEST(Bands, SeveralOutputsHaveAJointCovariance) {
  const Perceptron network(1, {{1, tanh}, {2, identity}});
  Dataset data = testing::step_data();
  data.Y.conservativeResize(Eigen::NoChange, 2);
  data.Y.col(1) = -3 * data.Y.col(0) + testing::step_data(30, 9).Y.col(0) * 0.01;
  data.output_scales = Vector{{1.0, 3.0}};
  const Linearisation at = linearise(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at);
  const Matrix joint = joint_covariance(at, cov, points.row(2));
  const Bands bands = bands_at(at, cov, points);
  EXPECT_NEAR(joint(0, 0), std::pow(bands.se_mean(2, 0), 2), 1e-15);
  EXPECT_NEAR(joint(1, 1), std::pow(bands.se_mean(2, 1), 2), 1e-14);
  EXPECT_NEAR(std::pow(bands.se_prediction(2, 1), 2) - joint(1, 1), 9 * cov.sigma * cov.sigma, 1e-14);
  EXPECT_NEAR(std::pow(bands.se_prediction(2, 0), 2) - joint(0, 0), cov.sigma * cov.sigma, 1e-15);
  // the intervals of a call are those of all its points and outputs
  const auto multipliers = [&](Simultaneous method) {
    return bands_at(at, cov, points, {.simultaneous = method});
  };
  EXPECT_EQ(multipliers(Simultaneous::bonferroni).mean.value, t_quantile(1 - 0.025 / 14, cov.dof));
  EXPECT_EQ(multipliers(Simultaneous::scheffe).prediction.value, scheffe_multiplier(0.95, 14, cov.dof));
  const Matrix noise = residual_covariance(at, cov);
  EXPECT_LT(noise(0, 1), 0);
  EXPECT_NEAR(noise(0, 0) + noise(1, 1) / 9, 2 * cov.sigma * cov.sigma, 1e-10);
}

TEST(Bands, WithoutACovarianceTheyHaveItsReason) {
  const Perceptron two_tanh(1, {{2, tanh}, {1, identity}});
  const Linearisation at = linearise(two_tanh, Vector{{1.5, 1.5, -0.4, -0.4, 1, 1, 3}}, testing::step_data());
  const Bands refused = bands_at(at, covariance(at), points);
  EXPECT_EQ(refused.status, CovarianceStatus::rank_deficient);
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("duplicates"));
  EXPECT_EQ(refused.fit.rows(), 7);
  EXPECT_EQ(refused.mean_lower.size(), 0);
}

// Beyond the data, where a second input begins to matter that was always zero, f is not determined.
TEST(Bands, APointThatTheDataDoNotDetermineHasAReason) {
  Dataset data = testing::step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  data.X.col(1).setZero();
  const Perceptron network(2, {{1, tanh}, {1, identity}});
  const Linearisation at = linearise(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  Matrix X0(2, 2);
  X0 << 0.5, 0, 0.5, 1;
  const Bands bands = bands_at(at, cov, X0);
  ASSERT_TRUE(bands.ok());
  EXPECT_EQ(bands.undetermined[0], "");
  EXPECT_THAT(bands.undetermined[1], ::testing::HasSubstr("do not determine f here"));
  const std::vector<ParameterInterval> parameters = parameter_intervals(at, cov);
  EXPECT_EQ(parameters[1].name, "w1[0,1]");
  EXPECT_FALSE(parameters[1].se.has_value());
  EXPECT_TRUE(parameters[0].se.has_value());
}

// The same of two outputs: a point has one reason, whichever output it is of.
TEST(Bands, APointOfSeveralOutputsHasItsOwnReason) {
  Dataset data = testing::step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  data.X.col(1).setZero();
  data.Y = data.Y.replicate(1, 2).eval();
  data.Y.col(1).array() += data.X.col(0).array().square();
  const Perceptron network(2, {{1, tanh}, {2, identity}});
  const Linearisation at = linearise(network, fit(network, data).theta, data);
  Matrix X0(3, 2);
  X0 << 0.5, 1, 0.5, 0, 0.1, 0;
  const CovarianceOptions options{.policy = RankPolicy::pseudo_inverse};
  const Bands bands = bands_at(at, covariance(at, options), X0);
  EXPECT_NE(bands.undetermined[0], "");
  EXPECT_EQ(bands.undetermined[1], "");
  EXPECT_EQ(bands.undetermined[2], "");
  // directions of the estimate, for Scheffe: 6 of 7 parameters
  const Bands scheffe = bands_at(at, covariance(at, options), X0, {.simultaneous = Simultaneous::scheffe});
  EXPECT_EQ(scheffe.mean.value, scheffe_multiplier(0.95, 6, 54));
}

// A decay determines what the data do not, for the kinds that have it, and only for these.
TEST(Bands, WhereTheDecayDeterminesFThereIsNoReason) {
  Dataset data = testing::step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  data.X.col(1).setZero();
  const Perceptron network(2, {{1, tanh}, {1, identity}});
  const Vector decay = equal_decay(network, 0.1, DecayOf::weights);
  const Linearisation at = linearise(network, fit(network, data, {.decay = decay}).theta, data, decay);
  const Matrix X0{{0.5, 1}};
  const Covariance laplace = covariance(at, {.kind = CovarianceKind::laplace});
  EXPECT_EQ(bands_at(at, laplace, X0).undetermined[0], "");
  EXPECT_TRUE(parameter_intervals(at, laplace)[1].se.has_value());
  const Covariance delta = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  EXPECT_NE(bands_at(at, delta, X0).undetermined[0], "");
  EXPECT_FALSE(parameter_intervals(at, delta)[1].se.has_value());
}

TEST(Bands, OfAKnownSigmaAreNormal) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at, {.dof_rule = DofRule::known_sigma, .known_sigma = 0.1});
  const auto q = [&](Simultaneous method) {
    return bands_at(fitted.at, cov, points, {.simultaneous = method}).mean.value;
  };
  EXPECT_NEAR(q(Simultaneous::none), 1.959963985, 1e-9);
  EXPECT_EQ(q(Simultaneous::scheffe), scheffe_multiplier(0.95, 4, INFINITY));
  const ParameterInterval first = parameter_intervals(fitted.at, cov)[0];
  EXPECT_NEAR((*first.upper - first.estimate) / *first.se, 1.959963985, 1e-9);
}

TEST(ParameterIntervals, AreEstimateAndTTimesStandardError) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const ParameterInterval bias = parameter_intervals(fitted.at, cov, 0.99)[2];
  EXPECT_EQ(bias.name, "b1[0]");
  EXPECT_EQ(bias.estimate, fitted.theta[2]);
  EXPECT_NEAR(*bias.upper, fitted.theta[2] + t_quantile(0.995, 22) * *bias.se, 1e-14);
  EXPECT_NEAR(*bias.lower, fitted.theta[2] - t_quantile(0.995, 22) * *bias.se, 1e-14);
}

TEST(Bands, OptionsThatMakeNoSenseAreRefused) {
  const auto refuses = [](const IntervalOptions& options) { EXPECT_THROW(step_bands(options), InputError); };
  refuses({.level = 0});
  refuses({.level = 1});
  refuses({.new_weight = 0});
  refuses({.new_weight = INFINITY});
  refuses({.sides = Sides::lower, .simultaneous = Simultaneous::scheffe});
  refuses({.simultaneous = Simultaneous::sup_t, .n_simulations = 10});
  refuses({.input_noise = Matrix::Constant(1, 1, -1)});
  refuses({.input_noise = Matrix::Identity(2, 2)});
  const Linearisation& two_inputs = fitted_linear().at;
  const Matrix not_symmetric{{2, 0.5}, {0.1, 2}};
  EXPECT_THROW(
      bands_at(two_inputs, covariance(two_inputs), Matrix::Zero(1, 2), {.input_noise = not_symmetric}),
      InputError);
  const Fitted& fitted = fitted_step();
  EXPECT_THROW(bands_at(fitted.at, covariance(fitted.at), Matrix::Zero(1, 2)), InputError);
  EXPECT_THROW(bands_at(fitted.at, covariance(fitted.at), Matrix::Constant(1, 1, INFINITY)), InputError);
  EXPECT_THROW(simultaneous_from_name("best"), InputError);
}

}  // namespace
}  // namespace jacobench
