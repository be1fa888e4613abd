#include "jacobench/kernel/scaled_qr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

// By the plain sum of squares where that neither overflows nor loses digits to underflow.
double norm_of(const double* column, Index n, double square) {
  if (square > 0x1p-900 && square < 0x1p1000) return std::sqrt(square);
  return Eigen::Map<const Vector>(column, n).stableNorm();
}

}  // namespace

ScaledQr::ScaledQr(Index n_rows, Index n_columns)
    : n_rows_(n_rows),
      column_norms_(n_columns),
      inverse_norms_(n_columns),
      permuted_(n_columns),
      column_(n_rows),
      qr_(n_rows, n_columns + 1),
      reflector_(n_rows, 1),
      tau_(std::min(n_rows, n_columns)),
      squares_(2 * n_columns),
      from_(static_cast<std::size_t>(n_columns)) {}

template <class Norms>
void ScaledQr::set_columns(const Matrix& A, const Norms& negligible_norms) {
  JB_EXPECT(A.rows() == n_rows_ && A.cols() == n_columns(), "A is {} x {}, want {} x {}", A.rows(), A.cols(),
            n_rows_, n_columns());
  const kernel::Kernels& kernels = kernel::kernels();
  kernels.squares_of_columns(A.data(), A.outerStride(), n_rows_, A.cols(), squares_.data());
  for (Index p = 0; p < A.cols(); ++p) {
    const double* column = A.col(p).data();
    const double norm = norm_of(column, n_rows_, squares_[p]);
    const bool counts = norm > negligible_norms[p];
    column_norms_[p] = counts ? norm : 1;
    squares_[p] = counts ? 1 : 0;
    inverse_norms_[p] = 1 / column_norms_[p];
    kernels.scale(counts ? inverse_norms_[p] : 0, column, qr_.column(p), n_rows_);
    std::fill(qr_.column(p) + n_rows_, qr_.column(p) + kernel::round_up(n_rows_, kernel::most_lanes), 0.0);
  }
}

void ScaledQr::factorise(const Matrix& A) {
  set_columns(A, Vector::Zero(n_columns()));
  eliminate(0);
}

void ScaledQr::factorise(Matrix& A, const Vector& negligible_norms, Vector& v) {
  set_columns(A, negligible_norms);
  for (Index p = 0; p < A.cols(); ++p) std::copy_n(qr_.column(p), n_rows_, A.col(p).data());
  std::copy_n(v.data(), n_rows_, carried());
  eliminate(1);
  std::copy_n(carried(), n_rows_, v.data());
}

void ScaledQr::eliminate(Index n_carried) {
  n_pivots_ = kernel::kernels().pivoted_qr({.A = qr_.column(0),
                                            .stride = qr_.view().stride,
                                            .n_rows = n_rows_,
                                            .n_columns = n_columns(),
                                            .n_carried = n_carried,
                                            .tau = tau_.data(),
                                            .permutation = from_.data(),
                                            .squares = squares_.data(),
                                            .reflector = reflector_.column(0)});
  tolerance_ = static_cast<double>(std::max(n_rows_, n_columns())) * std::numeric_limits<double>::epsilon();
  count_pivots();
}

void ScaledQr::count_pivots() {
  const auto pivots = matrix().diagonal().head(n_pivots_).array().abs();
  rank_ = n_pivots_ > 0 ? (pivots > tolerance_ * pivots.maxCoeff()).count() : 0;
}

double ScaledQr::norm() const {
  const auto R = matrix().topRows(std::min(n_rows_, n_columns()));
  Vector norms(n_columns());
  for (Index k = 0; k < n_columns(); ++k)
    norms[k] = column_norms_[column_at(k)] * R.col(k).head(std::min(k + 1, R.rows())).norm();
  return norms.stableNorm();
}

double ScaledQr::least_pivot() const {
  if (rank_ == 0) return 1;
  const auto pivots = matrix().diagonal().head(rank_).array().abs();
  return pivots.minCoeff() / pivots.maxCoeff();
}

void ScaledQr::allow_for_errors(const Vector& column_errors) {
  if (n_pivots_ == 0) return;
  tolerance_ += column_errors.cwiseProduct(inverse_norms_).stableNorm() /
                matrix().diagonal().head(n_pivots_).cwiseAbs().maxCoeff();
  count_pivots();
}

// v <- (I - tau_k v_k v_k') v
void ScaledQr::reflect(Index k, double* v) const {
  const kernel::Kernels& kernels = kernel::kernels();
  const Index n = n_rows_ - k - 1;
  const double* reflector = qr_.column(k) + k + 1;
  double* below = v + k + 1;
  const double along = tau_[k] * (v[k] + kernels.dot(reflector, below, n));
  v[k] -= along;
  kernels.add_scaled(-along, reflector, below, n);
}

void ScaledQr::rotate(Vector& v) const {
  for (Index k = 0; k < n_pivots_; ++k) reflect(k, v.data());
}

// Reflectors after the k-th leave e_k as it is.
void ScaledQr::get_q(Matrix& part) {
  JB_EXPECT(part.rows() <= n_rows_ && part.cols() <= n_pivots_, "{} x {} of Q are wanted, there are {} x {}",
            part.rows(), part.cols(), n_rows_, n_pivots_);
  for (Index p = 0; p < part.cols(); ++p) {
    column_.setZero();
    column_[p] = 1;
    for (Index k = p; k >= 0; --k) reflect(k, column_.data());
    part.col(p) = column_.head(part.rows());
  }
}

void ScaledQr::solve(const Vector& v, Vector& d) {
  permuted_.setZero();
  auto z = permuted_.head(rank());
  z = v.head(rank());
  triangle(rank()).solveInPlace(z);
  unpermute(permuted_, d);
}

void ScaledQr::unpermute(const Vector& z, Vector& d) const {
  for (Index p = 0; p < z.size(); ++p) {
    const Index from = from_[static_cast<std::size_t>(p)];
    d[from] = z[p] * inverse_norms_[from];
  }
}

void ScaledQr::inverse_factor(Matrix& T) {
  JB_EXPECT(has_full_rank(), "the rank is {} of {}", rank(), n_columns());
  T.setZero();
  kernel::kernels().invert_triangle(
      {.R = qr_.view(), .size = n_columns(), .inverse_transposed = {T.data(), T.outerStride()}});
  T.transposeInPlace();
  for (Index p = 0; p < T.cols(); ++p) {
    permuted_ = T.col(p);
    for (Index q = 0; q < T.rows(); ++q) {
      const Index from = column_at(q);
      T(from, p) = permuted_[q] * inverse_norms_[from];
    }
  }
}

}  // namespace jacobench
