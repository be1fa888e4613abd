// What a bootstrap draws, and its bounds recomputed from the draws one by one.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/base/statistics.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/inference/bootstrap.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::Fitted;
using testing::fitted_linear;

const Matrix new_point = Matrix::Constant(1, 2, 2);

// f* and t* = (f* - f) / se* of every replicate, recomputed from the draws that the bootstrap makes, in order of size.
struct Recomputed {
  std::vector<double> f, t;
};

Recomputed recompute(const Fitted& fitted, const Covariance& cov, const testing::BootstrapOptions& options) {
  const double estimate = evaluate(fitted.network, fitted.theta, new_point)(0, 0);
  Recomputed all;
  for (Index b = 0; b < options.n_replicates; ++b) {
    RandomStream stream(options.seed, 0, static_cast<std::uint32_t>(b), RandomPurpose::resampling);
    const Dataset data = testing::resample(fitted.at, cov, options.kind, stream);
    const Vector theta = Fitter(fitted.network, data, {.n_starts = 0}).fit(data, fitted.theta).theta;
    all.f.push_back(evaluate(fitted.network, theta, new_point)(0, 0));
    const testing::Linearised there = testing::linearised(fitted.network, theta, data);
    const Vector se =
        covariance(there).standard_errors(testing::gradients_at(fitted.network, theta, new_point));
    all.t.push_back((all.f.back() - estimate) / se[0]);
  }
  std::sort(all.f.begin(), all.f.end());
  std::sort(all.t.begin(), all.t.end());
  return all;
}

// Plotting positions i / (n + 1): of 39 draws the 2.5 % quantile is the first, the 5 % quantile the second, and that of
// 3.75 % lies half-way.
TEST(BootstrapDraws, QuantilesOfThirtyNineAreOrderStatistics) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const testing::BootstrapOptions options{.kind = BootstrapKind::pairs, .n_replicates = 39};
  const auto [f, t] = recompute(fitted, cov, options);
  const auto bands_of = [&](double level) {
    testing::BootstrapOptions at_level = options;
    at_level.level = level;
    return testing::bootstrap(fitted.at, cov, new_point, at_level);
  };
  const double same = 1e-12 * std::abs(f[38]);
  const testing::BootstrapBands bands = bands_of(0.95), second = bands_of(0.9), between = bands_of(0.925);
  EXPECT_NEAR(bands.percentile_lower(0, 0), f[0], same);
  EXPECT_NEAR(bands.percentile_upper(0, 0), f[38], same);
  EXPECT_NEAR(second.percentile_lower(0, 0), f[1], same);
  EXPECT_NEAR(second.percentile_upper(0, 0), f[37], same);
  EXPECT_NEAR(between.percentile_lower(0, 0), (f[0] + f[1]) / 2, same);
  EXPECT_NEAR(between.percentile_upper(0, 0), (f[37] + f[38]) / 2, same);
  // the studentised interval turns the quantiles of t* round
  const double estimate = bands.fit(0, 0);
  const double se = cov.standard_errors(testing::gradients_at(fitted.network, fitted.theta, new_point))[0];
  EXPECT_NEAR(bands.studentised_lower(0, 0), estimate - t[38] * se, same);
  EXPECT_NEAR(bands.studentised_upper(0, 0), estimate - t[0] * se, same);
  const Eigen::Map<const Vector> values(f.data(), 39);
  EXPECT_NEAR(bands.se(0, 0), std::sqrt((values.array() - values.mean()).square().sum() / 38), same);
}

