#include "jacobench/inference/tangent_factor.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <Eigen/SVD>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

ThinSvd thin_svd_of_tall(Matrix A) {
  Matrix R(A.cols(), A.cols()), U(A.rows(), A.cols());
  blas::thin_qr(A, R);
  const Eigen::BDCSVD<Matrix> svd(R, Eigen::ComputeFullU | Eigen::ComputeFullV);
  blas::multiply(A, svd.matrixU(), U);
  return {std::move(U), svd.singularValues(), svd.matrixV()};
}

// Relative to the largest singular value or pivot.
double rank_tolerance(Index n_rows, Index n_columns) {
  return static_cast<double>(std::max(n_rows, n_columns)) * std::numeric_limits<double>::epsilon();
}

Index rank_of(const Vector& singular_values, double tolerance) {
  if (singular_values.size() == 0) return 0;
  return (singular_values.array() > tolerance * singular_values[0]).count();
}

Vector norms_of_columns(const Matrix& J) {
  Vector norms(J.cols());
  for (Index p = 0; p < J.cols(); ++p) {
    const double norm = J.col(p).stableNorm();
    norms[p] = norm > 0 ? norm : 1;
  }
  return norms;
}

double frobenius_condition(const Vector& S) { return S.norm() * S.cwiseInverse().norm(); }

}  // namespace

ThinSvd thin_svd(const Matrix& A) {
  if (A.rows() >= A.cols()) return thin_svd_of_tall(A);
  ThinSvd transposed = thin_svd_of_tall(A.transpose());
  std::swap(transposed.U, transposed.V);
  return transposed;
}

Vector RankReport::undetermined_share_of_parameters() const {
  if (is_full()) return Vector::Zero(n_params);
  if (determined.size() == 0) return undetermined.rowwise().norm();
  return (1 - determined.rowwise().squaredNorm().array()).cwiseMax(0).sqrt();
}

Vector RankReport::undetermined_share(const MatrixView& G) const {
  Vector share = Vector::Zero(G.rows());
  if (is_full()) return share;
  for (Index i = 0; i < G.rows(); ++i) {
    const Vector g = G.row(i).transpose().cwiseQuotient(column_norms);
    const double norm = g.stableNorm();
    if (norm > 0)
      share[i] = (determined.size() > 0 ? (g - determined * (determined.transpose() * g)).stableNorm()
                                        : (undetermined.transpose() * g).stableNorm()) /
                 norm;
  }
  return share;
}

bool TangentFactor::is_dual_cheaper(double n, double P, double n_penalised) {
  if (n >= P || n_penalised == 0 || P - n_penalised > n) return false;
  const double of_svd = 22 * n * n * n;
  return 4 * P * n * n + of_svd < 2 * (n + P) * P * P;
}

// A C^-1 = U S V' of rows A that are fewer than the parameters.
struct TangentFactor::Wide {
  Vector column_norms;  // C
  ThinSvd svd;
  double tolerance;  // of singular values, relative to the largest
  Index rank;
};

struct TangentFactor::Dual {
  std::vector<Index> penalised, free;
  Vector prior_scale;  // K^-1/2
  Matrix prior_known;  // V
  Vector S;
  Matrix free_inverse;  // J_F^+  [F x n]
  Index free_rank;
  double log_determinant_of_free;   // of J_F'J_F, where its rank is full
  Vector norms_of_free, S_of_free;  // of J_F C_F^-1 = U_F S_F V_F', those that count
  Matrix open_of_free;              // the columns of V_F that do not count: all that (J'J + K) leaves open
};

TangentFactor::TangentFactor(Index n_data_rows, Index n_params)
    : n_data_rows_(n_data_rows), n_params_(n_params) {}

TangentFactor::~TangentFactor() = default;
TangentFactor::TangentFactor(TangentFactor&&) noexcept = default;

void TangentFactor::factorise(const Matrix& J) {
  JB_EXPECT(J.rows() == n_data_rows_ && J.cols() == n_params_, "J is {} x {}, want {} x {}", J.rows(),
            J.cols(), n_data_rows_, n_params_);
  factorise_rows(J);
}

