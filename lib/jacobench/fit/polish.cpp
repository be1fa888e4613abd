#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/approach.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/scaled_qr.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {
namespace {

constexpr double most_held = 64 << 20;  // bytes

bool holds_jacobian(const Residuals& residuals) {
  return jacobench::holds_jacobian(static_cast<double>(residuals.n_rows()),
                                   static_cast<double>(residuals.n_params()));
}

double at_least_one(Index n) { return static_cast<double>(std::max<Index>(n, 1)); }

}  // namespace

bool holds_jacobian(double n_rows, double n_params) {
  return n_rows * n_params * sizeof(double) <= most_held || n_rows <= n_params + 1;
}

// The residuals at one point and the factorisation of their Jacobian, in workspaces of its own. Of a J that is not
// held, the triangle of J and r stands for them: |J d + r| and all that follows from it are the same.
class Polisher::Tangent {
 public:
  explicit Tangent(Residuals& residuals)
      : residuals_(residuals),
        holds_J_(holds_jacobian(residuals)),
        r_(residuals.n_rows()),
        J_(holds_J_ ? residuals.n_rows() : residuals.n_params() + 1, residuals.n_params()),
        r_of_J_(J_.rows()),
        rotated_(J_.rows()),
        negligible_(J_.cols()),
        qr_(J_.rows(), J_.cols()) {}

  // Whether r and J are finite there and the objective is at most `highest`; if not, nothing below may be asked. What
  // is too high costs no factorisation.
  bool move_to(const Vector& tau, double highest = std::numeric_limits<double>::max()) {
    if (!residuals_.evaluate(tau, r_.data(), holds_J_ ? J_.data() : nullptr)) return false;
    objective_ = r_.squaredNorm();
    if (!(objective_ <= highest)) return false;
    if (holds_J_) {
      r_of_J_ = r_;
    } else {
      if (!residuals_.triangle(tau, r_, triangle_)) return false;
      J_ = triangle_.leftCols(J_.cols());
      r_of_J_ = triangle_.rightCols(1);
    }
    // A parameter that could double, or change by one, without a trace in r: that of a unit that is saturated
    // everywhere. Its column says only where rounding would send it.
    negligible_ = residual_rounding() / tau.array().abs().max(1);
    rotated_ = r_of_J_;
    qr_.factorise(J_, negligible_, rotated_);
    return true;
  }

  const ScaledQr& qr() const { return qr_; }
  const Matrix& J() const { return J_; }
  const Vector& r_of_J() const { return r_of_J_; }
  const Vector& rotated() const { return rotated_; }
  double objective() const { return objective_; }
  Index rank() const { return qr_.rank(); }
  double tangential() const { return rotated_.head(rank()).norm(); }

  // What the rounding of y and of r itself does to r, to tangential() and to objective().
  double residual_rounding() const { return jacobench::residual_rounding(residuals_, objective_); }
  double tangential_rounding() const {
    return residual_rounding() * std::sqrt(at_least_one(rank()) / at_least_one(r_.size()));
  }
  double objective_rounding() const { return jacobench::objective_rounding(residuals_, objective_); }
  Standing standing() const { return {objective_, tangential()}; }

  std::optional<double> relative_offset() const {
    const Index n_normal = r_.size() - rank();
    const double normal = rotated_.tail(rotated_.size() - rank()).norm();
    if (n_normal == 0 || normal == 0) return {};
    return tangential() / std::sqrt(at_least_one(rank())) / (normal / std::sqrt(at_least_one(n_normal)));
  }

  // Whether along every single parameter less could be gained than the rounding of the objective: at most
  // (cosine |r|)^2, of the angle between r and the parameter's column.
  bool is_stationary() const {
    for (Index p = 0; p < J_.cols(); ++p)
      if (!(std::pow(J_.col(p).dot(r_of_J_), 2) <= objective_rounding())) return false;
    return true;
  }

  // Whether J'J, with columns of norm one, is far enough from singular to be solved with.
  bool suits_normal_equations() const {
    constexpr double least_pivot = 1e-6;
    return qr_.has_full_rank() &&
           qr_.matrix().topRows(rank()).diagonal().cwiseAbs().minCoeff() >= least_pivot;
  }

