// Intervals for the function, an observation and the parameters, one by one and all at once.
#include "jacobench/inference/intervals.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/multipliers.hpp"

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

Bands step_bands(const BandOptions& options = {}) {
  const Fitted& fitted = fitted_step();
  return testing::bands_at(fitted.at, covariance(fitted.at), points, options);
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
    const Multiplier q = sup_t_multiplier(one, sides, 0.95, 7, 40000, 1);
    EXPECT_NEAR(q.value, t_quantile(sides == Sides::both ? 0.975 : 0.95, 7), 4 * q.simulation_error);
    EXPECT_LT(q.simulation_error, 0.03);
  }
}

// From the draws themselves: of 1000 the 900th, and half the distance of those a binomial deviation, 9.49, to either
// side.
TEST(SupT, IsAnOrderStatisticOfItsDraws) {
  const JointError one{Matrix::Constant(1, 1, 3), Vector::Zero(1)};
  const Multiplier q = sup_t_multiplier(one, Sides::both, 0.9, INFINITY, 1000, 1);
  std::vector<double> draws;
  for (std::uint32_t s = 0; s < 1000; ++s)
    draws.push_back(std::abs(RandomStream(1, 0, s, RandomPurpose::simulation).normal()));
  std::sort(draws.begin(), draws.end());
  EXPECT_NEAR(q.value, draws[899], 1e-14);
  EXPECT_NEAR(q.simulation_error, (draws[909] - draws[890]) / 2, 1e-14);
  // an estimate without error has no part in it
  const JointError with_a_constant{Matrix{{0}, {3}}, Vector::Zero(2)};
  EXPECT_EQ(sup_t_multiplier(with_a_constant, Sides::both, 0.9, INFINITY, 1000, 1).value, q.value);
}

// max |z_i| of m independent normals: (2 Phi(q) - 1)^m = level
TEST(SupT, OfIndependentIntervalsIsSidaks) {
  const JointError five{Matrix::Identity(5, 5), Vector::Zero(5)};
  const Multiplier q = sup_t_multiplier(five, Sides::both, 0.95, INFINITY, 40000, 1);
  EXPECT_NEAR(q.value, t_quantile((1 + std::pow(0.95, 0.2)) / 2, INFINITY), 4 * q.simulation_error);
  const JointError own{Matrix::Zero(5, 1), Vector::Constant(5, 9)};
  EXPECT_NEAR(sup_t_multiplier(own, Sides::both, 0.95, INFINITY, 40000, 1).value, q.value,
              6 * q.simulation_error);
}

// ---- bands

TEST(Bands, AreTheFormula) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Bands bands = step_bands({.level = 0.9});
  const Matrix G = testing::gradients_at(fitted.network, fitted.theta, points);
  const Vector se = (G * cov.of_parameters() * G.transpose()).diagonal().cwiseSqrt();
  const double t = t_quantile(0.95, 26);
  EXPECT_EQ(bands.mean.multiplier.value, t);
  EXPECT_TRUE(all_within_relative(bands.mean.upper - bands.fit, t * se, 1e-10));
  EXPECT_TRUE(all_within_relative(bands.fit - bands.prediction.lower,
                                  t * (se.array().square() + cov.sigma() * cov.sigma()).sqrt().matrix(),
                                  1e-10));
}

// Simple linear regression by hand: se^2 = s^2 (1 / n + (x0 - mean)^2 / Sxx), and s^2 more for an observation.
TEST(Bands, OfALineAreThoseOfTheTextbook) {
  const Perceptron line(1, {{1, identity}});
  Dataset data{Matrix(5, 1), Matrix(5, 1), {}, {}};
  data.X << 1, 2, 3, 4, 5;
  data.Y << 1, 3, 2, 5, 4;
  // slope 0.8, intercept 0.6, RSS 3.6, s^2 = 1.2, Sxx = 10
  const testing::Linearised at = testing::linearised(line, fit(line, data).theta, data);
  const Bands bands = testing::bands_at(at, covariance(at), Matrix::Constant(1, 1, 6));
  EXPECT_NEAR(bands.fit(0, 0), 5.4, 1e-13);
  EXPECT_NEAR(bands.mean.se(0, 0), std::sqrt(1.2 * (0.2 + 0.9)), 1e-13);
  EXPECT_NEAR(bands.prediction.se(0, 0), std::sqrt(1.2 * (1 + 0.2 + 0.9)), 1e-13);
  EXPECT_NEAR(bands.mean.multiplier.value, 3.182446305, 1e-8);
}

