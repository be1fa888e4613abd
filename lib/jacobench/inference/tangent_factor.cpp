#include "jacobench/inference/tangent_factor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/QR>
#include <Eigen/SVD>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

Matrix triangle_of(const Eigen::HouseholderQR<Matrix>& qr) {
  return qr.matrixQR().topRows(qr.cols()).triangularView<Eigen::Upper>();
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

// Whether n x n matrices take fewer flops than a QR of n + P rows.
bool dual_is_cheaper(double n, double P) {
  const double of_svd = 22 * n * n * n;
  return 4 * P * n * n + of_svd < 2 * (n + P) * P * P;
}

double frobenius_condition(const Vector& S) { return S.norm() * S.cwiseInverse().norm(); }

}  // namespace

ThinSvd thin_svd(const Matrix& A) {
  if (A.rows() >= A.cols()) return thin_svd_of_tall(A);
  ThinSvd transposed = thin_svd_of_tall(A.transpose());
  std::swap(transposed.U, transposed.V);
  return transposed;
}

Vector RankReport::undetermined_share(const MatrixView& G) const {
  Vector share = Vector::Zero(G.rows());
  if (is_full()) return share;
  for (Index i = 0; i < G.rows(); ++i) {
    const Vector g = G.row(i).transpose().cwiseQuotient(column_norms);
    const double norm = g.stableNorm();
    if (norm > 0) share[i] = (g - determined * (determined.transpose() * g)).stableNorm() / norm;
  }
  return share;
}

TangentFactor::TangentFactor(Index n_data_rows, Index n_params)
    : n_data_rows_(n_data_rows), n_params_(n_params) {}

TangentFactor::~TangentFactor() = default;
TangentFactor::TangentFactor(TangentFactor&&) noexcept = default;

void TangentFactor::factorise(const Matrix& J) {
  JB_EXPECT(J.rows() == n_data_rows_ && J.cols() == n_params_, "J is {} x {}, want {} x {}", J.rows(),
            J.cols(), n_data_rows_, n_params_);
  rows_ = J;
  factorise_rows();
}

void TangentFactor::factorise(const Matrix& J, const Vector& K, Route route) {
  JB_EXPECT(J.rows() == n_data_rows_ && J.cols() == n_params_ && K.size() == n_params_,
            "J is {} x {} with {} penalties, want {} x {}", J.rows(), J.cols(), K.size(), n_data_rows_,
            n_params_);
  const bool has_wide_prior = route == Route::cheaper && J.cols() > J.rows() && (K.array() > 0).all();
  if (has_wide_prior && dual_is_cheaper(static_cast<double>(J.rows()), static_cast<double>(J.cols())))
    return factorise_dual(J, K);
  const Index n_penalised = (K.array() > 0).count();
  rows_.resize(n_data_rows_ + n_penalised, n_params_);
  rows_.topRows(n_data_rows_) = J;
  rows_.bottomRows(n_penalised).setZero();
  for (Index p = 0, row = n_data_rows_; p < K.size(); ++p)
    if (K[p] > 0) rows_(row++, p) = std::sqrt(K[p]);
  factorise_rows();
}

void TangentFactor::factorise_rows() {
  if (!qr_ || qr_->matrix().rows() != rows_.rows()) qr_ = std::make_unique<ScaledQr>(rows_.rows(), n_params_);
  qr_->factorise(rows_);
  has_T_ = has_Q_ = false;
  prior_scale_.resize(0);
}

void TangentFactor::factorise_dual(const Matrix& J, const Vector& K) {
  prior_scale_ = K.cwiseSqrt().cwiseInverse();
  ThinSvd svd = thin_svd(J * prior_scale_.asDiagonal());
  const Vector shrunk = (1 + svd.S.array().square()).sqrt().inverse();
  T_ = prior_scale_.asDiagonal() * svd.V * shrunk.asDiagonal();
  Q_ = svd.U * svd.S.cwiseProduct(shrunk).asDiagonal();
  prior_known_ = std::move(svd.V);
  singular_values_ = std::move(svd.S);
  has_T_ = has_Q_ = true;
}

void TangentFactor::allow_for_errors(const Vector& column_errors) {
  JB_EXPECT(!is_dual() && !has_T_ && !has_Q_, "errors are allowed for before the factors are made");
  qr_->allow_for_errors(column_errors);
}

double TangentFactor::least_pivot() const { return is_dual() ? 1 : qr_->least_pivot(); }

Index TangentFactor::rank() const { return is_dual() ? n_params_ : qr_->rank(); }

