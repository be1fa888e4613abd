// The row of one kind of interval in one scenario, and how it follows from the records of the replicates.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coverage/coverage_options.hpp"
#include "coverage/measures.hpp"
#include "coverage/replicate.hpp"
#include "study/row.hpp"

namespace jacobench::coverage {

// The verdict on a row where too many replicates gave no interval, had not full rank or a fit that has not settled.
inline constexpr const char* no_claim = "no claim";

struct CoverageRow {
  // which cell
  std::string truth;  // with the layers of a teacher that is not the fitted network
  ScenarioPoint scenario;
  std::string strategy;
  IntervalPoint interval;
  std::string region;

  // what came of it
  std::int64_t n_replicates = 0, n_failed = 0, n_not_converged = 0;
  double settled = 0;  // share of the fits that have (FitEnd::has_settled)
  std::optional<double> mean_steps;
  std::optional<std::int64_t> most_steps;
  std::optional<double> move_95;           // quantile of what fits could still move, in standard errors
  std::optional<double> unsettled_refits;  // share, of a method that refits
  double coverage = 0, coverage_se = 0, coverage_lower = 0, coverage_upper = 0;
  std::string verdict;
  std::optional<std::string> why_no_claim;
  double missed_below = 0, missed_above = 0;
  double lowest_coverage = 0, highest_coverage = 0;
  std::string coverage_by_point;
  std::optional<double> simultaneous_coverage, bias_eliminated;
  std::optional<double> mean_width, median_width, score, score_se;
  std::optional<double> bias, bias_over_se;
  std::optional<double> empirical_se, model_se, se_ratio, se_ratio_se, median_se_ratio;
  std::optional<double> variance_ratio,
      variance_ratio_se;  // s^2, of the method, over the mean of the squared sd of the noise
  std::optional<std::int64_t> lowest_rank;
  std::optional<double> median_condition, curvature;
  std::optional<double> width_difference, width_difference_se;        // relative, to the first strategy's
  std::optional<double> coverage_difference, coverage_difference_se;  // likewise
  std::optional<std::string> expected;
  std::optional<double> over_expectation;
  std::optional<std::string> no_expectation;
  std::optional<double> us_per_replicate;
  std::optional<std::string> failed_replicates, failure;
};

// With the columns of the sweeps of these options.
harness::RowSchema<CoverageRow> coverage_schema(const CoverageOptions& options);

// Which part of the records a row is about.
struct RowPlace {
  std::size_t strategy, interval, region;
};

// What the records [layout.size() x R] of a scenario, kept by reference, say of its rows. What rows have in common is
// computed for the first of them.
class Summary {
 public:
  Summary(const ReplicateContext& context, const MatrixView& records)
      : context_(context), records_(records) {}

  const Measures& measures_at(const RowPlace& place);

  // Fills in the same as a row has it.
  void fill_in(const RowPlace& place, CoverageRow& row);

 private:
  const ReplicateContext& context_;
  const MatrixView records_;
  std::map<std::array<std::size_t, 3>, Measures> measures_;        // by strategy, interval and region
  std::map<std::array<std::size_t, 2>, FitMeasures> of_fits_;      // by strategy and region
  std::map<std::array<std::size_t, 3>, ErrorMeasures> of_errors_;  // by strategy, method and region
};

// The replicates that gave no interval at that place.
std::vector<Index> failed_replicates(const ReplicateContext& context, const MatrixView& records,
                                     const RowPlace& place);

}  // namespace jacobench::coverage
