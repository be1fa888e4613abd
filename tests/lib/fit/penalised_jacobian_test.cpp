// Products by batches against those of the formed J.
#include "jacobench/fit/penalised_jacobian.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/network/second_derivatives.hpp"

#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using testing::Scenario;

class PenalisedJacobianAt : public ::testing::TestWithParam<Scenario> {};

// All rows at once, and in batches of one row, that hold as little as is possible. Sums are as long as P and N.
TEST_P(PenalisedJacobianAt, ProductsAreThoseOfTheFormedMatrixAndAdjoint) {
  const Scenario s = GetParam();
  const Index N = s.X.rows(), K = s.network.n_outputs(), P = s.network.n_params();
  RandomStream stream(9, 0, 0, RandomPurpose::simulation);
  const auto drawn = [&](Index n) {
    Vector v(n);
    for (double& each : v) each = stream.normal();
    return v;
  };
  const Matrix g = drawn(N * K).cwiseAbs().reshaped(N, K);
  const Vector B = drawn(P).cwiseAbs(), S = drawn(P).cwiseAbs(), x = drawn(P), y = drawn(N * K + P);
  Matrix J(N * K, P), A(N * K + P, P), r_dd;
  find_strategy("layerwise").make(s.network, N, {})->evaluate(s.theta, s.X, {.J_y_theta = &J});
  J = g.reshaped().asDiagonal() * J;
  A << J * S.asDiagonal(), Matrix(B.cwiseSqrt().cwiseProduct(S).asDiagonal());
  SecondDerivatives(s.network, N).along(s.theta, s.X, x, r_dd);
  const double size = std::max(1.0, A.cwiseAbs().maxCoeff<Eigen::PropagateNaN>());
  for (const double memory : {1.0, 1e9}) {
    PenalisedJacobian at(s.network, N, memory);
    at.move_to(s.theta, s.X, {.factors = g});
    at.set_diagonals(B, S);
    Vector A_x, A_t_y, second;
    at.times(x, A_x);
    at.transposed_times(y, A_t_y);
    const double rounding = 1e-11 * size * std::sqrt(static_cast<double>(N * K + P));
    EXPECT_LE((A_x - A * x).norm(), rounding * x.norm());
    EXPECT_LE((A_t_y - A.transpose() * y).norm(), rounding * y.norm());
    EXPECT_NEAR(y.dot(A_x), x.dot(A_t_y), rounding * x.norm() * y.norm());
    EXPECT_LE((at.squared_columns() - J.colwise().squaredNorm().transpose()).norm(),
              rounding * size * static_cast<double>(P));
    at.along(x, second);
    const Vector want = g.reshaped().cwiseProduct(r_dd.reshaped());
    EXPECT_LE((second - want).norm(), 1e-10 * (1 + want.norm()));
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, PenalisedJacobianAt,
                         ::testing::ValuesIn(testing::scenarios().begin(), testing::scenarios().end()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace jacobench
