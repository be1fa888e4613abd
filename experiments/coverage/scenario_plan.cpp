#include "coverage/scenario_plan.hpp"

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "coverage/possible_intervals.hpp"
#include "run/memory.hpp"

namespace jacobench::coverage {
namespace {

harness::NetworkCase drawn_teacher(const CoverageOptions& options, const harness::NetworkCase& fitted) {
  return options.truth_hidden ? options.networks.with_hidden(fitted, *options.truth_hidden) : fitted;
}

Model teacher_in_file(const std::string& file, const Perceptron& fitted) {
  Model model = read_model(file);
  if (model.network.n_outputs() != 1 || model.network.n_inputs() != fitted.n_inputs())
    throw InputError("truth.model: {} has {} inputs and {} outputs; wanted are the {} of the network and 1",
                     file, model.network.n_inputs(), model.network.n_outputs(), fitted.n_inputs());
  return model;
}

Truth truth_of(const CoverageOptions& options, const ScenarioPoint& point) {
  const Perceptron& fitted = point.network->network;
  if (const TruthFunctionInfo* function = point.truth->function) {
    check_n_inputs(*function, fitted.n_inputs());
    return function;
  }
  if (options.truth_model) return teacher_in_file(*options.truth_model, fitted);
  const harness::NetworkCase teacher = drawn_teacher(options, *point.network);
  return Model{teacher.network, options.networks.problem(teacher, 1).theta};
}

Scenario scenario_of(const CoverageOptions& options, const ScenarioPoint& point) {
  const Perceptron& network = point.network->network;
  return {.truth = truth_of(options, point),
          .truth_is_redrawn = options.truth_is_redrawn,
          .design = options.design,
          .scale = options.scale,
          .design_is_redrawn = options.design_is_redrawn,
          .n_rows = static_cast<Index>(point.rows.of(network)),
          .law = point.noise,
          .noise_sd = point.noise_sd,
          .network = network,
          .decay = point.decay > 0 ? equal_decay(network, point.decay, options.decay_of) : Vector(),
          .start = point.start,
          .n_starts = options.n_starts,
          .solver = options.solver,
          .tolerance = options.tolerance,
          .max_iterations = options.max_iterations,
          .n_inside = options.n_inside,
          .n_beyond = options.n_beyond,
          .seed = options.networks.data_seed()};
}

IntervalOptions how(const CoverageOptions& options, DofRule dof_rule, double noise_sd) {
  const bool is_known = dof_rule == DofRule::known_sigma;
  return {.dof_rule = dof_rule,
          .known_sigma = is_known ? std::optional(noise_sd) : std::nullopt,
          .rank_policy = options.rank_policy,
          .n_simulations = options.n_simulations,
          .n_refits = options.n_bootstrap};
}

}  // namespace

ReplicatePlan plan_of(const CoverageOptions& options, const ScenarioPoint& point) {
  ReplicatePlan plan{
      .scenario = scenario_of(options, point), .strategies = {}, .methods = {}, .intervals = {}};
  for (const StrategyInfo* strategy : harness::in_table_order(options.strategies))
    plan.strategies.push_back(
        {std::string(strategy->name),
         {.relative_step = strategy->is_numeric() ? options.relative_step : std::optional<double>()}});
  for (const IntervalPoint& its : options.intervals.points()) {
    const bool is_of_last = !plan.methods.empty() && plan.methods.back().method == its.method &&
                            plan.methods.back().options.dof_rule == its.dof_rule;
    if (!is_of_last) plan.methods.push_back({its.method, how(options, its.dof_rule, plan.scenario.noise_sd)});
    const IntervalRequest request{plan.methods.size() - 1, its.simultaneous, its.kind, its.level};
    if (is_possible(plan.methods.back(), request, plan.scenario)) plan.intervals.push_back(request);
  }
  return plan;
}

IntervalPoint point_of(const ReplicatePlan& plan, const IntervalRequest& interval) {
  const MethodRequest& method = plan.methods[interval.method];
  return {method.method, method.options.dof_rule, interval.simultaneous, interval.kind, interval.level};
}

void expect_memory(const CoverageOptions& options, const ScenarioPoint& point) {
  const Perceptron& network = point.network->network;
  const double n = point.rows.of(network), P = static_cast<double>(network.n_params());
  const auto M = static_cast<double>(options.n_inside + options.n_beyond);
  const Index n_threads = options.replicates.threads();
  harness::expect_memory_for(
      fmt::format("network {} with {} rows and {} points on {} threads", to_string(network), n, M, n_threads),
      sizeof(double) * static_cast<double>(n_threads) * (8 * (n + P) + 4 * M) * P);
  const Perceptron teacher = drawn_teacher(options, *point.network).network;
  harness::expect_memory_for(fmt::format("teacher {}", to_string(teacher)),
                             sizeof(double) * static_cast<double>(teacher.n_params()));
}

void expect_possible(const CoverageOptions& options, const ReplicatePlan& plan) {
  const Scenario& scenario = plan.scenario;
  expect_possible_intervals(plan);
  if (scenario.design == Design::grid) {
    Matrix X(scenario.n_rows, scenario.network.n_inputs());
    RandomStream unused(0, 0, 0, RandomPurpose::inputs);
    draw_design(scenario.design, scenario.scale, unused, X);
  }
  const auto most = static_cast<double>(options.replicates.at_most());
  harness::expect_memory_for(fmt::format("network {} with {} points and {} replicates",
                                         to_string(scenario.network), scenario.n_points(), most),
                             sizeof(double) * most * static_cast<double>(RecordLayout(plan).size()));
}

}  // namespace jacobench::coverage