void TangentFactor::factorise(const Matrix& J, const Vector& K, Route route) {
  JB_EXPECT(J.rows() == n_data_rows_ && J.cols() == n_params_ && K.size() == n_params_,
            "J is {} x {} with {} penalties, want {} x {}", J.rows(), J.cols(), K.size(), n_data_rows_,
            n_params_);
  const Index n_penalised = (K.array() > 0).count();
  if (route == Route::cheaper && is_dual_cheaper(static_cast<double>(J.rows()), static_cast<double>(J.cols()),
                                                 static_cast<double>(n_penalised)))
    return factorise_dual(J, K);
  rows_.resize(n_data_rows_ + n_penalised, n_params_);
  rows_.topRows(n_data_rows_) = J;
  rows_.bottomRows(n_penalised).setZero();
  for (Index p = 0, row = n_data_rows_; p < K.size(); ++p)
    if (K[p] > 0) rows_(row++, p) = std::sqrt(K[p]);
  factorise_rows(rows_);
}

void TangentFactor::factorise_rows(const Matrix& rows) {
  has_T_ = has_Q_ = false;
  dual_.reset();
  wide_.reset();
  if (rows.rows() < n_params_) {
    wide_ = std::make_unique<Wide>();
    wide_->column_norms = norms_of_columns(rows);
    rows_ = rows * wide_->column_norms.cwiseInverse().asDiagonal();
    wide_->svd = thin_svd(rows_);
    wide_->tolerance = rank_tolerance(rows_.rows(), n_params_);
    wide_->rank = rank_of(wide_->svd.S, wide_->tolerance);
    return;
  }
  if (!qr_ || qr_->matrix().rows() != rows.rows()) qr_ = std::make_unique<ScaledQr>(rows.rows(), n_params_);
  qr_->factorise(rows);
}

void TangentFactor::factorise_dual(const Matrix& J, const Vector& K) {
  rows_ = J;
  wide_.reset();
  dual_ = std::make_unique<Dual>();
  Dual& dual = *dual_;
  for (Index p = 0; p < n_params_; ++p) (K[p] > 0 ? dual.penalised : dual.free).push_back(p);
  dual.prior_scale = K(dual.penalised).cwiseSqrt().cwiseInverse();
  Matrix A = J(Eigen::all, dual.penalised) * dual.prior_scale.asDiagonal();

  const auto n_free = static_cast<Index>(dual.free.size());
  const Matrix J_F = J(Eigen::all, dual.free);
  const Vector C = norms_of_columns(J_F);
  Matrix U_F(n_data_rows_, 0), inverse_of_free(n_free, 0);  // and C_F^-1 V_F S_F^-1
  dual.free_rank = 0;
  if (n_free > 0) {
    const ThinSvd svd = thin_svd(J_F * C.cwiseInverse().asDiagonal());
    dual.free_rank = rank_of(svd.S, rank_tolerance(n_data_rows_ + n_params_, n_params_));
    const Vector S = svd.S.head(dual.free_rank);
    dual.norms_of_free = C;
    dual.S_of_free = S;
    dual.open_of_free = svd.V.rightCols(svd.V.cols() - dual.free_rank);
    U_F = svd.U.leftCols(dual.free_rank);
    inverse_of_free =
        C.cwiseInverse().asDiagonal() * svd.V.leftCols(dual.free_rank) * S.cwiseInverse().asDiagonal();
    dual.log_determinant_of_free = 2 * (S.array().log().sum() + C.array().log().sum());
  } else {
    dual.log_determinant_of_free = 0;
  }
  dual.free_inverse = inverse_of_free * U_F.transpose();
  Matrix of_free = Matrix::Zero(dual.free_rank, A.cols());  // U_F'A
  blas::add_transposed_product(U_F, A, of_free);
  blas::add_product(-U_F, of_free, A);

  ThinSvd svd = thin_svd(A);
  const Vector shrunk = (1 + svd.S.array().square()).sqrt().inverse();
  const Index n = n_data_rows_, m = n + dual.free_rank;
  Matrix of_T(dual.free_rank, n);
  blas::multiply(of_free, svd.V * shrunk.asDiagonal(), of_T);
  T_.setZero(n_params_, m);
  T_(dual.penalised, Eigen::seqN(0, n)) = dual.prior_scale.asDiagonal() * svd.V * shrunk.asDiagonal();
  T_(dual.free, Eigen::seqN(0, n)) = -(inverse_of_free * of_T);
  T_(dual.free, Eigen::seqN(n, dual.free_rank)) = inverse_of_free;
  Q_.resize(n, m);
  Q_ << svd.U * svd.S.cwiseProduct(shrunk).asDiagonal(), U_F;
  dual.prior_known = std::move(svd.V);
  dual.S = std::move(svd.S);
  has_T_ = has_Q_ = true;
}

