// The factorisation that every covariance is made from, by its defining equations.
#include "jacobench/inference/tangent_factor.hpp"

#include <cmath>
#include <limits>

#include <Eigen/LU>
#include <Eigen/SVD>
#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
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

TangentFactor factorised(const Matrix& J) {
  TangentFactor factor(J.rows(), J.cols());
  factor.factorise(J);
  return factor;
}

RankReport report_of(const Matrix& J) { return factorised(J).report(); }

double distance(const Matrix& a, const Matrix& b) { return (a - b).norm(); }

double frobenius_condition(const Matrix& A) {
  const Vector S = Eigen::JacobiSVD<Matrix>(A).singularValues();
  return S.norm() * S.cwiseInverse().norm();
}

TEST(TangentFactor, OfFullRankIsARootOfTheInverse) {
  const Matrix J = drawn(12, 4) * Vector{{1, 1e3, 1e-3, 1}}.asDiagonal();
  TangentFactor factor = factorised(J);
  EXPECT_EQ(factor.rank(), 4);
  EXPECT_TRUE(factor.is_determined());
  EXPECT_TRUE(factor.report().is_full());
  EXPECT_LE(distance(factor.Q(), J * factor.T()), 1e-13);
  EXPECT_LE(distance(factor.Q().transpose() * factor.Q(), Matrix::Identity(4, 4)), 1e-14);
  EXPECT_LE(distance(J.transpose() * J * factor.T() * factor.T().transpose(), Matrix::Identity(4, 4)), 1e-8);
  EXPECT_NEAR(factor.leverages().sum(), 4, 1e-13);
  EXPECT_NEAR(factor.trace_h(), 4, 1e-13);
  EXPECT_NEAR(factor.trace_hh(), 4, 1e-13);
}

// Columns at an angle of 10^-10 beside others: J T is orthonormal up to rounding times the condition, Q up to rounding.
TEST(TangentFactor, QIsOrthonormalWhateverTheCondition) {
  Matrix J = drawn(60, 5);
  J.col(3) = J.col(1) + 3e-10 * J.col(3);
  TangentFactor factor = factorised(J);
  ASSERT_EQ(factor.rank(), 5);
  EXPECT_GT(factor.condition_scaled(), 1e9);
  const Matrix identity = Matrix::Identity(5, 5), of_J_T = J * factor.T();
  EXPECT_LE(distance(factor.Q().transpose() * factor.Q(), identity), 1e-14);
  EXPECT_GT(distance(of_J_T.transpose() * of_J_T, identity), 1e-10);
  EXPECT_LE(distance(factor.Q(), of_J_T), 1e-5);
  EXPECT_NEAR(factor.trace_h(), 5, 1e-13);
  // the column space is that of J, where rounding in J itself counts relative to its columns
  EXPECT_LE(distance(factor.Q() * (factor.Q().transpose() * J), J), 1e-13 * J.norm());
}

// By every route: with more rows than parameters, with fewer, with so few that the dual one is chosen, and there with a
// parameter without penalty.
TEST(TangentFactor, WithAPenaltyIsARootOfThePenalisedInverse) {
  for (const bool all_penalised : {true, false})
    for (const Index n : {30, 10, 3}) {
      SCOPED_TRACE(n);
      const Matrix J = drawn(n, 12);
      Vector K = Vector::LinSpaced(12, 0.5, 4);
      if (!all_penalised) K[2] = 0;
      TangentFactor factor(n, 12);
      factor.factorise(J, K);
      EXPECT_TRUE(factor.is_determined());
      EXPECT_EQ(factor.rank(), 12);
      const Matrix inverse = (J.transpose() * J + Matrix(K.asDiagonal())).inverse();
      const Matrix H = J * inverse * J.transpose();
      Matrix V = factor.T() * factor.T().transpose();
      EXPECT_EQ(factor.is_dual(), n == 3);
      if (factor.is_dual()) {
        EXPECT_EQ(factor.T().cols(), all_penalised ? 3 : 4);
        const Matrix of_prior = factor.prior_part(Matrix::Identity(12, 12));
        V += of_prior * of_prior.transpose();
        EXPECT_LE(distance(factor.prior_variances(), of_prior.rowwise().squaredNorm()), 1e-14);
      }
      EXPECT_LE(distance(V, inverse), 1e-13);
      EXPECT_NEAR(factor.log_determinant(), -std::log(inverse.determinant()), 1e-11);
      EXPECT_LE(distance(factor.Q(), J * factor.T()), 1e-13);
      EXPECT_LE(distance(factor.Q() * factor.Q().transpose(), H), 1e-13);
      EXPECT_LE(distance(factor.leverages(), H.diagonal()), 1e-13);
      EXPECT_NEAR(factor.trace_h(), H.trace(), 1e-12);
      EXPECT_NEAR(factor.trace_hh(), (H * H.transpose()).trace(), 1e-12);
    }
}

