#include "accuracy/accuracy_experiment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "jacobench/files/jacobian_stream.hpp"

#include "accuracy/accuracy_laws.hpp"
#include "networks/tried_formulas.hpp"
#include "networks/verification.hpp"
#include "peers/peer_table.hpp"
#include "run/memory.hpp"

namespace jacobench::accuracy {
namespace {

using harness::ColumnRole;

harness::RowSchema<AccuracyRow> make_schema(const harness::Sweep<AccuracyCell>& sweep) {
  using R = AccuracyRow;
  using Schema = harness::RowSchema<R>;
  std::vector<Schema::Entry> entries = Schema::of_part(sweep.columns(), &R::cell);
  const Schema::Entry measures[] = {
      {{.name = "correct_digits", .heading = "digits", .role = ColumnRole::measure, .is_answer = true},
       &R::correct_digits},
      {{.name = "max_relative_error",
        .heading = "max relative",
        .role = ColumnRole::gated,
        .digits = 2,
        .floor = 1e-15,
        .is_answer = true},
       &R::max_relative_error},
      {{.name = "max_scaled_error",
        .heading = "max scaled",
        .unit = "u",
        .role = ColumnRole::gated,
        .floor = 8,
        .meaning =
            "largest |J - J*| / S in u = 2^-53, S the sum over the paths with every term taken absolute"},
       &R::max_scaled_error},
      {{.name = "p99_scaled_error", .heading = "99%", .unit = "u", .role = ColumnRole::measure},
       &R::p99_scaled_error},
      {{.name = "mean_scaled_error", .unit = "u", .role = ColumnRole::measure}, &R::mean_scaled_error},
      {{.name = "worst_entry", .role = ColumnRole::measure}, &R::worst_entry},
      {{.name = "error_bound", .heading = "", .role = ColumnRole::measure}, &R::error_bound},
      {{.name = "error_over_promise",
        .heading = "/ promise",
        .role = ColumnRole::promise,
        .digits = 2,
        .is_answer = true},
       &R::error_over_promise},
      {{.name = "no_promise", .role = ColumnRole::waiver}, &R::no_promise},
      {{.name = "network_evaluations", .heading = "evals", .role = ColumnRole::measure},
       &R::network_evaluations},
      {{.name = "time_us", .heading = "time", .unit = "us", .role = ColumnRole::timing, .is_answer = true},
       &R::time_us},
      {{.name = "cost_over_values", .heading = "/ values", .unit = "x", .role = ColumnRole::timing},
       &R::cost_over_values},
      {{.name = "cost_over_separate",
        .heading = "/ 2 calls",
        .unit = "x",
        .role = ColumnRole::timing,
        .digits = 2},
       &R::cost_over_separate},
  };
  entries.insert(entries.end(), std::begin(measures), std::end(measures));
  return Schema(std::move(entries));
}

AccuracyRow identity_of(const AccuracyCell& cell) {
  AccuracyRow row;
  row.cell = cell;
  return row;
}

// The Jacobian, its reference in two parts, three scales and the work of comparing them; and the record of
// one observation in 50 digits.
double bytes_needed(const Perceptron& network, std::int64_t n_rows) {
  const double n_params = static_cast<double>(network.n_params());
  const double entries = static_cast<double>(n_rows) * static_cast<double>(network.n_outputs()) * n_params;
  return 8 * sizeof(double) * entries + 600 * n_params;
}

// The least time in us of a few calls; a call that takes long is made once.
template <class Call>
double fastest_us(const Call& call) {
  using Clock = std::chrono::steady_clock;
  double fastest = std::numeric_limits<double>::infinity();
  const auto begin = Clock::now();
  for (int calls = 0; calls < 5 || (calls < 1000 && Clock::now() - begin < std::chrono::milliseconds(5));
       ++calls) {
    const auto start = Clock::now();
    call();
    const auto stop = Clock::now();
    fastest = std::min(fastest, std::chrono::duration<double, std::micro>(stop - start).count());
    if (stop - begin > std::chrono::milliseconds(200)) break;
  }
  return fastest;
}

}  // namespace

std::span<const StrategyInfo> AccuracyExperiment::all_strategies() {
  static const std::vector<StrategyInfo> all = [] {
    const auto strategies = peers::strategies_and_peers(), tried = harness::tried_formula_table();
    std::vector<StrategyInfo> rows(strategies.begin(), strategies.end());
    rows.insert(rows.end(), tried.begin(), tried.end());
    return rows;
  }();
  return all;
}

AccuracyExperiment::AccuracyExperiment(std::span<const StrategyInfo> strategies) {
  using namespace harness;
  sweep_.add<SharedNetwork>(
      &AccuracyCell::network, [this] { return networks_.cases(); },
      RowSchema<AccuracyCell>::of_part(network_columns(), &AccuracyCell::network));
  table_.add("data.rows", "number of observations", n_rows_, whole_number(1, 1'000'000'000));
  sweep_.add(table_,
             {.key = "jacobian.strategies",
              .help = "strategies, and peers of other libraries, to measure",
              .column = {.name = "strategy", .heading = "strategy", .role = ColumnRole::identity},
              .in_table_order = true},
             &AccuracyCell::strategy, one_of(strategies), strategies_for_all(strategies));
  sweep_.add(table_,
             {.key = "jacobian.wrt",
              .help = "what the Jacobian is with respect to",
              .column = {.name = "wrt", .heading = "wrt", .role = ColumnRole::identity, .starts_group = true},
              .just_outside = "jacobian.strategies"},
             &AccuracyCell::wrt, one_of(wrt_table(), &WrtInfo::wrt), {Wrt::parameters});
  sweep_.add(
      table_,
      {.key = "jacobian.relative_step", .help = "step of the numeric strategies; auto: each one's own"},
      &AccuracyCell::relative_step, value_or("auto", real_number(1e-16, 1)), {std::nullopt});
  sweep_.add_column({{.name = "relative_step", .heading = "step", .role = ColumnRole::identity, .digits = 2},
                     &AccuracyCell::relative_step});
  schema_ = make_schema(sweep_);
}

// An analytic strategy takes no step, and `auto` may stand for a step that is listed as well: such cells come once.
std::vector<harness::Row> AccuracyExperiment::cells() {
  cells_.clear();
  std::ptrdiff_t first_of_network = 0;
  for (AccuracyCell& cell : sweep_.points()) {
    const Perceptron& network = cell.network->network;
    if (cells_.empty() || cells_.back().network != cell.network) {
      harness::expect_memory_for("network " + to_string(network), bytes_needed(network, n_rows_));
      first_of_network = std::ssize(cells_);
    }
    const std::optional<double> own = cell.strategy->default_relative_step;
    cell.relative_step = own ? cell.relative_step.value_or(*own) : own;
    if (std::find(cells_.begin() + first_of_network, cells_.end(), cell) == cells_.end())
      cells_.push_back(std::move(cell));
  }
  std::vector<harness::Row> rows;
  for (const AccuracyCell& cell : cells_) rows.push_back(schema_.to_cell(identity_of(cell)));
  return rows;
}

const AccuracyExperiment::Prepared& AccuracyExperiment::prepared(const harness::SharedNetwork& network) {
  if (!prepared_ || prepared_->network != network) {
    prepared_.reset();
    harness::Problem problem = networks_.problem(*network, n_rows_);
    Reference reference = compute_reference(network->network, problem.theta, problem.X);
    prepared_.emplace(Prepared{network, std::move(problem), std::move(reference)});
  }
  return *prepared_;
}

harness::Row AccuracyExperiment::run_cell(std::size_t index) {
  const AccuracyCell& cell = cells_[index];
  const harness::NetworkCase& network_case = *cell.network;
  const Perceptron& network = network_case.network;
  const harness::Problem& problem = prepared(cell.network).problem;
  const Reference& reference = prepared(cell.network).reference;
  const Vector& theta = problem.theta;
  const Matrix& X = problem.X;

  if (cell.strategy->why_not) {
    const std::string reason = cell.strategy->why_not(network, cell.wrt);
    if (!reason.empty()) {
      harness::Row row = schema_.to_cell(identity_of(cell));
      row.status = harness::RowStatus::skipped;
      row.reason = reason;
      return row;
    }
  }
  const auto evaluator = cell.strategy->make(network, X.rows(), {.relative_step = cell.relative_step});
  Matrix values(X.rows(), network.n_outputs());
  Matrix J(X.rows() * network.n_outputs(), n_columns(network, cell.wrt));
  Outputs jacobian;
  (cell.wrt == Wrt::parameters ? jacobian.J_y_theta : jacobian.J_y_x) = &J;
  Outputs both = jacobian;
  both.values = &values;

  AccuracyRow row = identity_of(cell);
  evaluator->evaluate(theta, X, jacobian);
  row.network_evaluations = evaluator->counts().layers / (network.n_layers() * X.rows());
  const PromiseVerdict verdict =
      harness::verify(*cell.strategy, cell.relative_step, network_case, problem, cell.wrt, J, reference);
  const ErrorSummary& errors = verdict.errors;
  row.error_bound = verdict.promise;
  if (verdict.outcome == PromiseOutcome::not_promised) row.no_promise = verdict.why_not_promised;
  row.worst_entry = entry_name(network, cell.wrt, X.rows(), errors.worst_row, errors.worst_column);
  if (!std::isfinite(errors.worst_computed))
    throw std::runtime_error(fmt::format("{} is {}, its reference {}", row.worst_entry, errors.worst_computed,
                                         errors.worst_reference));
  row.max_scaled_error = errors.max_scaled;
  row.mean_scaled_error = errors.mean_scaled;
  row.p99_scaled_error = errors.p99_scaled;
  row.max_relative_error = errors.max_relative_to_row;
  row.correct_digits = errors.correct_digits;
  row.error_over_promise = errors.max_over_bound;

  row.time_us = fastest_us([&] { evaluator->evaluate(theta, X, jacobian); });
  const double values_us = fastest_us([&] { evaluator->evaluate(theta, X, {.values = &values}); });
  const double both_us = fastest_us([&] { evaluator->evaluate(theta, X, both); });
  row.cost_over_values = both_us / values_us;
  row.cost_over_separate = both_us / (values_us + row.time_us);
  return schema_.to_row(row);
}

std::vector<std::string> AccuracyExperiment::laws(const std::vector<harness::Row>& rows) const {
  return accuracy_laws(columns(), rows);
}

std::vector<harness::Figure> AccuracyExperiment::figures() const {
  using namespace harness;
  const Axis digits{.column = "max_relative_error", .title = "correct digits", .scale = Scale::digits};
  const std::vector<std::string> of_network = {"network", "activation", "weight_scale", "wrt"};
  return {
      {.name = "digits",
       .title = "Digits of the Jacobian as the network grows",
       .question = "Of the largest error of an entry relative to its row, at each strategy's best step; "
                   "15.95 is all that a "
                   "double has.",
       .x = {.column = "n_params", .title = "parameters P", .scale = Scale::log},
       .y = digits,
       .layers = {{.mark = Mark::steps}},
       .colours = {"strategy"},
       .panels = {"wrt", "activation", "weight_scale"},
       .from_same_place = FromSamePlace::least_y,
       .laws = one_power_law},
      {.name = "step",
       .title = "Error of a numerical Jacobian against its step",
       .question =
           "A V: truncation, a power of the step, on the right of the best step, and rounding on its left.",
       .x = {.column = "relative_step", .title = "relative step h", .scale = Scale::log},
       .y = {.column = "max_relative_error", .title = "largest relative error", .scale = Scale::log},
       .colours = {"strategy"},
       .panels = of_network,
       .laws = step_branches,
       .marks_least = true},
      {.name = "cost",
       .title = "Digits against cost",
       .question = "Up and to the left is better: more digits for less time. A mark is a cell.",
       .x = {.column = "cost_over_values",
             .title = "time of values and Jacobian over that of values",
             .scale = Scale::log},
       .y = digits,
       .colours = {"strategy"},
       .panels = {"wrt", "activation", "weight_scale"}}};
}

std::vector<harness::SummaryColumn> AccuracyExperiment::summary_columns() const {
  using Where = std::vector<std::pair<std::string, std::string>>;
  const auto greatest_error = [](const std::string& heading, const std::string& strategy) {
    return harness::SummaryColumn{.name = strategy + "_max_scaled_error",
                                  .heading = heading,
                                  .column = "max_scaled_error",
                                  .where = Where{{"strategy", strategy}, {"wrt", "parameters"}},
                                  .choice = harness::RowChoice::greatest};
  };
  return {greatest_error("layerwise error", "layerwise"), greatest_error("central error", "ceres_central")};
}

}  // namespace jacobench::accuracy
