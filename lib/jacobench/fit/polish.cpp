#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/QR>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

// The residuals at one point and the factorisation of their Jacobian, in workspaces of its own.
class Tangent {
 public:
  explicit Tangent(Residuals& residuals)
      : residuals_(residuals),
        r_(residuals.n_rows()),
        J_(residuals.n_rows(), residuals.n_params()),
        column_norms_(residuals.n_params()),
        qr_(residuals.n_rows(), residuals.n_params()) {}

  // Whether r and J are finite there; if not, nothing below may be asked.
  bool move_to(const Vector& tau) {
    if (!residuals_.evaluate(tau, r_.data(), J_.data())) return false;
    for (Index p = 0; p < J_.cols(); ++p) {
      const double norm = J_.col(p).norm();
      column_norms_[p] = norm > 0 ? norm : 1;
      J_.col(p) /= column_norms_[p];
    }
    qr_.setThreshold(static_cast<double>(std::max(J_.rows(), J_.cols())) * epsilon);
    qr_.compute(J_);
    rotated_ = r_;
    rotated_.applyOnTheLeft(qr_.householderQ().setLength(qr_.nonzeroPivots()).adjoint());
    return true;
  }

  double objective() const { return r_.squaredNorm(); }
  Index rank() const { return qr_.rank(); }
  double tangential() const { return rotated_.head(rank()).norm(); }

  // What the rounding of y and of r itself does to r, to tangential() and to objective().
  double residual_rounding() const { return 2 * epsilon * (residuals_.size_of_outputs() + r_.norm()); }
  double tangential_rounding() const { return residual_rounding() * std::sqrt(dof(rank()) / dof(r_.size())); }
  double objective_rounding() const { return 2 * r_.norm() * residual_rounding(); }

  std::optional<double> relative_offset() const {
    const Index n_normal = r_.size() - rank();
    const double normal = rotated_.tail(n_normal).norm();
    if (n_normal == 0 || normal == 0) return {};
    return tangential() / std::sqrt(dof(rank())) / (normal / std::sqrt(dof(n_normal)));
  }

  // Whether along every single parameter less could be gained than the rounding of the objective: at most
  // (cosine |r|)^2, of the angle between r and the parameter's column.
  bool is_stationary() const {
    const double gain = (J_.transpose() * r_).cwiseAbs2().maxCoeff();
    return gain <= objective_rounding();
  }

  // The minimum of |J d + r|^2 + mu |C d|^2; for mu = 0 with P - rank entries of d zero.
  Vector step(double mu) const {
    const auto R = qr_.matrixQR().topLeftCorner(rank(), rank()).triangularView<Eigen::Upper>();
    Vector d = Vector::Zero(J_.cols());
    if (mu == 0) {
      d.head(rank()) = -R.solve(rotated_.head(rank()));
    } else {
      const Index n = std::min(J_.rows(), J_.cols());
      Matrix damped = Matrix::Zero(n + J_.cols(), J_.cols());
      damped.topRows(n) = qr_.matrixQR().topRows(n).triangularView<Eigen::Upper>();
      damped.bottomRows(J_.cols()).diagonal().setConstant(std::sqrt(mu));
      Vector right = Vector::Zero(n + J_.cols());
      right.head(n) = -rotated_.head(n);
      d = damped.householderQr().solve(right);
    }
    return (qr_.colsPermutation() * d).cwiseQuotient(column_norms_);
  }

 private:
  static double dof(Index n) { return static_cast<double>(std::max<Index>(n, 1)); }

  Residuals& residuals_;
  Vector r_, rotated_;
  Matrix J_;
  Vector column_norms_;
  Eigen::ColPivHouseholderQR<Matrix> qr_;
};

// Down, or as low and closer to orthogonal: near the minimum the objective no longer tells two points apart.
bool is_better(const Tangent& next, const Tangent& now) {
  const double slack = now.objective_rounding();
  if (next.objective() < now.objective() - slack) return true;
  return next.objective() <= now.objective() + slack && next.tangential() < 0.98 * now.tangential();
}

std::optional<Stop> reason_to_stop(const Tangent& tangent, double size_of_outputs) {
  if (std::sqrt(tangent.objective()) <= 8 * epsilon * size_of_outputs) return Stop::exact;
  if (tangent.tangential() <= tangent.tangential_rounding()) return Stop::orthogonal;
  return {};
}

// The next damping after a step that was refused; after one that was taken it falls by the same factor.
constexpr double damping_factor = 8;
constexpr double least_damping = 0x1p-24;
constexpr double most_damping = 0x1p30;

double more(double mu) { return std::max(least_damping, damping_factor * mu); }
double less(double mu) { return mu <= least_damping ? 0 : mu / damping_factor; }

// Where no step goes further down.
Stop reason_for_rest(const Tangent& tangent) {
  constexpr double orthogonal_enough = 0.001;  // Bates and Watts (1981), sec. 3
  if (tangent.relative_offset().value_or(1) < orthogonal_enough) return Stop::converged;
  return tangent.is_stationary() ? Stop::stationary : Stop::stalled;
}

// Moves `next` to the first point that is better than `now`, with more damping until one is. Returns whether one was.
bool step_down(const Tangent& now, Tangent& next, Vector& tau, double& mu) {
  for (; mu <= most_damping; mu = more(mu)) {
    const Vector tried = tau + now.step(mu);
    if (next.move_to(tried) && is_better(next, now)) {
      tau = tried;
      mu = less(mu);
      return true;
    }
  }
  return false;
}

}  // namespace

Polished polish(Residuals& residuals, Vector tau, Index max_iterations) {
  Tangent one(residuals), other(residuals);
  Tangent *now = &one, *next = &other;
  if (!now->move_to(tau))
    return {std::move(tau), std::numeric_limits<double>::infinity(), 0, 0, {}, Stop::not_finite};
  std::optional<Stop> stop;
  Index iteration = 0;
  double mu = 0;
  while (!(stop = reason_to_stop(*now, residuals.size_of_outputs())) && iteration < max_iterations) {
    if (!step_down(*now, *next, tau, mu)) {
      stop = reason_for_rest(*now);
      break;
    }
    std::swap(now, next);
    ++iteration;
  }
  return {std::move(tau), now->objective(),       iteration,
          now->rank(),    now->relative_offset(), stop.value_or(Stop::iteration_limit)};
}

std::string_view explanation(Stop stop) {
  switch (stop) {
    case Stop::orthogonal:
      return "the residuals are orthogonal to the tangent plane up to rounding";
    case Stop::exact:
      return "the residuals are zero up to rounding";
    case Stop::converged:
      return "no step lowers the objective further, and the relative offset is below 0.001";
    case Stop::stationary:
      return "no step lowers the objective further, and its gradient vanishes; the relative offset does not, "
             "because the "
             "data hardly determine some directions";
    case Stop::stalled:
      return "no step lowers the objective further, though the relative offset is not small";
    case Stop::iteration_limit:
      return "the iterations that were allowed are used up";
    case Stop::not_finite:
      return "the residuals are not finite at any start";
  }
  JB_EXPECT(false, "stop {} has no explanation", static_cast<int>(stop));
  return {};
}

}  // namespace jacobench