// Negative controls: what is often done wrong is far outside the tolerances above.
TEST(Bands, ControlsAreCaught) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at);
  const Bands bands = step_bands();
  const double normal_for_t = t_quantile(0.975, INFINITY) / bands.mean.multiplier.value;
  EXPECT_GT(std::abs(normal_for_t - 1), 0.04);
  const double without_the_one =
      (bands.mean.se.array() / bands.prediction.se.array()).maxCoeff<Eigen::PropagateNaN>();
  EXPECT_LT(without_the_one, 0.8);
  const double rss_over_n = std::sqrt(fitted.at->rss() / 30) / cov.sigma();
  EXPECT_GT(std::abs(rss_over_n - 1), 0.05);
}

TEST(Bands, OneSidedOnesPutAllOfAlphaOnOneSide) {
  const Bands lower = step_bands({.sides = Sides::lower}), upper = step_bands({.sides = Sides::upper});
  EXPECT_EQ(lower.mean.multiplier.value, t_quantile(0.95, 26));
  EXPECT_TRUE((lower.mean.upper.array() == INFINITY).all());
  EXPECT_TRUE((upper.prediction.lower.array() == -INFINITY).all());
  EXPECT_TRUE(all_within(lower.mean.lower + upper.mean.upper, 2 * lower.fit, 1e-14));
}

TEST(Bands, SimultaneousOnesAreOrdered) {
  const auto q = [](Simultaneous method) { return step_bands({.simultaneous = method}); };
  const Bands none = q(Simultaneous::none), sup_t = q(Simultaneous::sup_t),
              bonferroni = q(Simultaneous::bonferroni), scheffe = q(Simultaneous::scheffe);
  EXPECT_EQ(bonferroni.mean.multiplier.value, t_quantile(1 - 0.025 / 7, 26));
  EXPECT_EQ(scheffe.mean.multiplier.value, scheffe_multiplier(0.95, 4, 26));
  EXPECT_EQ(scheffe.prediction.multiplier.value, scheffe_multiplier(0.95, 7, 26));
  EXPECT_TRUE(
      all_within_relative((scheffe.prediction.upper - scheffe.fit).cwiseQuotient(scheffe.prediction.se),
                          Matrix::Constant(7, 1, scheffe.prediction.multiplier.value), 1e-13));
  EXPECT_LT(none.mean.multiplier.value, sup_t.mean.multiplier.value);
  EXPECT_LT(sup_t.mean.multiplier.value,
            std::min(bonferroni.mean.multiplier.value, scheffe.mean.multiplier.value));
  EXPECT_GT(sup_t.mean.multiplier.simulation_error, 0);
  EXPECT_EQ(sup_t.mean.multiplier.value, q(Simultaneous::sup_t).mean.multiplier.value);
}

TEST(Bands, ScaleAndShiftWithTheOutput) {
  const Fitted& fitted = fitted_step();
  Dataset other = fitted.data;
  other.Y = other.Y.array() * -50 + 7;
  const testing::Linearised at = testing::linearised(fitted.network, fit(fitted.network, other).theta, other);
  const Bands bands = testing::bands_at(at, covariance(at), points), plain = step_bands();
  EXPECT_TRUE(all_within_relative(bands.mean.se, 50 * plain.mean.se, 1e-9));
  EXPECT_TRUE(all_within_relative(bands.fit, plain.fit * -50 + Matrix::Constant(7, 1, 7), 1e-10));
}

TEST(Bands, NoiseOnTheInputsAddsItsVariance) {
  const Fitted& fitted = fitted_linear();
  Matrix Sx(2, 2);
  Sx << 0.5, 0.1, 0.1, 0.3;
  const Matrix X0 = Matrix::Constant(1, 2, 1);
  const Covariance cov = covariance(fitted.at);
  const Bands noisy = testing::bands_at(fitted.at, cov, X0, {.how = {.input_noise = Sx}});
  const double with = noisy.mean.se(0, 0);
  const double without = testing::bands_at(fitted.at, cov, X0).mean.se(0, 0);
  const Eigen::Vector2d slope = fitted.theta.head(2);
  EXPECT_NEAR(with * with - without * without, slope.dot(Sx * slope), 1e-11);
  EXPECT_NEAR(std::pow(noisy.prediction.se(0, 0), 2) - with * with, cov.sigma() * cov.sigma(), 1e-11);
}

