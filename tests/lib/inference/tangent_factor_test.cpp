// The factorisation that every covariance is made from, by its defining equations.
#include "jacobench/inference/tangent_factor.hpp"

#include <cmath>
#include <limits>

#include <Eigen/LU>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

// Entries of order one.
Matrix drawn(Index n, Index p) {
  RandomStream stream(1, 2, 3, RandomPurpose::simulation);
  Matrix J(n, p);
  for (double& entry : J.reshaped()) entry = stream.normal();
  return J;
}

double distance(const Matrix& a, const Matrix& b) { return (a - b).norm(); }

TEST(TangentFactor, OfFullRankIsARootOfTheInverse) {
  const Matrix J = drawn(12, 4) * Vector{{1, 1e3, 1e-3, 1}}.asDiagonal();
  const auto [report, factor] = factorise(J);
  EXPECT_EQ(report.rank, 4);
  EXPECT_TRUE(report.is_full());
  EXPECT_LE(distance(factor.Q, J * factor.T), 1e-13);
  EXPECT_LE(distance(factor.Q.transpose() * factor.Q, Matrix::Identity(4, 4)), 1e-14);
  EXPECT_LE(distance(J.transpose() * J * factor.T * factor.T.transpose(), Matrix::Identity(4, 4)), 1e-8);
  EXPECT_NEAR(factor.leverages().sum(), 4, 1e-13);
}

// By either route: with more rows than parameters, with fewer, and with fewer and a parameter without penalty.
TEST(TangentFactor, WithAPenaltyIsARootOfThePenalisedInverse) {
  for (const bool all_penalised : {true, false})
    for (const Index n : {9, 3}) {
      const Matrix J = drawn(n, 5);
      Vector K{{0.5, 1, 2, 3, 4}};
      if (!all_penalised) K[2] = 0;
      const auto [is_determined, factor] = factorise(J, K);
      EXPECT_TRUE(is_determined);
      const Matrix inverse = (J.transpose() * J + Matrix(K.asDiagonal())).inverse();
      const Matrix H = J * inverse * J.transpose();
      Matrix V = factor.T * factor.T.transpose();
      EXPECT_EQ(factor.prior_scale.size() > 0, all_penalised && n == 3);
      if (factor.prior_scale.size() > 0) {
        const Matrix P = Matrix::Identity(5, 5) - factor.prior_known * factor.prior_known.transpose();
        V += factor.prior_scale.asDiagonal() * P * factor.prior_scale.asDiagonal();
      }
      EXPECT_LE(distance(V, inverse), 1e-13);
      EXPECT_LE(distance(factor.Q * factor.Q.transpose(), H), 1e-13);
      EXPECT_LE(distance(factor.leverages(), H.diagonal()), 1e-13);
      EXPECT_NEAR(factor.trace_h(), H.trace(), 1e-13);
      EXPECT_NEAR(factor.trace_hh(), (H * H.transpose()).trace(), 1e-13);
    }
}

// Two columns of length one at an angle phi: singular values sqrt(1 +- cos phi), condition 2 / phi for a small one. The rank
// is 2 down to max(n, p) 2^-52 = 2.2e-14 of the largest.
Matrix at_an_angle(double phi) {
  Matrix J = Matrix::Zero(100, 2);
  J(0, 0) = 1;
  J(0, 1) = std::cos(phi);
  J(1, 1) = std::sin(phi);
  return J;
}

TEST(TangentFactor, RankIsDecidedByTheRuleOfTheHeader) {
  EXPECT_NEAR(factorise(at_an_angle(0.02)).report.condition_scaled, 1 / std::tan(0.01), 1e-9);
  for (const double size : {1e-200, 1.0, 1e100}) {
    EXPECT_EQ(factorise(size * at_an_angle(2 * 2.6e-14)).report.rank, 2);
    EXPECT_EQ(factorise(size * at_an_angle(2 * 1.8e-14)).report.rank, 1);
  }
  const RankReport one = factorise(at_an_angle(1e-15)).report;
  EXPECT_EQ(one.condition_scaled, 1);
  EXPECT_EQ(one.determined.cols(), 1);
  EXPECT_EQ(one.undetermined.cols(), 1);
  EXPECT_EQ(factorise(Matrix(at_an_angle(1e-16).topRows(2))).report.undetermined.cols(), 1);
}

// Of orthogonal columns the unscaled condition is the ratio of their lengths, the scaled one 1.
TEST(TangentFactor, ConditionsAreThoseOfTheScaledAndTheUnscaledColumns) {
  Matrix J = Matrix::Zero(7, 3);
  J.diagonal() = Vector{{3, 5e-4, 2}};
  const RankReport tall = factorise(J).report, wide = factorise(Matrix(J.topRows(3))).report;
  for (const RankReport& report : {tall, wide}) {
    EXPECT_NEAR(report.condition_scaled, 1, 1e-14);
    EXPECT_NEAR(report.condition_unscaled, 6000, 1e-9);
  }
  const RankReport transposed = factorise(Matrix(J.transpose())).report;
  EXPECT_EQ(transposed.rank, 3);
  EXPECT_NEAR(transposed.condition_unscaled, 6000, 1e-9);
  EXPECT_EQ(factorise(Matrix::Zero(4, 2)).report.rank, 0);
}

// In scaled parameters, so that units do not matter: of g = (g_1, g_2) against the open direction (1, -1) / sqrt(2).
TEST(TangentFactor, TheUndeterminedShareIsTheCosineOfTheOpenDirection) {
  Matrix J = Matrix::Zero(6, 2);
  J.col(0) = drawn(6, 1);
  J.col(1) = 1e6 * J.col(0);
  const RankReport report = factorise(J).report;
  const double c = report.column_norms[0];
  const Matrix G{{c, 1e6 * c}, {c, -1e6 * c}, {c, 0}, {3 * c, 1e6 * c}, {0, 0}};
  const Vector expected{{0, 1, std::sqrt(0.5), 2 / std::sqrt(20), 0}};
  EXPECT_TRUE(testing::all_within(report.undetermined_share(G), expected, 1e-14));
}

}  // namespace
}  // namespace jacobench
