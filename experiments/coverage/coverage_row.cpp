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

// More replicates than this without an interval, or without full rank, and a coverage is no claim about the method; as
// with fits that have not settled.
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
  auto variance_ratio(std::size_t method) const {
    return records_.row(static_cast<Index>(layout_.variance_ratio(place_.strategy, method))).transpose();
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
  row.median_se_ratio = measures.median_se_ratio;
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
}

void take_variances(const Part& part, std::size_t method, CoverageRow& row) {
  const std::vector<double> ratios = finite_entries(part.variance_ratio(method));
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

// Why the coverage is no claim about the method; nothing where it is one. A decay on every parameter determines a fit
// whatever the rank.
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
  Entries entries{{{.name = "truth",
                    .heading = "truth",
                    .role = ColumnRole::identity,
                    .starts_group = true,
                    .meaning = "what the data are drawn from"},
                   &R::truth}};
  const auto append = [&](const Entries& more) { entries.insert(entries.end(), more.begin(), more.end()); };
  append(harness::RowSchema<R>::of_part(options.scenarios.columns(), &R::scenario));
  append({{{.name = "strategy",
            .heading = "strategy",
            .role = ColumnRole::identity,
            .meaning = "whose Jacobian the fits and intervals take"},
           &R::strategy}});
  append(harness::RowSchema<R>::of_part(options.intervals.columns(), &R::interval));
  append({
      {{.name = "region",
        .heading = "region",
        .role = ColumnRole::identity,
        .meaning = "inside: points among the data; beyond: outside their range"},
       &R::region},
      {{.name = "replicates",
        .heading = "replicates",
        .role = ColumnRole::measure,
        .meaning = "data sets drawn and fitted"},
       &R::n_replicates},
      {{.name = "failed",
        .heading = "failed",
        .role = ColumnRole::through_blas,
        .meaning = "replicates without an interval: they cover nothing and count"},
       &R::n_failed},
      {{.name = "not_converged",
        .heading = "not conv.",
        .role = ColumnRole::through_blas,
        .meaning = "fits that ended at the iteration limit or stalled, which may have settled none the less"},
       &R::n_not_converged},
      {{.name = "settled",
        .heading = "settled",
        .role = ColumnRole::through_blas,
        .meaning = "share of the fits of which no linear function could still move by more than a twentieth "
                   "of its standard error"},
       &R::settled},
      {{.name = "mean_steps",
        .heading = "steps",
        .role = ColumnRole::through_blas,
        .meaning = "iterations of a fit, on average"},
       &R::mean_steps},
      {{.name = "most_steps",
        .heading = "at most",
        .role = ColumnRole::through_blas,
        .meaning = "the largest number of them"},
       &R::most_steps},
      {{.name = "move_95",
        .heading = "move/SE",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning = "95% quantile of what the fits could still move, in standard errors"},
       &R::move_95},
      {{.name = "unsettled_refits",
        .heading = "refits unsettled",
        .role = ColumnRole::through_blas,
        .meaning = "share of the refits of a bootstrap or a profile that have not settled"},
       &R::unsettled_refits},
      {{.name = "coverage",
        .heading = "coverage",
        .role = ColumnRole::estimate,
        .standard_error = "coverage_se",
        .is_answer = true,
        .meaning = "mean over the points, or of all points at once where intervals are simultaneous; +- over "
                   "replicates"},
       &R::coverage},
      {{.name = "coverage_se",
        .role = ColumnRole::through_blas,
        .meaning = "standard error of the coverage, over replicates"},
       &R::coverage_se},
      {{.name = "coverage_lower",
        .role = ColumnRole::through_blas,
        .meaning = "lower end of the 99.9% interval of the coverage"},
       &R::coverage_lower},
      {{.name = "coverage_upper", .role = ColumnRole::through_blas, .meaning = "upper end of it"},
       &R::coverage_upper},
      {{.name = "verdict",
        .heading = "verdict",
        .role = ColumnRole::through_blas,
        .is_answer = true,
        .meaning = "nominal: the level lies within the 99.9% interval of the coverage; under, over: beyond "
                   "it; no claim: see why"},
       &R::verdict},
      {{.name = "why_no_claim",
        .heading = "why no claim",
        .role = ColumnRole::through_blas,
        .meaning =
            "which replicates, above 5% of them, gave no interval, had not full rank or have not settled"},
       &R::why_no_claim},
      {{.name = "missed_below",
        .heading = "below",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning = "share of the truths below the interval"},
       &R::missed_below},
      {{.name = "missed_above",
        .heading = "above",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning = "share of them above it"},
       &R::missed_above},
      {{.name = "lowest_coverage",
        .heading = "lowest",
        .role = ColumnRole::through_blas,
        .meaning = "coverage at the point where it is least"},
       &R::lowest_coverage},
      {{.name = "highest_coverage",
        .role = ColumnRole::through_blas,
        .meaning = "coverage at the point where it is greatest"},
       &R::highest_coverage},
      {{.name = "coverage_by_point",
        .role = ColumnRole::through_blas,
        .meaning = "coverage at each point, in order"},
       &R::coverage_by_point},
      {{.name = "simultaneous_coverage",
        .heading = "all at once",
        .role = ColumnRole::through_blas,
        .meaning = "share of the replicates that cover at all points at once"},
       &R::simultaneous_coverage},
      {{.name = "bias_eliminated",
        .heading = "no bias",
        .role = ColumnRole::through_blas,
        .meaning = "coverage of the mean of the fits in the place of the truth"},
       &R::bias_eliminated},
      {{.name = "mean_width", .role = ColumnRole::through_blas, .meaning = "mean width of the intervals"},
       &R::mean_width},
      {{.name = "median_width",
        .heading = "width",
        .role = ColumnRole::through_blas,
        .is_answer = true,
        .meaning = "median width of the intervals"},
       &R::median_width},
      {{.name = "score",
        .heading = "score",
        .role = ColumnRole::through_blas,
        .meaning = "interval score of Gneiting and Raftery: width, and 2/alpha times what is missed"},
       &R::score},
      {{.name = "score_se", .role = ColumnRole::through_blas, .meaning = "its standard error"}, &R::score_se},
      {{.name = "bias",
        .role = ColumnRole::through_blas,
        .meaning = "root mean square over the points of the mean fit less the truth"},
       &R::bias},
      {{.name = "bias_over_se",
        .heading = "bias/SE",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning = "the bias over the standard deviation of the fits"},
       &R::bias_over_se},
      {{.name = "empirical_se",
        .role = ColumnRole::through_blas,
        .meaning = "standard deviation of the fits, root mean square over the points"},
       &R::empirical_se},
      {{.name = "model_se",
        .role = ColumnRole::through_blas,
        .meaning = "standard error that the fits report, root mean square"},
       &R::model_se},
      {{.name = "se_ratio",
        .heading = "model/emp. SE",
        .role = ColumnRole::estimate,
        .standard_error = "se_ratio_se",
        .meaning = "reported standard error over the standard deviation of the fits: 1 where intervals are "
                   "calibrated"},
       &R::se_ratio},
      {{.name = "se_ratio_se", .role = ColumnRole::through_blas, .meaning = "its standard error"},
       &R::se_ratio_se},
      {{.name = "median_se_ratio",
        .heading = "median SE ratio",
        .role = ColumnRole::through_blas,
        .meaning = "the same of the median reported error, where a wild replicate makes the mean"},
       &R::median_se_ratio},
      {{.name = "variance_ratio",
        .heading = "s2/sigma2",
        .role = ColumnRole::estimate,
        .standard_error = "variance_ratio_se",
        .meaning = "s^2 over the variance of the noise"},
       &R::variance_ratio},
      {{.name = "variance_ratio_se", .role = ColumnRole::through_blas, .meaning = "its standard error"},
       &R::variance_ratio_se},
      {{.name = "lowest_rank",
        .heading = "rank",
        .role = ColumnRole::through_blas,
        .meaning = "lowest rank of the Jacobian among the fits"},
       &R::lowest_rank},
      {{.name = "median_condition",
        .heading = "condition",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning = "median condition number of the Jacobian, its columns scaled"},
       &R::median_condition},
      {{.name = "curvature",
        .heading = "curvature",
        .role = ColumnRole::through_blas,
        .digits = 2,
        .meaning =
            "intrinsic curvature of Bates and Watts at the truth, times sqrt F: 0.3 is the rule of thumb"},
       &R::curvature},
      {{.name = "width_difference",
        .heading = "width diff.",
        .role = ColumnRole::estimate,
        .standard_error = "width_difference_se",
        .meaning = "width less that of the first strategy, relative, replicate by replicate"},
       &R::width_difference},
      {{.name = "width_difference_se", .role = ColumnRole::through_blas, .meaning = "its standard error"},
       &R::width_difference_se},
      {{.name = "coverage_difference",
        .heading = "coverage diff.",
        .role = ColumnRole::estimate,
        .standard_error = "coverage_difference_se",
        .meaning = "coverage less that of the first strategy, replicate by replicate"},
       &R::coverage_difference},
      {{.name = "coverage_difference_se", .role = ColumnRole::through_blas, .meaning = "its standard error"},
       &R::coverage_difference_se},
      {{.name = "expected",
        .heading = "expected",
        .role = ColumnRole::through_blas,
        .meaning = "what [expect] says of the row"},
       &R::expected},
      {{.name = "over_expectation",
        .heading = "/ allowed",
        .role = ColumnRole::promise,
        .digits = 2,
        .meaning =
            "distance from what is expected over what chance allows: above 1 the expectation does not hold"},
       &R::over_expectation},
      {{.name = "no_expectation",
        .role = ColumnRole::waiver,
        .meaning = "why nothing is expected of the row"},
       &R::no_expectation},
      {{.name = "us_per_replicate", .role = ColumnRole::timing, .meaning = "time of a replicate"},
       &R::us_per_replicate},
      {{.name = "failed_replicates",
        .role = ColumnRole::through_blas,
        .meaning = "the first replicates that failed, to be replayed"},
       &R::failed_replicates},
      {{.name = "failure", .role = ColumnRole::through_blas, .meaning = "what the first of them says"},
       &R::failure},
  });
  return harness::RowSchema<R>(std::move(entries));
}

