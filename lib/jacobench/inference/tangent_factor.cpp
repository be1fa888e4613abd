#include "jacobench/inference/tangent_factor.hpp"

#include <algorithm>
#include <limits>

#include <Eigen/QR>
#include <Eigen/SVD>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

Vector norms_of_columns(const Matrix& J) {
  Vector norms(J.cols());
  for (Index p = 0; p < J.cols(); ++p) {
    const double norm = J.col(p).stableNorm();
    norms[p] = norm > 0 ? norm : 1;
  }
  return norms;
}

double relative_tolerance(const Matrix& J) {
  return static_cast<double>(std::max(J.rows(), J.cols())) * std::numeric_limits<double>::epsilon();
}

Index count_above(const Vector& S, double tolerance) {
  if (S.size() == 0 || !(S[0] > 0)) return 0;
  return (S.array() > tolerance * S[0]).count();
}

double condition(const Vector& S, Index rank) { return rank > 0 ? S[0] / S[rank - 1] : 1; }

Matrix triangle_of(const Eigen::HouseholderQR<Matrix>& qr) {
  return qr.matrixQR().topRows(qr.cols()).triangularView<Eigen::Upper>();
}

Vector singular_values(const Matrix& A) {
  if (A.rows() < A.cols()) return singular_values(A.transpose());
  return Eigen::BDCSVD<Matrix>(triangle_of(Eigen::HouseholderQR<Matrix>(A))).singularValues();
}

ThinSvd thin_svd_of_tall(const Matrix& A) {
  const Index n = A.cols();
  const Eigen::HouseholderQR<Matrix> qr(A);
  const Eigen::BDCSVD<Matrix> svd(triangle_of(qr), Eigen::ComputeFullU | Eigen::ComputeFullV);
  Matrix U = Matrix::Zero(A.rows(), n);
  U.topRows(n) = svd.matrixU();
  U.applyOnTheLeft(qr.householderQ());
  return {std::move(U), svd.singularValues(), svd.matrixV()};
}

Matrix scaled_columns(const Matrix& J, const Vector& norms) { return J * norms.cwiseInverse().asDiagonal(); }

TangentFactor dual_factor(const Matrix& J, const Vector& K) {
  const Vector prior_scale = K.cwiseSqrt().cwiseInverse();
  const ThinSvd svd = thin_svd(J * prior_scale.asDiagonal());
  const Vector shrunk = (1 + svd.S.array().square()).sqrt().inverse();
  return {.T = prior_scale.asDiagonal() * svd.V * shrunk.asDiagonal(),
          .Q = svd.U * svd.S.cwiseProduct(shrunk).asDiagonal(),
          .prior_scale = prior_scale,
          .prior_known = svd.V};
}

}  // namespace

ThinSvd thin_svd(const Matrix& A) {
  if (A.rows() >= A.cols()) return thin_svd_of_tall(A);
  ThinSvd transposed = thin_svd_of_tall(A.transpose());
  std::swap(transposed.U, transposed.V);
  return transposed;
}

Vector RankReport::undetermined_share(const MatrixView& G) const {
  Vector share(G.rows());
  for (Index i = 0; i < G.rows(); ++i) {
    const Vector g = G.row(i).transpose().cwiseQuotient(column_norms);
    const double norm = g.stableNorm();
    share[i] = norm > 0 ? (g - determined * (determined.transpose() * g)).stableNorm() / norm : 0;
  }
  return share;
}

DataFactor factorise(const Matrix& J) {
  const Vector norms = norms_of_columns(J);
  const ThinSvd svd = thin_svd(scaled_columns(J, norms));
  const double tolerance = relative_tolerance(J);
  const Index rank = count_above(svd.S, tolerance);
  RankReport report{.rank = rank,
                    .n_params = J.cols(),
                    .largest = svd.S[0],
                    .tolerance = tolerance,
                    .condition_scaled = condition(svd.S, rank),
                    .condition_unscaled = condition(singular_values(J), rank),
                    .column_norms = norms,
                    .determined = svd.V.leftCols(rank),
                    .undetermined = {}};
  if (J.cols() <= J.rows()) report.undetermined = svd.V.rightCols(J.cols() - rank);
  Matrix T =
      norms.cwiseInverse().asDiagonal() * report.determined * svd.S.head(rank).cwiseInverse().asDiagonal();
  return {std::move(report),
          {.T = std::move(T), .Q = svd.U.leftCols(rank), .prior_scale = {}, .prior_known = {}}};
}

PenalisedFactor factorise(const Matrix& J, const Vector& K) {
  JB_EXPECT(K.size() == J.cols(), "{} penalties for {} columns", K.size(), J.cols());
  if (J.cols() > J.rows() && (K.array() > 0).all()) return {true, dual_factor(J, K)};
  Matrix rows(J.rows() + K.size(), J.cols());
  rows << J, Matrix(K.cwiseSqrt().asDiagonal());
  const Vector norms = norms_of_columns(rows);
  const ThinSvd svd = thin_svd(scaled_columns(rows, norms));
  const Index rank = count_above(svd.S, relative_tolerance(rows));
  return {rank == J.cols(),
          {.T = norms.cwiseInverse().asDiagonal() * svd.V.leftCols(rank) *
                svd.S.head(rank).cwiseInverse().asDiagonal(),
           .Q = svd.U.topLeftCorner(J.rows(), rank),
           .prior_scale = {},
           .prior_known = {}}};
}

}  // namespace jacobench
