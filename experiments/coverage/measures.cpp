#include "coverage/measures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "jacobench/base/errors.hpp"

namespace jacobench::coverage {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Replicates = std::vector<Index>;

double count(Index n) { return static_cast<double>(n); }

// Those whose columns `holds`.
template <class Predicate>
Replicates replicates_where(Index n_replicates, const Predicate& holds) {
  Replicates found;
  for (Index r = 0; r < n_replicates; ++r)
    if (holds(r)) found.push_back(r);
  return found;
}

template <class Columns>
Vector column_means(const Columns& A) {
  return A.colwise().mean().transpose();
}

// Of f(r), one number a replicate.
template <class F>
Vector of_each(const Replicates& replicates, const F& f) {
  Vector values(static_cast<Index>(replicates.size()));
  std::transform(replicates.begin(), replicates.end(), values.begin(), f);
  return values;
}

// Over n >= 2 values.
Estimate mean_of(const Vector& v) { return {mean(v), std::sqrt(variance(v) / count(v.size()))}; }

// sqrt of the mean of v, by the delta method.
Estimate root_mean(const Vector& v) {
  const auto [mean, error] = mean_of(v);
  const double root = std::sqrt(mean);
  return {root, root > 0 ? error / (2 * root) : 0};
}

// How many independent trials have the standard error se; shares that all agree say no more than R trials do.
double effective_number(double p, double se, Index n_replicates) {
  return se > 0 ? p * (1 - p) / (se * se) : count(n_replicates);
}

// From one share in [0, 1] a replicate.
Proportion proportion_of(const Vector& shares) {
  const auto [p, spread] = mean_of(shares);
  // Shares that agree differ from their mean by its rounding, at most R units of it.
  const double se = spread > count(shares.size()) * unit_roundoff ? spread : 0;
  Proportion result = wilson(p, effective_number(p, se, shares.size()), z_95);
  result.standard_error = se;
  return result;
}

// How much of the target lies where in one replicate.  Shape: [M]
struct Shares {
  Vector below, covered, above;
};

// Calls use(r, shares) for those with an interval.
template <class Use>
void for_shares_of(const Samples& s, const Vector& target, const Replicates& with_interval, const Use& use) {
  const Index M = target.size();
  Shares shares{Vector(M), Vector(M), Vector(M)};
  for (const Index r : with_interval) {
    for (Index m = 0; m < M; ++m) {
      const double l = s.lower(m, r) - target[m], u = s.upper(m, r) - target[m];
      if (s.new_observation) {
        const auto& [law, sd] = *s.new_observation;
        const double up_to_l = law.cdf(l / sd[m]), up_to_u = law.cdf(u / sd[m]);
        shares.below[m] = up_to_l;
        shares.covered[m] = up_to_u - up_to_l;
        shares.above[m] = 1 - up_to_u;
      } else {
        shares.below[m] = l > 0;
        shares.covered[m] = l <= 0 && u >= 0;
        shares.above[m] = u < 0;
      }
    }
    use(r, shares);
  }
}

// max(l - y, 0) + max(y - u, 0) at point m, in expectation for a prediction; l and u less the truth.
double missed_by(const Samples& s, Index m, double l, double u) {
  if (!s.new_observation) return std::max(l, 0.0) + std::max(-u, 0.0);
  const auto& [law, sd] = *s.new_observation;
  const double z = u / sd[m];
  return sd[m] * (law.mean_below(l / sd[m]) + law.mean_below(z) - z);
}

// Mean over points.
double score_of(const Samples& s, Index r) {
  double sum = 0;
  for (Index m = 0; m < s.truth.size(); ++m) {
    const double l = s.lower(m, r), u = s.upper(m, r);
    sum += u - l + 2 / (1 - s.level) * missed_by(s, m, l - s.truth[m], u - s.truth[m]);
  }
  return sum / count(s.truth.size());
}

CoverageAt coverage_at(Index m, const Matrix& covered, bool is_prediction) {
  const Vector shares = covered.row(m).transpose();
  if (is_prediction) return {m, proportion_of(shares)};
  return {m, wilson(shares.mean(), count(shares.size()), z_95)};
}

void measure_coverage(const Samples& s, const Replicates& with_interval, Measures& measures) {
  // 0 where a replicate has failed.
  Matrix covered = Matrix::Zero(s.lower.rows(), s.lower.cols());
  Vector below = Vector::Zero(s.lower.cols()), above = below;
  for_shares_of(s, s.truth, with_interval, [&](Index r, const Shares& shares) {
    covered.col(r) = shares.covered;
    below[r] = shares.below.mean();
    above[r] = shares.above.mean();
  });
  measures.coverage_by_replicate = column_means(covered);
  measures.coverage = proportion_of(measures.coverage_by_replicate);
  measures.verdict = verdict_of(measures.coverage, s.fit.cols(), s.level);
  measures.below = mean_of(below);
  measures.above = mean_of(above);
  measures.coverage_by_point = covered.rowwise().mean();
  Index lowest = 0, highest = 0;
  measures.coverage_by_point.minCoeff(&lowest);
  measures.coverage_by_point.maxCoeff(&highest);
  measures.lowest = coverage_at(lowest, covered, s.new_observation.has_value());
  measures.highest = coverage_at(highest, covered, s.new_observation.has_value());
  if (!s.new_observation) {
    const Vector all_points = covered.colwise().minCoeff().transpose();
    measures.simultaneous = wilson(all_points.mean(), count(all_points.size()), z_95);
  }
}

void measure_width(const Samples& s, const Replicates& with_interval, Measures& measures) {
  measures.width_by_replicate = Vector::Constant(s.fit.cols(), nan);
  if (with_interval.empty()) return;
  const Vector widths =
      of_each(with_interval, [&](Index r) { return (s.upper.col(r) - s.lower.col(r)).mean(); });
  measures.width_by_replicate(with_interval) = widths;
  measures.median_width = median({widths.begin(), widths.end()});
  if (widths.size() < 2 || !widths.allFinite()) return;
  measures.mean_width = mean_of(widths);
  measures.score = mean_of(of_each(with_interval, [&](Index r) { return score_of(s, r); }));
}

// Mean over points of (f^ - mean)^2 R / (R - 1), whose mean over replicates is the mean variance.  Shape: [R]
Vector squared_deviations(const Matrix& fit) {
  const Vector centre = fit.rowwise().mean();
  return column_means((fit.colwise() - centre).cwiseAbs2()) * (count(fit.cols()) / count(fit.cols() - 1));
}

double rms(const Vector& v) { return std::sqrt(v.squaredNorm() / count(v.size())); }

void measure_fit(const Samples& s, const Replicates& with_interval, Measures& measures) {
  const Replicates with_fit =
      replicates_where(s.fit.cols(), [&](Index r) { return s.fit.col(r).allFinite(); });
  if (with_fit.size() < 2) return;
  const Matrix fit = s.fit(Eigen::all, with_fit);
  const Vector centre = fit.rowwise().mean();
  const Vector bias = centre - s.truth;
  const Vector se = ((fit.colwise() - centre).rowwise().squaredNorm() / count(fit.cols() - 1)).cwiseSqrt();
  measures.empirical_se = root_mean(squared_deviations(fit));
  measures.rms_bias = rms(bias);
  if (se.minCoeff() > 0) measures.rms_bias_over_se = rms(bias.cwiseQuotient(se));
  Vector covered = Vector::Zero(s.fit.cols());
  for_shares_of(s, centre, with_interval,
                [&](Index r, const Shares& shares) { covered[r] = shares.covered.mean(); });
  measures.bias_eliminated = proportion_of(covered);
}

// A / B and the delta method for sqrt(A / B).
std::optional<Estimate> root_ratio(const Vector& a, const Vector& b) {
  const double A = a.mean(), B = b.mean();
  if (!(A > 0 && B > 0)) return {};
  const double ratio = std::sqrt(A / B);
  const double error = ratio / 2 * mean_of(a / A - b / B).standard_error;
  constexpr double largest_relative_error = 0.4;
  if (!(error < largest_relative_error * ratio)) return {};
  return Estimate{ratio, error};
}

// Of each row, by the median distance from the median, which is 0.6745 sd of a normal law.
Vector robust_variances(const Matrix& fit) {
  constexpr double mad_of_normal = 0.6744897501960817;
  Vector variances(fit.rows());
  for (Index m = 0; m < fit.rows(); ++m) {
    const Vector row = fit.row(m).transpose();
    const double centre = median({row.begin(), row.end()});
    const Vector distances = (row.array() - centre).abs();
    variances[m] = std::pow(median({distances.begin(), distances.end()}) / mad_of_normal, 2);
  }
  return variances;
}

void measure_se(const Samples& s, Measures& measures) {
  const Replicates with_se = replicates_where(
      s.se.cols(), [&](Index r) { return s.se.col(r).allFinite() && s.fit.col(r).allFinite(); });
  if (with_se.size() < 2) return;
  const Vector squares = of_each(with_se, [&](Index r) { return s.se.col(r).cwiseAbs2().mean(); });
  measures.model_se = root_mean(squares);
  const Matrix fit = s.fit(Eigen::all, with_se);
  measures.se_ratio = root_ratio(squares, squared_deviations(fit));
  const double robust_variance = robust_variances(fit).mean();
  const double ratio = std::sqrt(median({squares.begin(), squares.end()}) / robust_variance);
  if (robust_variance > 0 && std::isfinite(ratio)) measures.median_se_ratio = ratio;
}

void check(const Samples& s) {
  const Index M = s.truth.size(), R = s.fit.cols();
  const auto fits = [&](const MatrixView& A) { return A.rows() == M && A.cols() == R; };
  JB_EXPECT(M >= 1 && R >= 2, "{} points and {} replicates, want 1 and 2", M, R);
  JB_EXPECT(fits(s.fit) && fits(s.se) && fits(s.lower) && fits(s.upper), "samples are not all {} x {}", M, R);
  JB_EXPECT(s.truth.allFinite(), "the truth is not finite");
  JB_EXPECT(s.level > 0 && s.level < 1, "a level of {}", s.level);
  if (s.new_observation) {
    const VectorView& sd = s.new_observation->sd;
    JB_EXPECT(sd.size() == M && sd.allFinite() && sd.minCoeff() > 0, "{} positive sd for {} points",
              sd.size(), M);
  }
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::nominal:
      return "nominal";
    case Verdict::under:
      return "under";
    case Verdict::over:
      return "over";
  }
  return "?";
}