TEST(Bands, ANewObservationOfMoreWeightHasLessNoise) {
  const Bands usual = step_bands(), precise = step_bands({.how = {.new_weights = Vector::Constant(1, 4)}});
  const Matrix difference = usual.prediction.se.cwiseAbs2() - precise.prediction.se.cwiseAbs2();
  const double sigma = covariance(fitted_step().at).sigma();
  EXPECT_TRUE(all_within(difference, Matrix::Constant(7, 1, 0.75 * sigma * sigma), 1e-14));
}

// Atmospheric extinction with weights near 10^14, as predict() of R has it, which asks for the weight of a new
// observation.
TEST(Bands, OfWeightedDataAskWhatANewObservationWeighs) {
  Matrix table{{1, 1.54378e-05, 9.288382121e+13},
               {1.00381983754335, 1.54341e-05, 8.978055388e+13},
               {1.01542661188575, 1.55381e-05, 3.005501843e+13},
               {1.03527618041008, 1.54877e-05, 2.328239676e+13},
               {1.06417777247591, 1.55381e-05, 3.644633183e+13},
               {1.10337791896249, 1.56225e-05, 3.192075072e+13},
               {1.15470053837925, 1.56568e-05, 3.260385743e+13},
               {1.22077458876146, 1.56822e-05, 2.375247025e+13},
               {1.30540728933228, 1.58282e-05, 6.094465795e+13},
               {1.41421356237309, 1.60016e-05, 8.671708459e+13},
               {1.55572382686041, 1.62545e-05, 2.768043116e+13}};
  const Fit fit = jacobench::fit(Perceptron(1, {{1, identity}}), {table.col(0), table.col(1), table.col(2)});
  const Matrix X0{{1}, {1.2}};
  const Bands unknown = bands_at(fit, X0);
  EXPECT_TRUE(unknown.ok());
  EXPECT_NEAR(unknown.mean.se(0, 0) / 1.331017517963048e-08, 1, 1e-8);
  EXPECT_EQ(unknown.prediction.lower.size(), 0);
  EXPECT_THAT(unknown.no_prediction, ::testing::HasSubstr("the weight of a new observation is not known"));
  EXPECT_EQ(unknown.no_mean, "");
  const Bands known = bands_at(fit, X0, {.how = {.new_weights = Vector{{table(0, 2), 5e13}}}});
  EXPECT_NEAR(known.prediction.se(0, 0) / 2.7156946266447523e-08, 1, 1e-8);
  EXPECT_NEAR(known.prediction.lower(1, 0) / 1.5638368407291752e-05, 1, 1e-10);
  EXPECT_NEAR(known.prediction.upper(1, 0) / 1.5791267307128765e-05, 1, 1e-10);
  EXPECT_THROW(bands_at(fit, X0, {.how = {.new_weights = Vector::Ones(3)}}), InputError);
}

TEST(Bands, SeveralOutputsHaveAJointCovariance) {
  const Perceptron network(1, {{1, tanh}, {2, identity}});
  Dataset data = testing::step_data();
  data.Y.conservativeResize(Eigen::NoChange, 2);
  data.Y.col(1) = -3 * data.Y.col(0) + testing::step_data(30, 9).Y.col(0) * 0.01;
  data.output_scales = Vector{{1.0, 3.0}};
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at);
  const Matrix joint = joint_covariance(at, cov, points.row(2));
  const Bands bands = testing::bands_at(at, cov, points);
  EXPECT_NEAR(joint(0, 0), std::pow(bands.mean.se(2, 0), 2), 1e-15);
  EXPECT_NEAR(joint(1, 1), std::pow(bands.mean.se(2, 1), 2), 1e-14);
  EXPECT_NEAR(std::pow(bands.prediction.se(2, 1), 2) - joint(1, 1), 9 * cov.sigma() * cov.sigma(), 1e-14);
  EXPECT_NEAR(std::pow(bands.prediction.se(2, 0), 2) - joint(0, 0), cov.sigma() * cov.sigma(), 1e-15);
  // the intervals of a call are those of all its points and outputs
  const auto multipliers = [&](Simultaneous method) {
    return testing::bands_at(at, cov, points, {.simultaneous = method});
  };
  EXPECT_EQ(multipliers(Simultaneous::bonferroni).mean.multiplier.value,
            t_quantile(1 - 0.025 / 14, cov.dof()));
  EXPECT_EQ(multipliers(Simultaneous::scheffe).prediction.multiplier.value,
            scheffe_multiplier(0.95, 14, cov.dof()));
  const Matrix noise = residual_covariance(at, cov);
  EXPECT_LT(noise(0, 1), 0);
  EXPECT_NEAR(noise(0, 0) + noise(1, 1) / 9, 2 * cov.sigma() * cov.sigma(), 1e-10);
}

