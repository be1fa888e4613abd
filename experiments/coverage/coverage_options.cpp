#include "coverage/coverage_options.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"
#include "options/value_text.hpp"

namespace jacobench::coverage {
namespace {

using harness::ColumnRole;
using harness::list_of;
using harness::one_of;
using harness::real_number;
using harness::value_or;
using harness::whole_number;

// The row of this name, or the first where a study has a table of its own without it.
template <class Row>
const Row* row_or_first(std::span<const Row> table, std::string_view name) {
  const auto named =
      std::find_if(table.begin(), table.end(), [&](const Row& row) { return row.name == name; });
  return named == table.end() ? table.data() : &*named;
}

// Of a scenario: tables for people begin a new group where it changes.
harness::Column scenario_column(const std::string& name, const std::string& heading) {
  return {.name = name, .heading = heading, .role = ColumnRole::identity, .starts_group = true};
}

harness::Column interval_column(const std::string& name) {
  return {.name = name, .heading = name, .role = ColumnRole::identity};
}

bool is_teacher(const ScenarioPoint& point) { return !point.truth->function; }

}  // namespace

double RowCount::of(const Perceptron& network) const {
  if (!is_per_parameter) return number;
  return std::max(2.0, std::ceil(number * static_cast<double>(network.n_params())));
}

harness::ValueFormat<RowCount> row_count() {
  constexpr double most = 1e9;
  const std::string allowed = "a number of rows, or with a p behind it of rows for each parameter: 100, 30p";
  const auto parse = [allowed](std::string_view text) {
    const bool is_per_parameter = text.ends_with('p');
    const std::string_view number = text.substr(0, text.size() - (is_per_parameter ? 1 : 0));
    try {
      const RowCount rows{real_number(0.1, most).parse(number), is_per_parameter};
      if (is_per_parameter || (rows.number >= 2 && rows.number == std::floor(rows.number))) return rows;
    } catch (const InputError&) {
    }
    throw InputError("{} is no number of rows; allowed: {}", harness::in_quotes(text), allowed);
  };
  const auto write = [](const RowCount& rows) {
    return harness::exact_text(rows.number) + (rows.is_per_parameter ? "p" : "");
  };
  return {allowed, parse, write};
}

Index ReplicateTarget::threads() const {
  return n_threads ? *n_threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

CoverageOptions::CoverageOptions(std::span<const IntervalMethod> known_methods,
                                 std::span<const StrategyInfo> known_strategies)
    : strategies{row_or_first(known_strategies, "layerwise")} {
  add_scenarios();
  add_intervals(known_methods);
  add_replicates(known_strategies);
  add_expectations();
}

void CoverageOptions::add_scenarios() {
  scenarios.add(table,
                {.key = "truth.function",
                 .help = "what the data are drawn from: a teacher network, or a named function"},
                &ScenarioPoint::truth, one_of(truth_table()), {&truth_table().front()});
  scenarios.add<harness::SharedNetwork>(
      &ScenarioPoint::network, [this] { return networks.cases(); },
      harness::RowSchema<ScenarioPoint>::of_part(harness::network_columns(), &ScenarioPoint::network));
  table.add("truth.model", "model file of the teacher; none: drawn, with the network's seed and weight scale",
            truth_model, value_or("none", harness::text()));
  table.add("truth.hidden", "hidden widths of the teacher; fitted: those of the fitted network", truth_hidden,
            value_or("fitted", harness::shape(1, 1'000'000)));
  table.add("truth.redrawn", "whether each replicate draws its own teacher, from the prior of the decay",
            truth_is_redrawn, harness::yes_or_no());
  table.add("design.x", "where the inputs of the data lie", design,
            one_of(design_table(), &DesignInfo::design));
  table.add("design.scale", "half width of the box of the inputs, or their standard deviation", scale,
            real_number(1e-6, 1e6));
  table.add("design.redrawn", "whether each replicate has inputs of its own", design_is_redrawn,
            harness::yes_or_no());
  scenarios.add(
      table,
      {.key = "data.rows", .help = "number of observations", .column = scenario_column("rows", "rows")},
      &ScenarioPoint::rows, row_count(), {{}});
  scenarios.add_column(
      {{.name = "n_rows", .heading = "n", .role = ColumnRole::measure, .meaning = "observations"},
       [](const ScenarioPoint& point) {
         return harness::to_value(static_cast<std::int64_t>(point.rows.of(point.network->network)));
       }});
  scenarios.add(table,
                {.key = "noise.law", .help = "law of the noise", .column = scenario_column("noise", "noise")},
                &ScenarioPoint::noise, one_of(noise_law_table()), {&noise_law_table().front()});
  scenarios.add(table,
                {.key = "noise.sd",
                 .help = "standard deviation of the noise",
                 .column = scenario_column("noise_sd", "sd")},
                &ScenarioPoint::noise_sd, real_number(1e-12, 1e6), {0.1});
  scenarios.add(table,
                {.key = "fit.decay",
                 .help = "k of the penalty k |theta|^2 added to the sum of squares; 0: none",
                 .column = scenario_column("decay", "decay")},
                &ScenarioPoint::decay, real_number(0, 1e12), {0});
  table.add("fit.decay_of", "what the penalty is on", decay_of, one_of(decay_of_table(), &DecayOfInfo::of));
  scenarios.add(
      table,
      {.key = "fit.start", .help = "what a fit starts from", .column = scenario_column("start", "start")},
      &ScenarioPoint::start, one_of(start_table(), &StartInfo::start), {Start::truth});
  table.add("fit.starts", "how many random starts", n_starts, whole_number(1, 10'000));
  table.add("fit.solver", "to the minimum, or one Gauss-Newton step from the truth", solver,
            one_of(solver_table(), &SolverInfo::solver));
  table.add("fit.tolerance", "relative offset of Bates and Watts at which a fit stops", tolerance,
            real_number(1e-12, 0.1));
  table.add("fit.iterations", "iterations that a fit may take", max_iterations, whole_number(1, 100'000));
}

void CoverageOptions::add_intervals(std::span<const IntervalMethod> known_methods) {
  intervals.add(table,
                {.key = "intervals.methods",
                 .help = "how intervals are made",
                 .column = interval_column("method"),
                 .in_table_order = true},
                &IntervalPoint::method, one_of(known_methods), {row_or_first(known_methods, "delta")});
  intervals.add(table,
                {.key = "intervals.kinds",
                 .help = "what the intervals are of",
                 .column = interval_column("interval"),
                 .in_table_order = true},
                &IntervalPoint::kind, one_of(interval_kind_table(), &IntervalKindInfo::kind),
                {IntervalKind::mean, IntervalKind::prediction});
  intervals.add(table,
                {.key = "intervals.levels", .help = "nominal coverages", .column = interval_column("level")},
                &IntervalPoint::level, real_number(0.01, 0.9999), {0.95});
  intervals.add(table,
                {.key = "intervals.dof",
                 .help = "rules for the degrees of freedom",
                 .column = interval_column("dof"),
                 .just_outside = "intervals.kinds"},
                &IntervalPoint::dof_rule, one_of(dof_rule_table(), &DofRuleInfo::rule),
                {DofRule::n_minus_trace});
  intervals.add(table,
                {.key = "intervals.simultaneous",
                 .help = "over the points of a region at once, or each point by itself",
                 .column = interval_column("simultaneous"),
                 .just_outside = "intervals.kinds"},
                &IntervalPoint::simultaneous, one_of(simultaneous_table(), &SimultaneousInfo::method),
                {Simultaneous::none});
  table.add("intervals.rank_policy", "what is done where the rank is not full", rank_policy,
            one_of(rank_policy_table(), &RankPolicyInfo::policy));
  table.add("intervals.bootstrap", "refits of a bootstrap", n_bootstrap, whole_number(39, 1'000'000));
  table.add("intervals.simulations", "draws of sup_t", n_simulations, whole_number(1000, 1'000'000));
  table.add("points.inside", "points among the data", n_inside, whole_number(1, 100'000));
  table.add("points.beyond", "points outside the range of the data", n_beyond, whole_number(0, 100'000));
}

void CoverageOptions::add_replicates(std::span<const StrategyInfo> known_strategies) {
  table.add("jacobian.strategies", "strategies that fits and intervals take their Jacobian from", strategies,
            list_of(one_of(known_strategies)));
  table.add("jacobian.relative_step", "step of numeric strategies; own: each strategy's own", relative_step,
            value_or("own", real_number(1e-15, 1)));
  table.add("replicates.number", "number of replicates; with a target the least number", replicates.number,
            whole_number(10, 10'000'000));
  table.add("replicates.target_se", "standard error that every coverage of a scenario is to reach",
            replicates.se, value_or("none", real_number(1e-5, 0.5)));
  table.add("replicates.most", "with a target the greatest number", replicates.most,
            whole_number(10, 10'000'000));
  table.add_without_effect("replicates.threads", "threads that replicates run on", replicates.n_threads,
                           value_or("all", whole_number(1, 1024)));
}

void CoverageOptions::add_expectations() {
  const auto rules = value_or("none", list_of(harness::text()));
  table.add("expect.nominal", "rows whose coverage is its level, at 99.9 %", expectations.nominal, rules);
  table.add("expect.under", "rows whose coverage is below its level, at 99.9 %", expectations.under, rules);
  table.add("expect.over", "rows whose coverage is above its level, at 99.9 %", expectations.over, rules);
  table.add("expect.calibrated", "rows whose model SE is the empirical SE, within three standard errors",
            expectations.calibrated, rules);
  table.add(
      "expect.no_claim",
      "rows of which more than 5 % of the replicates have no interval, not full rank or a fit not settled",
      expectations.no_claim, rules);
}

void CoverageOptions::check(const std::vector<ScenarioPoint>& points) const {
  const auto any = [&](const auto& holds) { return std::any_of(points.begin(), points.end(), holds); };
  const bool has_teacher = any(is_teacher);
  if (replicates.se && replicates.most < replicates.number)
    throw InputError("replicates.most: {} is fewer than replicates.number = {}; make it more",
                     replicates.most, replicates.number);
  if (truth_is_redrawn && (decay_of != DecayOf::weights_and_biases ||
                           any([](const ScenarioPoint& point) { return point.decay == 0; })))
    throw InputError(
        "truth.redrawn: the prior is that of a decay on all parameters; set fit.decay above 0 and "
        "fit.decay_of = weights_and_biases");
  if (truth_is_redrawn &&
      (truth_hidden || truth_model || !std::all_of(points.begin(), points.end(), is_teacher)))
    throw InputError("truth.redrawn: is for a teacher that is the fitted network; leave truth.* out");
  if (truth_model && (truth_hidden || !has_teacher))
    throw InputError(
        "truth.model: says all of the teacher; leave truth.hidden out, and name the {} in truth.function",
        truth_table().front().name);
  if (truth_hidden && !has_teacher)
    throw InputError("truth.hidden: is of a teacher; name it in truth.function, or leave truth.hidden out");
  if (solver == Solver::linear_step &&
      any([](const ScenarioPoint& point) { return point.start == Start::random; }))
    throw InputError("fit.solver: linear_step starts from the truth; take random out of fit.start");
}

}  // namespace jacobench::coverage
