#include "jacobench/fit/approach.hpp"

#include <cmath>

#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

constexpr double least_offset = 1e-8, least_pivot_of_J = 1e-3;

// A is C^-1 M C^-1 below its diagonal.
void scale_symmetric(const Matrix& M, const Vector& C, Matrix& A) {
  for (Index q = 0; q < M.cols(); ++q)
    for (Index p = q; p < M.rows(); ++p) A(p, q) = M(p, q) / (C[p] * C[q]);
}

}  // namespace

Approach::Approach(Residuals& residuals)
    : residuals_(residuals),
      equations_(residuals),
      C_(residuals.n_params()),
      L_(residuals.n_params(), residuals.n_params()),
      along_(residuals.n_params()),
      H_(residuals.n_params(), residuals.n_params()),
      step_(residuals.n_params()),
      tried_(residuals.n_params()),
      fitted_(residuals.n_params()) {}

bool Approach::can_resolve(double relative_offset, const Residuals& residuals) {
  return relative_offset >= least_offset && residuals.n_rows() > residuals.n_params();
}

// Whether normal equations are safe there; if not, nothing below may be asked.
bool Approach::move_to(const Vector& tau) {
  if (!equations_.move_to(tau)) return false;
  const Matrix& M = equations_.matrix();
  const double negligible = residual_rounding(residuals_, equations_.objective());
  for (Index p = 0; p < C_.size(); ++p) {
    C_[p] = std::sqrt(M(p, p));
    if (!(C_[p] > negligible)) return false;
  }
  scale_symmetric(M, C_, L_);
  if (!blas::cholesky(L_) || !(L_.diagonal().minCoeff() >= least_pivot_of_J)) return false;
  along_ = equations_.gradient().cwiseQuotient(C_);
  L_.triangularView<Eigen::Lower>().solveInPlace(along_);
  return true;
}

double Approach::relative_offset() const {
  const auto P = static_cast<double>(C_.size()), n = static_cast<double>(residuals_.n_rows());
  const double normal = equations_.objective() - along_.squaredNorm();
  return normal > 0 ? tangential() / std::sqrt(P) / std::sqrt(normal / (n - P)) : 1;
}

void Approach::gauss_newton_step() {
  step_ = -along_;
  L_.triangularView<Eigen::Lower>().transpose().solveInPlace(step_);
  step_.array() /= C_.array();
}

// Returns whether S has a minimum as its second derivatives tell. Afterwards the equations are no longer those of J'J.
bool Approach::newton_step() {
  if (!equations_.add_second_derivatives()) return false;
  scale_symmetric(equations_.matrix(), C_, H_);
  step_ = -equations_.gradient().cwiseQuotient(C_);
  if (!blas::solve_positive_definite(H_, step_)) return false;
  step_.array() /= C_.array();
  return true;
}

Approach::Result Approach::approach(Vector& tau, const PolishOptions& options) {
  Result result{};
  if (!move_to(tau)) return result;
  bool slow = false;
  for (;;) {
    const Standing before = standing();
    const double offset = relative_offset();
    if (offset <= options.relative_offset)
      return {.has_arrived = true,
              .n_iterations = result.n_iterations,
              .objective = before.objective,
              .relative_offset = offset};
    if (result.n_iterations == options.max_iterations) return result;
    if (!slow || !newton_step()) gauss_newton_step();
    tried_ = tau + step_;
    const double slack = objective_rounding(residuals_, before.objective);
    if (!move_to(tried_) || !is_better(standing(), before, slack)) return result;
    tau = tried_;
    ++result.n_iterations;
    slow = slow || tangential() > slow_contraction * before.tangential;
    if (options.go_on && !options.go_on(equations_.objective())) return result;
  }
}

// tr J (J'J + K)^-1 J', J of the data alone: what the penalty rows have of the P that all rows have.
double Approach::effective_parameters() {
  const auto P = static_cast<double>(C_.size());
  if (residuals_.n_penalty_rows() == 0) return P;
  T_.setIdentity(C_.size(), C_.size());
  L_.triangularView<Eigen::Lower>().transpose().solveInPlace(T_);
  T_.array().colwise() /= C_.array();
  return P - residuals_.penalty_form(T_);
}

std::optional<Remaining> Approach::remaining() {
  const auto n = static_cast<double>(residuals_.n_data_rows());
  const double n_left = n - effective_parameters();
  const double rss = residuals().head(residuals_.n_data_rows()).squaredNorm();
  if (!(n_left > 0 && rss > 0)) return {};
  const double s = std::sqrt(rss / n_left), gauss_newton = tangential() / s;
  if (gauss_newton <= negligible_move || !newton_step())
    return Remaining{.fall = gauss_newton * gauss_newton, .move = gauss_newton};
  const double fall = -equations_.gradient().dot(step_);
  tried_ = step_.cwiseProduct(C_);
  fitted_.noalias() = L_.triangularView<Eigen::Lower>().transpose() * tried_;
  return Remaining{.fall = fall / (s * s), .move = fitted_.norm() / s};
}

}  // namespace jacobench
