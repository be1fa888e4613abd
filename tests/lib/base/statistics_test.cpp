#include "jacobench/base/statistics.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

namespace jacobench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Statistics, TheMedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 4}), 4);
  EXPECT_EQ(median({9, 1, 4, 2}), 3);
  EXPECT_EQ(median({1, infinity, 2, infinity}), infinity);
  EXPECT_EQ(median({infinity, infinity}), infinity);
}

// Hyndman and Fan (1996), definition 6: h = (n + 1) p. Of 1, 4, 9, 16: h = 5 p.
TEST(Statistics, QuantilesHavePlottingPositionsOfOneOverNPlusOne) {
  const std::vector<double> sample{9, 1, 16, 4};
  EXPECT_EQ(quantile(sample, 0.2), 1);
  EXPECT_EQ(quantile(sample, 0.4), 4);
  EXPECT_EQ(quantile(sample, 0.25), 1.75);  // h = 1.25
  EXPECT_EQ(quantile(sample, 0.75), 14.25);
  EXPECT_EQ(quantile(sample, 0.5), median(sample));
  EXPECT_EQ(quantile(sample, 0), 1);
  EXPECT_EQ(quantile(sample, 0.9), 16);
  EXPECT_EQ(quantile(sample, 1), 16);
  EXPECT_EQ(quartile_distance(sample), 12.5);
  EXPECT_EQ(quantile_of_sorted(std::vector<double>{1, 4, 9, 16}, 0.25), 1.75);
  EXPECT_EQ(quantile({1, infinity}, 1.0 / 3), 1);
  EXPECT_EQ(quantile({1, infinity}, 0.5), infinity);
  EXPECT_EQ(quantile({-infinity, -infinity}, 0.5), -infinity);
}

// Hyndman and Fan (1996), definition 1: the inverse of the empirical distribution function.
TEST(Statistics, ARankedObservationIsOneOfTheSample) {
  const std::vector<double> sample{9, 1, 16, 4};
  EXPECT_EQ(ranked(sample, 0), 1);
  EXPECT_EQ(ranked(sample, 0.25), 1);
  EXPECT_EQ(ranked(sample, 0.26), 4);
  EXPECT_EQ(ranked(sample, 0.75), 9);
  EXPECT_EQ(ranked(sample, 1), 16);
}

// 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32.
TEST(Statistics, StandardDeviationsHaveOneLessThanTheNumber) {
  const Vector sample = (Vector(8) << 2, 4, 4, 4, 5, 5, 7, 9).finished();
  EXPECT_EQ(mean(sample), 5);
  EXPECT_NEAR(standard_deviation(sample), std::sqrt(32.0 / 7), 1e-15);
}

TEST(Statistics, ANaNIsInEveryFigure) {
  for (const std::vector<double>& sample : {std::vector<double>{nan, 1, 2}, {1, nan, 2}, {1, 2, nan}}) {
    EXPECT_TRUE(std::isnan(median(sample)));
    for (const double p : {0.0, 0.4, 1.0}) {
      EXPECT_TRUE(std::isnan(quantile(sample, p)));
      EXPECT_TRUE(std::isnan(quantile_of_sorted(sample, p)));
      EXPECT_TRUE(std::isnan(ranked(sample, p)));
    }
    EXPECT_TRUE(std::isnan(quartile_distance(sample)));
    const Eigen::Map<const Vector> values(sample.data(), 3);
    EXPECT_TRUE(std::isnan(mean(values)));
    EXPECT_TRUE(std::isnan(standard_deviation(values)));
  }
}

TEST(Statistics, RefusesWhatHasNoFigure) {
  EXPECT_THROW(median({}), std::logic_error);
  EXPECT_THROW(quantile({}, 0.5), std::logic_error);
  EXPECT_THROW(ranked({}, 0.5), std::logic_error);
  EXPECT_THROW(quantile({1, 2}, 1.1), std::logic_error);
  EXPECT_THROW(ranked({1, 2}, -0.1), std::logic_error);
  EXPECT_THROW(quantile({1, 2}, nan), std::logic_error);
  EXPECT_THROW(mean(Vector()), std::logic_error);
  EXPECT_THROW(standard_deviation(Vector::Ones(1)), std::logic_error);
  EXPECT_THROW(normal_quantile(nan), std::logic_error);
}

// Published to 15 digits; 0.0005 as a double is off by less than the last of them.
TEST(Statistics, NormalQuantilesArePublishedOnes) {
  EXPECT_EQ(normal_quantile(0.5), 0);
  EXPECT_NEAR(normal_quantile(0.975), 1.95996398454005424, 1e-15);
  EXPECT_NEAR(-normal_quantile(0.0005), 3.29052673149189479, 2e-15);
  EXPECT_NEAR(z_95, 1.95996398454005424, 1e-15);
  EXPECT_NEAR(z_999, 3.29052673149189479, 2e-15);
  EXPECT_EQ(normal_quantile(0), -infinity);
  EXPECT_EQ(normal_quantile(1), infinity);
}

}  // namespace
}  // namespace jacobench
