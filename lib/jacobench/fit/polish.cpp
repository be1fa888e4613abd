#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/kernel/scaled_qr.hpp"

namespace jacobench {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

double at_least_one(Index n) { return static_cast<double>(std::max<Index>(n, 1)); }

}  // namespace

// The residuals at one point and the factorisation of their Jacobian, in workspaces of its own.
class Polisher::Tangent {
 public:
  explicit Tangent(Residuals& residuals)
      : residuals_(residuals),
        r_(residuals.n_rows()),
        rotated_(residuals.n_rows()),
        J_(residuals.n_rows(), residuals.n_params()),
        qr_(residuals.n_rows(), residuals.n_params()) {}

  // Whether r and J are finite there; if not, nothing below may be asked.
  bool move_to(const Vector& tau) {
    if (!residuals_.evaluate(tau, r_.data(), J_.data())) return false;
    qr_.factorise(J_);
    rotated_ = r_;
    qr_.rotate(rotated_);
    return true;
  }

  const ScaledQr& qr() const { return qr_; }
  const Vector& rotated() const { return rotated_; }
  double objective() const { return r_.squaredNorm(); }
  Index rank() const { return qr_.rank(); }
  double tangential() const { return rotated_.head(rank()).norm(); }

  // What the rounding of y and of r itself does to r, to tangential() and to objective().
  double residual_rounding() const { return 2 * epsilon * (residuals_.size_of_outputs() + r_.norm()); }
  double tangential_rounding() const {
    return residual_rounding() * std::sqrt(at_least_one(rank()) / at_least_one(r_.size()));
  }
  double objective_rounding() const { return 2 * r_.norm() * residual_rounding(); }

  std::optional<double> relative_offset() const {
    const Index n_normal = r_.size() - rank();
    const double normal = rotated_.tail(n_normal).norm();
    if (n_normal == 0 || normal == 0) return {};
    return tangential() / std::sqrt(at_least_one(rank())) / (normal / std::sqrt(at_least_one(n_normal)));
  }

  // Whether along every single parameter less could be gained than the rounding of the objective: at most
  // (cosine |r|)^2, of the angle between r and the parameter's column.
  bool is_stationary() const {
    for (Index p = 0; p < J_.cols(); ++p)
      if (!(std::pow(J_.col(p).dot(r_), 2) <= objective_rounding())) return false;
    return true;
  }

  const Vector& residuals() const { return r_; }

  void get_gradient(Vector& gradient) const {
    gradient.noalias() = 2 * (J_.transpose() * r_);
    gradient.array() *= qr_.column_norms().array();
  }

  // The plain Gauss-Newton step, with P - rank entries zero.
  void step(Vector& d) {
    qr_.solve(rotated_, d);
    d = -d;
  }

 private:
  Residuals& residuals_;
  Vector r_, rotated_;
  Matrix J_;  // with its columns scaled
  ScaledQr qr_;
};

// The minimum of |J d + r|^2 + mu |C d|^2, from the triangular factor of J C^-1.
class Polisher::Damping {
 public:
  Damping(Index n_rows, Index n_params)
      : n_factor_rows_(std::min(n_rows, n_params)),
        R_(n_factor_rows_ + n_params, n_params),
        right_(n_factor_rows_ + n_params),
        permuted_(n_params),
        qr_(n_factor_rows_ + n_params, n_params) {}

  void step(const Tangent& at, double mu, Vector& d) {
    const Index P = R_.cols();
    R_.setZero();
    R_.topRows(n_factor_rows_).triangularView<Eigen::Upper>() = at.qr().matrix().topRows(n_factor_rows_);
    R_.bottomRows(P).diagonal().setConstant(std::sqrt(mu));
    right_.setZero();
    right_.head(n_factor_rows_) = -at.rotated().head(n_factor_rows_);
    qr_.factorise(R_);
    qr_.rotate(right_);
    qr_.solve(right_, permuted_);
    at.qr().unpermute(permuted_, d);
  }

 private:
  const Index n_factor_rows_;
  Matrix R_;
  Vector right_, permuted_;
  ScaledQr qr_;
};

namespace {

// The next damping after a step that was refused; after one that was taken it falls by the same factor.
constexpr double damping_factor = 8;
constexpr double least_damping = 0x1p-24;
constexpr double most_damping = 0x1p30;

double more(double mu) { return std::max(least_damping, damping_factor * mu); }
double less(double mu) { return mu <= least_damping ? 0 : mu / damping_factor; }

}  // namespace

Polisher::Polisher(Residuals& residuals)
    : residuals_(residuals),
      now_(std::make_unique<Tangent>(residuals)),
      next_(std::make_unique<Tangent>(residuals)),
      damping_(std::make_unique<Damping>(residuals.n_rows(), residuals.n_params())),
      step_(residuals.n_params()),
      tried_(residuals.n_params()) {}

Polisher::~Polisher() = default;

// Down, or as low and closer to orthogonal: near the minimum the objective no longer tells two points apart.
bool Polisher::next_is_better() const {
  const double slack = now_->objective_rounding();
  if (next_->objective() < now_->objective() - slack) return true;
  return next_->objective() <= now_->objective() + slack && next_->tangential() < 0.98 * now_->tangential();
}

std::optional<Stop> Polisher::reason_to_stop(double relative_offset) const {
  if (std::sqrt(now_->objective()) <= 8 * epsilon * residuals_.size_of_outputs()) return Stop::exact;
  if (now_->tangential() <= now_->tangential_rounding()) return Stop::orthogonal;
  if (relative_offset > 0 && now_->relative_offset().value_or(1) <= relative_offset) return Stop::converged;
  return {};
}

// Where no step goes further down.
Stop Polisher::reason_for_rest() const {
  constexpr double orthogonal_enough = 0.001;  // Bates and Watts (1981), sec. 3
  if (now_->relative_offset().value_or(1) < orthogonal_enough) return Stop::converged;
  return now_->is_stationary() ? Stop::stationary : Stop::stalled;
}

// To the first point that is better, with more damping until one is. Returns whether one was.
bool Polisher::step_down(Vector& tau, double& mu) {
  for (; mu <= most_damping; mu = more(mu)) {
    if (mu == 0)
      now_->step(step_);
    else
      damping_->step(*now_, mu, step_);
    tried_ = tau + step_;
    if (next_->move_to(tried_) && next_is_better()) {
      tau = tried_;
      mu = less(mu);
      std::swap(now_, next_);
      return true;
    }
  }
  return false;
}

Polished Polisher::polish(Vector& tau, const PolishOptions& options) {
  if (!now_->move_to(tau)) return {std::numeric_limits<double>::infinity(), 0, 0, {}, Stop::not_finite};
  std::optional<Stop> stop;
  Index iteration = 0;
  double mu = options.damping;
  while (!(stop = reason_to_stop(options.relative_offset)) && iteration < options.max_iterations) {
    if (!step_down(tau, mu)) {
      stop = reason_for_rest();
      break;
    }
    ++iteration;
  }
  return {now_->objective(), iteration, now_->rank(), now_->relative_offset(),
          stop.value_or(Stop::iteration_limit)};
}

const Vector& Polisher::residuals() const { return now_->residuals(); }

void Polisher::get_gradient(Vector& gradient) const { now_->get_gradient(gradient); }

}  // namespace jacobench