  // tr J (J'J + K)^-1 J', J of the data alone: what the penalty rows have of the P that all rows have.
  double effective_parameters(Matrix& T) {
    if (residuals_.n_penalty_rows() == 0 || !qr_.has_full_rank()) return static_cast<double>(rank());
    T.resize(J_.cols(), J_.cols());
    qr_.inverse_factor(T);
    return static_cast<double>(J_.cols()) - residuals_.penalty_form(T);
  }

  const Vector& residuals() const { return r_; }

  void get_gradient(Vector& gradient) const {
    gradient.noalias() = 2 * (J_.transpose() * r_of_J_);
    gradient.array() *= qr_.column_norms().array();
  }

  // The plain Gauss-Newton step, with P - rank entries zero.
  void step(Vector& d) {
    qr_.solve(rotated_, d);
    d = -d;
  }

 private:
  Residuals& residuals_;
  const bool holds_J_;
  Vector r_;
  double objective_ = 0;
  Matrix J_;  // with its columns scaled
  Vector r_of_J_, rotated_;
  Vector negligible_;  // norms of columns
  Matrix triangle_;    // of J and r, where J is not held
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

// The minimum of the quadratic that S = |r|^2 is locally: half its Hessian is J'J and the second derivatives of the
// network, weighted by r. In scaled parameters, e = C d.
class Polisher::Newton {
 public:
  explicit Newton(Residuals& residuals)
      : residuals_(residuals),
        second_(residuals.network(), residuals.X().rows()),
        H_(residuals.n_params(), residuals.n_params()),
        weights_(residuals.X().rows(), residuals.network().n_outputs()),
        scaled_step_(residuals.n_params()),
        gradient_(residuals.n_params()),
        fitted_(holds_jacobian(residuals) ? residuals.n_rows() : residuals.n_params() + 1) {
    second_.prepare();
  }

  // Returns whether there is such a minimum, as far as normal equations can tell.
  bool step(const Tangent& at, const Vector& tau, Vector& d) {
    const Vector& C = at.qr().column_norms();
    weights_ = Eigen::Map<const Matrix>(at.residuals().data(), weights_.rows(), weights_.cols());
    residuals_.rows().apply_transposed(weights_);
    H_.setZero();
    second_.add_weighted_sum(tau, residuals_.X(), weights_, H_);
    if (!std::isfinite(H_.sum())) return false;
    H_.array().colwise() /= C.array();
    H_.array().rowwise() /= C.transpose().array();
    blas::add_gram(at.J(), H_);
    gradient_.noalias() = at.J().transpose() * at.r_of_J();
    scaled_step_ = -gradient_;
    if (!blas::solve_positive_definite(H_, scaled_step_)) return false;
    d = scaled_step_.cwiseQuotient(C);
    return true;
  }

  // Of the last step.
  double smallest_pivot() const { return H_.diagonal().minCoeff(); }
  double predicted_fall() const { return -gradient_.dot(scaled_step_); }
  double move(const Tangent& at) {
    fitted_.noalias() = at.J() * scaled_step_;
    return fitted_.norm();
  }