// Both routes, where parameters without a penalty depend on one another, or on nothing: the pseudo-inverse in scaled
// parameters, which has nothing in the directions that are open.
TEST(TangentFactor, TheDualRouteLeavesOpenWhatNeitherDataNorPenaltyDetermine) {
  Matrix J = drawn(6, 40);
  J.col(7) = -3 * J.col(2);
  J.col(9).setZero();
  Vector K = Vector::LinSpaced(40, 0.5, 4);
  for (const Index p : {2, 7, 9, 11}) K[p] = 0;
  TangentFactor dual(6, 40), primal(6, 40);
  dual.factorise(J, K);
  primal.factorise(J, K, TangentFactor::Route::primal);
  ASSERT_TRUE(dual.is_dual());
  EXPECT_EQ(dual.rank(), 38);
  EXPECT_EQ(primal.rank(), 38);
  EXPECT_FALSE(dual.is_determined());
  const Matrix of_prior = dual.prior_part(Matrix::Identity(40, 40));
  const Matrix V = dual.T() * dual.T().transpose() + of_prior * of_prior.transpose();
  EXPECT_LE(distance(V, primal.T() * primal.T().transpose()), 1e-13);
  EXPECT_LE(distance(dual.Q(), J * dual.T()), 1e-13);
  EXPECT_LE(distance(dual.Q() * dual.T().transpose(), primal.Q() * primal.T().transpose()), 1e-13);
  EXPECT_NEAR(dual.trace_h(), primal.trace_h(), 1e-13);
  // Which gradients it leaves open is the same by both routes: the roundings of one SVD each, of entries of order one.
  Matrix G = drawn(4, J.cols());
  G.row(3) = J.row(0);
  EXPECT_LE(distance(dual.report().undetermined_share(G), primal.report().undetermined_share(G)), 1e-7);
  EXPECT_LE(dual.report().undetermined_share(G)[3], 1e-12);
  EXPECT_LE(distance(dual.report().undetermined_share_of_parameters(),
                     primal.report().undetermined_share_of_parameters()),
            1e-6);
}

// With singular values of J K^-1/2 from 1e-9 to 1e6 and more, the routes still agree to far below 1e-8.
TEST(TangentFactor, TheDualRouteHoldsForWeakAndForStrongPenalties) {
  Matrix J = drawn(8, 90);
  for (Index i = 0; i < 8; ++i) J.row(i) *= std::pow(10, -static_cast<double>(i));
  for (const double k : {1e-12, 1e-4, 1e2}) {
    SCOPED_TRACE(k);
    Vector K = Vector::Constant(90, k);
    for (const bool has_free : {false, true}) {
      if (has_free) K[3] = 0;
      TangentFactor dual(8, 90), primal(8, 90);
      dual.factorise(J, K);
      primal.factorise(J, K, TangentFactor::Route::primal);
      ASSERT_TRUE(dual.is_dual());
      const Matrix G = drawn(5, 90), of_prior = dual.prior_part(G);
      const Vector laplace = (G * dual.T()).rowwise().squaredNorm() + of_prior.rowwise().squaredNorm();
      EXPECT_TRUE(testing::all_within_relative(laplace, (G * primal.T()).rowwise().squaredNorm(), 1e-9));
      const Vector ridge = (G * dual.T() * dual.Q().transpose()).rowwise().squaredNorm();
      const Vector want = (G * primal.T() * primal.Q().transpose()).rowwise().squaredNorm();
      EXPECT_TRUE(testing::all_within_relative(ridge, want, 1e-9));
    }
  }
}

