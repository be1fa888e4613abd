#include "report/fit_figures.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/statistics.hpp"
#include "jacobench/files/csv_rows.hpp"
#include "jacobench/files/number_style.hpp"
#include "jacobench/inference/diagnostics.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/network/model.hpp"

#include "options/value_text.hpp"

namespace jacobench::harness {
namespace {

constexpr Index n_grid = 121;

// Why there are no bounds at some points, each once.
using Reasons = std::set<std::string>;

Column identity(const std::string& name, const std::string& heading) {
  return {.name = name, .heading = heading, .role = ColumnRole::identity};
}
Column measure(const std::string& name, const std::string& heading) {
  return {.name = name, .heading = heading, .role = ColumnRole::measure, .digits = 6};
}

// Places, values and bounds are in the units of the data.
const ColumnList band_columns = {identity("part", ""),
                                 identity("method", "method"),
                                 identity("input", "input"),
                                 identity("output", "output"),
                                 measure("at", "at"),
                                 measure("fit", "fit"),
                                 measure("mean_lower", "mean from"),
                                 measure("mean_upper", "mean to"),
                                 measure("prediction_lower", "prediction from"),
                                 measure("prediction_upper", "prediction to"),
                                 measure("observed", "observed")};

struct Observations {
  Matrix X, Y, fitted;
};

Observations observations_of(const StoredFit& stored) {
  const Dataset& data = stored.fit.data;
  const Matrix fitted = evaluate(ScaledModel{{stored.fit.network, stored.fit.theta}}, data.X);
  return {stored.X(), stored.Y(), stored.output_map.of(fitted)};
}

void add_data_row(const std::string& input, const std::string& output, double at, double observed,
                  RowTable& table) {
  table.rows.push_back({RowStatus::ok,
                        "",
                        {std::string("data"), Value(), input, output, at, Value(), Value(), Value(), Value(),
                         Value(), to_value(observed)}});
}

std::optional<double> number_of(const std::string& cell) {
  const ReadNumber number = read_number(cell, {});
  return number.ok() ? std::optional(number.value) : std::nullopt;
}

// The rows of a file that `interval` wrote; nothing where more than one input varies.
std::optional<std::string> read_bands(const std::filesystem::path& file, const StoredFit& stored,
                                      RowTable& table, Reasons& reasons) {
  CsvRows rows(file, {.separator = ','});
  const auto& names = rows.columns();
  for (const std::string& name : {std::string("method"), std::string("output"), std::string("fit")})
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw InputError("{}: has no column {}; give a file that jacobench interval wrote", file.string(),
                       name);
  // A name that an input shares with what the file says of the band stands for the input first.
  const std::size_t n_inputs = stored.inputs.size();
  if (names.size() < n_inputs + 3 ||
      !std::equal(stored.inputs.begin(), stored.inputs.end(), names.begin() + 1))
    throw InputError("{}: has not the inputs of the fit, {}; make it with jacobench interval", file.string(),
                     joined(stored.inputs, ", "));
  const auto column = [&](const std::string& name) -> std::optional<std::size_t> {
    const auto found =
        std::find(names.begin() + static_cast<std::ptrdiff_t>(n_inputs) + 1, names.end(), name);
    if (found == names.end()) return {};
    return static_cast<std::size_t>(found - names.begin());
  };
  const auto output = column("output"), fit = column("fit"), reason = column("reason");
  if (!output || !fit)
    throw InputError("{}: has no columns output and fit after the inputs; make it with jacobench interval",
                     file.string());
  std::vector<std::vector<double>> at(n_inputs);
  std::vector<Row> found;
  while (rows.next()) {
    const auto read = [&](std::size_t place) {
      const std::optional<double> number = number_of(rows.cell(place));
      if (!number)
        throw InputError("{}:{}: column {}: '{}' is no number; make the file with jacobench interval",
                         file.string(), rows.line(), names[place], rows.cell(place).substr(0, 40));
      return *number;
    };
    const auto number = [&](std::optional<std::size_t> place) -> Value {
      return place && !rows.cell(*place).empty() ? Value(read(*place)) : Value();
    };
    for (std::size_t d = 0; d < n_inputs; ++d) at[d].push_back(read(d + 1));
    if (reason && !rows.cell(*reason).empty()) reasons.insert(rows.cell(0) + ": " + rows.cell(*reason));
    found.push_back({RowStatus::ok,
                     "",
                     {std::string("band"), rows.cell(0), Value(), rows.cell(*output), Value(), number(fit),
                      number(column("mean_lower")), number(column("mean_upper")),
                      number(column("prediction_lower")), number(column("prediction_upper")), Value()}});
  }
  if (found.empty()) throw InputError("{}: has no bands under its header", file.string());
  constexpr std::string_view bounds[] = {"mean_lower", "mean_upper", "prediction_lower", "prediction_upper"};
  if (std::none_of(std::begin(bounds), std::end(bounds),
                   [&](std::string_view name) { return column(std::string(name)).has_value(); }))
    throw InputError("{}: has no column of bounds, such as mean_lower; make it with jacobench interval",
                     file.string());
  std::vector<std::size_t> varying;
  for (std::size_t d = 0; d < n_inputs; ++d)
    if (std::adjacent_find(at[d].begin(), at[d].end(), std::not_equal_to<>()) != at[d].end())
      varying.push_back(d);
  if (varying.size() != 1) return {};
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].values[2] = stored.inputs[varying[0]];
    found[i].values[4] = at[varying[0]][i];
    table.rows.push_back(std::move(found[i]));
  }
  return stored.inputs[varying[0]];
}

