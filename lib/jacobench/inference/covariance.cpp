#include "jacobench/inference/covariance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Eigenvalues>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/inference/undetermined.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {
namespace {

// Less than half an observation is none: quantiles of t with so few degrees of freedom mean nothing.
constexpr double least_dof = 0.5;

constexpr double least_left_of_leverage = 64 * unit_roundoff;

void check_options(const CovarianceOptions& options) {
  const bool known = options.dof_rule == DofRule::known_sigma;
  if (known != options.known_sigma.has_value())
    throw InputError("dof rule {}: {} (the two belong together); give both or neither",
                     dof_rule_table()[static_cast<std::size_t>(options.dof_rule)].name,
                     known ? "sigma is missing" : "sigma is given");
  if (known && !(*options.known_sigma > 0 && std::isfinite(*options.known_sigma)))
    throw InputError("sigma: {} is not a positive finite number; give the known standard deviation",
                     *options.known_sigma);
  if (!(options.ridge > 0 && options.ridge < 1))
    throw InputError("ridge: {} is not between 0 and 1; it is relative to the largest singular value",
                     options.ridge);
}

// The power of I - H_nn that a residual is multiplied by.
double power_of(CovarianceKind kind) {
  if (kind == CovarianceKind::hc2) return -0.5;
  return kind == CovarianceKind::hc3 ? -1 : 0;
}

// Some root B of the symmetric S >= 0, of which the lower triangle is read: B B' = S.
Matrix root_of(const Matrix& S) {
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(S);
  return eigen.eigenvectors() * eigen.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
}

std::string rank_reason(Tangent& at, const Covariance& cov) {
  if (info(cov.kind()).decay != Decay::ignored && at.has_decay())
    return fmt::format(
        "data and decay together determine {} of {} directions of the parameters: put the decay on the "
        "biases too, or choose the policy pseudo_inverse",
        cov.factor().rank(), at.n_params());
  if (at.n_params() > at.n_values())
    return fmt::format(
        "{} parameters for {} observed values: only a decay, or the policies pseudo_inverse and "
        "ridge, give a covariance",
        at.n_params(), at.n_values());
  return fmt::format("the data determine {} of {} directions of the parameters: {}", cov.rank(),
                     at.n_params(), joined(undetermined_in_words(at), "; "));
}

}  // namespace

DecayReading decay_reading(CovarianceKind kind) {
  if (info(kind).decay == Decay::ignored) return DecayReading::ignored;
  const bool is_of_posterior = kind == CovarianceKind::laplace || kind == CovarianceKind::hessian;
  return is_of_posterior ? DecayReading::prior : DecayReading::estimator;
}

bool needs_second_derivatives(CovarianceKind kind) {
  return kind == CovarianceKind::hessian || kind == CovarianceKind::hessian_sandwich;
}

std::string no_decay_reason(CovarianceKind kind) {
  return fmt::format("{} is the covariance of a fit with decay, and this one has none", info(kind).name);
}

Covariance::Covariance(const CovarianceOptions& options) : options_(options) { check_options(options); }

bool Covariance::fail(CovarianceStatus status, double figure) {
  status_ = status;
  figure_ = figure;
  return false;
}

bool Covariance::compute(Tangent& at) {
  at_ = &at;
  status_ = CovarianceStatus::ok;
  return choose_factor(at) && estimate_sigma(at) && compute_middle(at) && set_output_noise(at);
}

// T and Q for the kind and the policy.
bool Covariance::choose_factor(Tangent& at) {
  const Decay decay = info(options_.kind).decay;
  const bool has_no_J = decay != Decay::ignored && !needs_second_derivatives(options_.kind) &&
                        options_.policy != RankPolicy::ridge;
  forms_ = has_no_J ? at.forms() : nullptr;
  if (forms_) {
    // Of so many parameters the rank of J is told by J alone; it is no more than this.
    rank_ = std::min(at.n_values(), at.n_params());
    return true;
  }
  factor_ = nullptr;
  has_added_ridge_ = false;
  rank_ = at.rank();
  clear_inverse_ = decay == Decay::needed ? nullptr : at.clear_inverse();
  if (clear_inverse_) return true;
  factor_ = decay == Decay::ignored ? &at.of_data() : &at.with_decay();
  if (decay == Decay::needed && !at.has_decay()) return fail(CovarianceStatus::no_decay);
  has_added_ridge_ = options_.policy == RankPolicy::ridge && rank_ < at.n_params();
  if (has_added_ridge_) {
    const RankReport report = at.of_data().report();
    Vector K = (options_.ridge * report.largest * report.column_norms).cwiseAbs2();
    if (decay != Decay::ignored) K += at.decay();
    use_own_factor(at, K);
  } else if (needs_second_derivatives(options_.kind) && factor_->is_dual()) {
    // The Hessian bends the part of the prior that the dual route keeps beside T T'.
    use_own_factor(at, at.decay());
  }
  if (factor_->is_determined() || options_.policy != RankPolicy::refuse) return true;
  const bool too_few = at.n_params() > at.n_values() && !(decay != Decay::ignored && at.has_decay());
  return fail(too_few ? CovarianceStatus::more_parameters_than_observations
                      : CovarianceStatus::rank_deficient);
}