Matrix TangentFactor::prior_part(const MatrixView& G) const {
  JB_EXPECT(is_dual(), "only the dual route has a part beside T T'");
  const Dual& dual = *dual_;
  const Matrix G_F = G(Eigen::all, dual.free);
  Matrix h = G(Eigen::all, dual.penalised);
  if (dual.free_rank > 0) h -= (G_F * dual.free_inverse) * rows_(Eigen::all, dual.penalised);
  h *= dual.prior_scale.asDiagonal();
  Matrix along(h.rows(), dual.prior_known.cols()), known(h.rows(), h.cols());
  blas::multiply(h, dual.prior_known, along);
  blas::multiply_by_transposed(along, dual.prior_known, known);
  return h - known;
}

void TangentFactor::allow_for_errors(const Vector& column_errors) {
  JB_EXPECT(!is_dual() && !has_T_ && !has_Q_, "errors are allowed for before the factors are made");
  if (!wide_) return qr_->allow_for_errors(column_errors);
  const Vector& S = wide_->svd.S;
  if (S.size() == 0 || S[0] == 0) return;
  wide_->tolerance += column_errors.cwiseQuotient(wide_->column_norms).stableNorm() / S[0];
  wide_->rank = rank_of(S, wide_->tolerance);
}

double TangentFactor::least_pivot() const {
  if (is_dual()) return 1;
  if (!wide_) return qr_->least_pivot();
  return wide_->rank > 0 ? wide_->svd.S[wide_->rank - 1] / wide_->svd.S[0] : 1;
}

Vector TangentFactor::prior_variances() const {
  JB_EXPECT(is_dual(), "only the dual route has a part beside T T'");
  const Dual& dual = *dual_;
  Vector variances = Vector::Zero(n_params_);
  const Vector left = (1 - dual.prior_known.rowwise().squaredNorm().array()).cwiseMax(0);
  variances(dual.penalised) = dual.prior_scale.cwiseAbs2().cwiseProduct(left);
  if (dual.free_rank == 0) return variances;
  const Matrix J_P = rows_(Eigen::all, dual.penalised) * dual.prior_scale.asDiagonal();
  Matrix of_free(dual.free_inverse.rows(), J_P.cols());
  blas::multiply(dual.free_inverse, J_P, of_free);
  Matrix along(of_free.rows(), dual.prior_known.cols()), known(of_free.rows(), of_free.cols());
  blas::multiply(of_free, dual.prior_known, along);
  blas::multiply_by_transposed(along, dual.prior_known, known);
  variances(dual.free) = (of_free - known).rowwise().squaredNorm();
  return variances;
}

Index TangentFactor::rank() const {
  if (is_dual()) return static_cast<Index>(dual_->penalised.size()) + dual_->free_rank;
  return wide_ ? wide_->rank : qr_->rank();
}

bool TangentFactor::is_determined() const { return rank() == n_params_; }

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

void TangentFactor::compute_wide() {
  const Index rank = wide_->rank;
  const ThinSvd& svd = wide_->svd;
  singular_values_ = svd.S.head(rank);
  right_vectors_ = svd.V;
  T_ = wide_->column_norms.cwiseInverse().asDiagonal() * svd.V.leftCols(rank) *
       singular_values_.cwiseInverse().asDiagonal();
  Q_ = svd.U.topLeftCorner(n_data_rows_, rank);
  has_T_ = has_Q_ = true;
}