// Along input d, the others at their means. Returns why there are no bands.
std::string add_own_bands(const StoredFit& stored, const Observations& seen, Index d, RowTable& table,
                          Reasons& reasons) {
  Matrix X = seen.X.colwise().mean().replicate(n_grid, 1);
  X.col(d) = Vector::LinSpaced(n_grid, seen.X.col(d).minCoeff(), seen.X.col(d).maxCoeff());
  const Matrix X0 = stored.input_map.of(X);
  const bool has_bands = stored.fit.has_settled();
  Bands bands;
  const std::string method = stored.covariance ? std::string(info(*stored.covariance).name)
                                               : default_interval_method(stored.fit).name;
  IntervalOptions how = stored.how;
  how.new_weights = stored.fit.data.weights.size() > 0 ? Vector::Constant(1, 1.0) : Vector();
  if (has_bands) bands = bands_at(stored.fit, X0, {.method = method, .how = how});
  const Matrix fitted =
      stored.output_map.of(evaluate(ScaledModel{{stored.fit.network, stored.fit.theta}}, X0));
  const auto bound = [&](const Matrix& part, Index m, Index k) {
    if (part.size() == 0) return Value();
    const double scale = stored.output_map.is_identity() ? 1 : stored.output_map.scale[k];
    const double shift = stored.output_map.is_identity() ? 0 : stored.output_map.shift[k];
    return to_value(part(m, k) * scale + shift);
  };
  const bool has_prediction =
      stored.fit.data.weights.size() == 0;  // what a new observation weighs is not known
  for (Index k = 0; k < fitted.cols(); ++k)
    for (Index m = 0; m < n_grid; ++m)
      table.rows.push_back({RowStatus::ok,
                            "",
                            {std::string("band"), method, stored.inputs[static_cast<std::size_t>(d)],
                             stored.outputs[static_cast<std::size_t>(k)], X(m, d), to_value(fitted(m, k)),
                             bound(bands.mean.lower, m, k), bound(bands.mean.upper, m, k),
                             has_prediction ? bound(bands.prediction.lower, m, k) : Value(),
                             has_prediction ? bound(bands.prediction.upper, m, k) : Value(), Value()}});
  for (const std::string& reason : bands.open)
    if (!reason.empty()) reasons.insert(reason);
  return has_bands ? bands.reason : "the fit has not settled";
}

