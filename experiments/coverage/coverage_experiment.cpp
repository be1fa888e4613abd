#include "coverage/coverage_experiment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/inference/curvature.hpp"

#include "coverage/coverage_laws.hpp"
#include "coverage/predicted_time.hpp"
#include "coverage/replay_text.hpp"
#include "coverage/replicate_blocks.hpp"
#include "coverage/scenario_plan.hpp"
#include "options/value_text.hpp"
#include "run/progress.hpp"

namespace jacobench::coverage {
namespace {

// Of the fitted network at the truth, relative to the noise: the intrinsic curvature of Bates and Watts times sqrt F.
std::optional<double> curvature_at_truth(const ReplicateContext& context) {
  const Scenario& scenario = context.plan.scenario;
  constexpr Index most_params = 150;  // it takes P^2 second derivatives
  if (scenario.start != Start::truth || scenario.truth_is_redrawn ||
      scenario.network.n_params() > most_params)
    return {};
  try {
    const Fit truth{.network = scenario.network,
                    .theta = context.start,
                    .data = {context.first_data.data().X, context.first_data.truth_at_rows()}};
    Tangent at = linearise(truth);
    const Covariance cov =
        covariance(at, {.dof_rule = DofRule::known_sigma, .known_sigma = scenario.noise_sd});
    if (!cov.ok()) return {};
    const Curvature found = curvature(at, cov, {.n_directions = CurvatureOptions::all_pairs});
    if (!found.is_finite()) return {};
    return found.intrinsic * found.root_f;
  } catch (const InputError&) {
    return {};
  }
}

// Of the coverage; replicates that all agree say no more than as many trials at the level do.
double se_to_hold(const CoverageRow& row) {
  if (row.coverage_se > 0) return row.coverage_se;
  return std::sqrt(row.interval.level * (1 - row.interval.level) / static_cast<double>(row.n_replicates));
}

// What theory says of the row: its level, but for a method whose coverage is known to differ.
double expected_coverage(const CoverageRow& row) {
  const auto& exact = row.interval.method->exact_coverage;
  const Index n = static_cast<Index>(row.scenario.rows.of(row.scenario.network->network));
  return exact ? exact(n, row.interval.level) : row.interval.level;
}

// The first so many.
std::string listed(const std::vector<Index>& numbers, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    text += (i == 0 ? "" : " ") + std::to_string(numbers[i]);
  return text + (numbers.size() > most ? " ..." : "");
}

void take_failures(const ReplicateContext& context, const MatrixView& records, const RowPlace& place,
                   CoverageRow& row) {
  constexpr std::size_t most_listed = 100;
  const std::vector<Index> failed = failed_replicates(context, records, place);
  if (failed.empty()) return;
  row.failed_replicates = listed(failed, most_listed);
  std::vector<double> unused(context.layout.size());
  std::vector<std::string> why;
  ReplicateRunner(context).run(failed.front(), unused, &why);
  row.failure = fmt::format("replicate {}: {}", failed.front(), joined(why, "; "));
}

}  // namespace

std::vector<harness::Row> CoverageExperiment::cells() {
  scenarios_ = options_.scenarios.points();
  options_.check(scenarios_);
  cells_.clear();
  std::vector<harness::Row> rows;
  for (std::size_t scenario = 0; scenario < scenarios_.size(); ++scenario) {
    expect_memory(options_, scenarios_[scenario]);
    const ReplicatePlan plan = plan_of(options_, scenarios_[scenario]);
    expect_possible(options_, plan);
    const std::size_t n_regions = options_.n_beyond > 0 ? 2 : 1;
    for (std::size_t s = 0; s < plan.strategies.size(); ++s)
      for (std::size_t i = 0; i < plan.intervals.size(); ++i)
        for (std::size_t region = 0; region < n_regions; ++region) {
          cells_.push_back({scenario, {s, i, region}});
          rows.push_back(schema_.to_cell(identity_of(cells_.back(), plan)));
        }
  }
  check_rules(options_.expectations, columns(), rows);
  return rows;
}

CoverageRow CoverageExperiment::identity_of(const Cell& cell, const ReplicatePlan& plan) const {
  CoverageRow row;
  row.scenario = scenarios_[cell.scenario];
  row.truth = row.scenario.truth->name;
  if (const auto* model = std::get_if<Model>(&plan.scenario.truth);
      model && to_string(model->network) != to_string(plan.scenario.network))
    row.truth += ":" + to_string(model->network);
  row.strategy = plan.strategies[cell.place.strategy].strategy;
  row.interval = point_of(plan, plan.intervals[cell.place.interval]);
  row.region = cell.place.region == 0 ? "inside" : "beyond";
  return row;
}

std::size_t CoverageExperiment::group_size(std::size_t first) {
  std::size_t end = first;
  while (end < cells_.size() && cells_[end].scenario == cells_[first].scenario) ++end;
  return end - first;
}

void CoverageExperiment::hold_to_expectations(CoverageRow& row) const {
  const auto held = hold(options_.expectations, columns(), schema_.to_cell(row),
                         {row.coverage, se_to_hold(row), expected_coverage(row), row.se_ratio,
                          row.se_ratio_se, row.verdict != no_claim});
  if (held) {
    row.expected = held->expected;
    row.over_expectation = held->over_allowance;
  } else {
    row.no_expectation = "the config expects nothing of this row";
  }
}

std::shared_ptr<const ReplicateContext> CoverageExperiment::context_of(std::size_t first) {
  const std::size_t scenario = cells_[first].scenario;
  const std::lock_guard lock(contexts_mutex_);
  std::weak_ptr<const ReplicateContext>& known = contexts_[scenario];
  std::shared_ptr<const ReplicateContext> context = known.lock();
  if (!context) {
    context = std::make_shared<const ReplicateContext>(plan_of(options_, scenarios_[scenario]));
    known = context;
  }
  return context;
}

harness::RecordPlan CoverageExperiment::records_of(std::size_t first) {
  const ReplicatePlan plan = plan_of(options_, scenarios_[cells_[first].scenario]);
  return {.size = RecordLayout(plan).size(),
          .number = options_.replicates.number,
          .seconds_each = predicted_seconds(plan)};
}

std::unique_ptr<harness::RecordMaker> CoverageExperiment::record_maker(std::size_t first) {
  return std::make_unique<ReplicateMaker>(context_of(first));
}

std::string CoverageExperiment::why_not_over(harness::Spread spread) const {
  if (spread == harness::Spread::ranks || !options_.replicates.se) return {};
  return "replicates.target_se asks of the replicates so far whether there are enough, and no shard has "
         "those of the "
         "others; leave it out, or use mpirun";
}

std::vector<harness::Row> CoverageExperiment::run_cells(const std::vector<std::size_t>& cells,
                                                        harness::Records& source) {
  const std::shared_ptr<const ReplicateContext> shared = context_of(cells.front());
  const ReplicateContext& context = *shared;
  const std::span<const double> numbers = enough_replicates(context, options_.replicates, source);
  const auto size = static_cast<Index>(context.layout.size());
  const Eigen::Map<const Matrix> records(numbers.data(), size, static_cast<Index>(numbers.size()) / size);
  const std::optional<double> curvature = curvature_at_truth(context);

  Summary summary(context, records);
  std::vector<harness::Row> rows;
  for (const std::size_t index : cells) {
    const Cell& cell = cells_[index];
    CoverageRow row = identity_of(cell, context.plan);
    summary.fill_in(cell.place, row);
    row.curvature = curvature;
    if (const auto seconds = source.seconds_each()) row.us_per_replicate = 1e6 * *seconds;
    hold_to_expectations(row);
    take_failures(context, records, cell.place, row);
    rows.push_back(schema_.to_row(row));
  }
  return rows;
}

harness::RowTable CoverageExperiment::plan() {
  using harness::ColumnRole;
  harness::RowTable plan = Experiment::plan();
  for (const harness::Column& column :
       {harness::Column{.name = "n_params", .heading = "P", .role = ColumnRole::measure},
        {.name = "n_rows", .heading = "n", .role = ColumnRole::measure},
        {.name = "replicates", .heading = "replicates", .role = ColumnRole::measure},
        {.name = "coverage_se", .heading = "SE at most", .role = ColumnRole::measure, .digits = 2},
        {.name = "seconds", .heading = "time", .unit = "s", .role = ColumnRole::measure, .digits = 2}})
    plan.columns.push_back(column);
  const Index n_threads = options_.replicates.threads();
  PredictedTimes times;
  double total = 0, seconds_each = 0;
  std::optional<ReplicatePlan> of_scenario;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const bool is_first = i == 0 || cells_[i].scenario != cells_[i - 1].scenario;
    if (is_first) {
      of_scenario.emplace(plan_of(options_, scenarios_[cells_[i].scenario]));
      seconds_each = times.seconds_each(
          *of_scenario, [&] { return context_of(i); }, options_.replicates.number);
    }
    const ReplicatePlan& its = *of_scenario;
    const double level = its.intervals[cells_[i].place.interval].level;
    const auto n_replicates = static_cast<double>(options_.replicates.number);
    const double seconds = n_replicates * seconds_each / static_cast<double>(n_threads);
    if (is_first) total += seconds;
    for (const harness::Value& value :
         {harness::to_value(its.scenario.network.n_params()), harness::to_value(its.scenario.n_rows),
          harness::to_value(options_.replicates.number),
          harness::to_value(std::sqrt(level * (1 - level) / n_replicates)),
          is_first ? harness::to_value(seconds) : harness::Value()})
      plan.rows[i].values.push_back(value);
  }
  plan.notes.push_back(fmt::format("about {} in all on {} threads, {}",
                                   harness::duration_text(std::chrono::duration<double>(total)), n_threads,
                                   times.how()));
  for (const auto& [heading, text] : study_design(options_))
    plan.notes.push_back(fmt::format("{}: {}", heading, text));
  if (options_.replicates.se)
    plan.notes.push_back(fmt::format("more replicates, up to {}, until every standard error is {} or less",
                                     options_.replicates.most, harness::exact_text(*options_.replicates.se)));
  return plan;
}

