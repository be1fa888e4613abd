#include "coverage/coverage_experiment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/curvature.hpp"

#include "coverage/coverage_laws.hpp"
#include "coverage/predicted_time.hpp"
#include "options/message.hpp"
#include "options/value_text.hpp"
#include "run/memory.hpp"
#include "run/progress.hpp"

namespace jacobench::coverage {
namespace {

constexpr const char* teacher = "teacher";

std::vector<std::string> truth_names() {
  std::vector<std::string> names{teacher};
  for (const TruthFunctionInfo& function : truth_function_table()) names.emplace_back(function.name);
  return names;
}

// 100, or 30p: so many for each parameter.
harness::ValueFormat<RowCount> row_count() {
  constexpr double most = 1e9;
  const std::string allowed = "a number of rows, or with a p behind it of rows for each parameter: 100, 30p";
  const auto parse = [allowed](std::string_view text) {
    const bool is_per_parameter = text.ends_with('p');
    const std::string_view number = text.substr(0, text.size() - (is_per_parameter ? 1 : 0));
    try {
      const RowCount rows{harness::real_number(0.1, most).parse(number), is_per_parameter};
      if (is_per_parameter || (rows.number >= 2 && rows.number == std::floor(rows.number))) return rows;
    } catch (const InputError&) {
    }
    throw InputError("{} is no number of rows; allowed: {}", harness::in_quotes(text), allowed);
  };
  const auto write = [](const RowCount& rows) {
    return harness::exact_text(harness::Value(rows.number)) + (rows.is_per_parameter ? "p" : "");
  };
  return {allowed, parse, write};
}

// A whole number, which may be too large for an integer.
double n_rows_of(const RowCount& rows, const Perceptron& network) {
  if (!rows.is_per_parameter) return rows.number;
  return std::max(2.0, std::ceil(rows.number * static_cast<double>(network.n_params())));
}

bool lists(const std::vector<std::string>& names, std::string_view entry) {
  return std::find(names.begin(), names.end(), entry) != names.end();
}

std::string name_of(IntervalKind kind) { return kind == IntervalKind::mean ? "mean" : "prediction"; }

std::string_view name_of(Simultaneous simultaneous) {
  return simultaneous_table()[static_cast<std::size_t>(simultaneous)].name;
}

std::string_view name_of(DofRule rule) { return dof_rule_table()[static_cast<std::size_t>(rule)].name; }

// Whether there is such an interval at all: bounds of their own are of the mean, point by point, sup-t needs the library's
// covariance, and some covariances need a decay.
bool is_possible(const MethodRequest& method, const IntervalRequest& request, const Scenario& scenario) {
  if (request.simultaneous != Simultaneous::none && request.kind == IntervalKind::prediction) return false;
  const Fit like{.network = scenario.network, .theta = {}, .data = {}, .decay = scenario.decay};
  return !method.method->why_not(like, method.options, request.band());
}

// Whether one linear step is not enough for it.
bool needs_nonlinear_fit(const IntervalMethod& method) {
  return method.refits || (method.covariance && needs_second_derivatives(*method.covariance));
}

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
    const Curvature found = curvature(at, cov);
    return found.intrinsic * found.root_f;
  } catch (const InputError&) {
    return {};
  }
}

// Of the coverage; replicates that all agree say no more than as many trials at the level do.
double se_to_hold(const CoverageRow& row) {
  if (row.coverage_se > 0) return row.coverage_se;
  return std::sqrt(row.level * (1 - row.level) / static_cast<double>(row.n_replicates));
}

std::string joined(const std::vector<Index>& numbers, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, numbers.size()); ++i)
    text += (i == 0 ? "" : " ") + std::to_string(numbers[i]);
  return text + (numbers.size() > most ? " ..." : "");
}

}  // namespace

CoverageExperiment::CoverageExperiment(std::span<const IntervalMethod> methods,
                                       std::span<const StrategyInfo> strategies)
    : known_methods_(methods), known_strategies_(strategies) {}