std::vector<Figure> band_figures(const StoredFit& stored, bool is_partial) {
  const RowFilter band{.column = "part", .values = {"band"}}, data{.column = "part", .values = {"data"}};
  return {
      {.name = "bands",
       .title = "Data, fitted function and its bands",
       .question =
           is_partial
               ? "Each curve runs along one input with the others at their means; the data are moved there "
                 "(fit + residual)."
               : "Where the fitted function lies (filled), and where a new observation would (dashed).",
       .x = {.column = "at", .title = stored.inputs.size() == 1 ? stored.inputs[0] : "input"},
       .y = {.column = "fit", .title = stored.outputs.size() == 1 ? stored.outputs[0] : "output"},
       .layers =
           {{.mark = Mark::line,
             .bounds = {.low = "mean_lower", .high = "mean_upper", .label = "band of the fitted function"},
             .where = band},
            {.mark = Mark::line,
             .y = "prediction_lower",
             .where = band,
             .label = "bounds of a new observation",
             .dashed = true},
            {.mark = Mark::line, .y = "prediction_upper", .where = band, .dashed = true},
            {.mark = Mark::line, .where = band, .label = "fit", .plain = true},
            {.y = "observed", .where = data, .label = "data", .plain = true}},
       .colours = {"method"},
       .panels = {"output", "input"},
       .has_own_axes = true,
       .keeps_to_marks = true}};
}

const ColumnList residual_columns = {
    {.name = "observation", .heading = "observation", .role = ColumnRole::identity},
    identity("output", "output"),
    measure("observed", "observed"),
    measure("fitted", "fitted"),
    measure("residual", "residual"),
    measure("leverage", "leverage"),
    measure("studentised", "studentised residual"),
    measure("deleted", "deleted studentised"),
    measure("normal_quantile", "normal quantile")};

std::vector<Figure> residual_figures() {
  const std::vector<std::string> by_output = {"output"};
  return {
      {.name = "residuals",
       .title = "Residuals against fitted values",
       .question = "A cloud without a form about 0 says that nothing is left to fit and that the noise is "
                   "everywhere alike.",
       .x = {.column = "fitted", .title = "fitted value"},
       .y = {.column = "residual"},
       .panels = by_output,
       .rules = {{.label = "0", .at = 0}},
       .has_own_axes = true},
      {.name = "quantiles",
       .title = "Studentised residuals against normal quantiles",
       .question = "Normal noise lies along the line; heavy tails leave it at both ends.",
       .x = {.column = "normal_quantile"},
       .y = {.column = "studentised"},
       .layers =
           {{},
            {.mark = Mark::line, .y = "normal_quantile", .label = "normal", .dashed = true, .plain = true}},
       .panels = by_output},
      {.name = "leverage",
       .title = "Leverage against studentised residual",
       .question = "Far to the right an observation draws the fit to itself; beyond 2 it lies far from it. "
                   "Both together "
                   "make it decisive.",
       .x = {.column = "leverage", .takes_zero = true},
       .y = {.column = "studentised"},
       .panels = by_output,
       .rules = {{.label = "0 and 2 standard deviations", .at = 0},
                 {.label = "", .at = 2},
                 {.label = "", .at = -2}}}};
}

