#include "coverage/coverage_row.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"

#include "options/value_text.hpp"

namespace jacobench::coverage {
namespace {

using harness::ColumnRole;

// More replicates than this without an interval, or without full rank, and a coverage is no claim about the method; as with
// fits that have not settled.
constexpr double most_without = most_unsettled;

// The part of the records that a row is about, [points x R], and what is in the first places of each.
class Part {
 public:
  Part(const ReplicateContext& context, const MatrixView& records, const RowPlace& place)
      : layout_(context.layout), records_(records), place_(place), region_(context.regions[place.region]) {}

  auto figure(RecordLayout::Figure which) const {
    return records_.row(static_cast<Index>(layout_.figure(place_.strategy, which))).transpose();
  }
  auto unsettled_refits(std::size_t method) const {
    return records_.row(static_cast<Index>(layout_.unsettled_refits(place_.strategy, method, place_.region)))
        .transpose();
  }
  Index n_settled() const {
    const Vector is_settled = figure(RecordLayout::is_settled);
    return std::count(is_settled.begin(), is_settled.end(), 1);
  }
  auto fit() const { return at(layout_.fit(place_.strategy)); }
  auto se(std::size_t method) const { return at(layout_.se(place_.strategy, method)); }
  auto lower() const { return at(layout_.lower(place_.strategy, place_.interval)); }
  auto upper() const { return at(layout_.upper(place_.strategy, place_.interval)); }

 private:
  Eigen::Block<const Eigen::Ref<const Matrix>> at(std::size_t begin) const {
    return records_.block(static_cast<Index>(begin) + region_.begin, 0, region_.size, records_.cols());
  }

