#include "jacobench/inference/profile.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include <boost/math/tools/toms748_solve.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fitter.hpp"

namespace jacobench {
namespace {

enum class Side { below, above };

// The profile on one side of the estimate, followed outwards.
class Trace {
 public:
  Trace(const Tangent& at, const Covariance& cov, const VectorView& x0, double se, Side side,
        Index max_iterations)
      : at_(at), sigma_(cov.sigma()), se_(se), sign_(side == Side::above ? 1 : -1), theta_(at.theta()) {
    const Index N = at.n_observations();
    fit_ = evaluate(at.network(), at.theta(), Matrix(x0.transpose()))(0, 0);
    data_ = at.data();
    data_.X.conservativeResize(N + 1, Eigen::NoChange);
    data_.X.row(N) = x0.transpose();
    data_.Y.conservativeResize(N + 1, Eigen::NoChange);
    data_.Y(N, 0) = fit_;
    data_.weights = Vector::Ones(N + 1);
    if (at.data().weights.size() > 0) data_.weights.head(N) = at.data().weights;
    const double d = at.data().output_scales.size() > 0 ? at.data().output_scales[0] : 1;
    data_.weights[N] = sigma_ * sigma_ * d * d / (se * se);
    fitter_.emplace(at.network(), data_,
                    FitOptions{.n_starts = 0,
                               .n_tries_from_start = 1,
                               .decay = at.decay(),
                               .max_iterations = max_iterations,
                               .relative_offset = 1e-10,
                               .jacobian = at.fit().jacobian});
    objective_ = at.rss() + at.decay().dot(at.theta().cwiseAbs2());
  }

  // tau where the added observation is `distance` standard errors out; value() is the c reached there.
  double tau_at(double distance) {
    data_.Y(data_.Y.rows() - 1, 0) = fit_ + sign_ * distance * se_;
    const Fit& there = fitter_->fit(data_, theta_);
    ++refits_.number;
    if (!there.end->has_settled()) ++refits_.n_unsettled;
    if (there.end->stop == Stop::not_finite) return 0;
    theta_ = there.theta;
    const Matrix f = evaluate(at_.network(), theta_, data_.X);
    value_ = f(f.rows() - 1, 0);
    const double pull =
        data_.weights[f.rows() - 1] * std::pow(value_ - data_.Y(f.rows() - 1, 0), 2) / scale_squared();
    const double loss = there.end->rss + there.end->penalty - pull - objective_;
    // far out the pull is most of the sum of squares, whose rounding is then what is left
    if (loss < -1e-6 * objective_ - 0x1p-40 * there.end->rss) has_lower_minimum_ = true;
    return std::sqrt(std::max(loss, 0.0)) / sigma_;
  }

  struct Bound {
    std::optional<double> value;  // the c at which tau is q, or nothing where it stays below
    // All of them, from the furthest on, between which and the one before it the bound is found.
    bool is_of_settled_refits;
  };

  Bound bound(double q) {
    constexpr double furthest = 1e6;
    double near = 0, far = 2 * q;
    Index n_unsettled = refits_.n_unsettled;
    double tau_near = 0, tau_far = tau_at(far);
    while (tau_far < q && far < furthest * q) {
      near = far, tau_near = tau_far;
      far *= 2;
      n_unsettled = refits_.n_unsettled;
      tau_far = tau_at(far);
    }
    if (tau_far < q) return {{}, refits_.n_unsettled == n_unsettled};
    std::uintmax_t iterations = 30;
    const auto [low, high] = boost::math::tools::toms748_solve(
        [&](double distance) { return tau_at(distance) - q; }, near, far, tau_near - q, tau_far - q,
        boost::math::tools::eps_tolerance<double>(30), iterations);
    tau_at((low + high) / 2);
    return {value_, refits_.n_unsettled == n_unsettled};
  }

  const Refits& refits() const { return refits_; }
  bool has_lower_minimum() const { return has_lower_minimum_; }

 private:
  double scale_squared() const {
    return at_.data().output_scales.size() > 0 ? std::pow(at_.data().output_scales[0], 2) : 1;
  }

  const Tangent& at_;
  const double sigma_, se_, sign_;
  double fit_, objective_, value_ = 0;
  Dataset data_;
  std::optional<Fitter> fitter_;
  Vector theta_;
  Refits refits_;
  bool has_lower_minimum_ = false;
};

class ProfileEngine final : public IntervalEngine {
 public:
  ProfileEngine(const NewPoints& points, const IntervalOptions& options,
                const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points),
        requests_(requests),
        max_refit_iterations_(options.max_refit_iterations),
        covariance_(options.covariance(CovarianceKind::delta)) {
    for (const BandRequest& request : requests) check_level(request.level);
  }

