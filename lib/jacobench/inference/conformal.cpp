#include "jacobench/inference/conformal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/inference/refit.hpp"

namespace jacobench {
namespace {

constexpr double beyond_all_scores = std::numeric_limits<double>::infinity();
constexpr double not_finite = std::numeric_limits<double>::quiet_NaN();

constexpr Index rows_at_once = 1024;  // points at which all refits are evaluated together

// The least n of which a score is the bound.
Index fewest_scores(double level) {
  Index n = 1;
  while (conformal_rank(n, level) > n) ++n;
  return n;
}

std::optional<std::string> why_not_conformal(const IntervalOptions& options, const BandRequest& request) {
  if (request.kind != IntervalKind::prediction)
    return "a conformal interval is of a new observation, and none of the mean";
  if (request.simultaneous != Simultaneous::none || request.sides != Sides::both ||
      options.input_noise.size() > 0)
    return "a conformal method gives two-sided intervals point by point, without noise on the inputs";
  return {};
}

class ConformalEngine final : public IntervalEngine {
 public:
  ConformalEngine(Leave leave, const NewPoints& points, const IntervalOptions& options,
                  const std::vector<BandRequest>& requests)
      : IntervalEngine(requests.size(), points), leave_(leave), options_(options), requests_(requests) {
    for (const BandRequest& request : requests) check_level(request.level);
  }

  bool make_bands(Tangent& at, NewPoints& points, std::uint64_t seed) override {
    reason_.clear();
    remark_.clear();
    const LeftOut left_out = leave_(at, options_, seed);
    refits_ = left_out.refits;
    reason_ = left_out.reason.empty() ? why_too_few(left_out) : left_out.reason;
    if (!reason_.empty()) return false;
    set_scores(at, left_out);
    if (!scores_.allFinite()) {
      reason_ = "a fit without some of the observations is not finite at these";
      return false;
    }
    for (Index first = 0; first < points.n_points(); first += rows_at_once)
      set_bounds(at, left_out, points.X(), first, std::min(rows_at_once, points.n_points() - first));
    remark_ = fmt::format("from {} observations and fits that have not seen them", left_out.rows.size());
    if (refits_.n_unsettled > 0)
      remark_ += fmt::format("; {} of {} fits have not settled", refits_.n_unsettled, refits_.number);
    return true;
  }

  std::string reason() const override { return reason_; }

 private:
  // Where a bound is beyond all scores it is infinite, which is none.
  std::string why_too_few(const LeftOut& left_out) const {
    const auto n = static_cast<Index>(left_out.rows.size());
    double lowest = 1;
    for (const BandRequest& request : requests_) lowest = std::min(lowest, request.level);
    if (conformal_rank(n, lowest) <= n) return {};
    return fmt::format(
        "the scores of {} observations are too few for level {:g}, at which the bounds are "
        "infinite; {} are needed",
        n, lowest, fewest_scores(lowest));
  }

  void set_scores(const Tangent& at, const LeftOut& left_out) {
    const Dataset& data = at.data();
    const auto n = static_cast<Index>(left_out.rows.size());
    scores_.resize(n, data.Y.cols());
    for (Index i = 0; i < n; ++i) {
      const Index row = left_out.rows[static_cast<std::size_t>(i)];
      const Vector theta = left_out.theta.col(left_out.fit_of[static_cast<std::size_t>(i)]);
      const double root = data.weights.size() > 0 ? std::sqrt(data.weights[row]) : 1;
      scores_.row(i) =
          root * (data.Y.row(row) - evaluate(at.network(), theta, data.X.middleRows(row, 1))).cwiseAbs();
    }
  }

  void set_bounds(const Tangent& at, const LeftOut& left_out, const Matrix& X0, Index first, Index n_points) {
    const auto n = static_cast<Index>(left_out.rows.size());
    const Index n_fits = left_out.theta.cols(), K = scores_.cols();
    Matrix values(n_points * K, n_fits);
    for (Index j = 0; j < n_fits; ++j)
      values.col(j) =
          evaluate(at.network(), left_out.theta.col(j), X0.middleRows(first, n_points)).reshaped();
    Vector below(n), above(n);
    for (Index k = 0; k < K; ++k)
      for (Index m = 0; m < n_points; ++m) {
        const double unit = 1 / std::sqrt(options_.new_weight(first + m));
        for (Index i = 0; i < n; ++i) {
          const double value = values(k * n_points + m, left_out.fit_of[static_cast<std::size_t>(i)]);
          below[i] = unit * scores_(i, k) - value;
          above[i] = unit * scores_(i, k) + value;
        }
        const bool is_finite = below.allFinite() && above.allFinite();
        for (std::size_t b = 0; b < bands_.size(); ++b) {
          bands_[b].lower(first + m, k) = is_finite ? -bound(below, requests_[b].level) : not_finite;
          bands_[b].upper(first + m, k) = is_finite ? bound(above, requests_[b].level) : not_finite;
        }
        if (!is_finite) leave_open(first + m, "a fit without some of the observations is not finite here");
      }
  }