TangentFactor& Covariance::factor() const { return factor_ ? *factor_ : at_->of_data(); }

const Matrix& Covariance::T() const { return is_of_clear_inverse() ? clear_inverse_->T : factor().T(); }

void Covariance::use_own_factor(Tangent& at, const Vector& K) {
  if (!own_factor_) own_factor_ = std::make_unique<TangentFactor>(at.n_values(), at.n_params());
  own_factor_->factorise(at.J(), K, TangentFactor::Route::primal);
  factor_ = own_factor_.get();
}

Vector Covariance::leverages() const {
  if (!forms_) return factor().leverages();
  const Matrix* H = forms_->hat();
  JB_EXPECT(H, "the matrix-free form has no leverages");
  return H->diagonal();
}

double Covariance::trace_h() const { return forms_ ? forms_->trace_h().value : factor().trace_h(); }

// tr H, which is the rank where H is a projection.
double Covariance::effective_parameters() const {
  const bool is_penalised = info(options_.kind).decay != Decay::ignored && at_->has_decay();
  return is_penalised ? trace_h() : static_cast<double>(rank_);
}

bool Covariance::estimate_sigma(Tangent& at) {
  const auto n = static_cast<double>(at.n_values());
  switch (options_.dof_rule) {
    case DofRule::n_minus_rank:
      dof_ = n - static_cast<double>(rank_);
      break;
    case DofRule::n_minus_trace:
      dof_ = n - effective_parameters();
      break;
    case DofRule::n_minus_trace_2h_hh:
      if (forms_ && !forms_->hat()) return fail(CovarianceStatus::no_hat_matrix);
      dof_ = n - 2 * trace_h() + (forms_ ? forms_->hat()->squaredNorm() : factor().trace_hh());
      break;
    case DofRule::known_sigma:
      if (at.data().output_noise != OutputNoise::shared)
        return fail(CovarianceStatus::known_sigma_of_several);
      dof_ = std::numeric_limits<double>::infinity();
      sigma_ = *options_.known_sigma;
      return true;
  }
  if (!(dof_ >= least_dof)) return fail(CovarianceStatus::no_degrees_of_freedom, n - dof_);
  if (at.residuals_are_rounding()) return fail(CovarianceStatus::residuals_are_rounding);
  sigma_ = std::sqrt(at.rss() / dof_);
  return true;
}

bool Covariance::compute_middle(Tangent& at) {
  using enum CovarianceKind;
  is_isotropic_ = false;
  switch (options_.kind) {
    case laplace:
      is_isotropic_ = true;
      return true;
    case delta:
      // With a ridge in the place of the directions that the data leave open, T T' is more than the estimator's
      // variance.
      is_isotropic_ = !has_added_ridge_;
      if (is_isotropic_) return true;
      [[fallthrough]];
    case ridge:
      if (forms_) return true;
      M_.setZero(factor().Q().cols(), factor().Q().cols());
      blas::add_gram(factor().Q(), M_);
      M_ *= sigma_ * sigma_;
      return true;
    case hessian:
      if (!invert_hessian(at)) return false;
      M_ = sigma_ * sigma_ * inverse_;
      return true;
    case hc0:
    case hc1:
    case hc2:
    case hc3:
      if (!adjust_residuals(at, power_of(options_.kind))) return false;
      if (!forms_) add_scores();
      return true;
    case hessian_sandwich:
      if (!invert_hessian(at) || !adjust_residuals(at, 0)) return false;
      add_scores();
      M_ = inverse_ * M_.selfadjointView<Eigen::Lower>() * inverse_;
      return true;
  }
  JB_EXPECT(false, "covariance {} is not computed", static_cast<int>(options_.kind));
  return false;
}