  bool compute(Tangent& at, NewPoints& points, std::uint64_t) override {
    open_.clear();
    refits_ = {};
    remark_.clear();
    if (!covariance_.compute(at)) return false;
    sigma_ = covariance_.sigma();
    dof_ = covariance_.dof();
    for (std::size_t b = 0; b < bands_.size(); ++b)
      for (Index m = 0; m < points.n_points(); ++m) {
        const ProfileInterval interval = profile_interval(at, covariance_, points.X().row(m).transpose(),
                                                          requests_[b].level, max_refit_iterations_);
        refits_.number += interval.refits.number;
        refits_.n_unsettled += interval.refits.n_unsettled;
        bands_[b].lower(m, 0) = interval.lower;
        bands_[b].upper(m, 0) = interval.upper;
        if (interval.reason.empty()) continue;
        open_.resize(static_cast<std::size_t>(points.n_points()));
        open_[static_cast<std::size_t>(m)] = interval.reason;
      }
    if (refits_.n_unsettled > 0)
      remark_ = fmt::format("{} of {} refits have not settled", refits_.n_unsettled, refits_.number);
    return true;
  }

  std::string reason() const override { return covariance_.reason(); }

 private:
  const std::vector<BandRequest> requests_;
  const Index max_refit_iterations_;
  Covariance covariance_;
};

std::optional<std::string> why_not_a_profile(const Fit& like, const IntervalOptions& options,
                                             const BandRequest& request) {
  if (like.network.n_outputs() != 1)
    return fmt::format("a profile takes a fit of one output, this has {}", like.network.n_outputs());
  if (request.kind != IntervalKind::mean)
    return "a profile gives intervals of the mean, and none of a new observation";
  if (request.simultaneous != Simultaneous::none || request.sides != Sides::both ||
      options.input_noise.size() > 0)
    return "a profile gives two-sided intervals point by point, without noise on the inputs";
  return {};
}

}  // namespace

std::vector<IntervalMethod> profile_methods() {
  return {{.name = "profile",
           .summary = "likelihood profile of f(x0)",
           .why_not = why_not_a_profile,
           .prepare = [](const Fit&, const NewPoints& points, const IntervalOptions& options,
                         const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
             return std::make_unique<ProfileEngine>(points, options, requests);
           },
           .refits = true}};
}

ProfileInterval profile_interval(const Tangent& at, const Covariance& cov, const VectorView& x0, double level,
                                 Index max_refit_iterations) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", name_of(cov.status()));
  JB_EXPECT(x0.size() == at.network().n_inputs(), "x0 has {} entries, want {}", x0.size(),
            at.network().n_inputs());
  if (at.n_outputs() != 1)
    throw InputError("profile: {} outputs; profiles are for networks with one", at.n_outputs());
  check_level(level);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double q = t_quantile((1 + level) / 2, cov.dof());
  NewPoints point(at.fit(), x0.transpose());
  point.move_to(at);
  const double se = cov.standard_errors(point.gradients(at))[0];
  ProfileInterval result{};
  result.fit = result.lower = result.upper = evaluate(at.network(), at.theta(), Matrix(x0.transpose()))(0, 0);
  if (!(se > 0)) {
    result.reason = "the standard error is zero: there is nothing to profile";
    return result;
  }
  for (const Side side : {Side::below, Side::above}) {
    Trace trace(at, cov, x0, se, side, max_refit_iterations);
    const Trace::Bound bound = trace.bound(q);
    double& its = side == Side::below ? result.lower : result.upper;
    its = bound.value.value_or(side == Side::below ? -infinity : infinity);
    if (!bound.is_of_settled_refits) {
      its = std::numeric_limits<double>::quiet_NaN();
      result.reason = fmt::format(
          "refits that the bound is from have not settled within {} iterations; allow more, fit fewer units, "
          "or with a decay",
          max_refit_iterations);
    } else if (!bound.value) {
      result.reason = "the data do not bound f here: the objective levels off before the interval ends";
    }
    if (trace.has_lower_minimum())
      result.reason = "a lower minimum of the objective was found on the way: fit again from more starts";
    result.refits.number += trace.refits().number;
    result.refits.n_unsettled += trace.refits().n_unsettled;
  }
  return result;
}

}  // namespace jacobench