TEST(Bands, WithoutACovarianceTheyHaveItsReason) {
  const Perceptron two_tanh(1, {{2, tanh}, {1, identity}});
  const testing::Linearised at =
      testing::linearised(two_tanh, Vector{{1.5, 1.5, -0.4, -0.4, 1, 1, 3}}, testing::step_data());
  const Bands refused = testing::bands_at(at, covariance(at), points);
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("the data determine 4 of 7"));
  EXPECT_THAT(refused.reason, ::testing::HasSubstr("duplicates"));
  EXPECT_EQ(refused.fit.rows(), 7);
  EXPECT_EQ(refused.mean.lower.size(), 0);
}

// Beyond the data, where a second input begins to matter that was always zero, f is not determined.
TEST(Bands, APointThatTheDataDoNotDetermineHasAReason) {
  Dataset data = testing::step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  data.X.col(1).setZero();
  const Perceptron network(2, {{1, tanh}, {1, identity}});
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  Matrix X0(2, 2);
  X0 << 0.5, 0, 0.5, 1;
  const Bands bands = testing::bands_at(at, cov, X0);
  ASSERT_TRUE(bands.ok());
  EXPECT_EQ(bands.open[0], "");
  EXPECT_THAT(bands.open[1], ::testing::HasSubstr("do not determine f here"));
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
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  Matrix X0(3, 2);
  X0 << 0.5, 1, 0.5, 0, 0.1, 0;
  const CovarianceOptions options{.policy = RankPolicy::pseudo_inverse};
  const Bands bands = testing::bands_at(at, covariance(at, options), X0);
  EXPECT_NE(bands.open[0], "");
  EXPECT_EQ(bands.open[1], "");
  EXPECT_EQ(bands.open[2], "");
  // directions of the estimate, for Scheffe: 6 of 7 parameters
  const Bands scheffe =
      testing::bands_at(at, covariance(at, options), X0, {.simultaneous = Simultaneous::scheffe});
  EXPECT_EQ(scheffe.mean.multiplier.value, scheffe_multiplier(0.95, 6, 54));
}

// A decay determines parameters that the data do not, for the kinds that have it; f off the data's inputs it does not.
TEST(Bands, WhereTheDecayAloneDeterminesFThereIsNone) {
  Dataset data = testing::step_data();
  data.X.conservativeResize(Eigen::NoChange, 2);
  data.X.col(1).setZero();
  const Perceptron network(2, {{1, tanh}, {1, identity}});
  const Vector decay = equal_decay(network, 0.1, DecayOf::weights);
  const testing::Linearised at =
      testing::linearised(network, fit(network, data, {.decay = decay}).theta, data, decay);
  const Matrix X0{{0.5, 1}};
  const Covariance laplace = covariance(at, {.kind = CovarianceKind::laplace});
  const Bands by_prior = testing::bands_at(at, laplace, X0);
  ASSERT_EQ(by_prior.open.size(), 1U);
  EXPECT_NE(by_prior.open[0], "");
  EXPECT_TRUE(parameter_intervals(at, laplace)[1].se.has_value());
  const Covariance delta = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  EXPECT_NE(testing::bands_at(at, delta, X0).open[0], "");
  EXPECT_FALSE(parameter_intervals(at, delta)[1].se.has_value());
}