// From the SVD of the rows of R that count, in the order of the parameters.
void TangentFactor::compute_pseudo_inverse() {
  if (wide_) return compute_wide();
  const Index rank = qr_->rank();
  T_.setZero(n_params_, rank);
  Q_.setZero(n_data_rows_, rank);
  right_vectors_.setZero(n_params_, n_params_);
  singular_values_.resize(rank);
  has_T_ = has_Q_ = true;
  if (rank == 0) {
    right_vectors_.setIdentity();
    return;
  }
  const Matrix R = qr_->matrix().topRows(rank).triangularView<Eigen::Upper>();
  const Eigen::BDCSVD<Matrix> svd(R, Eigen::ComputeThinU | Eigen::ComputeFullV);
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
    return dual_->S.array().square().log1p().sum() - 2 * dual_->prior_scale.array().log().sum() +
           dual_->log_determinant_of_free;
  return 2 * (qr_->matrix().diagonal().head(n_params_).array().abs().log().sum() +
              qr_->column_norms().array().log().sum());
}

void TangentFactor::solve(Vector& v, Vector& d) {
  JB_EXPECT(!wide_, "fewer rows than parameters determine no step");
  if (is_dual()) return solve_dual(v, d);
  qr_->rotate(v);
  qr_->solve(v, d);
}

// d = (T T' + Z Z') g,  g = A'v.
void TangentFactor::solve_dual(const Vector& v, Vector& d) {
  JB_EXPECT(is_determined(), "the rank is {} of {}", rank(), n_params_);
  const Dual& dual = *dual_;
  Vector g = rows_.transpose() * v.head(n_data_rows_);
  g(dual.penalised) += v.tail(v.size() - n_data_rows_).cwiseQuotient(dual.prior_scale);
  d = T_ * (T_.transpose() * g);
  const Vector z = prior_part(g.transpose()).transpose().cwiseProduct(dual.prior_scale);
  d(dual.penalised) += z;
  if (dual.free_rank > 0) d(dual.free) -= dual.free_inverse * (rows_(Eigen::all, dual.penalised) * z);
}

double TangentFactor::condition_scaled() {
  if (!is_determined()) return std::numeric_limits<double>::infinity();
  const double of_inverse = (qr_->column_norms().asDiagonal() * T()).squaredNorm();
  return std::sqrt(static_cast<double>(n_params_) * of_inverse);
}

// Only free parameters can be open, where J_F leaves them so.
RankReport TangentFactor::report_of_dual() const {
  const Dual& dual = *dual_;
  RankReport report{.rank = rank(), .n_params = n_params_, .column_norms = Vector::Ones(n_params_)};
  if (report.is_full()) return report;
  report.column_norms(dual.free) = dual.norms_of_free;
  for (std::size_t i = 0; i < dual.penalised.size(); ++i)
    report.column_norms[dual.penalised[i]] =
        std::hypot(rows_.col(dual.penalised[i]).stableNorm(), 1 / dual.prior_scale[static_cast<Index>(i)]);
  report.condition_scaled = dual.free_rank > 0 ? frobenius_condition(dual.S_of_free) : 1;
  report.largest = dual.free_rank > 0 ? dual.S_of_free[0] : 0;
  report.tolerance = rank_tolerance(n_data_rows_ + n_params_, n_params_);
  report.undetermined.setZero(n_params_, dual.open_of_free.cols());
  report.undetermined(dual.free, Eigen::all) = dual.open_of_free;
  return report;
}

RankReport TangentFactor::report() {
  if (is_dual()) return report_of_dual();
  RankReport report{.rank = rank(),
                    .n_params = n_params_,
                    .column_norms = wide_ ? wide_->column_norms : qr_->column_norms()};
  const double norm_of_J = wide_ ? (rows_ * report.column_norms.asDiagonal()).stableNorm() : qr_->norm();
  report.condition_unscaled = report.rank > 0 ? norm_of_J * T().stableNorm() : 1;
  if (report.is_full()) {
    report.condition_scaled = condition_scaled();
    return report;
  }
  T();
  report.condition_scaled = report.rank > 0 ? frobenius_condition(singular_values_) : 1;
  report.largest = report.rank > 0 ? singular_values_[0] : 0;
  report.tolerance = wide_ ? wide_->tolerance : qr_->tolerance();
  report.determined = right_vectors_.leftCols(report.rank);
  if (!wide_) report.undetermined = right_vectors_.rightCols(n_params_ - report.rank);
  return report;
}

}  // namespace jacobench
