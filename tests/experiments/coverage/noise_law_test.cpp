#include "coverage/noise_law.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"

#include "support/find_noise_law.hpp"

namespace jacobench::coverage {

void PrintTo(const NoiseLawInfo& law, std::ostream* out) { *out << law.name; }

namespace {

constexpr double beyond_all = std::numeric_limits<double>::infinity();

template <class Function>
double integral(const Function& f, double from, double to, double tolerance = 1e-13) {
  return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(f, from, to, 20, tolerance);
}

class NoiseLaw : public ::testing::TestWithParam<NoiseLawInfo> {
 protected:
  const NoiseLawInfo& law = GetParam();
  const std::function<double(double)> F = [this](double z) { return integrals_at(law, z).F; };
  const std::function<double(double)> H = [this](double z) { return integrals_at(law, z).H; };
};

INSTANTIATE_TEST_SUITE_P(All, NoiseLaw,
                         ::testing::ValuesIn(noise_law_table().begin(), noise_law_table().end()),
                         [](const auto& test) { return std::string(test.param.name); });

// E max(z - e, 0) = int_{-inf}^z F, by parts; split at -1, where the skewed law begins.
// Quadrature is to 1e-13.
TEST_P(NoiseLaw, MeanBelowIsTheIntegralOfTheDistributionFunction) {
  for (const double z : {-4.0, -1.0, -0.3, 0.0, 0.7, 2.0, 6.0}) {
    const double split = std::min(z, -1.0);
    const double expected = integral(F, -beyond_all, split) + integral(F, split, z);
    EXPECT_NEAR(H(z), expected, 1e-12 * (1 + std::abs(z))) << z;
  }
}

// E max(z - e, 0) = z - E e + E max(e - z, 0), and the last term is below E e^2 / z = 1 / z, since e - z is
// at most e^2 / z. At z = 1e5 the product z F has an error of 1e5 units of roundoff, and a few more.
TEST_P(NoiseLaw, HasMeanZero) { EXPECT_NEAR(H(1e5) - 1e5, 0, 1e-5 + 1e5 * 0x1p-51); }

// int (E max(z - e, 0) - max(z, 0)) dz = E e^2 / 2 for a law of mean 0, integrating under the expectation.
// Beyond 1000 the heaviest tail, Student's, leaves 0.22 / 1000^3; up to there the integrand is a difference
// of numbers below 1000, with errors that add up to 1000^2 units of roundoff; a finer quadrature
// would chase them.
TEST_P(NoiseLaw, HasVarianceOne) {
  const auto above = [&](double z) { return H(z) - z; };
  const double half = integral(H, -beyond_all, -1) + integral(H, -1, 0) + integral(above, 0, 10, 1e-9) +
                      integral(above, 10, 1000, 1e-9);
  EXPECT_NEAR(half, 0.5, 1e-9);
}

TEST_P(NoiseLaw, HasItsLimits) {
  EXPECT_EQ(F(-beyond_all), 0);
  EXPECT_EQ(F(beyond_all), 1);
  EXPECT_EQ(H(-beyond_all), 0);
  EXPECT_EQ(H(beyond_all), beyond_all);
}

// sqrt(n) sup |F_n - F| exceeds x with a chance below 2 exp(-2 x^2) (Massart 1990): 1e-6 at the gate.
TEST_P(NoiseLaw, DrawsFollowTheDistributionFunction) {
  RandomStream stream(3, 1, 4, RandomPurpose::noise);
  const std::size_t n = 100000;
  std::vector<double> draws(n);
  law.draw(stream, draws);
  std::sort(draws.begin(), draws.end());
  for (std::size_t i = 0; i < n; ++i) {
    const double its = F(draws[i]), step = 1.0 / static_cast<double>(n);
    const double distance =
        std::max(its - static_cast<double>(i) * step, static_cast<double>(i + 1) * step - its);
    ASSERT_LT(std::sqrt(static_cast<double>(n)) * distance, std::sqrt(std::log(2e6) / 2)) << draws[i];
  }
}

// Sample moments of n draws lie within 5 of their standard deviations. The fourth moment is 3 for
// a normal law, 9 for Student's with 5 degrees of freedom and for the exponential law.
TEST_P(NoiseLaw, DrawsHaveMeanZeroAndVarianceOne) {
  RandomStream stream(3, 1, 4, RandomPurpose::noise);
  const double n = 100000, fourth_moment = law.draw == find_noise_law("normal").draw ? 3 : 9;
  std::vector<double> draws(100000);
  law.draw(stream, draws);
  double sum = 0, squares = 0;
  for (const double e : draws) {
    sum += e;
    squares += e * e;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt((fourth_moment - 1) / n));
}

TEST_P(NoiseLaw, DrawsAllocateNothing) {
  RandomStream stream(3, 1, 4, RandomPurpose::noise);
  std::vector<double> draws(1000);
  EXPECT_EQ(allocations_of([&] { law.draw(stream, draws); }), 0u);
}

// Published quantiles: Phi(1.959963985) = 0.975, t_5 at 0.975 = 2.570581836 (tables of Student's t); Exp(1)
// has its median at log 2.
TEST(NoiseLawTable, DistributionFunctionsArePublishedOnes) {
  EXPECT_NEAR(integrals_at(find_noise_law("normal"), 1.959963984540054).F, 0.975, 1e-15);
  EXPECT_NEAR(integrals_at(find_noise_law("student5"), 2.570581835636314 * std::sqrt(0.6)).F, 0.975, 1e-14);
  EXPECT_NEAR(integrals_at(find_noise_law("skewed"), std::log(2) - 1).F, 0.5, 1e-15);
}

TEST(NoiseLawTable, OnlyTheHeteroscedasticLawHasAnSdThatVaries) {
  const Matrix X = (Matrix(2, 2) << 1, 5, -2, 7).finished();
  const NoiseLawInfo& varying = find_noise_law("heteroscedastic");
  EXPECT_NEAR(sd_at(varying, 0.3, X.row(0), 2), 0.3 * std::exp(0.5), 1e-15);
  EXPECT_NEAR(sd_at(varying, 0.3, X.row(1), 2), 0.3 * std::exp(-1), 1e-15);
  EXPECT_EQ(sd_at(find_noise_law("skewed"), 0.3, X.row(0), 2), 0.3);
  EXPECT_EQ(allocations_of([&] { sd_at(varying, 0.3, X.row(1), 2); }), 0u);
}

}  // namespace
}  // namespace jacobench::coverage