// The errors of a posterior lie in as many directions as it has, those of the sampling variance in the rank of J.
TEST(Bands, ScheffeIsOfTheDirectionsInWhichTheEstimateErrs) {
  const Perceptron large(1, {{6, tanh}, {1, identity}});
  const Dataset data = testing::step_data(10);
  const Vector decay = equal_decay(large, 0.1, DecayOf::weights_and_biases);
  const Fit fitted = fit(large, data, {.n_starts = 2, .decay = decay});
  const auto of_J = static_cast<double>(linearise(fitted).rank());
  for (const auto& [method, r] :
       {std::pair{"laplace", 19.0}, {"hessian", 19.0}, {"ridge", of_J}, {"hc0", of_J}}) {
    const Bands bands =
        jacobench::bands_at(fitted, points, {.method = method, .simultaneous = Simultaneous::scheffe});
    ASSERT_TRUE(bands.ok()) << bands.reason;
    EXPECT_EQ(bands.mean.multiplier.value, scheffe_multiplier(0.95, r, bands.dof)) << method;
  }
}

// Noise on its inputs is each interval's own: as many directions as intervals, as for predictions.
TEST(Bands, ScheffeWithNoiseOnTheInputsIsOfTheIntervals) {
  BandOptions options{.simultaneous = Simultaneous::scheffe};
  options.how.input_noise = Matrix::Constant(1, 1, 0.04);
  const Bands bands = jacobench::bands_at(fitted_step().at.fit(), points, options);
  ASSERT_TRUE(bands.ok()) << bands.reason;
  EXPECT_EQ(bands.mean.multiplier.value,
            scheffe_multiplier(0.95, static_cast<double>(points.rows()), bands.dof));
}

TEST(Bands, OfAKnownSigmaAreNormal) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at, {.dof_rule = DofRule::known_sigma, .known_sigma = 0.1});
  const auto q = [&](Simultaneous method) {
    return testing::bands_at(fitted.at, cov, points, {.simultaneous = method}).mean.multiplier.value;
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
  const auto refuses = [](const BandOptions& options) { EXPECT_THROW(step_bands(options), InputError); };
  refuses({.level = 0});
  refuses({.level = 1});
  refuses({.how = {.new_weights = Vector::Constant(1, 0)}});
  refuses({.how = {.new_weights = Vector::Constant(1, INFINITY)}});
  refuses({.simultaneous = Simultaneous::sup_t, .how = {.n_simulations = 10}});
  refuses({.how = {.input_noise = Matrix::Constant(1, 1, -1)}});
  refuses({.how = {.input_noise = Matrix::Identity(2, 2)}});
  const testing::Linearised& two_inputs = fitted_linear().at;
  const Matrix not_symmetric{{2, 0.5}, {0.1, 2}};
  EXPECT_THROW(testing::bands_at(two_inputs, covariance(two_inputs), Matrix::Zero(1, 2),
                                 {.how = {.input_noise = not_symmetric}}),
               InputError);
  const Fitted& fitted = fitted_step();
  EXPECT_THROW(testing::bands_at(fitted.at, covariance(fitted.at), Matrix::Zero(1, 2)), InputError);
  EXPECT_THROW(testing::bands_at(fitted.at, covariance(fitted.at), Matrix::Constant(1, 1, INFINITY)),
               InputError);
  EXPECT_THROW(find_by_name(simultaneous_table(), "best", "simultaneous"), InputError);
  EXPECT_THROW(find_interval_method("best"), InputError);
  EXPECT_THROW(step_bands({.level = NAN}), InputError);
}

TEST(Bands, WhatAMethodDoesNotGiveIsAnOutcome) {
  const Fit& fit = fitted_step().at.fit();
  const BandOptions one_sided{.simultaneous = Simultaneous::scheffe, .sides = Sides::lower};
  const Bands scheffe = step_bands(one_sided);
  EXPECT_THAT(scheffe.reason, ::testing::HasSubstr("scheffe bands are two-sided"));
  EXPECT_EQ(scheffe.mean.lower.size() + scheffe.prediction.lower.size(), 0);
  const Bands ridge = bands_at(fit, points, {.method = "ridge"});
  EXPECT_THAT(ridge.reason, ::testing::HasSubstr("of a fit with decay"));
  // a profile is of the mean alone
  const Bands profile = bands_at(fit, points.topRows(1), {.method = "profile"});
  EXPECT_TRUE(profile.ok()) << profile.reason;
  EXPECT_EQ(profile.mean.lower.size(), 1);
  EXPECT_EQ(profile.prediction.lower.size(), 0);
  // and whoever prepares what cannot be had has not asked
  const NewPoints at(fit, points);
  for (const IntervalMethod& method : interval_method_table()) {
    const BandRequest request{IntervalKind::mean, 0.95, Simultaneous::scheffe, Sides::lower};
    EXPECT_TRUE(method.why_not(fit, {}, request)) << method.name;
    EXPECT_THROW(method.prepare(fit, at, {}, {request}), std::logic_error) << method.name;
  }
}

