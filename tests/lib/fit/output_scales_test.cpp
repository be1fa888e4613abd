#include "jacobench/fit/output_scales.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/decay_choice.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/linearised.hpp"

namespace jacobench {
namespace {

using testing::all_within_relative;

// A line and a parabola, in units that differ by 10^4.
Dataset two_outputs(double unit = 1e-4) {
  RandomStream stream(21, 3, 0, RandomPurpose::noise);
  Dataset data{Matrix(30, 2), Matrix(30, 2)};
  for (Index n = 0; n < 30; ++n) {
    const double x = 2 * stream.uniform() - 1;
    data.X.row(n) << x, x * x;
    data.Y.row(n) << 3 + 2 * x + 0.5 * stream.normal(), unit * (1 - x * x + 0.02 * stream.normal());
  }
  return data;
}

Dataset output_of(const Dataset& data, Index k) { return {data.X, data.Y.col(k)}; }

const Matrix X0{{0, 0}, {0.5, 0.25}, {3, 9}};

// Where outputs share no parameter, each is as if it were alone: bands, parameters, s and degrees of freedom. So it is
// with the same regressors in each equation (Zellner 1962), which is what systemfit's SUR gives as well.
TEST(OutputScales, WithoutSharedParametersEachOutputIsAsIfAlone) {
  const Dataset data = two_outputs();
  const Perceptron both(2, {{2, Activation::identity}}), one(2, {{1, Activation::identity}});
  const Fit fit = jacobench::fit(both, data);
  ASSERT_EQ(fit.data.output_noise, OutputNoise::own);
  EXPECT_TRUE(fit.has_settled());
  const Bands bands = bands_at(fit, X0, {.how = {.new_weights = Vector::Ones(1)}});
  Tangent at = linearise(fit);
  const Covariance cov = covariance(at);
  EXPECT_NEAR(fit.data.output_scales.prod(), 1, 1e-12);
  EXPECT_NEAR(fit.end->starts.lowest / fit.objective(), 1, 1e-10);  // all starts end there
  for (Index k = 0; k < 2; ++k) {
    const Fit alone = jacobench::fit(one, output_of(data, k));
    const Bands expected = bands_at(alone, X0);
    // both round in the last digits of a well conditioned fit
    EXPECT_TRUE(all_within_relative(bands.mean.lower.col(k), expected.mean.lower.col(0), 1e-10));
    EXPECT_TRUE(all_within_relative(bands.mean.upper.col(k), expected.mean.upper.col(0), 1e-10));
    EXPECT_TRUE(all_within_relative(bands.prediction.se.col(k), expected.prediction.se.col(0), 1e-10));
    EXPECT_TRUE(all_within_relative(bands.prediction.upper.col(k), expected.prediction.upper.col(0), 1e-10));
    EXPECT_NEAR(cov.output_dofs()[k], 27, 1e-10);
    EXPECT_NEAR(cov.output_sigmas()[k] * fit.data.output_scales[k] / expected.sigma, 1, 1e-10);
    Tangent at_alone = linearise(alone);
    const ParameterInterval weight = parameter_intervals(at, cov)[static_cast<std::size_t>(2 * k)];
    const ParameterInterval its = parameter_intervals(at_alone, covariance(at_alone))[0];
    EXPECT_NEAR(*weight.lower / *its.lower, 1, 1e-9);
    EXPECT_NEAR(*weight.upper / *its.upper, 1, 1e-9);
  }
  // control: with one sigma for both the small output is lost in the noise of the large one
  const Fit shared = jacobench::fit(both, data, {.output_noise = OutputNoise::shared});
  EXPECT_GT(bands_at(shared, X0).mean.se(0, 1), 100 * bands.mean.se(0, 1));
}

// With scales that are estimated there is no telling of which output a sigma is known.
TEST(OutputScales, AKnownSigmaIsOfAllOutputs) {
  const Perceptron both(2, {{2, Activation::identity}});
  const CovarianceOptions known{.dof_rule = DofRule::known_sigma, .known_sigma = 0.5};
  for (const OutputNoise noise : {OutputNoise::own, OutputNoise::joint}) {
    const Fit fit = jacobench::fit(both, two_outputs(), {.output_noise = noise});
    Tangent at = linearise(fit);
    EXPECT_THAT(covariance(at, known).reason(), ::testing::HasSubstr("fit again with output noise shared"));
  }
  const Fit shared = jacobench::fit(both, two_outputs(), {.output_noise = OutputNoise::shared});
  Tangent at = linearise(shared);
  EXPECT_EQ(covariance(at, known).output_sigmas(), Vector::Constant(2, 0.5));
}

// A band in other units is the band in these, where hidden units are shared too: by 2^20, to the last digits.
TEST(OutputScales, TheUnitOfAnOutputChangesNothing) {
  const Perceptron network(2, {{2, Activation::tanh}, {2, Activation::identity}});
  Dataset data = two_outputs(1), other = data;
  other.Y.col(1) *= std::exp2(20);
  const FitOptions how{.n_starts = 5, .seed = 3};
  const Fit fit = jacobench::fit(network, data, how), in_other_unit = jacobench::fit(network, other, how);
  ASSERT_TRUE(fit.has_settled() && in_other_unit.has_settled());
  const Bands bands = bands_at(fit, X0.topRows(2)), others = bands_at(in_other_unit, X0.topRows(2));
  EXPECT_TRUE(all_within_relative(others.mean.lower.col(0), bands.mean.lower.col(0), 1e-6));
  EXPECT_TRUE(
      all_within_relative(Vector(std::exp2(-20) * others.mean.lower.col(1)), bands.mean.lower.col(1), 1e-6));
  EXPECT_TRUE(all_within_relative(Vector(std::exp2(-20) * others.prediction.upper.col(1)),
                                  bands.prediction.upper.col(1), 1e-6));
  // and the scales are those that the fit itself has: a fixed point, at which each output has the same s on its own
  // residuals and degrees of freedom, though the outputs take up parameters of different number
  Tangent at = linearise(fit);
  const Covariance cov = covariance(at);
  EXPECT_GT(std::abs(cov.output_dofs()[0] - cov.output_dofs()[1]), 0.05);
  EXPECT_TRUE(all_within_relative(cov.output_sigmas(), Vector::Constant(2, cov.sigma()), 1e-6));
  EXPECT_TRUE(all_within_relative(output_scales_of(fit)->d, fit.data.output_scales, 1e-6));
}

// Chosen decays see the same scales.
TEST(OutputScales, ADecayIsChosenWithThem) {
  const Perceptron network(2, {{2, Activation::tanh}, {2, Activation::identity}});
  const Dataset data = two_outputs();
  const DecayChoice choice = choose_decay(network, data, {.n_starts = 3}, {.rule = &find_decay_rule("loo")});
  EXPECT_EQ(choice.fit.data.output_noise, OutputNoise::own);
  EXPECT_TRUE(all_within_relative(output_scales_of(choice.fit)->d, choice.fit.data.output_scales, 1e-6));
  // the noise of the first output is 25 times 10^4 that of the second
  const double ratio = choice.fit.data.output_scales[0] / choice.fit.data.output_scales[1];
  EXPECT_NEAR(std::log10(ratio), std::log10(25e4), 0.4);
}

TEST(OutputScales, AreThoseOfTheDataWhereTheySay) {
  const Perceptron both(2, {{2, Activation::identity}});
  Dataset data = two_outputs();
  data.output_scales = Vector{{1, 1e-4}};
  const Fit fit = jacobench::fit(both, data);
  EXPECT_EQ(fit.data.output_scales, data.output_scales);
  EXPECT_EQ(fit.data.output_noise, OutputNoise::shared);
  const Fit one = jacobench::fit(Perceptron(2, {{1, Activation::identity}}), output_of(two_outputs(), 0));
  EXPECT_EQ(one.data.output_scales.size(), 0);
}

}  // namespace
}  // namespace jacobench