// Returns why leverages are not there.
std::string add_residuals(const StoredFit& stored, const Observations& seen, RowTable& table) {
  const Index N = seen.Y.rows(), K = seen.Y.cols();
  Tangent at = linearise(stored.fit);
  const Covariance cov =
      covariance(at, stored.how.covariance(stored.covariance.value_or(default_covariance(stored.fit))));
  std::optional<Diagnostics> found;
  if (cov.ok()) found = diagnose(at, cov);
  for (Index k = 0; k < K; ++k) {
    std::vector<Index> order;
    for (Index n = 0; n < N; ++n)
      if (found && found->studentised[static_cast<std::size_t>(k * N + n)]) order.push_back(n);
    const auto studentised = [&](Index n) {
      return *found->studentised[static_cast<std::size_t>(k * N + n)];
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](Index a, Index b) { return studentised(a) < studentised(b); });
    std::vector<std::optional<double>> quantiles(static_cast<std::size_t>(N));
    for (std::size_t i = 0; i < order.size(); ++i)
      quantiles[static_cast<std::size_t>(order[i])] =
          normal_quantile((static_cast<double>(i) + 0.625) / (static_cast<double>(order.size()) + 0.25));
    for (Index n = 0; n < N; ++n) {
      const auto place = static_cast<std::size_t>(k * N + n);
      table.rows.push_back(
          {RowStatus::ok,
           "",
           {static_cast<std::int64_t>(n + 1), stored.outputs[static_cast<std::size_t>(k)],
            to_value(seen.Y(n, k)), to_value(seen.fitted(n, k)), to_value(seen.Y(n, k) - seen.fitted(n, k)),
            found ? to_value(found->leverages[k * N + n]) : Value(),
            found ? to_value(found->studentised[place]) : Value(),
            found ? to_value(found->deleted_studentised[place]) : Value(),
            to_value(quantiles[static_cast<std::size_t>(n)])}});
    }
  }
  return cov.ok() ? "" : cov.reason();
}

// In rising order; those that were not finite have no place in it.
RowTable starts_table(const StoredFit& stored) {
  std::vector<StartOutcome> outcomes = stored.fit.end->starts.outcomes;
  std::erase_if(outcomes, [](const StartOutcome& one) { return !std::isfinite(one.objective); });
  std::stable_sort(outcomes.begin(), outcomes.end(),
                   [](const StartOutcome& a, const StartOutcome& b) { return a.objective < b.objective; });
  RowTable table{.columns = {identity("rank", "start, from the best"), identity("ended", "ended"),
                             measure("objective", "objective")},
                 .rows = {}};
  std::int64_t rank = 0;
  for (const StartOutcome& one : outcomes)
    table.rows.push_back(
        {RowStatus::ok,
         "",
         {++rank,
          fmt::format("{} start, {}", one.is_drawn ? "drawn" : "given",
                      one.has_arrived ? "at a minimum" : "before a minimum, at its last step"),
          one.objective}});
  return table;
}

// A file of an earlier version keeps three objectives.
RowTable three_starts_table(const StartSummary& starts) {
  RowTable table{.columns = {identity("rank", "of all starts"), measure("objective", "objective")},
                 .rows = {}};
  for (const auto& [name, objective] :
       {std::pair("lowest", starts.lowest), {"median", starts.median}, {"highest", starts.highest}})
    table.rows.push_back({RowStatus::ok, "", {std::string(name), to_value(objective)}});
  return table;
}

std::optional<Chart> starts_chart(const StoredFit& stored) {
  if (!stored.fit.end || stored.fit.end->starts.n_starts < 2) return {};
  const StartSummary& starts = stored.fit.end->starts;
  // What differs is to be seen: an order of magnitude, or optima close to each other, but no rounding.
  const bool is_wide = starts.lowest > 0 && starts.highest > 10 * starts.lowest;
  const bool is_one_optimum = starts.highest <= 1.001 * starts.lowest;
  const bool has_each = !starts.outcomes.empty();
  std::string question = fmt::format("Sum of squares and penalty. {} of {} starts reached the lowest",
                                     starts.n_at_best, starts.n_starts);
  if (starts.n_failed > 0) question += fmt::format(", {} were not finite", starts.n_failed);
  question += has_each ? "; a step is an optimum, and its length says how often it was reached."
                       : "; the fit file keeps these three.";
  if (std::ssize(starts.outcomes) >= most_outcomes)
    question += fmt::format(" The first {} are drawn.", most_outcomes);
  return chart_of({.name = "starts",
                   .title = "Objective by start",
                   .question = question,
                   .x = {.column = "rank",
                         .title = has_each ? "starts, from the best" : "start",
                         .scale = has_each ? Scale::linear : Scale::each},
                   .y = {.column = "objective",
                         .title = "objective",
                         .scale = is_wide ? Scale::log : Scale::linear,
                         .takes_zero = is_one_optimum},
                   .colours = {"ended"}},
                  has_each ? starts_table(stored) : three_starts_table(starts));
}