TEST(Bands, AreThoseOfTheUsualMethodUnlessOneIsNamed) {
  const Fitted decayed = testing::fitted_step(Vector::Constant(4, 0.5));
  for (const testing::Linearised& at : {fitted_step().at, decayed.at}) {
    const char* name = at.fit().has_decay() ? "ridge" : "delta";
    EXPECT_EQ(default_interval_method(at.fit()).name, name);
    EXPECT_EQ(bands_at(at.fit(), points).mean.lower, bands_at(at.fit(), points, {.method = name}).mean.lower);
  }
}

// An engine is prepared for fits of one shape, as a study has them, one after the other: with other inputs, weights and
// estimates too.
TEST(Bands, AnEngineMadeForOneFitGivesThoseOfAnother) {
  const Vector decay = Vector::Constant(4, 0.2);
  const auto fit_to = [&](std::uint32_t replicate) {
    Dataset data = testing::step_data(30, replicate);
    data.weights = data.X.col(0).cwiseAbs() + Vector::Ones(30);
    return jacobench::fit(make_perceptron({1, {1}, 1, Activation::tanh}), data, {.decay = decay});
  };
  const Fit first = fit_to(4), second = fit_to(5);
  const IntervalOptions how{.new_weights = Vector::Ones(1), .n_refits = 39};
  const Matrix X0 = Vector::LinSpaced(3, -1, 1);
  Tangent at(first);
  NewPoints at_X0(first, X0);
  for (const IntervalMethod& method : interval_method_table())
    for (const IntervalKindInfo& kind : interval_kind_table()) {
      const BandRequest request{.kind = kind.kind, .level = 0.9};
      if (method.why_not(first, how, request)) continue;
      const auto engine = method.prepare(first, at_X0, how, {request});
      for (const Fit* fit : {&first, &second}) {
        at.move_to(*fit);
        at_X0.move_to(at);
        ASSERT_TRUE(engine->compute(at, at_X0, 1)) << method.name << ": " << engine->reason();
      }
      const auto afresh = method.prepare(second, at_X0, how, {request});
      at_X0.move_to(at);
      ASSERT_TRUE(afresh->compute(at, at_X0, 1)) << method.name;
      EXPECT_EQ(engine->bands()[0].lower, afresh->bands()[0].lower) << method.name;
      EXPECT_EQ(engine->bands()[0].upper, afresh->bands()[0].upper) << method.name;
    }
}

// Of 40,000 points and 541 parameters the gradients would take 173 MB, which a band never holds at once.
TEST(Bands, OfManyPointsTakeTheMemoryOfTheBounds) {
  const Perceptron network = make_perceptron({4, {20, 20}, 1, Activation::tanh});
  RandomStream stream(1, 2, 3, RandomPurpose::simulation);
  const auto uniform = [&](Index n, Index m) {
    Matrix values(n, m);
    for (double& value : values.reshaped()) value = 2 * stream.uniform() - 1;
    return values;
  };
  const Fit at{.network = network,
               .theta = draw_parameters(network, 1, stream),
               .data = {uniform(600, 4), uniform(600, 1)},
               .decay = Vector::Ones(network.n_params())};
  const Matrix X0 = uniform(40'000, 4);
  const auto peak_in_mb = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
  };
  const double before = peak_in_mb();
  const Bands bands = bands_at(at, X0, {.method = "laplace"});
  ASSERT_TRUE(bands.ok()) << bands.reason;
  EXPECT_LT(peak_in_mb() - before, 90);
  const Bands few = bands_at(at, X0.topRows(7), {.method = "laplace"});
  EXPECT_TRUE(testing::all_within_relative(Matrix(bands.mean.se.topRows(7)), few.mean.se, 1e-10));
}

}  // namespace
}  // namespace jacobench
