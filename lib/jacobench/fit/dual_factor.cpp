#include "jacobench/fit/dual_factor.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

// 1 / k of each layer, 0 for biases without a penalty.
std::optional<std::vector<LayerScales>> inverse_scales(const Perceptron& network, const Vector& K) {
  if (K.size() != network.n_params()) return {};
  return scales_of(network, (K.array() > 0).select(K.cwiseInverse(), 0));
}

}  // namespace

bool DualFactor::is_possible(const Perceptron& network, const Vector& K) {
  return inverse_scales(network, K).has_value();
}

DualFactor::DualFactor(const Perceptron& network, const Vector& K, Index n_observations, Index n_threads)
    : network_(network),
      K_(K),
      products_(network, n_observations, n_threads),
      A_(n_observations * network.n_outputs(), n_observations * network.n_outputs()),
      L_(A_.rows(), A_.rows()),
      B_(K.size()),
      u_(A_.rows()),
      at_observations_(n_observations, network.n_outputs()) {
  const auto scales = inverse_scales(network, K);
  JB_EXPECT(scales, "the dual form of a penalty that is not the product of a number an input and one a unit");
  scales_ = *scales;
  for (Index p = 0; p < K.size(); ++p)
    if (K[p] == 0) free_.push_back(p);
  penalty_of_weights_.resize(n_free());
  for (Index f = 0; f < n_free(); ++f) {
    const ParameterPlace at = network.place_of(free_[static_cast<std::size_t>(f)]);
    penalty_of_weights_[f] = network.weights(K_, at.layer).row(at.unit).mean();
  }
  J_free_.resize(A_.rows(), n_free());
  W_.resize(A_.rows(), n_free());
  S_.resize(n_free(), n_free());
  of_free_.resize(n_free());
}

bool DualFactor::move_to(const Vector& theta, const Matrix& X, const RowMap& rows) {
  damping_.reset();
  row_map_ = rows;
  products_.move_to(theta, X);
  products_.outer_gram(scales_, A_);
  row_map_.apply_to_stacked(A_);
  A_.transposeInPlace();
  row_map_.apply_to_stacked(A_);
  for (Index f = 0; f < n_free(); ++f)
    products_.get_column(network_.place_of(free_[static_cast<std::size_t>(f)]), J_free_.col(f));
  row_map_.apply_to_stacked(J_free_);
  penalty_scale_ = A_.trace() / static_cast<double>(K_.size() - n_free());
  free_scale_ = has_free() ? J_free_.squaredNorm() / static_cast<double>(n_free()) : 0;
  return std::isfinite(A_.sum()) && std::isfinite(free_scale_);
}

bool DualFactor::factorise(double mu, double mu_free) {
  return factorise_with(mu, Vector::Constant(n_free(), mu_free * free_scale_));
}

bool DualFactor::factorise_all_penalised() { return factorise_with(0, penalty_of_weights_); }

bool DualFactor::factorise_with(double mu, const Vector& B_free) {
  if (damping_ == std::pair(mu, B_free)) return true;
  damping_.reset();
  const double more = 1 + mu * penalty_scale_;
  L_.triangularView<Eigen::Lower>() = A_ / more;
  L_.diagonal().array() += 1;
  if (!blas::cholesky(L_)) return false;
  W_ = J_free_;
  blas::solve_lower(L_, W_);
  if (has_free()) {
    S_.setZero();
    blas::add_gram(W_, S_);
    S_.diagonal() += B_free;
    if (!blas::cholesky(S_)) return false;
  }
  B_ = K_ * more;
  B_(free_) = B_free;
  damping_ = {mu, B_free};
  return true;
}

void DualFactor::solve(const Vector& v, Vector& d) {
  d = v.cwiseQuotient(B_);
  for (const Index p : free_) d[p] = 0;
  times(d, u_);
  blas::solve_lower(L_, u_);
  if (has_free()) {
    of_free_ = v(free_);
    of_free_.noalias() -= W_.transpose() * u_;
    blas::solve_with_factor(S_, of_free_);
    u_.noalias() += W_ * of_free_;
  }
  blas::solve_lower_transposed(L_, u_);
  transposed_times(u_, d);
  d = (v - d).cwiseQuotient(B_);
  d(free_) = of_free_;
}

void DualFactor::times(const Vector& v, Vector& J_v) {
  products_.times(v, at_observations_);
  row_map_.apply(at_observations_);
  J_v = at_observations_.reshaped();
}