  const RecordLayout& layout_;
  const MatrixView& records_;
  const RowPlace& place_;
  const Region& region_;
};

std::vector<double> finite_entries(const Vector& values) {
  std::vector<double> finite;
  for (const double value : values)
    if (std::isfinite(value)) finite.push_back(value);
  return finite;
}

void take_coverage(const Measures& measures, const IntervalRequest& request, Index n_points,
                   CoverageRow& row) {
  const bool is_simultaneous = request.simultaneous != Simultaneous::none && measures.simultaneous;
  const Proportion& coverage = is_simultaneous ? *measures.simultaneous : measures.coverage;
  row.coverage = coverage.value;
  row.coverage_se = coverage.standard_error;
  row.coverage_lower = coverage.lower;
  row.coverage_upper = coverage.upper;
  row.verdict = name_of(is_simultaneous ? verdict_of(coverage, measures.n_replicates, request.level)
                                        : measures.verdict);
  row.missed_below = measures.below.value;
  row.missed_above = measures.above.value;
  row.lowest_coverage = measures.lowest.coverage.value;
  row.highest_coverage = measures.highest.coverage.value;
  for (Index m = 0; m < n_points; ++m)
    row.coverage_by_point += (m == 0 ? "" : " ") + harness::rounded_text(measures.coverage_by_point[m], 4);
  if (measures.simultaneous) row.simultaneous_coverage = measures.simultaneous->value;
  if (measures.bias_eliminated) row.bias_eliminated = measures.bias_eliminated->value;
}

void take_accuracy(const Measures& measures, CoverageRow& row) {
  if (measures.mean_width) row.mean_width = measures.mean_width->value;
  row.median_width = measures.median_width;
  if (measures.score) {
    row.score = measures.score->value;
    row.score_se = measures.score->standard_error;
  }
  row.bias = measures.rms_bias;
  row.bias_over_se = measures.rms_bias_over_se;
  if (measures.empirical_se) row.empirical_se = measures.empirical_se->value;
  if (measures.model_se) row.model_se = measures.model_se->value;
  if (measures.se_ratio) {
    row.se_ratio = measures.se_ratio->value;
    row.se_ratio_se = measures.se_ratio->standard_error;
  }
}

void take_fits(const Part& part, CoverageRow& row) {
  const Vector stops = part.figure(RecordLayout::stop);
  row.n_not_converged = std::count_if(stops.begin(), stops.end(), [](double stop) {
    return !std::isfinite(stop) || !is_minimum(static_cast<Stop>(static_cast<int>(stop)));
  });
  row.settled = static_cast<double>(part.n_settled()) / static_cast<double>(stops.size());
  if (const auto steps = finite_entries(part.figure(RecordLayout::n_iterations)); !steps.empty()) {
    row.mean_steps = mean(Eigen::Map<const Vector>(steps.data(), std::ssize(steps)));
    row.most_steps = static_cast<std::int64_t>(*std::max_element(steps.begin(), steps.end()));
  }
  if (auto moves = finite_entries(part.figure(RecordLayout::move)); !moves.empty())
    row.move_95 = quantile(std::move(moves), 0.95);
  const std::vector<double> ranks = finite_entries(part.figure(RecordLayout::rank));
  if (!ranks.empty())
    row.lowest_rank = static_cast<std::int64_t>(*std::min_element(ranks.begin(), ranks.end()));
  std::vector<double> conditions = finite_entries(part.figure(RecordLayout::condition));
  if (!conditions.empty()) row.median_condition = median(std::move(conditions));
  const std::vector<double> ratios = finite_entries(part.figure(RecordLayout::variance_ratio));
  if (ratios.size() < 2) return;
  const Eigen::Map<const Vector> values(ratios.data(), static_cast<Index>(ratios.size()));
  const PairedDifference mean = paired_difference(values, Vector::Zero(values.size()));
  row.variance_ratio = mean.mean->value;
  row.variance_ratio_se = mean.mean->standard_error;
}

void take_refits(const Part& part, std::size_t method, CoverageRow& row) {
  const std::vector<double> shares = finite_entries(part.unsettled_refits(method));
  if (!shares.empty())
    row.unsettled_refits = mean(Eigen::Map<const Vector>(shares.data(), std::ssize(shares)));
}

// Against the same intervals of the first strategy, replicate by replicate.
void take_differences(const Measures& own, const Measures& first, CoverageRow& row) {
  if (first.mean_width) {
    const PairedDifference width = paired_difference(own.width_by_replicate, first.width_by_replicate);
    if (width.mean) {
      row.width_difference = width.mean->value / first.mean_width->value;
      row.width_difference_se = width.mean->standard_error / first.mean_width->value;
    }
  }
  const PairedDifference coverage = paired_difference(own.coverage_by_replicate, first.coverage_by_replicate);
  if (coverage.mean) {
    row.coverage_difference = coverage.mean->value;
    row.coverage_difference_se = coverage.mean->standard_error;
  }
}

// Why the coverage is no claim about the method; nothing where it is one. A decay on every parameter determines a fit whatever
// the rank.
std::optional<std::string> why_no_claim(const Part& part, const Scenario& scenario,
                                        const Measures& measures) {
  const Vector ranks = part.figure(RecordLayout::rank);
  const bool decay_determines = scenario.decay.size() > 0 && (scenario.decay.array() > 0).all();
  const auto n_deficient = std::count_if(ranks.begin(), ranks.end(), [&](double rank) {
    return !decay_determines && rank < static_cast<double>(scenario.network.n_params());
  });
  std::vector<std::string> reasons;
  for (const auto& [number, what] :
       {std::pair{measures.n_failed, "of the replicates gave no interval"},
        {n_deficient, "of the fits have not full rank"},
        {measures.n_replicates - part.n_settled(), "of the fits have not settled"}})
    if (const double share = static_cast<double>(number) / static_cast<double>(measures.n_replicates);
        share > most_without)
      reasons.push_back(fmt::format("{}% {}", harness::rounded_text(100 * share, 3), what));
  if (reasons.empty()) return {};
  return joined(reasons, "; ");
}

}  // namespace

harness::RowSchema<CoverageRow> coverage_schema(const CoverageOptions& options) {
  using R = CoverageRow;
  using Entries = std::vector<harness::RowSchema<R>::Entry>;
  Entries entries{
      {{.name = "truth", .heading = "truth", .role = ColumnRole::identity, .starts_group = true}, &R::truth}};
  const auto append = [&](const Entries& more) { entries.insert(entries.end(), more.begin(), more.end()); };
  append(harness::RowSchema<R>::of_part(options.scenarios.columns(), &R::scenario));
  append({{{.name = "strategy", .heading = "strategy", .role = ColumnRole::identity}, &R::strategy}});
  append(harness::RowSchema<R>::of_part(options.intervals.columns(), &R::interval));
  append({
      {{.name = "region", .heading = "region", .role = ColumnRole::identity}, &R::region},
      {{.name = "replicates", .heading = "replicates", .role = ColumnRole::measure}, &R::n_replicates},
      {{.name = "failed", .heading = "failed", .role = ColumnRole::through_blas}, &R::n_failed},
      {{.name = "not_converged", .heading = "not conv.", .role = ColumnRole::through_blas},
       &R::n_not_converged},
      {{.name = "settled", .heading = "settled", .role = ColumnRole::through_blas}, &R::settled},
      {{.name = "mean_steps", .heading = "steps", .role = ColumnRole::through_blas}, &R::mean_steps},
      {{.name = "most_steps", .heading = "at most", .role = ColumnRole::through_blas}, &R::most_steps},
      {{.name = "move_95", .heading = "move/SE", .role = ColumnRole::through_blas, .digits = 2}, &R::move_95},
      {{.name = "unsettled_refits", .heading = "refits unsettled", .role = ColumnRole::through_blas},
       &R::unsettled_refits},
      {{.name = "coverage",
        .heading = "coverage",
        .role = ColumnRole::estimate,
        .standard_error = "coverage_se"},
       &R::coverage},
      {{.name = "coverage_se", .role = ColumnRole::through_blas}, &R::coverage_se},
      {{.name = "coverage_lower", .role = ColumnRole::through_blas}, &R::coverage_lower},
      {{.name = "coverage_upper", .role = ColumnRole::through_blas}, &R::coverage_upper},
      {{.name = "verdict", .heading = "verdict", .role = ColumnRole::through_blas}, &R::verdict},
      {{.name = "why_no_claim", .heading = "why no claim", .role = ColumnRole::through_blas},
       &R::why_no_claim},
      {{.name = "missed_below", .heading = "below", .role = ColumnRole::through_blas, .digits = 2},
       &R::missed_below},
      {{.name = "missed_above", .heading = "above", .role = ColumnRole::through_blas, .digits = 2},
       &R::missed_above},
      {{.name = "lowest_coverage", .heading = "lowest", .role = ColumnRole::through_blas},
       &R::lowest_coverage},
      {{.name = "highest_coverage", .role = ColumnRole::through_blas}, &R::highest_coverage},
      {{.name = "coverage_by_point", .role = ColumnRole::through_blas}, &R::coverage_by_point},
      {{.name = "simultaneous_coverage", .heading = "all at once", .role = ColumnRole::through_blas},
       &R::simultaneous_coverage},
      {{.name = "bias_eliminated", .heading = "no bias", .role = ColumnRole::through_blas},
       &R::bias_eliminated},
      {{.name = "mean_width", .role = ColumnRole::through_blas}, &R::mean_width},
      {{.name = "median_width", .heading = "width", .role = ColumnRole::through_blas}, &R::median_width},
      {{.name = "score", .heading = "score", .role = ColumnRole::through_blas}, &R::score},
      {{.name = "score_se", .role = ColumnRole::through_blas}, &R::score_se},
      {{.name = "bias", .role = ColumnRole::through_blas}, &R::bias},
      {{.name = "bias_over_se", .heading = "bias/SE", .role = ColumnRole::through_blas, .digits = 2},
       &R::bias_over_se},
      {{.name = "empirical_se", .role = ColumnRole::through_blas}, &R::empirical_se},
      {{.name = "model_se", .role = ColumnRole::through_blas}, &R::model_se},
      {{.name = "se_ratio",
        .heading = "model/emp. SE",
        .role = ColumnRole::estimate,
        .standard_error = "se_ratio_se"},
       &R::se_ratio},
      {{.name = "se_ratio_se", .role = ColumnRole::through_blas}, &R::se_ratio_se},
      {{.name = "variance_ratio",
        .heading = "s2/sigma2",
        .role = ColumnRole::estimate,
        .standard_error = "variance_ratio_se"},
       &R::variance_ratio},
      {{.name = "variance_ratio_se", .role = ColumnRole::through_blas}, &R::variance_ratio_se},
      {{.name = "lowest_rank", .heading = "rank", .role = ColumnRole::through_blas}, &R::lowest_rank},
      {{.name = "median_condition", .heading = "condition", .role = ColumnRole::through_blas, .digits = 2},
       &R::median_condition},
      {{.name = "curvature", .heading = "curvature", .role = ColumnRole::through_blas, .digits = 2},
       &R::curvature},
      {{.name = "width_difference",
        .heading = "width diff.",
        .role = ColumnRole::estimate,
        .standard_error = "width_difference_se"},
       &R::width_difference},
      {{.name = "width_difference_se", .role = ColumnRole::through_blas}, &R::width_difference_se},
      {{.name = "coverage_difference",
        .heading = "coverage diff.",
        .role = ColumnRole::estimate,
        .standard_error = "coverage_difference_se"},
       &R::coverage_difference},
      {{.name = "coverage_difference_se", .role = ColumnRole::through_blas}, &R::coverage_difference_se},
      {{.name = "expected", .heading = "expected", .role = ColumnRole::through_blas}, &R::expected},
      {{.name = "over_expectation", .heading = "/ allowed", .role = ColumnRole::promise, .digits = 2},
       &R::over_expectation},
      {{.name = "no_expectation", .role = ColumnRole::waiver}, &R::no_expectation},
      {{.name = "us_per_replicate", .role = ColumnRole::timing}, &R::us_per_replicate},
      {{.name = "failed_replicates", .role = ColumnRole::through_blas}, &R::failed_replicates},
      {{.name = "failure", .role = ColumnRole::through_blas}, &R::failure},
  });
  return harness::RowSchema<R>(std::move(entries));
}

Measures measures_at(const ReplicateContext& context, const MatrixView& records, const RowPlace& place) {
  const Part part(context, records, place);
  const Scenario& scenario = context.plan.scenario;
  const IntervalRequest& request = context.plan.intervals[place.interval];
  const Region& region = context.regions[place.region];
  const Matrix fit = part.fit(), se = part.se(request.method), lower = part.lower(), upper = part.upper();
  const Vector truth = Vector::Zero(region.size);
  const Vector sd = context.first_data.sd_at_points().segment(region.begin, region.size);
  Samples samples{fit, se, lower, upper, truth, request.level};
  if (request.kind == IntervalKind::prediction)
    samples.new_observation.emplace(NewObservation{*scenario.law, sd});
  return measure(samples);
}

void summarise(const ReplicateContext& context, const MatrixView& records, const RowPlace& place,
               CoverageRow& row) {
  const IntervalRequest& request = context.plan.intervals[place.interval];
  const Part part(context, records, place);
  const Measures measures = measures_at(context, records, place);
  row.n_replicates = measures.n_replicates;
  row.n_failed = measures.n_failed;
  take_coverage(measures, request, context.regions[place.region].size, row);
  take_accuracy(measures, row);
  take_fits(part, row);
  if (context.plan.methods[request.method].method->refits) take_refits(part, request.method, row);
  row.why_no_claim = why_no_claim(part, context.plan.scenario, measures);
  if (row.why_no_claim) row.verdict = no_claim;
  if (place.strategy > 0)
    take_differences(measures, measures_at(context, records, {0, place.interval, place.region}), row);
}

std::vector<Index> failed_replicates(const ReplicateContext& context, const MatrixView& records,
                                     const RowPlace& place) {
  const Part part(context, records, place);
  const Matrix widths = part.upper() - part.lower();  // NaN where measures see no interval
  std::vector<Index> failed;
  for (Index r = 0; r < widths.cols(); ++r)
    if (widths.col(r).hasNaN()) failed.push_back(r);
  return failed;
}

}  // namespace jacobench::coverage