const Measures& Summary::measures_at(const RowPlace& place) {
  const auto [at, is_new] = measures_.try_emplace({place.strategy, place.interval, place.region});
  if (!is_new) return at->second;
  const Part part(context_, records_, place);
  const Scenario& scenario = context_.plan.scenario;
  const IntervalRequest& request = context_.plan.intervals[place.interval];
  const Region& region = context_.regions[place.region];
  const Vector truth = Vector::Zero(region.size);
  const Vector sd = context_.first_data.sd_at_points().segment(region.begin, region.size);
  Samples samples{part.fit(), part.se(request.method), part.lower(), part.upper(), truth, request.level};
  if (request.kind == IntervalKind::prediction)
    samples.new_observation.emplace(NewObservation{*scenario.law, sd});
  const auto [of_fits, are_new_fits] = of_fits_.try_emplace({place.strategy, place.region});
  if (are_new_fits) of_fits->second = measure_fits(samples.fit, truth);
  const auto [of_errors, are_new_errors] =
      of_errors_.try_emplace({place.strategy, request.method, place.region});
  if (are_new_errors) of_errors->second = measure_errors(samples.fit, samples.se);
  return at->second = measure(samples, of_fits->second, of_errors->second);
}

void Summary::fill_in(const RowPlace& place, CoverageRow& row) {
  const IntervalRequest& request = context_.plan.intervals[place.interval];
  const Part part(context_, records_, place);
  const Measures& measures = measures_at(place);
  row.n_replicates = measures.n_replicates;
  row.n_failed = measures.n_failed;
  take_coverage(measures, request, context_.regions[place.region].size, row);
  take_accuracy(measures, row);
  take_fits(part, row);
  take_variances(part, request.method, row);
  if (context_.plan.methods[request.method].method->refits) take_refits(part, request.method, row);
  row.why_no_claim = why_no_claim(part, context_.plan.scenario, measures);
  if (row.why_no_claim) row.verdict = no_claim;
  if (place.strategy > 0) take_differences(measures, measures_at({0, place.interval, place.region}), row);
}

std::vector<Index> failed_replicates(const ReplicateContext& context, const MatrixView& records,
                                     const RowPlace& place) {
  const Part part(context, records, place);
  std::vector<Index> failed;
  for (Index r = 0; r < records.cols(); ++r)
    if ((part.upper().col(r) - part.lower().col(r)).hasNaN()) failed.push_back(r);
  return failed;
}

}  // namespace jacobench::coverage