// In scaled parameters: J T = Q is orthonormal, and T has nothing in the directions that are open.
TEST(TangentFactor, OfARankThatIsNotFullIsARootOfThePseudoInverse) {
  Matrix J = drawn(15, 4) * Vector{{1, 1e3, 1e-3, 1}}.asDiagonal();
  J.col(3) = 2 * J.col(0) - 1e-3 * J.col(1);
  TangentFactor factor = factorised(J);
  EXPECT_EQ(factor.rank(), 3);
  EXPECT_FALSE(factor.is_determined());
  EXPECT_TRUE(std::isinf(factor.condition_scaled()));
  const RankReport report = factor.report();
  const Matrix& T = factor.T();
  EXPECT_EQ(T.cols(), 3);
  EXPECT_LE(distance(factor.Q().transpose() * factor.Q(), Matrix::Identity(3, 3)), 1e-14);
  EXPECT_LE(distance(factor.Q(), J * T), 1e-13);
  EXPECT_LE(distance(factor.Q() * (factor.Q().transpose() * J), J), 1e-13 * J.norm());
  EXPECT_NEAR(factor.trace_hh(), 3, 1e-13);
  const Matrix in_scaled = report.column_norms.asDiagonal() * T;
  EXPECT_LE((report.undetermined.transpose() * in_scaled).norm(), 1e-13 * in_scaled.norm());
  EXPECT_LE(distance(report.determined.transpose() * report.determined, Matrix::Identity(3, 3)), 1e-14);
  Matrix V(4, 4);
  V << report.determined, report.undetermined;
  EXPECT_LE(distance(V.transpose() * V, Matrix::Identity(4, 4)), 1e-13);
  EXPECT_LE((J * report.column_norms.cwiseInverse().asDiagonal() * report.undetermined).norm(), 1e-13);
  // over the directions that are determined
  const Matrix S = J * report.column_norms.cwiseInverse().asDiagonal() * report.determined;
  EXPECT_NEAR(report.condition_scaled, frobenius_condition(S), 1e-12 * report.condition_scaled);
  EXPECT_NEAR(report.largest, Eigen::JacobiSVD<Matrix>(S).singularValues()[0], 1e-13);
}

// The least |A d - v| of the rows that were factorised, those of the penalty among them.
TEST(TangentFactor, SolvesForTheLeastSquaresStep) {
  const Matrix J = drawn(12, 4);
  const Vector r = drawn(12, 5).col(4);
  Vector v = r, d(4);
  factorised(J).solve(v, d);
  EXPECT_LE(distance(d, (J.transpose() * J).inverse() * (J.transpose() * r)), 1e-13);
  const Vector K{{0, 2, 0, 0.5}};
  TangentFactor penalised(12, 4);
  penalised.factorise(J, K);
  v.resize(14);
  v << r, 0.3, -0.7;
  penalised.solve(v, d);
  const Vector right = J.transpose() * r + Vector{{0, std::sqrt(2) * 0.3, 0, -std::sqrt(0.5) * 0.7}};
  EXPECT_LE(distance(d, (J.transpose() * J + Matrix(K.asDiagonal())).inverse() * right), 1e-13);
}

TEST(TangentFactor, TheDualRouteSolvesForTheLeastSquaresStep) {
  const Matrix J = drawn(4, 30);
  for (const bool has_free : {false, true}) {
    Vector K = Vector::LinSpaced(30, 0.5, 4);
    if (has_free) K[6] = 0;
    const Index n_penalised = has_free ? 29 : 30;
    TangentFactor factor(4, 30);
    factor.factorise(J, K);
    ASSERT_TRUE(factor.is_dual());
    Vector v = drawn(4 + n_penalised, 1), d(30);
    Vector right = J.transpose() * v.head(4);
    for (Index p = 0, row = 4; p < 30; ++p)
      if (K[p] > 0) right[p] += std::sqrt(K[p]) * v[row++];
    factor.solve(v, d);
    EXPECT_LE(distance(d, (J.transpose() * J + Matrix(K.asDiagonal())).inverse() * right), 1e-12);
  }
}

