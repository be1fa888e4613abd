// Second derivatives by two routes, held to one another and to differences of the first derivatives.
#include "jacobench/network/second_derivatives.hpp"

#include <gtest/gtest.h>

#include "support/linearised.hpp"
#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::draw_scenario;
using testing::Scenario;

class SecondDerivativesOf : public ::testing::TestWithParam<Activation> {
 protected:
  const Scenario s_ = draw_scenario("second", 2, {{3, GetParam()}, {4, GetParam()}, {2, logistic}}, 6, 0.7);
  const Index P_ = s_.network.n_params();
  const SecondDerivatives second_{s_.network, s_.theta, s_.X};

  // d J v / d theta along u by central differences: h^2 and rounding / h are both near 10^-10.
  Matrix by_differences(const Vector& u, const Vector& v) const {
    constexpr double h = 1e-5;
    const auto J_v = [&](double step) -> Vector {
      return testing::gradients_at(s_.network, s_.theta + step * u, s_.X) * v;
    };
    return ((J_v(h) - J_v(-h)) / (2 * h)).reshaped(s_.X.rows(), 2);
  }
};

INSTANTIATE_TEST_SUITE_P(Activations, SecondDerivativesOf,
                         ::testing::Values(tanh, logistic, softplus, exp, gelu, sin, gaussian),
                         [](const auto& instance) {
                           return std::string(jacobench::info(instance.param).name);
                         });

TEST_P(SecondDerivativesOf, AlongIsTheDifferenceOfFirstDerivatives) {
  const Vector u = Vector::Random(P_), v = Vector::Random(P_);
  const Matrix along = second_.along(u, v);
  EXPECT_LE((along - by_differences(u, v)).norm(), 1e-6 * along.norm());
  EXPECT_LE((along - second_.along(v, u)).norm(), 1e-14 * along.norm());
}

TEST_P(SecondDerivativesOf, TheSumIsThatOfAllDirections) {
  const Matrix C = Matrix::Random(6, 2);
  const Matrix H = second_.weighted_sum(C);
  for (int trial = 0; trial < 5; ++trial) {
    const Vector u = Vector::Random(P_), v = Vector::Random(P_);
    const double expected = second_.along(u, v).cwiseProduct(C).sum();
    EXPECT_NEAR(u.dot(H * v), expected, 1e-12 * u.norm() * H.norm() * v.norm());
  }
}

TEST(SecondDerivatives, OfALinearNetworkVanish) {
  const Scenario s = draw_scenario("linear", 3, {{2, identity}}, 5);
  const SecondDerivatives second(s.network, s.theta, s.X);
  EXPECT_EQ(second.along(Vector::Ones(8), Vector::Ones(8)), Matrix::Zero(5, 2));
  EXPECT_EQ(second.weighted_sum(Matrix::Ones(5, 2)), Matrix::Zero(8, 8));
}

}  // namespace
}  // namespace jacobench
