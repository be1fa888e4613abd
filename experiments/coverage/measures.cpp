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

// The intervals of one replicate after another, held to a target y: f, or a new observation at f.
class HeldTo {
 public:
  HeldTo(const Samples& s, const VectorView& f)
      : below(f.size()),
        covered(f.size()),
        above(f.size()),
        missed(f.size()),
        s_(s),
        f_(f),
        bounds_(f.size(), 2),
        F_(f.size(), 2),
        H_(f.size(), 2) {}

  // How much of y lies where, and max(l - y, 0) + max(y - u, 0); in expectation over y.  Shape: [M]
  Vector below, covered, above, missed;

  void move_to(Index r) {
    bounds_.col(0) = s_.lower.col(r) - f_;
    bounds_.col(1) = s_.upper.col(r) - f_;
    if (s_.new_observation) return hold_observation(*s_.new_observation);
    for (Index m = 0; m < f_.size(); ++m) {
      const double l = bounds_(m, 0), u = bounds_(m, 1);
      below[m] = l > 0;
      covered[m] = l <= 0 && u >= 0;
      above[m] = u < 0;
      missed[m] = std::max(l, 0.0) + std::max(-u, 0.0);
    }
  }

 private:
  void hold_observation(const NewObservation& y) {
    for (auto bound : bounds_.colwise()) bound = bound.cwiseQuotient(y.sd);
    y.law.integrals({bounds_.data(), static_cast<std::size_t>(bounds_.size())}, F_.data(), H_.data());
    below = F_.col(0);
    covered = F_.col(1) - F_.col(0);
    above = 1 - F_.col(1).array();
    missed = y.sd.cwiseProduct(H_.col(0) + H_.col(1) - bounds_.col(1));
  }

  const Samples& s_;
  const VectorView f_;
  Matrix bounds_, F_, H_;  // [M x 2], of the lower and the upper bound; those less f, over sd
};

CoverageAt coverage_at(Index m, const Matrix& covered, bool is_prediction) {
  const Vector shares = covered.row(m).transpose();
  if (is_prediction) return {m, proportion_of(shares)};
  return {m, wilson(shares.mean(), count(shares.size()), z_95)};
}

void measure_coverage(const Samples& s, const Matrix& covered, Measures& measures) {
  measures.coverage_by_replicate = column_means(covered);
  measures.coverage = proportion_of(measures.coverage_by_replicate);
  measures.verdict = verdict_of(measures.coverage, s.fit.cols(), s.level);
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

void measure_width(const Replicates& with_interval, const Vector& widths, const Vector& scores,
                   Measures& measures) {
  measures.width_by_replicate = Vector::Constant(measures.n_replicates, nan);
  if (with_interval.empty()) return;
  measures.width_by_replicate(with_interval) = widths;
  measures.median_width = median({widths.begin(), widths.end()});
  if (widths.size() < 2 || !widths.allFinite()) return;
  measures.mean_width = mean_of(widths);
  measures.score = mean_of(scores);
}

void measure_intervals(const Samples& s, const Replicates& with_interval, Measures& measures) {
  const Index R = s.fit.cols();
  // 0 where a replicate has failed.
  Matrix covered = Matrix::Zero(s.truth.size(), R);
  Vector below = Vector::Zero(R), above = below, without_bias = below;
  Vector widths(std::ssize(with_interval)), scores = widths;
  HeldTo truth(s, s.truth), centre(s, measures.centre);
  for (Index i = 0; i < widths.size(); ++i) {
    const Index r = with_interval[static_cast<std::size_t>(i)];
    truth.move_to(r);
    covered.col(r) = truth.covered;
    below[r] = truth.below.mean();
    above[r] = truth.above.mean();
    const auto width = s.upper.col(r) - s.lower.col(r);
    widths[i] = width.mean();
    scores[i] = (width + 2 / (1 - s.level) * truth.missed).mean();
    if (measures.centre.size() == 0) continue;
    centre.move_to(r);
    without_bias[r] = centre.covered.mean();
  }
  measure_coverage(s, covered, measures);
  measures.below = mean_of(below);
  measures.above = mean_of(above);
  if (measures.centre.size() > 0) measures.bias_eliminated = proportion_of(without_bias);
  measure_width(with_interval, widths, scores, measures);
}

// Mean over points of (f^ - mean)^2 R / (R - 1), whose mean over replicates is the mean variance.  Shape: [R]
Vector squared_deviations(const Matrix& fit) {
  const Vector centre = fit.rowwise().mean();
  return column_means((fit.colwise() - centre).cwiseAbs2()) * (count(fit.cols()) / count(fit.cols() - 1));
}

double rms(const Vector& v) { return std::sqrt(v.squaredNorm() / count(v.size())); }

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
  std::vector<double> row(static_cast<std::size_t>(fit.cols()));
  for (Index m = 0; m < fit.rows(); ++m) {
    std::copy(fit.row(m).begin(), fit.row(m).end(), row.begin());
    const double centre = median(row);
    for (double& f : row) f = std::abs(f - centre);
    variances[m] = std::pow(median(row) / mad_of_normal, 2);
  }
  return variances;
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

FitMeasures measure_fits(const MatrixView& fits, const VectorView& truth) {
  const Replicates with_fit = replicates_where(fits.cols(), [&](Index r) { return fits.col(r).allFinite(); });
  if (with_fit.size() < 2) return {};
  const Matrix fit = fits(Eigen::all, with_fit);
  FitMeasures measures;
  measures.centre = fit.rowwise().mean();
  const Vector bias = measures.centre - truth;
  const Vector se =
      ((fit.colwise() - measures.centre).rowwise().squaredNorm() / count(fit.cols() - 1)).cwiseSqrt();
  measures.empirical_se = root_mean(squared_deviations(fit));
  measures.rms_bias = rms(bias);
  if (se.minCoeff() > 0) measures.rms_bias_over_se = rms(bias.cwiseQuotient(se));
  return measures;
}

ErrorMeasures measure_errors(const MatrixView& fits, const MatrixView& se) {
  const Replicates with_se =
      replicates_where(se.cols(), [&](Index r) { return se.col(r).allFinite() && fits.col(r).allFinite(); });
  if (with_se.size() < 2) return {};
  ErrorMeasures measures;
  const Vector squares = of_each(with_se, [&](Index r) { return se.col(r).cwiseAbs2().mean(); });
  measures.model_se = root_mean(squares);
  const Matrix fit = fits(Eigen::all, with_se);
  measures.se_ratio = root_ratio(squares, squared_deviations(fit));
  const double robust_variance = robust_variances(fit).mean();
  const double ratio = std::sqrt(median({squares.begin(), squares.end()}) / robust_variance);
  if (robust_variance > 0 && std::isfinite(ratio)) measures.median_se_ratio = ratio;
  return measures;
}

Measures measure(const Samples& samples) {
  return measure(samples, measure_fits(samples.fit, samples.truth), measure_errors(samples.fit, samples.se));
}

Measures measure(const Samples& samples, const FitMeasures& of_fits, const ErrorMeasures& of_errors) {
  check(samples);
  // Infinite bounds on the same side leave a width of NaN: no interval either.
  const Index R = samples.fit.cols();
  const Replicates with_interval =
      replicates_where(R, [&](Index r) { return !(samples.upper.col(r) - samples.lower.col(r)).hasNaN(); });
  Measures measures{};
  static_cast<FitMeasures&>(measures) = of_fits;
  static_cast<ErrorMeasures&>(measures) = of_errors;
  measures.n_replicates = R;
  measures.n_failed = R - static_cast<Index>(with_interval.size());
  measure_intervals(samples, with_interval, measures);
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
