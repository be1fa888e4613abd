#include "jacobench/verification/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/statistics.hpp"

namespace jacobench {
namespace {

constexpr double underflow_error = 0x1p-960;
constexpr double infinity = std::numeric_limits<double>::infinity();

double ratio(double error, double scale) {
  if (error == 0) return 0;
  return scale > 0 && error < infinity ? error / scale : infinity;
}

double error_of(double computed, const ReferenceMatrix& reference, Index i, Index j) {
  const double truth = reference.high(i, j);
  if (!std::isfinite(computed) || !std::isfinite(truth)) return computed == truth ? 0 : infinity;
  const double error = reference.error(computed, i, j);
  return error <= underflow_error ? 0 : error;
}

}  // namespace

ErrorSummary compare(const Matrix& J, const ReferenceMatrix& reference, const EntryScales& scales) {
  const auto same_shape = [&](const Matrix& m) { return m.rows() == J.rows() && m.cols() == J.cols(); };
  const bool bounded = scales.bound.size() > 0;
  JB_EXPECT(same_shape(reference.high) && same_shape(reference.low), "J is {} x {}, its reference {} x {}",
            J.rows(), J.cols(), reference.high.rows(), reference.high.cols());
  JB_EXPECT(
      same_shape(scales.scale) && same_shape(scales.condition) && (!bounded || same_shape(scales.bound)),
      "J is {} x {}, its scales {} x {}", J.rows(), J.cols(), scales.scale.rows(), scales.scale.cols());
  JB_EXPECT(J.size() > 0, "an empty Jacobian");

  ErrorSummary summary;
  if (bounded) summary.max_over_bound = summary.max_bound = 0;
  std::vector<double> scaled_errors;
  scaled_errors.reserve(static_cast<std::size_t>(J.size()));
  const Vector row_norms = reference.high.rowwise().stableNorm();
  double sum = 0;
  double worst = -1;
  for (Index j = 0; j < J.cols(); ++j)
    for (Index i = 0; i < J.rows(); ++i) {
      const double error = error_of(J(i, j), reference, i, j);
      if (std::isinf(J(i, j)) && error == 0) ++summary.n_overflows;
      const double scaled = ratio(error, scales.scale(i, j)) / unit_roundoff;
      scaled_errors.push_back(scaled);
      sum += scaled;
      if (scaled > worst) {
        worst = scaled;
        summary.worst_row = i;
        summary.worst_column = j;
      }
      summary.max_relative_to_row = std::max(summary.max_relative_to_row, ratio(error, row_norms[i]));
      if (bounded) {
        // A bound that has overflowed holds nothing without a digit.
        const bool has_no_digit = scaled * unit_roundoff >= 1 && !std::isfinite(scales.bound(i, j));
        const double of_bound = has_no_digit ? infinity : ratio(error, scales.bound(i, j));
        if (of_bound > *summary.max_over_bound) {
          summary.max_over_bound = of_bound;
          summary.over_bound_row = i;
          summary.over_bound_column = j;
        }
        if (scales.condition(i, j) > underflow_error / unit_roundoff)
          summary.max_bound =
              std::max(*summary.max_bound, scales.bound(i, j) / scales.condition(i, j) / unit_roundoff);
      }
    }
  summary.max_scaled = worst;
  summary.mean_scaled = sum / static_cast<double>(J.size());
  summary.p99_scaled = ranked(std::move(scaled_errors), 0.99);
  summary.correct_digits = -std::log10(std::max(summary.max_relative_to_row, unit_roundoff));
  summary.worst_computed = J(summary.worst_row, summary.worst_column);
  summary.worst_reference = reference.high(summary.worst_row, summary.worst_column);
  return summary;
}

}  // namespace jacobench
