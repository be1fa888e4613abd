#include "jacobench/kernel/scaled_qr.hpp"

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"

namespace jacobench {
namespace {

// Columns of very different size.
Matrix random_matrix(Index n, Index p) {
  RandomStream stream(3, 0, 0, RandomPurpose::probe);
  Matrix A(n, p);
  for (double& a : A.reshaped()) a = stream.normal();
  for (Index j = 0; j < p; ++j) A.col(j) *= std::pow(10, j);
  return A;
}

// Rounding of n p operations on entries of order one.
double rounding_in(const Matrix& A) { return 8 * unit_roundoff * static_cast<double>(A.size()); }

class OfShape : public ::testing::TestWithParam<std::pair<Index, Index>> {
 protected:
  Matrix A_ = random_matrix(GetParam().first, GetParam().second);
};

TEST_P(OfShape, SolvesLeastSquares) {
  const Index n = A_.rows(), p = A_.cols();
  Vector b = A_ * Vector::Ones(p), d(p);
  Vector normal = Vector::Ones(n);  // orthogonal to all columns after this
  normal -= A_ * A_.householderQr().solve(normal);
  b += normal;
  ScaledQr qr(n, p);
  qr.factorise(A_);
  const double size = b.norm();
  qr.rotate(b);
  EXPECT_NEAR(b.norm(), size, rounding_in(A_) * size);
  qr.solve(b, d);
  EXPECT_TRUE(qr.has_full_rank());
  EXPECT_LE((A_ * (d - Vector::Ones(p))).norm(), 10 * rounding_in(A_) * size);
}

TEST_P(OfShape, CarriesAVectorAlongAsItRotatesOne) {
  const Index n = A_.rows(), p = A_.cols();
  Matrix scaled = A_;
  Vector carried = Vector::LinSpaced(n, -1, 2), rotated = carried;
  ScaledQr qr(n, p);
  qr.factorise(scaled, Vector::Zero(p), carried);
  EXPECT_LE((scaled * qr.column_norms().asDiagonal() - A_).norm(), rounding_in(A_) * A_.norm());
  qr.factorise(A_);
  qr.rotate(rotated);
  EXPECT_LE((carried - rotated).norm(), rounding_in(A_) * rotated.norm());
}

TEST_P(OfShape, GivesTheFactorOfTheInverse) {
  const Index p = A_.cols();
  Matrix T(p, p);
  ScaledQr qr(A_.rows(), p);
  qr.factorise(A_);
  qr.inverse_factor(T);
  const Matrix Q = A_ * T;  // orthonormal columns
  const Vector S = (A_ * qr.column_norms().cwiseInverse().asDiagonal()).jacobiSvd().singularValues();
  const double condition = S.norm() * S.cwiseInverse().norm();
  EXPECT_LE((Q.transpose() * Q - Matrix::Identity(p, p)).norm(), 10 * rounding_in(A_) * condition);
  EXPECT_NEAR((qr.column_norms().asDiagonal() * T).norm(), S.cwiseInverse().norm(), 1e-9 * condition);
}

TEST_P(OfShape, GivesQ) {
  const Index n = A_.rows(), p = A_.cols();
  Matrix Q(n, p), part(n - 1, p - 1);
  ScaledQr qr(n, p);
  qr.factorise(A_);
  qr.get_q(Q);
  EXPECT_LE((Q.transpose() * Q - Matrix::Identity(p, p)).norm(), rounding_in(A_));
  const Matrix R = qr.matrix().topRows(p).triangularView<Eigen::Upper>();
  const Matrix permuted = Q * R, scaled = A_ * qr.column_norms().cwiseInverse().asDiagonal();
  for (Index k = 0; k < p; ++k)
    EXPECT_LE((permuted.col(k) - scaled.col(qr.column_at(k))).norm(), rounding_in(A_));
  qr.get_q(part);
  EXPECT_EQ(part, Q.topLeftCorner(n - 1, p - 1));
}

TEST_P(OfShape, KnowsTheNorm) {
  ScaledQr qr(A_.rows(), A_.cols());
  qr.factorise(A_);
  EXPECT_NEAR(qr.norm(), A_.norm(), rounding_in(A_) * A_.norm());
  A_.col(0).setZero();
  qr.factorise(A_);
  EXPECT_NEAR(qr.norm(), A_.norm(), rounding_in(A_) * A_.norm());
}

INSTANTIATE_TEST_SUITE_P(ScaledQr, OfShape,
                         ::testing::Values(std::pair(3, 3), std::pair(9, 4), std::pair(70, 6),
                                           std::pair(50, 13), std::pair(60, 41)));

TEST(ScaledQr, TakesNegligibleColumnsForZeros) {
  Matrix A = random_matrix(12, 3);
  Vector norms = Vector::Zero(3), v = A.rowwise().sum(), d(3);
  norms[1] = 1.01 * A.col(1).norm();
  norms[2] = 0.99 * A.col(2).norm();
  const Vector others = A.col(0) + A.col(2);
  ScaledQr qr(12, 3);
  qr.factorise(A, norms, v);
  EXPECT_EQ(qr.rank(), 2);
  EXPECT_TRUE(A.col(1).isZero(0));
  v = others;
  qr.rotate(v);
  qr.solve(v, d);
  EXPECT_LE((d - Vector{{1, 0, 1}}).norm(), 1e-12);
}

TEST(ScaledQr, CountsTheRankAndSolvesWithinIt) {
  Matrix A = random_matrix(12, 4);
  A.col(3) = 2 * A.col(0) - A.col(1);
  A.col(2).setZero();
  ScaledQr qr(12, 4);
  qr.factorise(A);
  EXPECT_EQ(qr.rank(), 2);
  Vector b = A * Vector::Ones(4), d(4);
  const Vector image = b;
  qr.rotate(b);
  qr.solve(b, d);
  EXPECT_EQ((d.array() == 0).count(), 2);
  EXPECT_LE((A * d - image).norm(), 10 * rounding_in(A) * image.norm());
  Matrix T(4, 4), Q(12, 2);
  EXPECT_THROW(qr.inverse_factor(T), std::logic_error);
  qr.get_q(Q);
  EXPECT_LE((Q.transpose() * Q - Matrix::Identity(2, 2)).norm(), rounding_in(A));
  EXPECT_LE((A - Q * (Q.transpose() * A)).norm(), rounding_in(A) * A.norm());
}

}  // namespace
}  // namespace jacobench