 private:
  Residuals& residuals_;
  SecondDerivatives second_;
  Matrix H_, weights_;
  Vector scaled_step_, gradient_, fitted_;
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
      damping_(std::make_unique<Damping>(now_->J().rows(), residuals.n_params())),
      newton_(std::make_unique<Newton>(residuals)),
      step_(residuals.n_params()),
      tried_(residuals.n_params()) {}

Polisher::~Polisher() = default;

std::optional<Stop> Polisher::reason_to_stop(double relative_offset) const {
  if (residuals_.is_rounding(now_->objective())) return Stop::exact;
  if (now_->tangential() <= now_->tangential_rounding()) return Stop::orthogonal;
  if (relative_offset > 0 && now_->relative_offset().value_or(1) <= relative_offset) return Stop::converged;
  return {};
}

// Where no step goes further down.
Stop Polisher::reason_for_rest() const {
  if (now_->relative_offset().value_or(1) < orthogonal_enough) return Stop::converged;
  return now_->is_stationary() ? Stop::stationary : Stop::stalled;
}

// Whether the point that tau + step_ is, is better; then it is the next.
bool Polisher::take_step(Vector& tau) {
  tried_ = tau + step_;
  const double slack = now_->objective_rounding();
  if (!next_->move_to(tried_, now_->objective() + slack)) return false;
  if (!is_better(next_->standing(), now_->standing(), slack)) return false;
  tau = tried_;
  std::swap(now_, next_);
  return true;
}

// To the first point that is better, with more damping until one is. Returns whether one was.
bool Polisher::step_down(Vector& tau, double& mu) {
  for (; mu <= most_damping; mu = more(mu)) {
    if (mu == 0)
      now_->step(step_);
    else
      damping_->step(*now_, mu, step_);
    if (take_step(tau)) {
      mu = less(mu);
      return true;
    }
  }
  return false;
}

// As far as they lead; the result is what that is, where it is all.
std::optional<Polished> Polisher::polish_by_normal_equations(Vector& tau, const PolishOptions& options,
                                                             Index& n_iterations) {
  is_by_approach_ = false;
  if (!can_resolve(options.relative_offset, residuals_)) return {};
  if (!approach_) approach_ = std::make_unique<Approach>(residuals_);
  const Approach::Result result = approach_->approach(tau, options);
  n_iterations = result.n_iterations;
  if (!result.has_arrived) return {};
  is_by_approach_ = true;
  return Polished{.objective = result.objective,
                  .n_iterations = result.n_iterations,
                  .rank = residuals_.n_params(),
                  .relative_offset = result.relative_offset,
                  .stop = Stop::converged};
}

Polished Polisher::polish(Vector& tau, const PolishOptions& options) {
  Index iteration = 0;
  if (const auto polished = polish_by_normal_equations(tau, options, iteration)) return *polished;
  if (!now_->move_to(tau)) return {std::numeric_limits<double>::infinity(), 0, 0, {}, Stop::not_finite};
  std::optional<Stop> stop;
  double mu = options.damping;
  bool slow = false;
  while (!(stop = reason_to_stop(options.relative_offset)) && iteration < options.max_iterations) {
    const double before = now_->tangential();
    const bool by_newton = slow && now_->suits_normal_equations() && newton_->step(*now_, tau, step_);
    const bool stepped = (by_newton && take_step(tau)) || step_down(tau, mu);
    if (!stepped) {
      stop = reason_for_rest();
      break;
    }
    slow = slow || now_->tangential() > slow_contraction * before;
    ++iteration;
    if (options.go_on && !options.go_on(now_->objective())) break;
  }
  return {now_->objective(), iteration, now_->rank(), now_->relative_offset(),
          stop.value_or(Stop::iteration_limit)};
}

std::optional<Remaining> Polisher::remaining(const Vector& tau) {
  if (is_by_approach_) return approach_->remaining();
  const auto n_data_rows = static_cast<double>(residuals_.n_data_rows());
  const double n_effective = now_->effective_parameters(T_);
  const double rss = now_->residuals().head(residuals_.n_data_rows()).squaredNorm();
  if (!(n_data_rows > n_effective && rss > 0)) return {};
  const double s_squared = rss / (n_data_rows - n_effective);
  // Second derivatives change the verdict where units have become equal: J'J alone takes what rounding leaves of their
  // difference for a direction.
  const double gauss_newton = now_->tangential() / std::sqrt(s_squared);
  constexpr double clearly_determined = 1e-3;
  if (gauss_newton <= negligible_move || !newton_->step(*now_, tau, step_) ||
      !(now_->suits_normal_equations() || newton_->smallest_pivot() >= clearly_determined))
    return Remaining{.fall = gauss_newton * gauss_newton, .move = gauss_newton};
  return Remaining{.fall = newton_->predicted_fall() / s_squared,
                   .move = newton_->move(*now_) / std::sqrt(s_squared)};
}

const Vector& Polisher::residuals() const {
  return is_by_approach_ ? approach_->residuals() : now_->residuals();
}

void Polisher::get_gradient(Vector& gradient) const {
  if (is_by_approach_)
    approach_->get_gradient(gradient);
  else
    now_->get_gradient(gradient);
}

}  // namespace jacobench