harness::OptionTable CoverageExperiment::options() {
  using namespace harness;
  OptionTable table;
  sweep_.add_options(table);
  table.add("truth.function", "what the data are drawn from: a teacher network, or a named function", truths_,
            list_of(one_of(truth_names())));
  table.add("truth.model", "model file of the teacher; none: drawn, with the network's seed and weight scale",
            truth_model_, value_or("none", text()));
  table.add("truth.hidden", "hidden widths of the teacher; fitted: those of the fitted network",
            truth_hidden_, value_or("fitted", shape(1, 1'000'000)));
  table.add("truth.redrawn", "whether each replicate draws its own teacher, from the prior of the decay",
            truth_is_redrawn_, yes_or_no());
  table.add("design.x", "where the inputs of the data lie", design_, one_of(names_of(design_table())));
  table.add("design.scale", "half width of the box of the inputs, or their standard deviation", scale_,
            real_number(1e-6, 1e6));
  table.add("design.redrawn", "whether each replicate has inputs of its own", design_is_redrawn_,
            yes_or_no());
  table.add("data.rows", "number of observations", rows_, list_of(row_count()));
  table.add("noise.law", "law of the noise", noises_, list_of(one_of(names_of(noise_law_table()))));
  table.add("noise.sd", "standard deviation of the noise", noise_sds_, list_of(real_number(1e-12, 1e6)));
  table.add("fit.decay", "k of the penalty k |theta|^2 added to the sum of squares; 0: none", decays_,
            list_of(real_number(0, 1e12)));
  table.add("fit.decay_of", "what the penalty is on", decay_of_, one_of({"weights", "weights_and_biases"}));
  table.add("fit.start", "what a fit starts from", starts_, list_of(one_of({"truth", "random"})));
  table.add("fit.starts", "how many random starts", n_starts_, whole_number(1, 10'000));
  table.add("fit.solver", "to the minimum, or one Gauss-Newton step from the truth", solver_,
            one_of({"least_squares", "linear_step"}));
  table.add("fit.tolerance", "relative offset of Bates and Watts at which a fit stops", tolerance_,
            real_number(1e-12, 0.1));
  table.add("fit.iterations", "iterations that a fit may take", max_iterations_, whole_number(1, 100'000));
  table.add("intervals.methods", "how intervals are made", methods_,
            list_of(one_of(names_of(known_methods_))));
  table.add("intervals.kinds", "what the intervals are of", kinds_, list_of(one_of({"mean", "prediction"})));
  table.add("intervals.levels", "nominal coverages", levels_, list_of(real_number(0.01, 0.9999)));
  table.add("intervals.dof", "rules for the degrees of freedom", dof_rules_,
            list_of(one_of(names_of(dof_rule_table()))));
  table.add("intervals.simultaneous", "over the points of a region at once, or each point by itself",
            simultaneous_, list_of(one_of(names_of(simultaneous_table()))));
  table.add("intervals.rank_policy", "what is done where the rank is not full", rank_policy_,
            one_of(names_of(rank_policy_table())));
  table.add("intervals.bootstrap", "refits of a bootstrap", n_bootstrap_, whole_number(39, 1'000'000));
  table.add("intervals.simulations", "draws of sup_t", n_simulations_, whole_number(1000, 1'000'000));
  table.add("points.inside", "points among the data", n_inside_, whole_number(1, 100'000));
  table.add("points.beyond", "points outside the range of the data", n_beyond_, whole_number(0, 100'000));
  table.add("jacobian.strategies", "strategies that fits and intervals take their Jacobian from", strategies_,
            list_of(one_of(names_of(known_strategies_))));
  table.add("jacobian.relative_step", "step of numeric strategies; own: each strategy's own", relative_step_,
            value_or("own", real_number(1e-15, 1)));
  table.add("replicates.number", "number of replicates; with a target the least number", n_replicates_,
            whole_number(10, 10'000'000));
  table.add("replicates.target_se", "standard error that every coverage of a scenario is to reach",
            target_se_, value_or("none", real_number(1e-5, 0.5)));
  table.add("replicates.most", "with a target the greatest number", most_replicates_,
            whole_number(10, 10'000'000));
  table.add("replicates.threads", "threads that replicates run on; the figures do not depend on it",
            n_threads_, value_or("all", whole_number(1, 1024)));
  const auto rules = value_or("none", list_of(text()));
  table.add("expect.nominal", "rows whose coverage is its level, at 99.9 %", expectations_.nominal, rules);
  table.add("expect.under", "rows whose coverage is below its level, at 99.9 %", expectations_.under, rules);
  table.add("expect.over", "rows whose coverage is above its level, at 99.9 %", expectations_.over, rules);
  table.add("expect.calibrated", "rows whose model SE is the empirical SE, within three standard errors",
            expectations_.calibrated, rules);
  table.add("expect.no_claim", "rows whose data leave intervals out or directions of the parameters open",
            expectations_.no_claim, rules);
  return table;
}

std::vector<CoverageExperiment::ScenarioKey> CoverageExperiment::scenario_keys() const {
  std::vector<ScenarioKey> keys;
  for (const std::string& truth : truths_)
    for (std::size_t network = 0; network < networks_.size(); ++network)
      for (const RowCount& rows : rows_)
        for (const std::string& noise : noises_)
          for (const double noise_sd : noise_sds_)
            for (const double decay : decays_)
              for (const std::string& start : starts_)
                keys.push_back({truth, network, rows, noise, noise_sd, decay, start});
  return keys;
}

harness::NetworkCase CoverageExperiment::drawn_teacher(const ScenarioKey& key) const {
  const harness::NetworkCase& fitted = networks_[key.network];
  return truth_hidden_ ? sweep_.with_hidden(fitted, *truth_hidden_) : fitted;
}

Truth CoverageExperiment::truth_of(const ScenarioKey& key) const {
  if (key.truth != teacher) {
    const TruthFunctionInfo& function = find_truth_function(key.truth);
    check_n_inputs(function, networks_[key.network].network.n_inputs());
    return &function;
  }
  if (truth_model_) {
    Model model = read_model(*truth_model_);
    const Perceptron& fitted = networks_[key.network].network;
    if (model.network.n_outputs() != 1 || model.network.n_inputs() != fitted.n_inputs())
      throw InputError("truth.model: {} has {} inputs and {} outputs; wanted are the {} of the network and 1",
                       *truth_model_, model.network.n_inputs(), model.network.n_outputs(), fitted.n_inputs());
    return model;
  }
  const harness::NetworkCase own = drawn_teacher(key);
  return Model{own.network, sweep_.problem(own, 1).theta};
}

Scenario CoverageExperiment::scenario_of(const ScenarioKey& key) const {
  const Perceptron& network = networks_[key.network].network;
  const DecayOf decay_of = decay_of_ == "weights" ? DecayOf::weights : DecayOf::weights_and_biases;
  return {.truth = truth_of(key),
          .truth_is_redrawn = truth_is_redrawn_,
          .design = design_from_name(design_),
          .scale = scale_,
          .design_is_redrawn = design_is_redrawn_,
          .n_rows = static_cast<Index>(n_rows_of(key.rows, network)),
          .law = &find_noise_law(key.noise),
          .noise_sd = key.noise_sd,
          .network = network,
          .decay = key.decay > 0 ? equal_decay(network, key.decay, decay_of) : Vector(),
          .start = key.start == "truth" ? Start::truth : Start::random,
          .n_starts = n_starts_,
          .solver = solver_ == "linear_step" ? Solver::linear_step : Solver::least_squares,
          .tolerance = tolerance_,
          .max_iterations = max_iterations_,
          .n_inside = n_inside_,
          .n_beyond = n_beyond_,
          .seed = sweep_.data_seed()};
}

ReplicatePlan CoverageExperiment::plan_of(const ScenarioKey& key) const {
  ReplicatePlan plan{.scenario = scenario_of(key), .strategies = {}, .methods = {}, .intervals = {}};
  for (const StrategyInfo& strategy : known_strategies_)
    if (lists(strategies_, strategy.name))
      plan.strategies.push_back(
          {std::string(strategy.name),
           {.relative_step = strategy.is_numeric() ? relative_step_ : std::optional<double>()}});
  for (const IntervalMethod& method : known_methods_) {
    if (!lists(methods_, method.name)) continue;
    for (const std::string& rule : dof_rules_) {
      const std::size_t at = plan.methods.size();
      plan.methods.push_back(
          {&method,
           {.dof_rule = dof_rule_from_name(rule),
            .known_sigma = rule == "known_sigma" ? std::optional(plan.scenario.noise_sd) : std::nullopt,
            .rank_policy = rank_policy_from_name(rank_policy_),
            .n_simulations = n_simulations_,
            .n_refits = n_bootstrap_}});
      for (const std::string& simultaneous : simultaneous_)
        for (const IntervalKind kind : {IntervalKind::mean, IntervalKind::prediction})
          for (const double level : levels_) {
            const IntervalRequest request{at, find_by_name(simultaneous_table(), simultaneous, "simultaneous rule").method, kind, level};
            if (lists(kinds_, name_of(kind)) && is_possible(plan.methods[at], request, plan.scenario))
              plan.intervals.push_back(request);
          }
    }
  }
  return plan;
}

void CoverageExperiment::check_options() const {
  if (target_se_ && most_replicates_ < n_replicates_)
    throw InputError("replicates.most: {} is fewer than replicates.number = {}; make it more",
                     most_replicates_, n_replicates_);
  if (truth_is_redrawn_ &&
      (decay_of_ != "weights_and_biases" || *std::min_element(decays_.begin(), decays_.end()) == 0))
    throw InputError(
        "truth.redrawn: the prior is that of a decay on all parameters; set fit.decay above 0 and "
        "fit.decay_of = weights_and_biases");
  if (truth_is_redrawn_ && (truths_ != std::vector<std::string>{teacher} || truth_hidden_ || truth_model_))
    throw InputError("truth.redrawn: is for a teacher that is the fitted network; leave truth.* out");
  if (truth_model_ && (truth_hidden_ || !lists(truths_, teacher)))
    throw InputError(
        "truth.model: says all of the teacher; leave truth.hidden out, and name the {} in truth.function",
        teacher);
  if (truth_hidden_ && !lists(truths_, teacher))
    throw InputError("truth.hidden: is of a teacher; name it in truth.function, or leave truth.hidden out");
  if (solver_ == "linear_step" && lists(starts_, "random"))
    throw InputError("fit.solver: linear_step starts from the truth; take random out of fit.start");
}

void CoverageExperiment::expect_possible(const ReplicatePlan& plan) const {
  const Scenario& scenario = plan.scenario;
  if (scenario.network.n_outputs() != 1)
    throw InputError("network.outputs: is {}; coverage is measured for one output",
                     scenario.network.n_outputs());
  if (plan.intervals.empty())
    throw InputError(
        "intervals.methods: with these kinds, simultaneous methods and decays there is no interval to make; "
        "change one of them");
  for (const MethodRequest& request : plan.methods)
    if (scenario.solver == Solver::linear_step &&
        (needs_nonlinear_fit(*request.method) || request.options.rank_policy != RankPolicy::refuse))
      throw InputError("fit.solver: linear_step does not go with the method {}{}; take least_squares",
                       request.method->name,
                       needs_nonlinear_fit(*request.method) ? "" : " and rank_policy " + rank_policy_);
  for (const IntervalRequest& interval : plan.intervals)
    if (const MethodRequest& request = plan.methods[interval.method];
        request.method->draws && !are_enough_refits(request.options.n_refits, interval.level))
      throw InputError("intervals.bootstrap: {} refits are too few for level {}; 999 are usual",
                       request.options.n_refits, interval.level);
  if (scenario.design == Design::grid) {
    Matrix X(scenario.n_rows, scenario.network.n_inputs());
    RandomStream unused(0, 0, 0, RandomPurpose::inputs);
    draw_design(scenario.design, scenario.scale, unused, X);
  }
  const auto most = static_cast<double>(target_se_ ? most_replicates_ : n_replicates_);
  harness::expect_memory_for(fmt::format("network {} with {} points and {} replicates",
                                         to_string(scenario.network), scenario.n_points(), most),
                             sizeof(double) * most * static_cast<double>(RecordLayout(plan).size()));
}

// Before anything of that size is made.
void CoverageExperiment::expect_memory(const ScenarioKey& key) const {
  const Perceptron& network = networks_[key.network].network;
  const double n = n_rows_of(key.rows, network), P = static_cast<double>(network.n_params());
  const auto M = static_cast<double>(n_inside_ + n_beyond_);
  harness::expect_memory_for(fmt::format("network {} with {} rows and {} points on {} threads",
                                         to_string(network), n, M, n_threads()),
                             sizeof(double) * static_cast<double>(n_threads()) * (8 * (n + P) + 4 * M) * P);
  const Perceptron teacher_network = drawn_teacher(key).network;
  harness::expect_memory_for(fmt::format("teacher {}", to_string(teacher_network)),
                             sizeof(double) * static_cast<double>(teacher_network.n_params()));
}

std::vector<harness::Row> CoverageExperiment::cells() {
  check_options();
  networks_ = sweep_.cases();
  cells_.clear();
  std::vector<harness::Row> rows;
  for (const ScenarioKey& key : scenario_keys()) {
    expect_memory(key);
    const ReplicatePlan plan = plan_of(key);
    expect_possible(plan);
    const std::size_t n_regions = n_beyond_ > 0 ? 2 : 1;
    for (std::size_t s = 0; s < plan.strategies.size(); ++s)
      for (std::size_t i = 0; i < plan.intervals.size(); ++i)
        for (std::size_t region = 0; region < n_regions; ++region) {
          cells_.push_back({key, {s, i, region}});
          rows.push_back(coverage_schema().to_cell(identity_of(cells_.back(), plan)));
        }
  }
  check_rules(expectations_, columns(), rows);
  return rows;
}

CoverageRow CoverageExperiment::identity_of(const Cell& cell, const ReplicatePlan& plan) const {
  const ScenarioKey& key = cell.scenario;
  const harness::NetworkCase& network_case = networks_[key.network];
  const IntervalRequest& request = plan.intervals[cell.place.interval];
  CoverageRow row;
  row.truth = key.truth;
  if (const auto* model = std::get_if<Model>(&plan.scenario.truth);
      model && to_string(model->network) != to_string(plan.scenario.network))
    row.truth += ":" + to_string(model->network);
  row.network = to_string(network_case.network);
  row.activation = network_case.activation;
  row.weight_scale = network_case.weight_scale;
  row.rows = row_count().write(key.rows);
  row.noise = key.noise;
  row.noise_sd = key.noise_sd;
  row.decay = key.decay;
  row.start = key.start;
  row.strategy = plan.strategies[cell.place.strategy].strategy;
  row.method = plan.methods[request.method].method->name;
  row.dof = name_of(plan.methods[request.method].options.dof_rule);
  row.simultaneous = name_of(request.simultaneous);
  row.interval = name_of(request.kind);
  row.level = request.level;
  row.region = cell.place.region == 0 ? "inside" : "beyond";
  return row;
}

std::size_t CoverageExperiment::group_size(std::size_t first) {
  std::size_t end = first;
  while (end < cells_.size() && cells_[end].scenario == cells_[first].scenario) ++end;
  return end - first;
}

Index CoverageExperiment::n_threads() const {
  return n_threads_ ? *n_threads_ : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Shares that all agree have a standard error of 0; their Wilson interval says how little few of them tell.
bool CoverageExperiment::is_precise_enough(const ReplicateContext& context, const MatrixView& records) const {
  for (std::size_t s = 0; s < context.plan.strategies.size(); ++s)
    for (std::size_t i = 0; i < context.plan.intervals.size(); ++i)
      for (std::size_t region = 0; region < context.regions.size(); ++region) {
        CoverageRow row;
        summarise(context, records, {s, i, region}, row);
        const double of_interval = (row.coverage_upper - row.coverage_lower) / (2 * z_95);
        if (std::max(row.coverage_se, of_interval) > *target_se_) return false;
      }
  return true;
}

// Block by block, each as long as a second or so, until there are as many as are wanted.
std::vector<double> CoverageExperiment::records_of(const ReplicateContext& context,
                                                   harness::RecordJournal& journal,
                                                   std::optional<double>& us_per_replicate) const {
  const std::size_t size = context.layout.size();
  std::vector<double> records = journal.earlier(size);
  const auto n_done = [&] { return static_cast<Index>(records.size() / size); };
  std::vector<std::unique_ptr<ReplicateRunner>> runners(static_cast<std::size_t>(n_threads()));
  double seconds = 0;
  Index n_timed = 0, wanted = n_replicates_;
  constexpr double block_seconds = 1;
  constexpr Index largest_block = 4096;
  for (;;) {
    while (n_done() < wanted) {
      if (journal.stop_requested()) throw harness::Interrupted();
      const double rate = seconds > 0 ? static_cast<double>(n_timed) / seconds : 0;
      const Index block =
          std::min({wanted - n_done(), largest_block,
                    std::max(n_threads(), static_cast<Index>(std::min(rate * block_seconds, 1e9)))});
      const Index begin = n_done();
      std::vector<double> made(static_cast<std::size_t>(block) * size);
      const auto start = std::chrono::steady_clock::now();
      parallel_for_workers(block, n_threads(), [&](Index i, Index worker) {
        auto& runner = runners[static_cast<std::size_t>(worker)];
        if (!runner) runner = std::make_unique<ReplicateRunner>(context);
        runner->run(begin + i, {&made[static_cast<std::size_t>(i) * size], size});
      });
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      n_timed += block;
      journal.append(made);
      records.insert(records.end(), made.begin(), made.end());
      journal.show_progress(static_cast<double>(n_done()) / static_cast<double>(wanted));
    }
    // Decided on what an uninterrupted run has here, however many records an earlier run left.
    const Eigen::Map<const Matrix> so_far(records.data(), static_cast<Index>(size), wanted);
    if (!target_se_ || wanted >= most_replicates_ || is_precise_enough(context, so_far)) break;
    wanted = std::min<Index>(most_replicates_, wanted + (wanted + 1) / 2);
  }
  if (n_timed > 0) us_per_replicate = 1e6 * seconds / static_cast<double>(n_timed);
  return records;
}

std::vector<harness::Row> CoverageExperiment::run_cells(const std::vector<std::size_t>& cells,
                                                        harness::RecordJournal& journal) {
  const ReplicateContext context(plan_of(cells_[cells.front()].scenario));
  std::optional<double> us_per_replicate;
  const std::vector<double> numbers = records_of(context, journal, us_per_replicate);
  const auto size = static_cast<Index>(context.layout.size());
  const Eigen::Map<const Matrix> records(numbers.data(), size, static_cast<Index>(numbers.size()) / size);
  const std::optional<double> curvature = curvature_at_truth(context);

  std::vector<harness::Row> rows;
  for (const std::size_t index : cells) {
    const Cell& cell = cells_[index];
    CoverageRow row = identity_of(cell, context.plan);
    const harness::Row identity = coverage_schema().to_cell(row);
    summarise(context, records, cell.place, row);
    row.curvature = curvature;
    row.us_per_replicate = us_per_replicate;
    const auto held = hold(
        expectations_, columns(), identity,
        {row.coverage, se_to_hold(row), row.level, row.se_ratio, row.se_ratio_se, row.verdict != no_claim});
    if (held) {
      row.expected = held->expected;
      row.over_expectation = held->over_allowance;
    } else {
      row.no_expectation = "the config expects nothing of this row";
    }
    constexpr std::size_t most_listed = 100;
    if (const std::vector<Index> failed = failed_replicates(context, records, cell.place); !failed.empty()) {
      row.failed_replicates = joined(failed, most_listed);
      std::vector<double> unused(context.layout.size());
      std::vector<std::string> why;
      ReplicateRunner(context).run(failed.front(), unused, &why);
      row.failure = fmt::format("replicate {}: {}", failed.front(), jacobench::joined(why, "; "));
    }
    rows.push_back(coverage_schema().to_row(row));
  }
  return rows;
}

harness::Row CoverageExperiment::run_cell(std::size_t index) {
  harness::MemoryJournal journal;
  return run_cells({index}, journal).front();
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
  double total = 0;
  std::optional<ReplicatePlan> of_scenario;
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const bool is_first = i == 0 || !(cells_[i].scenario == cells_[i - 1].scenario);
    if (is_first) of_scenario.emplace(plan_of(cells_[i].scenario));
    const ReplicatePlan& its = *of_scenario;
    const double level = its.intervals[cells_[i].place.interval].level;
    const auto n_replicates = static_cast<double>(n_replicates_);
    const double seconds = n_replicates * predicted_seconds(its) / static_cast<double>(n_threads());
    if (is_first) total += seconds;
    for (const harness::Value& value :
         {harness::to_value(its.scenario.network.n_params()), harness::to_value(its.scenario.n_rows),
          harness::to_value(n_replicates_), harness::to_value(std::sqrt(level * (1 - level) / n_replicates)),
          is_first ? harness::to_value(seconds) : harness::Value()})
      plan.rows[i].values.push_back(value);
  }
  plan.notes.push_back(fmt::format("about {} in all on {} threads, to a factor of three or so",
                                   harness::duration_text(std::chrono::duration<double>(total)),
                                   n_threads()));
  for (const auto& [heading, text] : design()) plan.notes.push_back(fmt::format("{}: {}", heading, text));
  if (target_se_)
    plan.notes.push_back(fmt::format("more replicates, up to {}, until every standard error is {} or less",
                                     most_replicates_, harness::exact_text(harness::Value(*target_se_))));
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
  for (const auto& [heading, text] : design()) lines.push_back(fmt::format("{}: {}", heading, text));
  for (std::string& law : coverage_laws(columns(), rows)) lines.push_back(std::move(law));
  return lines;
}

std::vector<std::pair<std::string, std::string>> CoverageExperiment::design() const {
  const std::string teacher_text = truth_model_    ? "the network of " + *truth_model_
                                   : truth_hidden_ ? "a teacher network"
                                                   : "the fitted network itself";
  std::vector<std::string> truths;
  for (const std::string& truth : truths_) truths.push_back(truth == teacher ? teacher_text : truth);
  return {
      {"aims",
       "whether intervals of a fitted network hold what their level says, and what a numerical Jacobian "
       "costs them"},
      {"data",
       fmt::format("y = f(x) + sd e; f {}{}; x {} of scale {}, {}; e {}", jacobench::joined(truths, ", "),
                   truth_is_redrawn_ ? " with parameters redrawn from their prior" : "", design_,
                   harness::exact_text(harness::Value(scale_)),
                   design_is_redrawn_ ? "redrawn in each replicate" : "the same in all replicates",
                   jacobench::joined(noises_, ", "))},
      {"estimands", fmt::format("f, and a new observation, at {} points among the data{}", n_inside_,
                                n_beyond_ > 0 ? fmt::format(" and {} beyond them", n_beyond_) : "")},
      {"methods",
       fmt::format("{} at levels {}; {} from {}{}; Jacobians by {}", jacobench::joined(methods_, ", "),
                   fmt::join(levels_, ", "), solver_ == "linear_step" ? "one linear step" : "least squares",
                   jacobench::joined(starts_, ", "),
                   lists(starts_, "random") ? fmt::format(" ({} starts)", n_starts_) : "",
                   jacobench::joined(strategies_, ", "))},
      {"performance measures",
       fmt::format(
           "coverage, width, score, bias, standard errors over {} replicates{}; +- is a Monte Carlo standard "
           "error, a verdict holds at 99.9%",
           n_replicates_, target_se_ ? " or more" : "")}};
}

std::string CoverageExperiment::replay(std::size_t index, std::int64_t replicate) {
  const std::int64_t most = target_se_ ? most_replicates_ : n_replicates_;
  if (replicate >= most)
    throw InputError("--replay: replicate {} is not in the study; it has 0 to {}", replicate, most - 1);
  const Cell& cell = cells_[index];
  const ReplicateContext context(plan_of(cell.scenario));
  ReplicateRunner runner(context);
  std::vector<double> record(context.layout.size());
  std::vector<std::string> failures;
  runner.run(replicate, record, &failures);

  const auto at = [&](std::size_t place) { return harness::exact_text(harness::to_value(record[place])); };
  const auto figure = [&](RecordLayout::Figure which) {
    return record[context.layout.figure(cell.place.strategy, which)];
  };
  const double stop = figure(RecordLayout::stop);
  std::string text = fmt::format(
      "stopped after {} iterations: {}\nrank {} of {}, condition {:.3g}, s^2 over sigma^2 {}\n",
      figure(RecordLayout::n_iterations),
      std::isfinite(stop) ? explanation(static_cast<Stop>(static_cast<int>(stop))) : "the fit failed",
      figure(RecordLayout::rank), context.plan.scenario.network.n_params(), figure(RecordLayout::condition),
      figure(RecordLayout::variance_ratio));
  for (const std::string& failure : failures) text += failure + "\n";
  text += "point  truth  fit - truth  lower - truth  upper - truth\n";
  const Region& region = context.regions[cell.place.region];
  for (Index m = region.begin; m < region.begin + region.size; ++m) {
    const auto i = static_cast<std::size_t>(m);
    text += fmt::format("{}  {}  {}  {}  {}\n", fmt::join(runner.source().points().row(m).transpose(), " "),
                        harness::exact_text(harness::Value(runner.source().truth_at_points()[m])),
                        at(context.layout.fit(cell.place.strategy) + i),
                        at(context.layout.lower(cell.place.strategy, cell.place.interval) + i),
                        at(context.layout.upper(cell.place.strategy, cell.place.interval) + i));
  }
  return text;
}

}  // namespace jacobench::coverage
