#include "study/power_law.hpp"

#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "accuracy/accuracy_laws.hpp"

namespace jacobench::harness {
namespace {

TEST(PowerLaw, IsFoundExactlyWhereItHolds) {
  std::vector<Point> points;
  for (double x : {1.0, 3.0, 10.0, 250.0}) points.push_back({x, 2.5 * std::pow(x, -1.5)});
  const auto law = fit_power_law(points);
  ASSERT_TRUE(law);
  EXPECT_NEAR(law->exponent, -1.5, 1e-14);
  EXPECT_NEAR(law->factor, 2.5, 1e-13);
  EXPECT_NEAR(law->half_width, 0, 1e-13);
  EXPECT_EQ(law->n_points, 4u);
  EXPECT_NEAR(law->from, 1, 1e-15);
  EXPECT_NEAR(law->to, 250, 1e-10);
}

// By hand: log x = -1, 0, 1 and log y = -1, 1/2, 1 give slope 1, intercept 1/6, residuals -1/6, 1/3, -1/6, variance
// 1/6 on one degree of freedom, standard error sqrt(1/6 / 2) and t(0.975; 1) = 12.7062047361747.
TEST(PowerLaw, IntervalIsThatOfStudent) {
  const std::vector<Point> points{
      {std::exp(-1), std::exp(-1)}, {1, std::exp(0.5)}, {std::exp(1), std::exp(1)}};
  const auto law = fit_power_law(points);
  ASSERT_TRUE(law);
  EXPECT_NEAR(law->exponent, 1, 1e-14);
  EXPECT_NEAR(law->factor, std::exp(1.0 / 6), 1e-14);
  EXPECT_NEAR(law->half_width, 12.7062047361747 * std::sqrt(1.0 / 12), 1e-12);
}

TEST(PowerLaw, NeedsThreePointsOfDifferentSize) {
  EXPECT_FALSE(fit_power_law({}));
  EXPECT_FALSE(fit_power_law({{1, 1}, {2, 2}}));
  EXPECT_FALSE(fit_power_law({{1, 1}, {2, 2}, {3, 0}}));  // no logarithm of zero
  EXPECT_FALSE(fit_power_law({{2, 1}, {2, 2}, {2, 3}}));
}

TEST(PowerLaw, IsPrintedOnlyWhereItsPointsDetermineIt) {
  PowerLaw law{.exponent = 1, .half_width = 0.49, .factor = 2, .n_points = 4, .from = 10, .to = 1000};
  EXPECT_EQ(to_text(law, "P"), "2.0 P^1.00 (95%: 0.51 to 1.49; 4 points, P from 10.0 to 1000)");
  for (const double too_wide : {0.5, 28.0, std::nan("")}) {
    law.half_width = too_wide;
    EXPECT_EQ(to_text(law, "P"),
              fmt::format(
                  "not determined as a power of P (95%: {:.2f} to {:.2f}, which is wider than 1; 4 points, P "
                  "from 10.0 to 1000)",
                  1 - too_wide, 1 + too_wide));
  }
}

// Central differences with truncation h^2 and rounding 1e-16 / h, as a V with its bend at h = 4e-6.
TEST(StepLaws, BothSidesOfTheVAreFound) {
  std::vector<Point> points;
  for (int e = 1; e <= 12; ++e) {
    const double h = std::pow(10.0, -e);
    points.push_back({h, h * h + 1e-16 / h});
  }
  const accuracy::StepLaws laws = accuracy::fit_step_laws(points);
  ASSERT_TRUE(laws.best && laws.truncation && laws.rounding);
  EXPECT_EQ(laws.best->x, std::pow(10.0, -6));
  EXPECT_NEAR(laws.truncation->exponent, 2, 1e-3);
  EXPECT_NEAR(laws.rounding->exponent, -1, 1e-3);
}

TEST(StepLaws, FewPointsGiveNoLaw) {
  EXPECT_FALSE(accuracy::fit_step_laws({}).best);
  const accuracy::StepLaws laws = accuracy::fit_step_laws({{1e-8, 1e-7}});
  EXPECT_TRUE(laws.best);
  EXPECT_FALSE(laws.truncation);
  EXPECT_FALSE(laws.rounding);
}

}  // namespace
}  // namespace jacobench::harness