// Two columns of length one at an angle phi: singular values sqrt(1 +- cos phi), condition k = 1 / tan(phi / 2) in the
// 2-norm and k + 1 / k in the Frobenius norm. The rank is 2 down to a pivot of max(n, p) 2^-52 = 2.2e-14, and the
// second is sin phi.
Matrix at_an_angle(double phi) {
  Matrix J = Matrix::Zero(100, 2);
  J(0, 0) = 1;
  J(0, 1) = std::cos(phi);
  J(1, 1) = std::sin(phi);
  return J;
}

TEST(TangentFactor, RankIsDecidedByTheRuleOfTheHeader) {
  const double k = 1 / std::tan(0.01);
  EXPECT_NEAR(report_of(at_an_angle(0.02)).condition_scaled, k + 1 / k, 1e-9);
  EXPECT_NEAR(factorised(at_an_angle(0.02)).condition_scaled(), k + 1 / k, 1e-9);
  for (const double size : {1e-200, 1.0, 1e100}) {
    SCOPED_TRACE(size);
    EXPECT_EQ(report_of(size * at_an_angle(2.6e-14)).rank, 2);
    EXPECT_EQ(report_of(size * at_an_angle(1.8e-14)).rank, 1);
    TangentFactor factor = factorised(size * at_an_angle(0.02));
    EXPECT_LE(distance(factor.Q().transpose() * factor.Q(), Matrix::Identity(2, 2)), 1e-14);
    EXPECT_NEAR(factor.report().condition_scaled, k + 1 / k, 1e-9);
    EXPECT_NEAR(factor.report().condition_unscaled, k + 1 / k, 1e-9);
    EXPECT_LE(distance(size * factor.T(), factorised(at_an_angle(0.02)).T()), 1e-9);
  }
  const RankReport one = report_of(at_an_angle(1e-15));
  EXPECT_NEAR(one.condition_scaled, 1, 1e-15);
  EXPECT_EQ(one.determined.cols(), 1);
  EXPECT_EQ(one.undetermined.cols(), 1);
  EXPECT_EQ(report_of(Matrix(at_an_angle(1e-16).topRows(2))).undetermined.cols(), 1);
}

// Between the condition in the 2-norm and P times it.
TEST(TangentFactor, TheConditionIsBetweenThatOfTheTwoNormAndPTimesIt) {
  const Matrix J = drawn(40, 10) * Vector::LinSpaced(10, 1e-3, 1e3).asDiagonal();
  const Vector C = J.colwise().norm();
  const Matrix scaled = J * C.cwiseInverse().asDiagonal();
  const Vector S = Eigen::JacobiSVD<Matrix>(scaled).singularValues();
  const double two_norm = S[0] / S[9], condition = factorised(J).condition_scaled();
  EXPECT_GE(condition, two_norm);
  EXPECT_LE(condition, 10 * two_norm);
  EXPECT_NEAR(condition, frobenius_condition(scaled), 1e-12 * condition);
  EXPECT_NEAR(report_of(J).condition_scaled, condition, 1e-12 * condition);
  EXPECT_NEAR(report_of(J).condition_unscaled, frobenius_condition(J), 1e-9 * frobenius_condition(J));
}

// Of orthogonal columns the unscaled condition is that of their lengths, 3, 1/2000 and 2, and the scaled one P.
TEST(TangentFactor, ConditionsAreThoseOfTheScaledAndTheUnscaledColumns) {
  Matrix J = Matrix::Zero(7, 3);
  const Vector lengths{{3, 5e-4, 2}};
  J.diagonal() = lengths;
  const double unscaled = lengths.norm() * lengths.cwiseInverse().norm();
  for (const RankReport& report : {report_of(J), report_of(Matrix(J.topRows(3)))}) {
    EXPECT_NEAR(report.condition_scaled, 3, 1e-14);
    EXPECT_NEAR(report.condition_unscaled, unscaled, 1e-9);
  }
  const RankReport transposed = report_of(Matrix(J.transpose()));
  EXPECT_EQ(transposed.rank, 3);
  EXPECT_NEAR(transposed.condition_scaled, 3, 1e-14);
  EXPECT_NEAR(transposed.condition_unscaled, unscaled, 1e-9);
  const RankReport none = report_of(Matrix::Zero(4, 2));
  EXPECT_EQ(none.rank, 0);
  EXPECT_EQ(none.undetermined.cols(), 2);
  EXPECT_EQ(factorised(Matrix::Zero(4, 2)).T().cols(), 0);
}