std::vector<harness::SummaryColumn> CoverageExperiment::summary_columns() const {
  const auto of_delta = [](const std::string& interval, const std::string& column,
                           const std::string& heading) {
    return harness::SummaryColumn{.name = interval + "_" + column,
                                  .heading = heading,
                                  .column = column,
                                  .where = {{"method", "delta"},
                                            {"interval", interval},
                                            {"simultaneous", "none"},
                                            {"region", "inside"}},
                                  .choice = harness::RowChoice::only};
  };
  return {of_delta("mean", "coverage", "coverage"), of_delta("mean", "verdict", "verdict"),
          of_delta("prediction", "coverage", "of predictions"), of_delta("prediction", "verdict", "verdict")};
}

std::vector<std::string> CoverageExperiment::laws(const std::vector<harness::Row>& rows) const {
  std::vector<std::string> lines;
  for (const auto& [heading, text] : study_design(options_))
    lines.push_back(fmt::format("{}: {}", heading, text));
  for (std::string& law : coverage_laws(columns(), rows)) lines.push_back(std::move(law));
  return lines;
}

std::string CoverageExperiment::replay(std::size_t index, std::int64_t replicate) {
  const std::int64_t most = options_.replicates.at_most();
  if (replicate >= most)
    throw InputError("--replay: replicate {} is not in the study; it has 0 to {}", replicate, most - 1);
  const Cell& cell = cells_[index];
  return replay_text(ReplicateContext(plan_of(options_, scenarios_[cell.scenario])), cell.place, replicate);
}

}  // namespace jacobench::coverage