  static double bound(Vector& values, double level) {
    const Index rank = conformal_rank(values.size(), level);
    if (rank > values.size()) return beyond_all_scores;
    std::nth_element(values.begin(), values.begin() + (rank - 1), values.end());
    return values[rank - 1];
  }

  const Leave leave_;
  const IntervalOptions options_;
  const std::vector<BandRequest> requests_;
  Matrix scores_;  // [n x K]
  std::string reason_;
};

// Those that are not in the group.
std::vector<Index> others(Index N, const std::vector<Index>& group) {
  std::vector<bool> is_left_out(static_cast<std::size_t>(N));
  for (const Index n : group) is_left_out[static_cast<std::size_t>(n)] = true;
  std::vector<Index> rest;
  for (Index n = 0; n < N; ++n)
    if (!is_left_out[static_cast<std::size_t>(n)]) rest.push_back(n);
  return rest;
}

}  // namespace

// A level is a decimal fraction that rounding may have raised.
Index conformal_rank(Index n, double level) {
  const double rank = static_cast<double>(n + 1) * level;
  return static_cast<Index>(std::ceil(rank * (1 - 4 * unit_roundoff)));
}

double split_conformal_coverage(Index n, double level) {
  return static_cast<double>(conformal_rank(n, level)) / static_cast<double>(n + 1);
}

LeftOut leave_out(Tangent& at, const std::vector<std::vector<Index>>& groups,
                  const IntervalOptions& options) {
  const auto n_groups = static_cast<Index>(groups.size());
  LeftOut left_out;
  left_out.theta.resize(at.n_params(), n_groups);
  for (Index g = 0; g < n_groups; ++g)
    for (const Index row : groups[static_cast<std::size_t>(g)]) {
      left_out.rows.push_back(row);
      left_out.fit_of.push_back(g);
    }
  std::map<Index, std::vector<Index>> by_size;  // of the data that are left
  for (Index g = 0; g < n_groups; ++g)
    by_size[at.n_observations() - std::ssize(groups[static_cast<std::size_t>(g)])].push_back(g);
  const auto without = [&](Index g) {
    return at.data().rows(others(at.n_observations(), groups[static_cast<std::size_t>(g)]));
  };
  std::vector<char> is_unsettled(groups.size());
  RefitCount count(options.watch, n_groups);
  for (const auto& of_size : by_size) {
    const std::vector<Index>& those = of_size.second;
    const auto group = [&those](Index number) { return those[static_cast<std::size_t>(number)]; };
    const Dataset first = without(group(0));
    Refitting refitting(at.fit(), options.max_refit_iterations, options.n_threads);
    refitting.run({.n_refits = std::ssize(those),
                   .data = first,
                   .start = at.theta(),
                   .draw = [&](Index number, Dataset& data) { data = without(group(number)); },
                   .use =
                       [&](Index number, const Fit& again, Index) {
                         left_out.theta.col(group(number)) = again.theta;
                         is_unsettled[static_cast<std::size_t>(group(number))] = !again.has_settled();
                       }},
                  count);
  }
  left_out.refits = {n_groups, std::count(is_unsettled.begin(), is_unsettled.end(), 1)};
  if (static_cast<double>(left_out.refits.n_unsettled) > most_unsettled * static_cast<double>(n_groups))
    left_out.reason = fmt::format(
        "{} of {} fits without some of the observations have not settled within {} iterations, and at most "
        "{}% may; "
        "allow more iterations, fit fewer units, or with a decay",
        left_out.refits.n_unsettled, n_groups, options.max_refit_iterations, 100 * most_unsettled);
  return left_out;
}

std::vector<Index> shuffled(Index n, std::uint64_t seed, std::string_view what) {
  RandomStream stream(seed, cell_number(what), 0, RandomPurpose::resampling);
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n - 1; i > 0; --i) {
    const Index j = std::min(i, static_cast<Index>(stream.uniform() * static_cast<double>(i + 1)));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
  }
  return order;
}

IntervalMethod conformal_method(std::string name, std::string summary, std::string formula, Leave leave,
                                std::string source) {
  return {.name = std::move(name),
          .summary = std::move(summary),
          .formula = std::move(formula),
          .source = std::move(source),
          .why_not = [](const Fit&, const IntervalOptions& options,
                        const BandRequest& request) { return why_not_conformal(options, request); },
          .prepare = [leave](const Fit&, const NewPoints& points, const IntervalOptions& options,
                             const std::vector<BandRequest>& requests) -> std::unique_ptr<IntervalEngine> {
            return std::make_unique<ConformalEngine>(leave, points, options, requests);
          },
          .refits = true};
}

}  // namespace jacobench