// In scaled parameters, so that units do not matter: of g = (g_1, g_2) against the open direction (1, -1) / sqrt(2).
TEST(TangentFactor, TheUndeterminedShareIsTheCosineOfTheOpenDirection) {
  Matrix J = Matrix::Zero(6, 2);
  J.col(0) = drawn(6, 1);
  J.col(1) = 1e6 * J.col(0);
  const RankReport report = report_of(J);
  const double c = report.column_norms[0];
  const Matrix G{{c, 1e6 * c}, {c, -1e6 * c}, {c, 0}, {3 * c, 1e6 * c}, {0, 0}};
  const Vector expected{{0, 1, std::sqrt(0.5), 2 / std::sqrt(20), 0}};
  EXPECT_TRUE(testing::all_within(report.undetermined_share(G), expected, 1e-14));
}

// One workspace, for one J after another and of either kind.
TEST(TangentFactor, DoesNotDependOnWhatWasFactorisedBefore) {
  const Matrix J = drawn(3, 12), other = 2 * J;
  const Vector K = Vector::LinSpaced(12, 0.5, 4);
  Vector without_one = K;
  without_one[5] = 0;
  TangentFactor used(3, 12);
  used.factorise(J, K);
  ASSERT_TRUE(used.is_dual());
  used.factorise(other);
  EXPECT_FALSE(used.is_dual());
  EXPECT_EQ(used.T(), factorised(other).T());
  used.factorise(J, without_one);
  TangentFactor fresh(3, 12);
  fresh.factorise(J, without_one);
  EXPECT_EQ(used.Q(), fresh.Q());
  EXPECT_EQ(used.rank(), 12);
}

TEST(TangentFactor, OfFullRankAllocatesNothingAfterTheFirstTime) {
  const Matrix J = drawn(30, 6), other = 3 * J;
  const Vector K = Vector::Ones(6);
  TangentFactor bare(30, 6), penalised(30, 6);
  double sum = 0;
  const auto use = [&](const Matrix& rows) {
    bare.factorise(rows);
    penalised.factorise(rows, K);
    for (TangentFactor* factor : {&bare, &penalised})
      sum += factor->T().sum() + factor->Q().sum() + factor->trace_h() + factor->trace_hh() +
             factor->condition_scaled();
  };
  use(J);
  EXPECT_EQ(allocations_of([&] { use(other); }), 0u);
  EXPECT_TRUE(std::isfinite(sum));
}

// Where more parameters are free than there are rows, what these leave open is found by the route that names all of it.
TEST(TangentFactor, NamesAllThatMoreFreeParametersThanRowsLeaveOpen) {
  const Index n = 3, P = 20, n_free = 6;
  Matrix J(n, P);
  for (Index p = 0; p < P; ++p)
    for (Index i = 0; i < n; ++i) J(i, p) = std::sin(std::pow(static_cast<double>(p * n + i), 2));
  Vector K = Vector::Ones(P);
  K.head(n_free).setZero();
  TangentFactor factor(n, P);
  factor.factorise(J, K);
  EXPECT_EQ(factor.rank(), P - n_free + n);
  const RankReport report = factor.report();
  const Matrix free_scaled =
      J.leftCols(n_free) * report.column_norms.head(n_free).cwiseInverse().asDiagonal();
  const Matrix null_space = Eigen::FullPivLU<Matrix>(free_scaled).kernel();
  ASSERT_EQ(null_space.cols(), n_free - n);
  for (Index k = 0; k < null_space.cols(); ++k) {
    Matrix g = Matrix::Zero(1, P);
    g.leftCols(n_free) = null_space.col(k).cwiseProduct(report.column_norms.head(n_free)).transpose();
    EXPECT_NEAR(report.undetermined_share(g)[0], 1, 1e-12);
  }
}

}  // namespace
}  // namespace jacobench