Proportion wilson(double p, double n_effective, double z) {
  const double n = n_effective, z2 = z * z, variance = p * (1 - p) / n;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z * std::sqrt(variance + z2 / (4 * n * n)) / (1 + z2 / n);
  // Exactly, the interval holds p and is within [0, 1]: rounding must not take that away at p = 0 and 1.
  return {p, std::sqrt(variance), std::max(0.0, std::min(p, centre - half)),
          std::min(1.0, std::max(p, centre + half))};
}

Verdict verdict_of(const Proportion& coverage, Index n_replicates, double level) {
  const double n = effective_number(coverage.value, coverage.standard_error, n_replicates);
  const Proportion at_999 = wilson(coverage.value, n, z_999);
  if (at_999.upper < level) return Verdict::under;
  if (at_999.lower > level) return Verdict::over;
  return Verdict::nominal;
}

double distance_in_errors(double coverage, double standard_error, Index n_replicates, double level) {
  const double n = effective_number(coverage, standard_error, n_replicates);
  return std::abs(coverage - level) * std::sqrt(n / (level * (1 - level)));
}

double nominal_half_width(double coverage, double standard_error, Index n_replicates, double level) {
  const double n = effective_number(coverage, standard_error, n_replicates);
  return z_999 * std::sqrt(level * (1 - level) / n);
}

