#include "jacobench/fit/approach.hpp"

#include <cmath>

#include "jacobench/kernel/blas.hpp"

namespace jacobench {
namespace {

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

// Nothing where normal equations are not safe; then nothing below may be asked.
std::optional<Standing> Approach::move_to(const Vector& tau) {
  if (!equations_.move_to(tau)) return {};
  const Matrix& M = equations_.matrix();
  const double negligible = residual_rounding(residuals_, equations_.objective());
  for (Index p = 0; p < C_.size(); ++p) {
    C_[p] = std::sqrt(M(p, p));
    if (!(C_[p] > negligible)) return {};
  }
  scale_symmetric(M, C_, L_);
  if (!blas::cholesky(L_) || !(L_.diagonal().minCoeff() >= least_pivot_of_J)) return {};
  along_ = equations_.gradient().cwiseQuotient(C_);
  L_.triangularView<Eigen::Lower>().solveInPlace(along_);
  return Standing{equations_.objective(), tangential()};
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
  using Next = ApproachCourse::Next;
  course_.begin(residuals_, options);
  Next next = course_.next(move_to(tau));
  while (next == Next::gauss_newton || next == Next::newton) {
    if (next != Next::newton || !newton_step()) gauss_newton_step();
    tried_ = tau + step_;
    next = course_.next(move_to(tried_));
    if (course_.has_moved()) tau = tried_;
  }
  if (next == Next::leaves)
    return {
        .has_arrived = false, .n_iterations = course_.n_iterations(), .objective = 0, .relative_offset = 0};
  return {.has_arrived = true,
          .n_iterations = course_.n_iterations(),
          .objective = course_.standing().objective,
          .relative_offset = course_.relative_offset()};
}

std::optional<Remaining> Approach::remaining() {
  const auto n = static_cast<double>(residuals_.n_data_rows());
  const double rss = residuals().head(residuals_.n_data_rows()).squaredNorm();
  return remaining_of(rss, n - effective_parameters(residuals_, L_, C_, T_), tangential(),
                      [&]() -> std::optional<NewtonMove> {
                        if (!newton_step()) return {};
                        const double fall = -equations_.gradient().dot(step_);
                        tried_ = step_.cwiseProduct(C_);
                        fitted_.noalias() = L_.triangularView<Eigen::Lower>().transpose() * tried_;
                        return NewtonMove{.fall = fall, .squared_length = fitted_.squaredNorm()};
                      });
}

}  // namespace jacobench