// However many points there are.
TEST(BootstrapDraws, BoundsAreQuantilesOfWhatWasDrawnAtTheirOwnPoint) {
  const Fitted& fitted = testing::fitted_step();
  const Fit& fit = fitted.at.fit();
  NewPoints points(fit, Vector::LinSpaced(19, -2, 2));
  points.move_to(fitted.at);
  const auto engine_of = [&](const char* method) {
    auto engine = find_interval_method(method).prepare(fit, points, {.n_refits = 99}, {{.level = 0.9}});
    EXPECT_TRUE(engine->compute(fitted.at, points, 1));
    return engine;
  };
  const auto percentile = engine_of("bootstrap_pairs_percentile");
  const auto studentised = engine_of("bootstrap_pairs_studentised");
  const Vector se = covariance(fitted.at).standard_errors(points.gradients(fitted.at));
  const BootstrapDraws& draws = *points.bootstrap_draws();
  const double half_alpha = (1 - 0.9) / 2;
  for (Index m = 0; m < 19; ++m) {
    const Vector f_of_point = draws.f.row(m).transpose(), t_of_point = draws.t.row(m).transpose();
    const std::vector<double> f(f_of_point.begin(), f_of_point.end()),
        t(t_of_point.begin(), t_of_point.end());
    EXPECT_EQ(percentile->bands()[0].lower(m, 0), quantile(f, half_alpha)) << m;
    EXPECT_EQ(percentile->bands()[0].upper(m, 0), quantile(f, 1 - half_alpha)) << m;
    const double estimate = points.values()(m, 0), same = 1e-10 * se[m];
    EXPECT_NEAR(studentised->bands()[0].lower(m, 0), estimate - se[m] * quantile(t, 1 - half_alpha), same)
        << m;
    EXPECT_NEAR(studentised->bands()[0].upper(m, 0), estimate - se[m] * quantile(t, half_alpha), same) << m;
  }
}

// Observations at x = 0, 0, 1, 2 and a parabola: drawn anew they determine it where 0, 1 and 2 are among them, and
// leave residuals only where all four are, with a probability of 24 / 256. So most replicates have no standard error,
// and there is no studentised interval.
TEST(BootstrapDraws, WhereMostReplicatesHaveNoStandardErrorThereIsNoStudentisedInterval) {
  const Perceptron parabola(2, {{1, Activation::identity}});
  const Dataset data{Matrix{{0, 0}, {0, 0}, {1, 1}, {2, 4}}, Matrix{{1}, {2}, {1.3}, {4}}, {}, {}};
  const testing::Linearised at = testing::linearised(parabola, fit(parabola, data).theta, data);
  const testing::BootstrapBands bands =
      testing::bootstrap(at, covariance(at), new_point, {.kind = BootstrapKind::pairs, .n_replicates = 199});
  // within five binomial deviations
  EXPECT_NEAR(static_cast<double>(bands.n_without_se + bands.n_failed), 232.0 / 256 * 199, 5 * 4.1);
  EXPECT_EQ(bands.studentised_lower.size(), 0);
  EXPECT_NE(bands.reason, "");
  EXPECT_EQ(bands.percentile_lower.size(), 1);
}

// exp(w x) with w = -0.02, about 0.7 standard errors from zero: at x = 10^9 it overflows for the quarter of the refits
// that have w > 0, and is zero to the bit, whatever w is, for the others.
TEST(BootstrapDraws, RefitsThatFailAreCountedAndLeaveNoBoundsWhereTheyAreMany) {
  const Perceptron network(1, {{1, Activation::exp, Bias::none}});
  Dataset data{Matrix(12, 1), Matrix(12, 1), {}, {}};
  data.X << -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1;
  data.Y << 1.1037, 0.9071, 0.9513, 1.0533, 1.1229, 1.0619, 0.9307, 0.9011, 1.0049, 1.1013, 1.0223, 0.8741;
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  ASSERT_LT(at->theta()[0], 0);
  const testing::BootstrapBands bands = testing::bootstrap(
      at, covariance(at), Matrix::Constant(1, 1, 1e9), {.kind = BootstrapKind::pairs, .n_replicates = 199});
  EXPECT_GT(bands.n_failed, 10);
  EXPECT_LT(bands.n_failed, 99);
  EXPECT_EQ(bands.n_without_se, 0);
  EXPECT_EQ(bands.percentile_upper.size() + bands.studentised_upper.size(), 0);
  EXPECT_EQ(bands.reason, std::to_string(bands.n_failed) + " of 199 refits failed, and at most 5% may");
}

