#include "jacobench/fit/scaled_qr.hpp"

#include <algorithm>
#include <limits>

#include "jacobench/base/errors.hpp"

namespace jacobench {

ScaledQr::ScaledQr(Index n_rows, Index n_columns)
    : column_norms_(n_columns), permuted_(n_columns), qr_(n_rows, n_columns) {
  qr_.setThreshold(static_cast<double>(std::max(n_rows, n_columns)) * std::numeric_limits<double>::epsilon());
}

void ScaledQr::factorise(Matrix& A) {
  JB_EXPECT(A.rows() == qr_.rows() && A.cols() == qr_.cols(), "A is {} x {}, want {} x {}", A.rows(),
            A.cols(), qr_.rows(), qr_.cols());
  for (Index p = 0; p < A.cols(); ++p) {
    const double norm = A.col(p).norm();
    column_norms_[p] = norm > 0 ? norm : 1;
    A.col(p) /= column_norms_[p];
  }
  qr_.compute(A);
}

void ScaledQr::rotate(Vector& v) const {
  const Matrix& reflectors = qr_.matrixQR();
  for (Index k = 0; k < qr_.nonzeroPivots(); ++k) {
    const auto below = reflectors.col(k).tail(reflectors.rows() - k - 1);
    auto v_below = v.tail(below.size());
    const double projection = qr_.hCoeffs()[k] * (v[k] + below.dot(v_below));
    v[k] -= projection;
    v_below -= projection * below;
  }
}

void ScaledQr::solve(const Vector& v, Vector& d) {
  permuted_.setZero();
  auto z = permuted_.head(rank());
  z = v.head(rank());
  qr_.matrixQR().topLeftCorner(rank(), rank()).triangularView<Eigen::Upper>().solveInPlace(z);
  unpermute(permuted_, d);
}

void ScaledQr::unpermute(const Vector& z, Vector& d) const {
  const auto& from = qr_.colsPermutation().indices();
  for (Index p = 0; p < z.size(); ++p) d[from[p]] = z[p] / column_norms_[from[p]];
}

void ScaledQr::inverse_factor(Matrix& T) {
  JB_EXPECT(has_full_rank(), "the rank is {} of {}", rank(), qr_.cols());
  for (Index p = 0; p < T.cols(); ++p) {
    permuted_.setZero();
    permuted_[p] = 1;
    auto z = permuted_.head(p + 1);
    qr_.matrixQR().topLeftCorner(p + 1, p + 1).triangularView<Eigen::Upper>().solveInPlace(z);
    const auto& from = qr_.colsPermutation().indices();
    for (Index q = 0; q < T.rows(); ++q) T(from[q], p) = permuted_[q] / column_norms_[from[q]];
  }
}

double ScaledQr::condition(const Matrix& T) const {
  double inverse = 0;
  for (Index p = 0; p < T.rows(); ++p)
    inverse += T.row(p).squaredNorm() * column_norms_[p] * column_norms_[p];
  return std::sqrt(static_cast<double>(T.rows()) * inverse);
}

}  // namespace jacobench
