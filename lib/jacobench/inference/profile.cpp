#include "jacobench/inference/profile.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fitter.hpp"

namespace jacobench {
namespace {

enum class Side { below, above };

// How closely tau is to be q: what a search ends at, and what a bound may differ by.
constexpr double same_tau = 1e-9, close_tau = 1e-4;

// The added observation's pull on f(x0), in units of s^2 / se^2: the stronger, the closer f comes to what is asked of
// it, and the more may S bend the other way before there is no minimum to be found.
constexpr double pull_strength = 16;

// The profile on one side of the estimate, followed outwards from refit to refit. By the envelope theorem dS/dc is
// twice the pull at each of them, so that two of one branch differ in S by what the slopes between them add up to; a
// refit that has fallen to another branch does not.
class Trace {
 public:
  Trace(const Tangent& at, const Covariance& cov, const VectorView& x0, double se, Side side,
        Index max_iterations)
      : at_(at),
        sigma_(cov.sigma()),
        se_(se),
        sign_(side == Side::above ? 1 : -1),
        max_iterations_(max_iterations) {
    const Index N = at.n_observations();
    fit_ = evaluate(at.network(), at.theta(), Matrix(x0.transpose()))(0, 0);
    data_ = at.data();
    data_.X.conservativeResize(N + 1, Eigen::NoChange);
    data_.X.row(N) = x0.transpose();
    data_.Y.conservativeResize(N + 1, Eigen::NoChange);
    data_.Y(N, 0) = fit_;
    data_.weights = Vector::Ones(N + 1);
    if (at.data().weights.size() > 0) data_.weights.head(N) = at.data().weights;
    pull_ = pull_strength * sigma_ * sigma_ / (se * se);
    const double d = at.data().output_scales.size() > 0 ? at.data().output_scales[0] : 1;
    data_.weights[N] = pull_ * d * d;
    fitter_.emplace(at.network(), data_,
                    FitOptions{.n_starts = 0,
                               .n_tries_from_start = 1,
                               .decay = at.decay(),
                               .max_iterations = max_iterations,
                               .relative_offset = 1e-10,
                               .jacobian = at.fit().jacobian});
    objective_ = at.rss() + at.decay().dot(at.theta().cwiseAbs2());
  }

  struct Bound {
    double value;  // NaN where there is none
    std::string reason;
  };

  Bound bound(double q) {
    constexpr double furthest = 1e6, least_step = 1e-4;
    constexpr Index most_refits = 300;
    Point near{.distance = 0, .c = fit_, .loss = 0, .slope = 0, .tau = 0, .theta = at_.theta()};
    for (double step = q / 2; near.distance <= furthest * q;) {
      std::optional<Point> next = follow(near, near.distance + step, q);
      if (has_lower_minimum_) return {no_bound, lower_minimum};
      if (!next) {
        step /= 4;
        if (step < least_step * q || refits_.number > most_refits) return {no_bound, broken_off(near)};
      } else if (next->tau < q) {
        near = std::move(*next);
        step *= 2;
      } else {
        return search(std::move(near), std::move(*next), q);
      }
    }
    return {sign_ * infinity,
            "the data do not bound f here: the objective levels off before the interval ends"};
  }

  const Refits& refits() const { return refits_; }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double no_bound = std::numeric_limits<double>::quiet_NaN();
  static constexpr const char* lower_minimum =
      "a lower minimum of the objective was found on the way: fit again from more starts";

  struct Point {
    double distance;  // of the added observation, in standard errors
    double c;         // the value of f(x0) that is reached
    double loss;      // S(c) - S
    double slope;     // dS/dc
    double tau;       // on this side
    Vector theta;
  };

  // The point where the added observation is at `distance`, if the refit from there keeps to the branch.
  std::optional<Point> follow(const Point& from, double distance, double q) {
    const Index N = data_.Y.rows() - 1;
    const double a = fit_ + sign_ * distance * se_;
    data_.Y(N, 0) = a;
    const Fit& there = fitter_->fit(data_, from.theta);
    ++refits_.number;
    has_settled_ = there.end->has_settled();
    if (!has_settled_) {
      ++refits_.n_unsettled;
      return {};
    }
    const double c = evaluate(at_.network(), there.theta, data_.X.bottomRows(1))(0, 0);
    const double loss = there.end->rss + there.end->penalty - pull_ * (c - a) * (c - a) - objective_;
    // What changes tau by less than a thousandth; far out the pull is most of the sum of squares, and its rounding is
    // left.
    const double rounding = 1e-3 * q * q * sigma_ * sigma_ + 0x1p-40 * there.end->rss;
    has_lower_minimum_ = loss < -rounding;
    const double slope = 2 * pull_ * (a - c), along = (from.slope + slope) / 2 * (c - from.c);
    if (!(std::abs(loss - from.loss - along) <= 0.1 * std::abs(along) + rounding)) return {};
    return Point{.distance = distance,
                 .c = c,
                 .loss = loss,
                 .slope = slope,
                 .tau = std::sqrt(std::max(loss, 0.0)) / sigma_,
                 .theta = there.theta};
  }