// Of thirty values of the second output one alone is not zero: a resample leaves it out with a probability of
// (29/30)^30 = 0.36. It then has no standard error of its own, and no studentised bound; the first output has, as if it
// were alone.
TEST(BootstrapDraws, AnOutputThatIsConstantInAResampleHasNoStandardErrorThere) {
  const Perceptron both(1, {{2, Activation::identity}}), one(1, {{1, Activation::identity}});
  Dataset data{Matrix(30, 1), Matrix::Zero(30, 2)};
  RandomStream stream(4, 4, 0, RandomPurpose::noise);
  for (Index n = 0; n < 30; ++n) {
    data.X(n, 0) = 0.1 * static_cast<double>(n);
    data.Y(n, 0) = data.X(n, 0) + 0.2 * stream.normal();
  }
  data.Y(3, 1) = 1;
  const Dataset first{data.X, data.Y.leftCols(1)};
  const testing::Linearised at(fit(both, data)), alone(fit(one, first));
  const Matrix X0 = Matrix::Constant(1, 1, 1.5);
  const testing::BootstrapOptions how{.kind = BootstrapKind::pairs, .n_replicates = 199};
  const testing::BootstrapBands bands = testing::bootstrap(at, covariance(at), X0, how);
  const testing::BootstrapBands expected = testing::bootstrap(alone, covariance(alone), X0, how);
  EXPECT_EQ(bands.n_failed + bands.n_unsettled, 0);
  EXPECT_NEAR(static_cast<double>(bands.n_without_se), 0.362 * 199, 5 * 6.8);
  EXPECT_EQ(bands.percentile_lower.size(), 2);
  ASSERT_EQ(bands.studentised_lower.size(), 2);
  EXPECT_NEAR(bands.studentised_lower(0, 0), expected.studentised_lower(0, 0), 1e-10);
  EXPECT_NEAR(bands.studentised_upper(0, 0), expected.studentised_upper(0, 0), 1e-10);
  EXPECT_TRUE(std::isnan(bands.studentised_lower(0, 1)) && std::isnan(bands.studentised_upper(0, 1)));
}

// Fitted again one by one, with the stopping rule of a refit: those that have not settled are as many, and bounds are
// given where they are at most 5 % of those that are finite. A refit that may take no step stays at the estimate, which
// is nowhere near settled: the move is the root of p F or so.
TEST(BootstrapDraws, RefitsThatHaveNotSettledAreCountedAndLeaveNoBoundsWhereTheyAreMany) {
  const Fitted& fitted = testing::fitted_step();
  const Covariance cov = covariance(fitted.at);
  Index n_with_bounds = 0;
  for (const Index n_iterations : {0, 1, 2, 3, 200}) {
    SCOPED_TRACE(n_iterations);
    const testing::BootstrapOptions options{.n_replicates = 99, .max_refit_iterations = n_iterations};
    Index n_unsettled = 0;
    for (std::uint32_t b = 0; b < 99; ++b) {
      RandomStream stream(options.seed, 0, b, RandomPurpose::resampling);
      const Dataset data = testing::resample(fitted.at, cov, options.kind, stream);
      Fitter fitter(
          fitted.network, data,
          {.n_starts = 0, .n_tries_from_start = 1, .max_iterations = n_iterations, .relative_offset = 1e-7});
      n_unsettled += fitter.fit(data, fitted.theta).has_settled() ? 0 : 1;
    }
    const testing::BootstrapBands bands =
        testing::bootstrap(fitted.at, cov, Matrix::Constant(1, 1, 0.3), options);
    EXPECT_EQ(bands.n_failed, 0);
    EXPECT_EQ(bands.n_unsettled, n_unsettled);
    if (n_iterations == 0) {
      EXPECT_EQ(n_unsettled, 99);
    }
    if (n_iterations == 200) {
      EXPECT_EQ(n_unsettled, 0);
    }
    const bool has_bounds = 20 * n_unsettled <= 99;
    EXPECT_EQ(bands.percentile_upper.size(), has_bounds ? 1 : 0);
    EXPECT_EQ(bands.studentised_upper.size(), has_bounds ? 1 : 0);
    EXPECT_EQ(bands.reason.empty(), has_bounds) << bands.reason;
    n_with_bounds += has_bounds;
  }
  EXPECT_GT(n_with_bounds, 0);
  EXPECT_LT(n_with_bounds, 5);
}

// One step is all the way; of a line drawn as pairs there is none that does not get there.
TEST(BootstrapDraws, RefitsOfALinearNetworkSettleInAStep) {
  const Fitted& fitted = fitted_linear();
  const testing::BootstrapBands bands =
      testing::bootstrap(fitted.at, covariance(fitted.at), new_point,
                         {.kind = BootstrapKind::pairs, .n_replicates = 199, .max_refit_iterations = 1});
  EXPECT_EQ(bands.n_unsettled, 0);
  EXPECT_EQ(bands.reason, "");
}

