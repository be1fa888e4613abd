#include "speed/speed_experiment.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "networks/verification.hpp"
#include "options/value_text.hpp"
#include "report/point_series.hpp"
#include "run/memory.hpp"
#include "speed/measurement.hpp"

namespace jacobench::speed {
namespace {

using harness::ColumnRole;

constexpr double largest_quiet_spread = 0.1;

std::string joined_us(const std::vector<double>& seconds) {
  std::string text;
  for (const double s : seconds) text += (text.empty() ? "" : " ") + harness::rounded_text(1e6 * s, 6);
  return text;
}

// The time of this strategy over that of the row, where the row is a strategy's.
harness::DerivedColumn speedup_over(const std::string& strategy, const std::string& heading = "") {
  using namespace harness;
  return {{.name = "speedup_over_" + strategy, .heading = heading, .unit = "x", .role = ColumnRole::timing},
          [strategy](const ColumnList& columns, const std::vector<Row>& rows) {
            std::vector<Value> speedups = ratios_to_row(columns, rows, "median_us", "work", strategy);
            const std::size_t work = column_index(columns, "work");
            const Value parts[] = {Value(values_work), Value(arithmetic_work), Value(write_limit_work)};
            for (std::size_t i = 0; i < rows.size(); ++i)
              if (std::find(std::begin(parts), std::end(parts), rows[i].values[work]) != std::end(parts))
                speedups[i] = Value();
            return speedups;
          }};
}

}  // namespace

SpeedExperiment::SpeedExperiment(std::span<const StrategyInfo> strategies)
    : known_strategies_(strategies), strategies_(harness::strategies_for_all(strategies)) {
  using namespace harness;
  // Its rows do not tell weight scales apart.
  std::vector<RowSchema<SharedNetwork>::Entry> of_networks = network_columns();
  std::erase_if(of_networks, [](const auto& entry) { return entry.column().name == "weight_scale"; });
  sweep_.add<SharedNetwork>(
      &SpeedGroup::network, [this] { return networks_.cases(); },
      RowSchema<SpeedGroup>::of_part(of_networks, &SpeedGroup::network));
  sweep_.add(table_,
             {.key = "data.rows",
              .help = "number of observations; auto: as many as make a Jacobian of data.jacobian_mib",
              .column = {.name = "rows", .role = ColumnRole::identity, .starts_group = true}},
             &SpeedGroup::rows, value_or("auto", whole_number(1, 1'000'000'000)), {std::nullopt});
  sweep_.add_column(
      {{.name = "n_rows", .heading = "rows", .role = ColumnRole::measure}, &SpeedGroup::n_rows});
  table_.add("data.jacobian_mib", "size of the Jacobian where data.rows is auto, in MiB", jacobian_mib_,
             whole_number(1, 1 << 20));
  table_.add("jacobian.strategies", "strategies, and peers of other libraries, to time", strategies_,
             list_of(one_of(strategies)));
  sweep_.add(
      table_,
      {.key = "jacobian.wrt",
       .help = "what the Jacobian is with respect to",
       .column = {.name = "wrt", .heading = "wrt", .role = ColumnRole::identity, .starts_group = true}},
      &SpeedGroup::wrt, one_of(wrt_table(), &WrtInfo::wrt), {Wrt::parameters});
  sweep_.add(table_,
             {.key = "jacobian.threads",
              .help = "threads over which the observations are split",
              .column = {.name = "threads",
                         .heading = "threads",
                         .role = ColumnRole::identity,
                         .starts_group = true}},
             &SpeedGroup::n_threads, whole_number(1, 1024), {1});
  table_.add("timing.repetitions", "repetitions of each timing, interleaved", timing_.repetitions,
             whole_number<int>(3, 1000));
  table_.add("timing.min_time", "seconds that each repetition lasts at least", timing_.min_seconds,
             real_number(1e-6, 60));
  table_.add("timing.arithmetic", "whether the arithmetic alone is timed, the other part of the roof",
             has_arithmetic_, harness::yes_or_no());
  table_.add("timing.cap", "seconds that one evaluation may take; what takes longer is skipped", cap_seconds_,
             real_number(1e-6, 1e6));
  schema_ = make_schema();
}

harness::RowSchema<SpeedRow> SpeedExperiment::make_schema() const {
  using R = SpeedRow;
  std::vector<harness::RowSchema<R>::Entry> entries =
      harness::RowSchema<R>::of_part(sweep_.columns(), &R::group);
  const harness::RowSchema<R>::Entry measures[] = {
      {{.name = "work", .heading = "work", .role = ColumnRole::identity}, &R::work},
      {{.name = "ns_per_row",
        .heading = "a row",
        .unit = "ns",
        .role = ColumnRole::timing,
        .is_answer = true},
       &R::ns_per_row},
      {{.name = "median_us", .heading = "median", .unit = "us", .role = ColumnRole::timing}, &R::median_us},
      {{.name = "min_us", .heading = "min", .unit = "us", .role = ColumnRole::timing}, &R::min_us},
      {{.name = "spread", .heading = "spread", .role = ColumnRole::timing, .digits = 2}, &R::spread},
      {{.name = "noisy", .heading = "noisy", .role = ColumnRole::timing}, &R::noisy},
      {{.name = "repetitions", .role = ColumnRole::measure}, &R::repetitions},
      {{.name = "bytes_written", .role = ColumnRole::measure}, &R::bytes_written},
      {{.name = "network_evaluations", .heading = "evals", .role = ColumnRole::measure},
       &R::network_evaluations},
      {{.name = "allocations", .heading = "allocs", .role = ColumnRole::measure}, &R::allocations},
      {{.name = "over_promise", .role = ColumnRole::promise, .digits = 2}, &R::over_promise},
      {{.name = "no_promise", .role = ColumnRole::waiver}, &R::no_promise},
      {{.name = "over_values",
        .heading = "/ values",
        .unit = "x",
        .role = ColumnRole::timing,
        .is_answer = true},
       &R::over_values},
      {{.name = "of_write_limit",
        .heading = "of limit",
        .role = ColumnRole::timing,
        .digits = 2,
        .is_answer = true},
       &R::of_write_limit},
      {{.name = "of_roof", .heading = "of roof", .role = ColumnRole::timing, .digits = 2}, &R::of_roof},
      {{.name = "repetition_us", .role = ColumnRole::samples}, &R::repetition_us},
  };
  entries.insert(entries.end(), std::begin(measures), std::end(measures));
  return harness::RowSchema<R>(std::move(entries));
}

std::vector<harness::DerivedColumn> SpeedExperiment::derived_columns() const {
  std::vector<harness::DerivedColumn> derived;
  for (const StrategyInfo* strategy : harness::strategies_for_all(known_strategies_)) {
    const std::string name(strategy->name);
    derived.push_back(speedup_over(name, name == "ceres_central" ? "over central" : ""));
  }
  return derived;
}

std::int64_t SpeedExperiment::rows_for(const SpeedGroup& group) const {
  if (group.rows) return *group.rows;
  const Perceptron& network = group.network->network;
  const std::int64_t doubles = (jacobian_mib_ << 20) / static_cast<std::int64_t>(sizeof(double));
  const std::int64_t fitting = doubles / (network.n_outputs() * n_columns(network, group.wrt));
  return std::max<std::int64_t>(fitting / 8 * 8, 8);
}

std::vector<harness::Row> SpeedExperiment::cells() {
  groups_ = sweep_.points();
  cells_.clear();
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    SpeedGroup& group = groups_[g];
    group.n_rows = rows_for(group);
    const Perceptron& network = group.network->network;
    harness::expect_memory_for(
        fmt::format("network {} with {} rows", to_string(network), group.n_rows),
        2.0 * sizeof(double) * static_cast<double>(group.n_rows) *
            static_cast<double>(network.n_outputs() * n_columns(network, group.wrt) + network.n_inputs()));
    cells_.push_back({g, write_limit_work, nullptr});
    if (times_arithmetic(group)) cells_.push_back({g, arithmetic_work, nullptr});
    cells_.push_back({g, values_work, nullptr});
    for (const StrategyInfo* strategy : harness::in_table_order(strategies_))
      cells_.push_back({g, std::string(strategy->name), strategy});
  }
  std::vector<harness::Row> rows;
  for (const Cell& cell : cells_) rows.push_back(schema_.to_cell(identity_of(cell)));
  return rows;
}

SpeedRow SpeedExperiment::identity_of(const Cell& cell) const {
  SpeedRow row;
  row.group = groups_[cell.group];
  row.work = cell.work;
  return row;
}

std::size_t SpeedExperiment::group_size(std::size_t first) {
  std::size_t end = first;
  while (end < cells_.size() && cells_[end].group == cells_[first].group) ++end;
  return end - first;
}

std::vector<harness::Row> SpeedExperiment::run_cells(const std::vector<std::size_t>& cells,
                                                     harness::Records&) {
  const SpeedGroup& group = groups_[cells_[cells.front()].group];
  const Perceptron& network = group.network->network;
  Measurement measurement(networks_, *group.network, group.n_rows, group.wrt, group.n_threads);
  measurement.add_write_limit();
  if (times_arithmetic(group)) measurement.add_arithmetic();
  measurement.add_values();
  for (const StrategyInfo* strategy : harness::in_table_order(strategies_)) {
    const std::string name(strategy->name);
    if (strategy->why_not) {
      const std::string reason = strategy->why_not(network, group.wrt);
      if (!reason.empty()) {
        measurement.skip(name, reason);
        continue;
      }
    }
    const Series series{strategy, group.rows, group.wrt};
    const auto capped = capped_at_.find(series);
    if (capped != capped_at_.end() && network.n_params() >= capped->second) {
      measurement.skip(name, "past timing.cap at a smaller network already");
      continue;
    }
    const double seconds = measurement.estimated_seconds(*strategy);
    if (seconds <= cap_seconds_) {
      measurement.add(*strategy);
      continue;
    }
    capped_at_[series] = network.n_params();
    measurement.skip(name,
                     fmt::format("one evaluation takes about {} s, over timing.cap = {} s",
                                 harness::rounded_text(seconds, 2), harness::rounded_text(cap_seconds_, 3)));
  }
  const auto& measured = measurement.run(timing_);

  const double values_seconds = measured.at(values_work).timing->median;
  const double limit_seconds = measured.at(write_limit_work).timing->median;
  std::optional<double> roof_seconds;
  if (times_arithmetic(group))
    roof_seconds = std::max(limit_seconds, measured.at(arithmetic_work).timing->median);
  std::vector<harness::Row> rows;
  for (const std::size_t index : cells) {
    const Cell& cell = cells_[index];
    const Measured& m = measured.at(cell.work);
    if (!m.timing) {
      harness::Row row = schema_.to_cell(identity_of(cell));
      row.status = m.failure.empty() ? harness::RowStatus::skipped : harness::RowStatus::failed;
      row.reason = m.failure.empty() ? m.skipped : m.failure;
      rows.push_back(std::move(row));
      continue;
    }
    SpeedRow row = identity_of(cell);
    row.ns_per_row = 1e9 * m.timing->median / static_cast<double>(group.n_rows);
    row.median_us = 1e6 * m.timing->median;
    row.min_us = 1e6 * m.timing->min;
    row.spread = m.timing->spread;
    row.noisy = m.timing->spread > largest_quiet_spread;
    row.repetitions = static_cast<std::int64_t>(m.timing->repetitions.size());
    row.bytes_written = m.bytes_written;
    row.network_evaluations = m.network_evaluations;
    row.allocations = m.allocations;
    row.over_promise = m.over_promise;
    if (!cell.strategy) row.no_promise = "is no Jacobian";
    row.over_values = m.timing->median / values_seconds;
    if (cell.work != values_work) row.of_write_limit = limit_seconds / m.timing->median;
    if (cell.strategy && roof_seconds) row.of_roof = *roof_seconds / m.timing->median;
    row.repetition_us = joined_us(m.timing->repetitions);
    rows.push_back(schema_.to_row(row));
  }
  return rows;
}

std::vector<std::string> SpeedExperiment::laws(const std::vector<harness::Row>& rows) const {
  const harness::RowsByColumn table(columns(), rows);
  const std::vector<harness::Value> speedups = speedup_over("layerwise").values(columns(), rows);
  harness::PointSeries of_time;
  std::map<std::string, std::vector<harness::Point>> of_ratio;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const harness::Row& row = rows[i];
    const auto P = table.number(row, "n_params"), ns = table.number(row, "ns_per_row");
    if (row.status != harness::RowStatus::ok || !P || !ns) continue;
    const std::string name = table.series_name(row, {"work", "activation", "rows", "wrt", "threads"});
    of_time.add(name, {*P, *ns});
    const auto speedup = harness::number_in(speedups[i]);
    if (speedup && table.text(row, "work") != "layerwise") of_ratio[name].push_back({*P, 1 / *speedup});
  }
  std::vector<std::string> laws;
  for (const std::string& name : of_time.names()) {
    const auto time = harness::fit_power_law(of_time.of(name));
    if (!time) continue;
    laws.push_back(fmt::format("{}: ns a row {}", name, to_text(*time, "P")));
    if (const auto ratio = harness::fit_power_law(of_ratio[name]))
      laws.push_back(fmt::format("{}: time over that of layerwise {}", name, to_text(*ratio, "P")));
  }
  return laws;
}

std::vector<harness::Figure> SpeedExperiment::figures() const {
  using namespace harness;
  const Axis P{.column = "n_params", .title = "parameters P", .scale = Scale::log};
  const std::vector<std::string> panels = {"rows", "wrt", "threads", "activation"};
  return {
      {.name = "time",
       .title = "Time a row as the network grows",
       .question =
           "write_limit is a plain fill of the Jacobian's bytes, the floor under every method; values is one "
           "evaluation of the network.",
       .x = P,
       .y = {.column = "ns_per_row", .title = "time a row (ns)", .scale = Scale::log},
       .colours = {"work"},
       .panels = panels,
       .laws = one_power_law},
      {.name = "limit",
       .title = "Share of the write limit",
       .question =
           "The time of a plain fill over that of the strategy: 1 is as fast as memory takes the Jacobian.",
       .x = P,
       .y = {.column = "of_write_limit", .title = "time of a fill / time", .scale = Scale::log},
       .layers = {{.mark = Mark::steps}},
       .colours = {"work"},
       .panels = panels,
       .rules = {{.label = "the write limit", .at = 1}}},
      {.name = "speedup",
       .title = "How many times faster than central differences",
       .question = "Analytic over numeric, as the network grows.",
       .x = P,
       .y = {.column = "speedup_over_ceres_central",
             .title = "time of ceres_central / time",
             .scale = Scale::log},
       .colours = {"work"},
       .panels = panels,
       .rules = {{.label = "as fast", .at = 1}},
       .laws = one_power_law}};
}

std::vector<harness::SummaryColumn> SpeedExperiment::summary_columns() const {
  using harness::RowChoice;
  const auto of_layerwise = [](const std::string& heading, const std::string& column, RowChoice choice) {
    return harness::SummaryColumn{.name = "layerwise_" + column,
                                  .heading = heading,
                                  .column = column,
                                  .where = {{"work", "layerwise"}, {"wrt", "parameters"}},
                                  .choice = choice};
  };
  return {of_layerwise("layerwise a row", "ns_per_row", RowChoice::greatest),
          of_layerwise("over central", "speedup_over_ceres_central", RowChoice::least),
          of_layerwise("of limit", "of_write_limit", RowChoice::least)};
}

}  // namespace jacobench::speed