std::vector<bool> beyond_chance(const std::vector<double>& distances, double alpha) {
  std::vector<std::size_t> order(distances.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return distances[a] > distances[b]; });
  std::vector<bool> is_beyond(distances.size(), false);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const double by_chance = std::erfc(distances[order[i]] * std::sqrt(0.5));
    if (by_chance > alpha / count(std::ssize(order) - static_cast<Index>(i))) break;
    is_beyond[order[i]] = true;
  }
  return is_beyond;
}

Measures measure(const Samples& samples) {
  check(samples);
  // Infinite bounds on the same side leave a width of NaN: no interval either.
  const Index R = samples.fit.cols();
  const Replicates with_interval =
      replicates_where(R, [&](Index r) { return !(samples.upper.col(r) - samples.lower.col(r)).hasNaN(); });
  Measures measures{};
  measures.n_replicates = R;
  measures.n_failed = R - static_cast<Index>(with_interval.size());
  measure_coverage(samples, with_interval, measures);
  measure_width(samples, with_interval, measures);
  measure_fit(samples, with_interval, measures);
  measure_se(samples, measures);
  return measures;
}

PairedDifference paired_difference(const VectorView& a, const VectorView& b) {
  JB_EXPECT(a.size() == b.size(), "{} and {} replicates", a.size(), b.size());
  const Vector all = a - b;
  const Replicates pairs = replicates_where(all.size(), [&](Index r) { return std::isfinite(all[r]); });
  PairedDifference result{{}, all.size() - static_cast<Index>(pairs.size())};
  if (pairs.size() >= 2) result.mean = mean_of(all(pairs));
  return result;
}

}  // namespace jacobench::coverage