void DualFactor::transposed_times(const Vector& u, Vector& J_t_u) {
  at_observations_ = u.reshaped(at_observations_.rows(), at_observations_.cols());
  row_map_.apply_transposed(at_observations_);
  products_.transposed_times(at_observations_, J_t_u);
}

// n - tr(I - H), of which each part is a sum of squares.
double DualFactor::trace_h() {
  Matrix inverse = Matrix::Identity(L_.rows(), L_.cols());
  blas::solve_lower(L_, inverse);
  double left = inverse.squaredNorm();
  if (has_free()) {
    Matrix of_W = W_.transpose();
    blas::solve_lower(S_, of_W);
    Matrix projected(of_W.rows(), inverse.cols());
    blas::multiply(of_W, inverse, projected);
    left -= projected.squaredNorm();
  }
  return static_cast<double>(L_.rows()) - left;
}

Matrix DualFactor::hat() {
  Matrix inverse = Matrix::Identity(L_.rows(), L_.cols());
  blas::solve_lower(L_, inverse);
  Matrix H = Matrix::Identity(L_.rows(), L_.cols());
  blas::add_transposed_product(-inverse, inverse, H);
  if (!has_free()) return H;
  Matrix of_W = W_.transpose();
  blas::solve_lower(S_, of_W);
  Matrix projected(of_W.rows(), inverse.cols());
  blas::multiply(of_W, inverse, projected);
  blas::add_transposed_product(projected, projected, H);
  return H;
}

double DualFactor::log_determinant() const {
  double sum = 2 * L_.diagonal().array().log().sum();
  for (Index p = 0; p < B_.size(); ++p)
    if (K_[p] > 0) sum += std::log(B_[p]);
  return has_free() ? sum + 2 * S_.diagonal().array().log().sum() : sum;
}

bool DualFactor::determines_free() const {
  if (!has_free()) return true;
  if (n_free() > J_free_.rows()) return false;
  ScaledQr qr(J_free_.rows(), n_free());
  qr.factorise(J_free_);
  return qr.has_full_rank();
}

void DualFactor::inverse_at(HeldProducts& others, Matrix& W, Vector& forms) {
  products_.outer_gram(others, scales_, W);
  row_map_.apply_to_stacked(W);
  others.outer_diagonal(scales_, forms);
  Matrix G_free(forms.size(), n_free());
  for (Index f = 0; f < n_free(); ++f)
    others.get_column(network_.place_of(free_[static_cast<std::size_t>(f)]), G_free.col(f));
  apply_inverse(G_free, W, forms);
}

void DualFactor::inverse_of_parameters(Index first, Index n, Matrix& W, Vector& forms) {
  W.resize(L_.rows(), n);
  forms.resize(n);
  Matrix G_free = Matrix::Zero(n, n_free());
  for (Index i = 0; i < n; ++i) {
    const Index p = first + i;
    forms[i] = K_[p] > 0 ? 1 / K_[p] : 0;
    products_.get_column(network_.place_of(p), W.col(i));
    W.col(i) *= forms[i];
    if (const auto at = std::lower_bound(free_.begin(), free_.end(), p); at != free_.end() && *at == p)
      G_free(i, at - free_.begin()) = 1;
  }
  row_map_.apply_to_stacked(W);
  apply_inverse(G_free, W, forms);
}

// From W = J_P B_P^-1 G_P' and forms = diag G_P B_P^-1 G_P'.
void DualFactor::apply_inverse(const Matrix& G_free, Matrix& W, Vector& forms) {
  const Matrix known = W;
  blas::solve_lower(L_, W);
  if (has_free()) {
    Matrix of_free = G_free.transpose();
    blas::add_transposed_product(-W_, W, of_free);
    blas::solve_lower(S_, of_free);
    blas::solve_lower_transposed(S_, of_free);
    blas::add_product(W_, of_free, W);
    forms += G_free.transpose().cwiseProduct(of_free).colwise().sum().transpose();
  }
  blas::solve_lower_transposed(L_, W);
  forms -= known.cwiseProduct(W).colwise().sum().transpose();
  // |w|^2 is a part of it, and what rounding leaves of the rest may be less than nothing.
  forms = forms.cwiseMax(W.colwise().squaredNorm().transpose());
}

}  // namespace jacobench