namespace {

// Counted from 1; 0 where it is their sum.
Index first_overflow(const Tangent& at, const Matrix& C) {
  const Index P = at.n_params();
  SecondDerivatives second(at.network(), 1);
  for (Index n = 0; n < at.n_observations(); ++n) {
    Matrix H = Matrix::Zero(P, P);
    second.add_weighted_sum(at.theta(), at.data().X.row(n), C.row(n), H);
    if (!H.allFinite()) return n + 1;
  }
  return 0;
}

}  // namespace

// inverse_ = (T'AT)^-1.
bool Covariance::invert_hessian(Tangent& at) {
  const Matrix& T = factor().T();
  const Index P = at.n_params(), m = T.cols();
  Matrix C = -at.r().reshaped(at.n_observations(), at.n_outputs());
  at.rows().apply_transposed(C);
  Matrix H = Matrix::Zero(P, P), H_T(P, m), T_A_T = Matrix::Identity(m, m);
  SecondDerivatives(at.network(), at.n_observations()).add_weighted_sum(at.theta(), at.data().X, C, H);
  H.triangularView<Eigen::StrictlyUpper>() = H.transpose();
  blas::multiply(H, T, H_T);
  blas::add_transposed_product(T, H_T, T_A_T);
  if (!T_A_T.allFinite())
    return fail(CovarianceStatus::second_derivatives_overflow, static_cast<double>(first_overflow(at, C)));
  const Eigen::SelfAdjointEigenSolver<Matrix> eigen(T_A_T);
  const double smallest = eigen.eigenvalues()[0];
  if (!(smallest > 0)) return fail(CovarianceStatus::hessian_not_positive_definite, smallest);
  const Matrix& U = eigen.eigenvectors();
  inverse_ = U * eigen.eigenvalues().cwiseInverse().asDiagonal() * U.transpose();
  return true;
}

// H_nn, of the outputs of an observation.
Matrix Covariance::hat_of(Index n) const {
  const Index N = at_->n_observations(), K = at_->n_outputs();
  const auto rows = Eigen::seqN(n, K, N);
  if (forms_) return (*forms_->hat())(rows, rows);
  const Matrix Q_n = factor().Q()(rows, Eigen::all);
  return Q_n * Q_n.transpose();
}

// a_n = (I - H_nn)^power r_n
bool Covariance::adjust_residuals(Tangent& at, double power) {
  if (at.residuals_are_rounding()) return fail(CovarianceStatus::residuals_are_rounding);
  if (forms_ && power != 0 && !forms_->hat()) return fail(CovarianceStatus::no_hat_matrix);
  const Index N = at.n_observations(), K = at.n_outputs();
  adjusted_ = at.r();
  if (options_.kind == CovarianceKind::hc1) {
    const auto n = static_cast<double>(at.n_values());
    const double left = n - trace_h();
    if (!(left >= least_dof)) return fail(CovarianceStatus::no_degrees_of_freedom, n - left);
    adjusted_ *= std::sqrt(n / left);
  }
  for (Index n = 0; power != 0 && n < N; ++n) {
    if (K == 1) {
      const double left = 1 - (forms_ ? (*forms_->hat())(n, n) : factor().Q().row(n).squaredNorm());
      if (!(left >= least_left_of_leverage))
        return fail(CovarianceStatus::leverage_of_one, static_cast<double>(n + 1));
      adjusted_[n] *= power == -1 ? 1 / left : 1 / std::sqrt(left);
      continue;
    }
    const auto rows = Eigen::seqN(n, K, N);
    const Eigen::SelfAdjointEigenSolver<Matrix> eigen(Matrix::Identity(K, K) - hat_of(n));
    if (!(eigen.eigenvalues()[0] >= least_left_of_leverage))
      return fail(CovarianceStatus::leverage_of_one, static_cast<double>(n + 1));
    Vector a_n = eigen.eigenvectors().transpose() * Vector(adjusted_(rows));
    a_n.array() *= eigen.eigenvalues().array().pow(power);
    adjusted_(rows) = eigen.eigenvectors() * a_n;
  }
  return true;
}

// The rows sum_k a_nk W_nk.  Shapes: W [(N K) x m], result [N x m]
void Covariance::weigh_by_scores(const Matrix& W, Matrix& weighted) const {
  const Index N = at_->n_observations();
  weighted.resize(N, W.cols());
  weighted = adjusted_.head(N).asDiagonal() * W.topRows(N);
  for (Index k = 1; k < at_->n_outputs(); ++k)
    weighted += adjusted_.segment(k * N, N).asDiagonal() * W.middleRows(k * N, N);
}