bool TangentFactor::is_determined() const { return is_dual() || qr_->has_full_rank(); }

const Matrix& TangentFactor::T() {
  if (has_T_) return T_;
  if (is_determined()) {
    T_.resize(n_params_, n_params_);
    qr_->inverse_factor(T_);
    has_T_ = true;
  } else {
    compute_pseudo_inverse();
  }
  return T_;
}

const Matrix& TangentFactor::Q() {
  if (has_Q_) return Q_;
  if (is_determined()) {
    Q_.resize(n_data_rows_, n_params_);
    qr_->get_q(Q_);
    has_Q_ = true;
  } else {
    compute_pseudo_inverse();
  }
  return Q_;
}

// From the SVD of the rows of R that count, in the order of the parameters.
void TangentFactor::compute_pseudo_inverse() {
  const Index rank = qr_->rank(), n_vectors = std::min(rows_.rows(), n_params_);
  T_.setZero(n_params_, rank);
  Q_.setZero(n_data_rows_, rank);
  right_vectors_.setZero(n_params_, n_vectors);
  singular_values_.resize(rank);
  has_T_ = has_Q_ = true;
  if (rank == 0) {
    for (Index k = 0; k < n_vectors; ++k) right_vectors_(k, k) = 1;
    return;
  }
  const Matrix R = qr_->matrix().topRows(rank).triangularView<Eigen::Upper>();
  const auto full = n_vectors == n_params_ ? Eigen::ComputeFullV : Eigen::ComputeThinV;
  const Eigen::BDCSVD<Matrix> svd(R, Eigen::ComputeThinU | full);
  singular_values_ = svd.singularValues();
  for (Index k = 0; k < n_params_; ++k)
    right_vectors_.row(qr_->column_at(k)).head(svd.matrixV().cols()) = svd.matrixV().row(k);
  T_ = qr_->column_norms().cwiseInverse().asDiagonal() * right_vectors_.leftCols(rank) *
       singular_values_.cwiseInverse().asDiagonal();
  Matrix basis(n_data_rows_, rank);
  qr_->get_q(basis);
  Q_ = basis * svd.matrixU();
}

double TangentFactor::trace_hh() {
  const Matrix& q = Q();
  gram_.setZero(q.cols(), q.cols());
  blas::add_gram(q, gram_);
  double sum = gram_.diagonal().squaredNorm();
  for (Index p = 0; p < gram_.cols(); ++p) sum += 2 * gram_.col(p).tail(gram_.rows() - p - 1).squaredNorm();
  return sum;
}

double TangentFactor::log_determinant() const {
  JB_EXPECT(is_determined(), "the determinant of a matrix of rank {} of {} is zero", rank(), n_params_);
  if (is_dual())
    return singular_values_.array().square().log1p().sum() - 2 * prior_scale_.array().log().sum();
  return 2 * (qr_->matrix().diagonal().head(n_params_).array().abs().log().sum() +
              qr_->column_norms().array().log().sum());
}

void TangentFactor::solve(Vector& v, Vector& d) {
  JB_EXPECT(!is_dual(), "the dual route solves for no step");
  qr_->rotate(v);
  qr_->solve(v, d);
}

double TangentFactor::condition_scaled() {
  if (!is_determined()) return std::numeric_limits<double>::infinity();
  double of_inverse = 0;
  for (Index p = 0; p < n_params_; ++p) of_inverse += (T().row(p) * qr_->column_norms()[p]).squaredNorm();
  return std::sqrt(static_cast<double>(n_params_) * of_inverse);
}

RankReport TangentFactor::report() {
  JB_EXPECT(!is_dual(), "the dual route has no rank of the data");
  RankReport report{.rank = rank(), .n_params = n_params_, .column_norms = qr_->column_norms()};
  const double norm_of_J = (rows_ * report.column_norms.asDiagonal()).stableNorm();
  report.condition_unscaled = report.rank > 0 ? norm_of_J * T().stableNorm() : 1;
  if (report.is_full()) {
    report.condition_scaled = condition_scaled();
    return report;
  }
  T();
  report.condition_scaled = report.rank > 0 ? frobenius_condition(singular_values_) : 1;
  report.largest = report.rank > 0 ? singular_values_[0] : 0;
  report.tolerance = qr_->tolerance();
  report.determined = right_vectors_.leftCols(report.rank);
  if (n_params_ <= rows_.rows()) report.undetermined = right_vectors_.rightCols(n_params_ - report.rank);
  return report;
}

}  // namespace jacobench
