// The normal distribution and its density, on the vector path in use.
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Normal {
  explicit Normal(const std::vector<double>& z) : distribution(z), density(z) {
    kernel::kernels().normal(z.data(), distribution.data(), density.data(), std::ssize(z));
  }
  std::vector<double> distribution, density;
};

// erfc(-z / sqrt 2) / 2 and exp(-z^2 / 2) / sqrt(2 pi), whose argument in long double is wrong by 2^-64 of z^2 / 2, a
// unit of roundoff at z = 37; the kernel's own roundings are a handful.
TEST(NormalKernel, IsTheDistributionAndItsDensity) {
  std::vector<double> z;
  for (int i = -2960; i <= 2960; ++i) z.push_back(i / 80.0);
  const Normal normal(z);
  for (std::size_t i = 0; i < z.size(); ++i) {
    const auto x = static_cast<long double>(z[i]);
    const auto distribution = static_cast<double>(std::erfc(-x / std::numbers::sqrt2_v<long double>) / 2);
    const auto density = static_cast<double>(std::exp(-x * x / 2) * std::numbers::inv_sqrtpi_v<long double> /
                                             std::numbers::sqrt2_v<long double>);
    ASSERT_NEAR(normal.distribution[i] / distribution, 1, 0x1p-51) << z[i];
    ASSERT_NEAR(normal.density[i] / density, 1, 0x1p-51) << z[i];
  }
}

TEST(NormalKernel, HasItsLimits) {
  const Normal normal({-infinity, -40, 40, infinity, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(normal.distribution[0], 0);
  EXPECT_EQ(normal.distribution[1], 0);
  EXPECT_EQ(normal.distribution[2], 1);
  EXPECT_EQ(normal.distribution[3], 1);
  EXPECT_EQ(normal.density[0], 0);
  EXPECT_EQ(normal.density[3], 0);
  EXPECT_TRUE(std::isnan(normal.distribution[4]) && std::isnan(normal.density[4]));
}

}  // namespace
}  // namespace jacobench
