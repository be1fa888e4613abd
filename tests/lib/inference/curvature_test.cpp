#include "jacobench/inference/curvature.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;

// Treloar's enzyme data, as published by Bates and Watts (1988), table A1.3, treated cells.
Dataset puromycin() {
  Dataset data{Matrix(12, 1), Matrix(12, 1), {}, {}};
  data.X << 0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10;
  data.Y << 76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200;
  return data;
}

// Michaelis and Menten's v = V x / (k + x) is softsign with w1 = 1 / k, w2 = V. The intrinsic curvature does not depend on the
// parametrisation and is published: c sqrt(F) = 0.09 (Bates and Watts 1988, sec. 7.3).
TEST(Curvature, IntrinsicIsThePublishedOne) {
  const Perceptron network(1, {{1, softsign, Bias::none}, {1, identity, Bias::none}});
  const Dataset data = puromycin();
  const Vector theta = fit(network, data).theta;
  EXPECT_NEAR(std::abs(theta[1]), 212.7, 0.05);
  EXPECT_NEAR(1 / std::abs(theta[0]), 0.0641, 5e-5);
  const testing::Linearised at = testing::linearised(network, theta, data);
  const Curvature c = curvature(at, covariance(at));
  EXPECT_NEAR(c.root_f, std::sqrt(4.102821015), 1e-8);
  EXPECT_NEAR(c.intrinsic * c.root_f, 0.092, 5e-4);
  EXPECT_TRUE(c.intrinsic_is_small());
}

TEST(Curvature, OfALinearFitIsZero) {
  const testing::Fitted& fitted = testing::fitted_linear();
  const Curvature c = curvature(fitted.at, covariance(fitted.at));
  EXPECT_EQ(c.intrinsic, 0);
  EXPECT_EQ(c.parameter_effects, 0);
}

// y = (w2 w1) x: a line in disguise. It does not bend; along it the parameters run unevenly, and one of the two
// directions is not determined.
TEST(Curvature, OfALineInDisguiseIsOfTheParameters) {
  const Perceptron network(1, {{1, exp, Bias::present}, {1, identity, Bias::none}});
  Dataset data{Matrix::Zero(6, 1), Matrix(6, 1), {}, {}};
  data.Y << 1, 1.5, 0.7, 1.2, 0.9, 1.4;
  const testing::Linearised at = testing::linearised(network, Vector{{0.3, 0.05, 1.06}}, data);
  const Covariance cov = covariance(at, {.policy = RankPolicy::pseudo_inverse});
  ASSERT_TRUE(cov.ok()) << cov.reason();
  EXPECT_EQ(cov.rank(), 1);
  const Curvature c = curvature(at, cov);
  EXPECT_LE(c.intrinsic, 1e-14);
  EXPECT_GT(c.parameter_effects, 1e-3);
}

// tanh <-> logistic is an affine change of parameters: it leaves both curvatures.
TEST(Curvature, IsInvariantUnderAnAffineChangeOfParameters) {
  const testing::Fitted& fitted = testing::fitted_step();
  const Curvature c = curvature(fitted.at, covariance(fitted.at));
  const Vector& t = fitted.theta;
  const Perceptron in_logistic(1, {{1, logistic}, {1, identity}});
  const testing::Linearised other =
      testing::linearised(in_logistic, Vector{{2 * t[0], 2 * t[1], 2 * t[2], t[3] - t[2]}}, fitted.data);
  const Curvature d = curvature(other, covariance(other));
  EXPECT_NEAR(c.intrinsic, d.intrinsic, 1e-10 * c.intrinsic);
  EXPECT_NEAR(c.parameter_effects, d.parameter_effects, 1e-10 * c.parameter_effects);
}

// f = exp(w_d) at the n_d observations of group d: along the unit tangent of a group the second derivative is
// 1 / (f_d sqrt(n_d)), and there is none across. So c^2 = s^2 (3 / 4) sum_d 1 / (f_d^2 n_d), all of it of the parameters.
TEST(Curvature, OfTwoGroupsInExponentialsIsItsFormula) {
  const Perceptron network(2, {{1, exp, Bias::none}});
  Dataset data{Matrix(7, 2), Matrix(7, 1), {}, {}};
  data.X << 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1;
  data.Y << 1.1, 0.7, 1.4, 2.2, 2.9, 1.8, 2.6;
  const Vector theta{{0.1, 0.8}};
  const testing::Linearised at = testing::linearised(network, theta, data);
  const Covariance cov = covariance(at);
  const Curvature c = curvature(at, cov);
  const double f_0 = std::exp(0.1), f_1 = std::exp(0.8);
  EXPECT_NEAR(c.parameter_effects,
              cov.sigma() * std::sqrt(0.75 * (1 / (3 * f_0 * f_0) + 1 / (4 * f_1 * f_1))), 1e-14);
  EXPECT_LE(c.intrinsic, 1e-15);
  EXPECT_FALSE(c.parameter_effects_are_small());
}

// A weight of 4 is an observation that stands there four times, but for the degrees of freedom of s.
TEST(Curvature, AWeightIsANumberOfRepetitions) {
  const testing::Fitted& fitted = testing::fitted_step();
  Dataset weighted = fitted.data;
  weighted.weights = Vector::Ones(30);
  weighted.weights[5] = 4;
  std::vector<Index> rows{5, 5, 5};
  for (Index n = 0; n < 30; ++n) rows.push_back(n);
  const auto over_sigma = [&](const Dataset& data) -> Vector {
    const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, data);
    const Covariance cov = covariance(at);
    const Curvature c = curvature(at, cov);
    return Vector{{c.intrinsic, c.parameter_effects}} / cov.sigma();
  };
  EXPECT_TRUE(testing::all_within_relative(over_sigma(weighted), over_sigma(fitted.data.rows(rows)), 1e-11));
}

}  // namespace
}  // namespace jacobench
