#include "coverage/measures.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/tools/roots.hpp>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

#include "support/find_noise_law.hpp"

namespace jacobench::coverage {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double z_of_999 = 3.290526731491896;

Vector vector(std::initializer_list<double> values) {
  return Eigen::Map<const Vector>(values.begin(), static_cast<Index>(values.size()));
}

// Two points, four replicates of which the last has failed; figures small enough to work out by hand.
struct HandWorked {
  Matrix fit = (Matrix(2, 4) << 0, 1, -1, nan, 10, 12, 10, nan).finished();
  Matrix se = (Matrix(2, 4) << 1, 2, 1, nan, 1, 1, 2, nan).finished();
  Matrix lower = (Matrix(2, 4) << -1, 0.5, -2, nan, 8.5, 9, 10.5, nan).finished();
  Matrix upper = (Matrix(2, 4) << 1, 1.5, -0.5, nan, 11.5, 13, 12, nan).finished();
  Vector truth = vector({0, 10});

  Measures measured() const { return measure({fit, se, lower, upper, truth, 0.9}); }
};

void expect_near(const std::optional<Estimate>& estimate, double value, double standard_error) {
  ASSERT_TRUE(estimate);
  EXPECT_NEAR(estimate->value, value, 1e-13);
  EXPECT_NEAR(estimate->standard_error, standard_error, 1e-13);
}

// Covered at both points: replicate 1; at the second: 2. Shares 1, 1/2, 0, 0 of mean 3/8 and variance 11/48.
TEST(Measures, CoverageByHand) {
  const Measures measures = HandWorked{}.measured();
  EXPECT_EQ(measures.n_replicates, 4);
  EXPECT_EQ(measures.n_failed, 1);
  EXPECT_EQ(measures.coverage_by_replicate, vector({1, 0.5, 0, 0}));
  const double se = std::sqrt(11.0 / 48 / 4);
  expect_near(Estimate{measures.coverage.value, measures.coverage.standard_error}, 0.375, se);
  const Proportion expected = wilson(0.375, 0.375 * 0.625 / (se * se), 1.959963984540054);
  EXPECT_NEAR(measures.coverage.lower, expected.lower, 1e-14);
  EXPECT_NEAR(measures.coverage.upper, expected.upper, 1e-14);
  EXPECT_EQ(measures.coverage_by_point, vector({0.25, 0.5}));
  EXPECT_EQ(measures.lowest.point, 0);
  EXPECT_EQ(measures.highest.point, 1);
  ASSERT_TRUE(measures.simultaneous);
  const Proportion quarter = wilson(0.25, 4, 1.959963984540054);
  for (const Proportion& p : {measures.lowest.coverage, *measures.simultaneous}) {
    EXPECT_EQ(p.value, 0.25);
    EXPECT_NEAR(p.lower, quarter.lower, 1e-15);
    EXPECT_NEAR(p.upper, quarter.upper, 1e-15);
  }
  EXPECT_EQ(measures.highest.coverage.value, 0.5);
}

// Below the lower bound: replicate 2 at the first point, 3 at the second; above the upper: 3 at the first.
TEST(Measures, TailsByHand) {
  const Measures measures = HandWorked{}.measured();
  expect_near(measures.below, 0.25, std::sqrt(0.25 / 3 / 4));
  expect_near(measures.above, 0.125, std::sqrt(0.1875 / 3 / 4));
  EXPECT_NEAR(measures.coverage.value + measures.below.value + measures.above.value + 0.25, 1, 1e-15);
}

// Of (0, 32/3), the mean fit: covered at both points by replicate 1, at the second by 2 and 3.
TEST(Measures, BiasEliminatedCoverageByHand) {
  const Measures measures = HandWorked{}.measured();
  ASSERT_TRUE(measures.bias_eliminated);
  EXPECT_EQ(measures.bias_eliminated->value, 0.5);
  EXPECT_NEAR(measures.bias_eliminated->standard_error, std::sqrt(0.5 / 3 / 4), 1e-15);
}

// Mean widths 5/2, 5/2, 3/2; misses, times 2 / 0.1 and averaged over two points: 0, 5, 10.
TEST(Measures, WidthAndScoreByHand) {
  const Measures measures = HandWorked{}.measured();
  EXPECT_EQ(measures.width_by_replicate.head(3), vector({2.5, 2.5, 1.5}));
  EXPECT_TRUE(std::isnan(measures.width_by_replicate[3]));
  expect_near(measures.mean_width, 6.5 / 3, 1.0 / 3);
  EXPECT_EQ(measures.median_width, 2.5);
  expect_near(measures.score, 21.5 / 3, std::sqrt(61.0 / 9));
}

// Variances 1 and 4/3 over the three fits; b_r = 1/3, 25/12, 13/12 and a_r = 1, 5/2, 5/2.
TEST(Measures, BiasAndStandardErrorsByHand) {
  const Measures measures = HandWorked{}.measured();
  EXPECT_NEAR(measures.rms_bias.value(), std::sqrt(2.0 / 9), 1e-14);
  EXPECT_NEAR(measures.rms_bias_over_se.value(), std::sqrt(1.0 / 6), 1e-14);
  const double empirical = std::sqrt(7.0 / 6), model = std::sqrt(2);
  expect_near(measures.empirical_se, empirical, std::sqrt(37.0 / 48 / 3) / (2 * empirical));
  expect_near(measures.model_se, model, 0.5 / (2 * model));
  const double ratio = model / empirical;
  expect_near(measures.se_ratio, ratio, ratio * std::sqrt(42.75 / 196) / (2 * std::sqrt(3)));
}

// As many equal rows as one likes say no more than one row.
TEST(Measures, CorrelatedPointsAreNotIndependentTrials) {
  const Index R = 40;
  Matrix lower = Matrix::Constant(1, R, -1), upper = Matrix::Constant(1, R, 1);
  lower.leftCols(4).setConstant(0.5);
  const auto of_rows = [&](Index M) {
    const Matrix l = lower.replicate(M, 1), u = upper.replicate(M, 1), zero = Matrix::Zero(M, R);
    return measure({zero, zero, l, u, Vector::Zero(M), 0.95}).coverage;
  };
  const Proportion one = of_rows(1), many = of_rows(50);
  EXPECT_NEAR(one.standard_error, std::sqrt(0.9 * 0.1 / (R - 1)), 1e-15);
  EXPECT_NEAR(many.standard_error, one.standard_error, 1e-15);
  EXPECT_NEAR(many.lower, one.lower, 1e-14);
}

// Nine points of ten covered in each of seven replicates: no spread, but seven replicates settle nothing.
TEST(Measures, EqualSharesSayNoMoreThanTheirNumber) {
  Matrix lower = Matrix::Constant(10, 7, -1);
  lower.row(3).setConstant(0.5);
  const Matrix upper = Matrix::Ones(10, 7), zero = Matrix::Zero(10, 7);
  const Measures measures = measure({zero, zero, lower, upper, Vector::Zero(10), 0.95});
  EXPECT_NEAR(measures.coverage.value, 0.9, 1e-15);
  EXPECT_NEAR(measures.coverage.lower, wilson(0.9, 7, 1.959963984540054).lower, 1e-14);
  EXPECT_EQ(measures.verdict, Verdict::nominal);
}

// se = sigma, M = 1: b_r / B is chi-squared with one degree of freedom, so that the standard error of the
// ratio is 1 / sqrt(2 R). The sample variance of b, of kurtosis 15, varies by sqrt(14 / R) of itself.
TEST(Measures, RatioOfATrueStandardErrorIsOne) {
  const Index R = 20000;
  RandomStream stream(1, 6, 0, RandomPurpose::noise);
  Matrix fit(1, R);
  for (Index r = 0; r < R; ++r) fit(0, r) = 3 + 0.2 * stream.normal();
  const Matrix se = Matrix::Constant(1, R, 0.2), lower = fit - se, upper = fit + se;
  const Measures measures = measure({fit, se, lower, upper, Vector::Constant(1, 3), 0.68});
  const double expected = 1 / std::sqrt(2.0 * static_cast<double>(R));
  EXPECT_NEAR(measures.se_ratio->value, 1, 5 * expected);
  EXPECT_NEAR(measures.se_ratio->standard_error, expected,
              5 * 0.5 * std::sqrt(14.0 / static_cast<double>(R)) * expected);
  EXPECT_NEAR(measures.empirical_se->standard_error, 0.2 * expected, 0.2 * expected * 0.07);
}

// One interval [l, u] about a truth of 0, the same in each replicate.
Measures of_prediction(const NoiseLawInfo& law, double sd, double l, double u, double level,
                       double truth = 0) {
  const Matrix lower = Matrix::Constant(1, 3, l), upper = Matrix::Constant(1, 3, u);
  const Matrix fit = (Matrix(1, 3) << 1, 1.5, 2).finished(), se = Matrix::Ones(1, 3);
  const Vector f = Vector::Constant(1, truth), s = Vector::Constant(1, sd);
  return measure({fit, se, lower, upper, f, level, NewObservation{law, s}});
}

TEST(PredictionMeasures, CoverageAndTailsAreThoseOfTheNoise) {
  const boost::math::normal standard;
  const Measures measures = of_prediction(find_noise_law("normal"), 2, -3, 5, 0.9, 1);
  EXPECT_NEAR(measures.coverage.value, cdf(standard, 2) - cdf(standard, -2), 1e-15);
  EXPECT_NEAR(measures.below.value, cdf(standard, -2), 1e-15);
  EXPECT_NEAR(measures.above.value, cdf(standard, -2), 1e-15);
  EXPECT_NEAR(measures.coverage.standard_error, 0, 1e-15);
  EXPECT_NEAR(measures.coverage.lower, wilson(measures.coverage.value, 3, 1.959963984540054).lower, 1e-14);
  EXPECT_NEAR(measures.lowest.coverage.value, measures.coverage.value, 1e-15);
  EXPECT_NEAR(measures.bias_eliminated->value, cdf(standard, 1.75) - cdf(standard, -2.25),
              1e-15);  // 3/2 for 1
  EXPECT_FALSE(measures.simultaneous);
  const Measures skewed = of_prediction(find_noise_law("skewed"), 1, -2, std::log(4) - 1, 0.9);
  EXPECT_NEAR(skewed.coverage.value, 0.75, 1e-15);
  EXPECT_NEAR(skewed.above.value, 0.25, 1e-15);
}

// Shares 0.1, 0.2, 0.3 and 0.4, of mean 1/4 and variance 1/60, at the only point there is.
TEST(PredictionMeasures, APointHasTheSpreadOfItsShares) {
  const boost::math::normal standard;
  Matrix upper(1, 4);
  for (Index r = 0; r < 4; ++r) upper(0, r) = quantile(standard, 0.6 + 0.1 * static_cast<double>(r));
  const Matrix zero = Matrix::Zero(1, 4);
  const Vector truth = Vector::Zero(1), sd = Vector::Ones(1);
  const NewObservation observation{find_noise_law("normal"), sd};
  const Measures measures = measure({zero, zero, zero, upper, truth, 0.25, observation});
  const double se = std::sqrt(1.0 / 60 / 4);
  const Proportion expected = wilson(0.25, 0.1875 / (se * se), 1.959963984540054);
  for (const Proportion& p : {measures.coverage, measures.lowest.coverage, measures.highest.coverage}) {
    expect_near(Estimate{p.value, p.standard_error}, 0.25, se);
    EXPECT_NEAR(p.lower, expected.lower, 1e-14);
    EXPECT_NEAR(p.upper, expected.upper, 1e-14);
  }
  EXPECT_EQ(measures.median_width, (upper(0, 1) + upper(0, 2)) / 2);
}

// At the quantiles +-z of a level 1 - alpha: 2 z + 2 / alpha 2 (phi(z) - z alpha / 2) = 4 phi(z) / alpha.
TEST(PredictionMeasures, ExpectedScoreAtTheNormalQuantiles) {
  const double z = 1.959963984540054, density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  const Measures measures = of_prediction(find_noise_law("normal"), 0.3, -0.3 * z, 0.3 * z, 0.95);
  EXPECT_NEAR(measures.score->value, 0.3 * 4 * density / 0.05, 1e-13);
}

double quantile_of(const NoiseLawInfo& law, double p) {
  const auto f = [&](double z) { return integrals_at(law, z).F - p; };
  const auto [low, high] =
      boost::math::tools::bisect(f, -20.0, 20.0, boost::math::tools::eps_tolerance<double>(48));
  return (low + high) / 2;
}

// A proper score: its slope in u, 1 - (1 - F(u)) 2 / alpha, rises and is zero at the 1 - alpha / 2 quantile.
TEST(PredictionMeasures, ExpectedScoreIsLeastAtTheTrueQuantiles) {
  for (const NoiseLawInfo& law : noise_law_table()) {
    const double l = quantile_of(law, 0.1), u = quantile_of(law, 0.9);
    const double least = of_prediction(law, 1, l, u, 0.8).score->value;
    for (const double h : {-0.1, -0.01, 0.01, 0.1}) {
      EXPECT_GT(of_prediction(law, 1, l + h, u, 0.8).score->value, least) << law.name << h;
      EXPECT_GT(of_prediction(law, 1, l, u + h, 0.8).score->value, least) << law.name << h;
    }
  }
}

TEST(FailedReplicates, AnInfiniteIntervalCoversAndHasNoMeanWidth) {
  HandWorked samples;
  samples.lower(0, 1) = -infinity;
  const Measures measures = samples.measured();
  EXPECT_EQ(measures.n_failed, 1);
  EXPECT_EQ(measures.coverage_by_replicate, vector({1, 1, 0, 0}));
  EXPECT_FALSE(measures.mean_width);
  EXPECT_FALSE(measures.score);
  EXPECT_EQ(measures.median_width, 2.5);
  const Measures of_noise = of_prediction(find_noise_law("normal"), 1, 0, infinity, 0.95);
  EXPECT_EQ(of_noise.coverage.value, 0.5);
  EXPECT_EQ(of_noise.above.value, 0);
  EXPECT_EQ(of_noise.median_width, infinity);
  EXPECT_FALSE(of_noise.score);
}

// One NaN fails its replicate at every point.
TEST(FailedReplicates, ABoundThatIsNotANumberIsNoInterval) {
  HandWorked samples;
  samples.upper(0, 0) = nan;
  samples.lower(1, 1) = infinity;
  samples.upper(1, 1) = infinity;  // no width: no interval either
  const Measures measures = samples.measured();
  EXPECT_EQ(measures.n_failed, 3);
  EXPECT_EQ(measures.coverage.value, 0);
  EXPECT_EQ(measures.below.value, 0.125);
  EXPECT_FALSE(measures.mean_width);
  EXPECT_EQ(measures.median_width, 1.5);
  EXPECT_TRUE(measures.empirical_se);
}

TEST(FailedReplicates, StandardErrorsMayBeMissingAlone) {
  HandWorked samples;
  samples.se.setConstant(nan);
  const Measures measures = samples.measured();
  EXPECT_FALSE(measures.model_se);
  EXPECT_FALSE(measures.se_ratio);
  EXPECT_NEAR(measures.empirical_se->value, std::sqrt(7.0 / 6), 1e-14);
  // With those of replicates 1 and 2 the ratio is over these two: variances 1/2 and 2, a mean square of 7/4.
  samples.se.leftCols(2) = HandWorked{}.se.leftCols(2);
  EXPECT_NEAR(samples.measured().se_ratio->value, std::sqrt(1.75 / 1.25), 1e-14);
  EXPECT_NEAR(samples.measured().empirical_se->value, std::sqrt(7.0 / 6), 1e-14);
}

TEST(FailedReplicates, NothingIsMadeOfNothing) {
  HandWorked samples;
  for (Matrix* matrix : {&samples.fit, &samples.se, &samples.lower, &samples.upper}) matrix->setConstant(nan);
  const Measures measures = samples.measured();
  EXPECT_EQ(measures.coverage.value, 0);
  EXPECT_NEAR(measures.coverage.upper, wilson(0, 4, 1.959963984540054).upper, 1e-15);
  EXPECT_FALSE(measures.bias_eliminated || measures.mean_width || measures.median_width || measures.score);
  EXPECT_FALSE(measures.rms_bias || measures.rms_bias_over_se || measures.empirical_se || measures.model_se);
}

// One replicate of four with an se of 1e30 makes the mean; the median over replicates does not see it. MAD of -2, -1,
// 1, 2: 1.5.
TEST(Measures, AWildReplicateLeavesTheMedianRatioAlone) {
  const Matrix fit = (Matrix(1, 4) << -2, -1, 1, 2).finished(),
               se = (Matrix(1, 4) << 1, 1, 1e30, 1).finished();
  const Measures measures = measure({fit, se, fit.array() - 3, fit.array() + 3, Vector::Zero(1), 0.95});
  EXPECT_FALSE(measures.se_ratio);
  EXPECT_NEAR(measures.median_se_ratio.value(), 0.6744897501960817 / 1.5, 1e-14);
}

// Holm by hand at 0.05: probabilities .005, .01, .04, .03 against .05/4, .05/3 and .05/2.
TEST(BeyondChance, IsHolmsRule) {
  const auto z = [](double p) {
    return boost::math::quantile(boost::math::complement(boost::math::normal(), p / 2));
  };
  EXPECT_EQ(beyond_chance({z(0.04), z(0.01), z(0.005), z(0.03)}, 0.05),
            (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(beyond_chance({}, 0.05), std::vector<bool>{});
}

// The score test, of which Wilson's interval is the inverse.
TEST(BeyondChance, DistancesAreThoseOfWilsonsInterval) {
  const double p = 0.93, se = 0.004, n = p * (1 - p) / (se * se);
  const double z = distance_in_errors(p, se, 1000, 0.95);
  EXPECT_NEAR(wilson(p, n, z).upper, 0.95, 1e-12);
}

TEST(FailedReplicates, OneFitHasNoSpread) {
  HandWorked samples;
  samples.fit.rightCols(3).setConstant(nan);
  const Measures measures = samples.measured();
  EXPECT_FALSE(measures.empirical_se || measures.rms_bias || measures.bias_eliminated || measures.se_ratio);
  EXPECT_EQ(measures.n_failed, 1);  // the intervals are there
}

// Replicates 1 and 2 are left for the ratio, as above, where only 3 lacks its fit.
TEST(FailedReplicates, AStandardErrorWithoutItsFitIsLeftOut) {
  HandWorked samples;
  samples.fit(1, 2) = nan;
  EXPECT_NEAR(samples.measured().se_ratio->value, std::sqrt(1.75 / 1.25), 1e-14);
}

// Newcombe (1998), Statistics in Medicine 17, table I, method 3.
TEST(Wilson, GivesThePublishedIntervals) {
  const struct {
    double successes, n, lower, upper;
  } published[] = {
      {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
  for (const auto& [successes, n, lower, upper] : published) {
    const Proportion p = wilson(successes / n, n, 1.959963984540054);
    EXPECT_NEAR(p.lower, lower, 5e-5);
    EXPECT_NEAR(p.upper, upper, 5e-5);
    EXPECT_NEAR(p.standard_error, std::sqrt(p.value * (1 - p.value) / n), 1e-16);
  }
}

TEST(Wilson, IsTouchedByCertainty) {
  for (const double n : {1.0, 7.0, 2000.0, 12345.6}) {
    EXPECT_EQ(wilson(1, n, z_of_999).upper, 1);
    EXPECT_EQ(wilson(0, n, z_of_999).lower, 0);
  }
}

// The Wilson interval is the score test inverted: it holds a level v where |p - v| <= z sqrt(v (1 - v) / n).
TEST(Verdict, IsThatOfTheScoreTest) {
  const double level = 0.95;
  for (const double n : {200.0, 5000.0}) {
    const double reach = z_of_999 * std::sqrt(level * (1 - level) / n);
    const auto verdict = [&](double p) {
      return verdict_of({p, std::sqrt(p * (1 - p) / n), 0, 0}, static_cast<Index>(n), level);
    };
    EXPECT_EQ(verdict(level - reach * (1 + 1e-9)), Verdict::under);
    EXPECT_EQ(verdict(level - reach * (1 - 1e-9)), Verdict::nominal);
    if (level + reach < 1) {
      EXPECT_EQ(verdict(level + reach * (1 - 1e-9)), Verdict::nominal);
      EXPECT_EQ(verdict(level + reach * (1 + 1e-9)), Verdict::over);
    }
  }
  EXPECT_EQ(name_of(Verdict::nominal), "nominal");
  EXPECT_EQ(name_of(Verdict::under), "under");
  EXPECT_EQ(name_of(Verdict::over), "over");
}

// Differences 1, -2, 3: mean 2/3, variance 19/3.
TEST(PairedDifference, ByHand) {
  const PairedDifference difference =
      paired_difference(vector({1, 2, nan, 4, infinity}), vector({0, 4, 1, 1, infinity}));
  EXPECT_EQ(difference.n_left_out, 2);
  expect_near(difference.mean, 2.0 / 3, std::sqrt(19.0 / 9));
  EXPECT_FALSE(paired_difference(vector({1, nan}), vector({1, 1})).mean);
}

TEST(Measures, RefuseSamplesThatAreNone) {
  const Matrix two = Matrix::Zero(2, 4), three = Matrix::Zero(3, 4), single = Matrix::Zero(2, 1);
  const Vector truth = Vector::Zero(2), unknown = Vector::Constant(2, nan);
  EXPECT_THROW(measure({two, three, two, two, truth, 0.9}), std::logic_error);
  EXPECT_THROW(measure({single, single, single, single, truth, 0.9}), std::logic_error);
  EXPECT_THROW(measure({two, two, two, two, unknown, 0.9}), std::logic_error);
  EXPECT_THROW(measure({two, two, two, two, truth, 1}), std::logic_error);
  const Vector negative = Vector::Constant(2, -1);
  EXPECT_THROW(measure({two, two, two, two, truth, 0.9, NewObservation{find_noise_law("normal"), negative}}),
               std::logic_error);
}

}  // namespace
}  // namespace jacobench::coverage