// M = sum over observations of Q_n' a_n a_n' Q_n
void Covariance::add_scores() {
  weigh_by_scores(factor().Q(), weighted_Q_);
  M_.setZero(weighted_Q_.cols(), weighted_Q_.cols());
  blas::add_gram(weighted_Q_, M_);
}

std::string Covariance::reason() const {
  switch (status_) {
    case CovarianceStatus::ok:
      return {};
    case CovarianceStatus::rank_deficient:
    case CovarianceStatus::more_parameters_than_observations:
      return rank_reason(*at_, *this);
    case CovarianceStatus::no_degrees_of_freedom:
      return fmt::format(
          "{} observed values and {:.3g} taken up by the fit leave nothing to estimate sigma from",
          at_->n_values(), figure_);
    case CovarianceStatus::residuals_are_rounding:
      return std::string(
                 "the residuals are rounding errors: the fit passes through the data, and they tell nothing "
                 "of "
                 "their noise; ") +
             (options_.dof_rule == DofRule::known_sigma
                  ? "only a kind that takes no residuals, such as delta, has the sigma that is known"
                  : "give the sigma that is known");
    case CovarianceStatus::known_sigma_of_several:
      return "a sigma that is known is that of all outputs, and here each has a noise of its own: fit again "
             "with "
             "output noise shared";
    case CovarianceStatus::leverage_of_one:
      return fmt::format(
          "observation {} has leverage 1: its residual is zero whatever its error, which HC2 and HC3 "
          "cannot make up for",
          figure_);
    case CovarianceStatus::hessian_not_positive_definite:
      return fmt::format(
          "the Hessian of the objective has an eigenvalue of {:.3g} times that of J'J + K: the parameters "
          "are not at a minimum, or the data do not determine one",
          figure_);
    case CovarianceStatus::second_derivatives_overflow:
      return fmt::format(
          "the second derivatives of the network{} are larger than a double can hold; change the units of "
          "the "
          "data, or take a kind without them",
          figure_ > 0 ? fmt::format(" at observation {}", figure_) : "");
    case CovarianceStatus::no_decay:
      return no_decay_reason(options_.kind);
    case CovarianceStatus::no_hat_matrix:
      return "leverages take n x n matrices, which the matrix-free form does without: choose the form dual, "
             "or "
             "what takes none: one output or one noise of all, n - tr H, and no HC2 or HC3";
  }
  JB_EXPECT(false, "status {} has no reason", static_cast<int>(status_));
  return {};
}

// T M T' has the rank of J where M = .. Q'Q .. or a sum over its rows.
Index Covariance::rank_of_errors() const {
  if (decay_reading(options_.kind) != DecayReading::prior) return rank_;
  return forms_ ? at_->n_params() : factor().rank();
}

TangentFactor& Covariance::determined_by() const {
  return info(options_.kind).decay == Decay::ignored ? at_->of_data() : at_->with_decay();
}

Matrix Covariance::factor_of(const MatrixView& G) const {
  JB_EXPECT(ok(), "there is no covariance: {}", name_of(status_));
  JB_EXPECT(G.cols() == at_->n_params(), "G has {} columns, want {}", G.cols(), at_->n_params());
  if (forms_) return factor_by_forms(G);
  Matrix G_T(G.rows(), T().cols());
  blas::multiply(G, T(), G_T);
  Matrix F = times_root_of_middle(G_T);
  if (!has_prior_part()) return F;
  const Matrix of_prior = factor().prior_part(G);
  Matrix both(G.rows(), F.cols() + of_prior.cols());
  both << F, sigma_ * of_prior;
  return both;
}

// With d = (J'J + K)^-1 g and w = J d, s (w', (sqrt(K) o d)') has the square s^2 g'd.
Matrix Covariance::factor_by_forms(const MatrixView& G) const {
  const bool is_of_prior = options_.kind == CovarianceKind::laplace;
  const Index n = at_->n_values();
  Matrix W(n, G.rows()), of_penalty(is_of_prior ? G.cols() : 0, G.rows());
  Vector d, w;
  for (Index i = 0; i < G.rows(); ++i) {
    forms_->solve(G.row(i), d, w);
    W.col(i) = w;
    if (is_of_prior) of_penalty.col(i) = at_->decay().cwiseSqrt().cwiseProduct(d);
  }
  Matrix F;
  if (is_of_prior) {
    F.resize(G.rows(), n + G.cols());
    F << sigma_ * W.transpose(), sigma_ * of_penalty.transpose();
  } else if (options_.kind == CovarianceKind::ridge) {
    F = sigma_ * W.transpose();
  } else {
    Matrix weighted;
    weigh_by_scores(W, weighted);
    F = weighted.transpose();
  }
  return F;
}