// The count stands in what people read, beside bands and in the place of them.
TEST(BootstrapDraws, WhatHasNotSettledIsSaid) {
  const Fitted& fitted = testing::fitted_step();
  BandOptions options{.method = "bootstrap_residual_percentile", .how = {.n_refits = 99}};
  const Bands settled = bands_at(fitted.at.fit(), Matrix::Constant(1, 1, 0.3), options);
  EXPECT_EQ(settled.remark, "0 of 99 refits failed, 0 have not settled");
  EXPECT_EQ(settled.refits.number, 99);
  EXPECT_EQ(settled.refits.n_unsettled, 0);
  options.how.max_refit_iterations = 0;
  const Bands unsettled = bands_at(fitted.at.fit(), Matrix::Constant(1, 1, 0.3), options);
  EXPECT_EQ(
      unsettled.reason,
      "99 of 99 refits have not settled within 0 iterations, and at most 5% may; allow more iterations, "
      "fit fewer units, or with a decay");
  EXPECT_EQ(unsettled.refits.number, 99);
  EXPECT_EQ(unsettled.refits.n_unsettled, 99);
}

// 400 times each, within five Poisson deviations.
TEST(BootstrapDraws, EveryObservationIsDrawnAsOftenAsTheOthers) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  Vector times = Vector::Zero(25);
  for (std::uint32_t b = 0; b < 400; ++b) {
    RandomStream stream(1, 0, b, RandomPurpose::resampling);
    const Dataset drawn = testing::resample(fitted.at, cov, BootstrapKind::pairs, stream);
    for (Index n = 0; n < 25; ++n)
      times += (fitted.data.X.col(0).array() == drawn.X(n, 0)).cast<double>().matrix();
  }
  EXPECT_EQ(times.sum(), 10000);
  EXPECT_TRUE(testing::all_within(times, Vector::Constant(times.size(), 400), 5 * 20));
}

// The variance of an observation is sigma^2 d^2 / w.
TEST(BootstrapDraws, ParametricErrorsHaveTheirWeightsAndScales) {
  const Fitted& fitted = fitted_linear();
  Dataset data = fitted.data;
  data.weights = Vector::LinSpaced(25, 0.5, 4);
  data.output_scales = Vector::Constant(1, 3);
  const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, data);
  const Covariance cov = covariance(at);
  RandomStream stream(1, 0, 0, RandomPurpose::resampling), same(1, 0, 0, RandomPurpose::resampling);
  const Matrix drawn = testing::resample(at, cov, BootstrapKind::parametric, stream).Y;
  const Matrix f = evaluate(at->network(), at->theta(), data.X);
  for (Index n = 0; n < 25; ++n)
    EXPECT_NEAR(drawn(n, 0) - f(n, 0), cov.sigma() * 3 / std::sqrt(data.weights[n]) * same.normal(), 1e-12);
}

// Every drawn error is one of r / (g sqrt(1 - h)), less their mean, and put back with the factor of its new place.
TEST(BootstrapDraws, DrawnResidualsAreCorrectedCentredAndRescaled) {
  const Fitted& fitted = fitted_linear();
  Dataset data = fitted.data;
  data.weights = Vector::LinSpaced(25, 0.5, 4);
  const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, data);
  const Covariance cov = covariance(at);
  Vector pool = at->r().array() / (1 - cov.leverages().array()).sqrt();
  pool.array() -= pool.mean();
  RandomStream stream(1, 0, 0, RandomPurpose::resampling);
  const Matrix drawn = testing::resample(at, cov, BootstrapKind::residual, stream).Y;
  const Matrix f = evaluate(at->network(), at->theta(), data.X);
  for (Index n = 0; n < 25; ++n) {
    const double error = (drawn(n, 0) - f(n, 0)) * std::sqrt(data.weights[n]);
    EXPECT_LE((pool.array() - error).abs().minCoeff<Eigen::PropagateNaN>(), 1e-12) << n;
  }
}

}  // namespace
}  // namespace jacobench