PageFacts facts_of(const StoredFit& stored) {
  const Fit& fit = stored.fit;
  PageFacts facts{.heading = "What was fitted", .facts = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    facts.facts.emplace_back(name, value);
  };
  add("data", fmt::format("{}: {} observations", stored.source, fit.data.n_observations()));
  add("inputs", joined(stored.inputs, ", "));
  add("outputs", joined(stored.outputs, ", "));
  add("network", fmt::format("{}, {} parameters", to_string(fit.network), fit.n_params()));
  add("decay", stored.decay_origin ? fmt::format("chosen by {}: {}", stored.decay_origin->rule,
                                                 exact_text(stored.decay_origin->k))
               : fit.has_decay()   ? "as it was given"
                                   : "none");
  if (!fit.end) return facts;
  add("stopped", std::string(explanation(fit.end->stop)));
  add("settled", fit.end->has_settled() ? "yes" : "no");
  add("residual sum of squares", exact_text(fit.end->rss));
  if (stored.curvature)
    add("intrinsic curvature (times sqrt F)",
        rounded_text(stored.curvature->intrinsic * stored.curvature->root_f, 3));
  return facts;
}

}  // namespace

PageSection fit_section(const StoredFit& stored, const std::optional<std::filesystem::path>& file) {
  const Observations seen = observations_of(stored);
  PageSection section{.heading = "fit of " + joined(stored.outputs, ", "),
                      .paragraphs = {},
                      .facts = {facts_of(stored)},
                      .charts = {},
                      .table = {}};
  RowTable bands{.columns = band_columns, .rows = {}};
  std::optional<std::string> along;
  Reasons reasons;
  if (file) {
    along = read_bands(*file, stored, bands, reasons);
    if (!along)
      section.paragraphs.push_back(
          "The bands that were given run along several inputs at once; those drawn are the fit's own.");
  }
  const bool is_partial = stored.inputs.size() > 1;
  for (std::size_t d = 0; d < stored.inputs.size(); ++d) {
    if (along && stored.inputs[d] != *along) continue;
    const Index column = static_cast<Index>(d);
    if (!along) {
      const std::string reason = add_own_bands(stored, seen, column, bands, reasons);
      if (!reason.empty() && d == 0) section.paragraphs.push_back("No bands: " + reason);
    }
    // The fitted values where the data are moved to, which is where they are for one input.
    Matrix X = seen.X;
    if (is_partial) X = seen.X.colwise().mean().replicate(seen.X.rows(), 1);
    X.col(column) = seen.X.col(column);
    const Matrix fitted = stored.output_map.of(
        evaluate(ScaledModel{{stored.fit.network, stored.fit.theta}}, stored.input_map.of(X)));
    for (Index k = 0; k < seen.Y.cols(); ++k)
      for (Index n = 0; n < seen.Y.rows(); ++n)
        add_data_row(stored.inputs[d], stored.outputs[static_cast<std::size_t>(k)], X(n, column),
                     is_partial && !along ? fitted(n, k) + seen.Y(n, k) - seen.fitted(n, k) : seen.Y(n, k),
                     bands);
  }
  for (const std::string& reason : reasons)
    section.paragraphs.push_back("Where bounds are missing, or what is to be known of them: " + reason);
  section.charts = charts_of(band_figures(stored, is_partial && !along), bands);
  RowTable residuals{.columns = residual_columns, .rows = {}, .rows_have_status = false};
  if (const std::string reason = add_residuals(stored, seen, residuals); !reason.empty())
    section.paragraphs.push_back("No leverages and no studentised residuals: " + reason);
  for (Chart& chart : charts_of(residual_figures(), residuals)) section.charts.push_back(std::move(chart));
  if (auto starts = starts_chart(stored)) section.charts.push_back(std::move(*starts));
  section.table = std::move(residuals);
  return section;
}

}  // namespace jacobench::harness