Vector Covariance::variances_of(const Matrix& W, const Vector& forms) const {
  if (options_.kind == CovarianceKind::laplace) return sigma_ * sigma_ * forms;
  if (options_.kind == CovarianceKind::ridge) return sigma_ * sigma_ * W.colwise().squaredNorm();
  Matrix weighted;
  weigh_by_scores(W, weighted);
  return weighted.colwise().squaredNorm();
}

Matrix Covariance::times_root_of_middle(const Matrix& G_T) const {
  if (is_isotropic_) return sigma_ * G_T;
  const Matrix root = root_of(M_);
  Matrix F(G_T.rows(), root.cols());
  blas::multiply(G_T, root, F);
  return F;
}

// Whether the prior alone says something that counts, beside T M T'.
bool Covariance::has_prior_part() const {
  return options_.kind == CovarianceKind::laplace && factor().is_dual();
}

Vector Covariance::standard_errors_of_parameters(Index n) const {
  JB_EXPECT(ok(), "there is no covariance: {}", name_of(status_));
  if (forms_) {
    Vector errors(n), its_forms;
    Matrix W;
    for (Index p = 0; p < n; p += InverseForms::block) {
      const Index n_block = std::min(InverseForms::block, n - p);
      forms_->of_parameters(p, n_block, W, its_forms);
      errors.segment(p, n_block) = variances_of(W, its_forms).cwiseSqrt();
    }
    return errors;
  }
  Vector of_T = times_root_of_middle(T()).rowwise().stableNorm();
  // What the data say nothing of is where the penalty has it, whatever the noise: rounding would make something of it.
  if (options_.kind == CovarianceKind::ridge)
    for (Index p = 0; p < n; ++p)
      if ((at_->J().col(p).array() == 0).all()) of_T[p] = 0;
  if (!has_prior_part()) return of_T.head(n);
  return (of_T.cwiseAbs2() + sigma_ * sigma_ * factor().prior_variances()).cwiseSqrt().head(n);
}

Matrix Covariance::of(const MatrixView& G) const {
  const Matrix F = factor_of(G);
  return F * F.transpose();
}

Vector Covariance::standard_errors(const MatrixView& G) const { return factor_of(G).rowwise().stableNorm(); }

Matrix Covariance::of_parameters() const { return of(Matrix::Identity(at_->n_params(), at_->n_params())); }

// Outputs that share their noise have all of what is left; those whose noise is joint take up the same each, which no
// change of basis between them alters.
bool Covariance::set_output_noise(Tangent& at) {
  const Index N = at.n_observations(), K = at.n_outputs();
  output_dofs_.setConstant(K, dof_);
  output_sigmas_.setConstant(K, sigma_);
  const OutputNoise noise = at.data().output_noise;
  if (noise == OutputNoise::shared || std::isinf(dof_)) return true;
  if (noise == OutputNoise::joint) {
    output_dofs_ /= static_cast<double>(K);
    Matrix errors = at.r().reshaped(N, K);
    at.data().output_mixing().correlate(errors);
    output_sigmas_ = (errors.colwise().squaredNorm().transpose().array() / output_dofs_.array()).sqrt();
    return true;
  }
  if (forms_ && !forms_->hat()) return fail(CovarianceStatus::no_hat_matrix);
  const Vector taken = leverages().reshaped(N, K).colwise().sum().transpose();
  output_dofs_ = (static_cast<double>(N) - taken.array()).matrix();
  output_dofs_ *= dof_ / output_dofs_.sum();
  for (Index k = 0; k < K; ++k)
    output_sigmas_[k] = std::sqrt(at.r().segment(k * N, N).squaredNorm() / output_dofs_[k]);
  return true;
}

CovarianceKind default_covariance(const Fit& like) {
  return like.has_decay() ? CovarianceKind::ridge : CovarianceKind::delta;
}

Covariance covariance(Tangent& at, const CovarianceOptions& options) {
  Covariance result(options);
  result.compute(at);
  return result;
}

}  // namespace jacobench