  // Between two points of the branch on either side of q: regula falsi with Illinois weights, from the nearer of the
  // two.
  Bound search(Point near, Point far, double q) {
    constexpr Index most_steps = 24;
    double near_excess = near.tau - q, far_excess = far.tau - q;
    for (Index i = 0; i < most_steps && std::min(q - near.tau, far.tau - q) > same_tau * q; ++i) {
      const double share = near_excess / (near_excess - far_excess);
      const double distance = near.distance + share * (far.distance - near.distance);
      if (!(distance > near.distance && distance < far.distance)) break;
      std::optional<Point> next = follow(share < 0.5 ? near : far, distance, q);
      if (has_lower_minimum_) return {no_bound, lower_minimum};
      if (!next) return {no_bound, broken_off(near)};
      if (next->tau < q) {
        near = std::move(*next);
        near_excess = near.tau - q;
        far_excess /= 2;
      } else {
        far = std::move(*next);
        far_excess = far.tau - q;
        near_excess /= 2;
      }
    }
    const Point& nearest = q - near.tau < far.tau - q ? near : far;
    if (!(std::abs(nearest.tau - q) <= close_tau * q)) return {no_bound, broken_off(near)};
    return {nearest.c, {}};
  }

  // Why there is nothing beyond a point.
  std::string broken_off(const Point& last) const {
    if (!has_settled_)
      return fmt::format(
          "refits that the bound is from have not settled within {} iterations; allow more, fit fewer units, "
          "or with a decay",
          max_iterations_);
    return fmt::format(
        "the profile cannot be followed to the bound: beyond {:.6g}, where tau is {:.3g}, refits fall to "
        "another "
        "branch of minima",
        last.c, last.tau);
  }

  const Tangent& at_;
  const double sigma_, se_, sign_;
  const Index max_iterations_;
  double fit_, objective_, pull_;
  Dataset data_;
  std::optional<Fitter> fitter_;
  Refits refits_;
  bool has_settled_ = true, has_lower_minimum_ = false;
};

class ProfileEngine final : public IntervalEngine {
 public:
  ProfileEngine(const NewPoints& points, const IntervalOptions& options,
                const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points),
        requests_(requests),
        max_refit_iterations_(options.max_refit_iterations),
        watch_(options.watch),
        covariance_(options.covariance(CovarianceKind::delta)) {
    for (const BandRequest& request : requests) check_level(request.level);
  }

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t) override {
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
        if (watch_)
          watch_(static_cast<Index>(b) * points.n_points() + m + 1, std::ssize(bands_) * points.n_points());
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
  const std::function<void(Index, Index)> watch_;
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
           .formula = "all c with |sqrt((S(c) - S) / s^2)| <= t, S(c) the least objective with f(x0) = c",
           .source = "Bates and Watts (1988), Nonlinear Regression Analysis, sec. 6.1",
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
  const double q = t_quantile((1 + level) / 2, cov.dof());
  NewPoints point(at.fit(), x0.transpose());
  point.move_to(at);
  const double se = cov.standard_errors(point.gradients(at))[0];
  ProfileInterval result{};
  result.fit = result.lower = result.upper = evaluate(at.network(), at.theta(), Matrix(x0.transpose()))(0, 0);
  if (se == 0) return result;
  for (const Side side : {Side::below, Side::above}) {
    Trace trace(at, cov, x0, se, side, max_refit_iterations);
    const Trace::Bound bound = trace.bound(q);
    (side == Side::below ? result.lower : result.upper) = bound.value;
    if (!bound.reason.empty()) result.reason = bound.reason;
    result.refits.number += trace.refits().number;
    result.refits.n_unsettled += trace.refits().n_unsettled;
  }
  return result;
}

}  // namespace jacobench
