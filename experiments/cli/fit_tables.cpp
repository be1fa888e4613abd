#include "cli/fit_tables.hpp"

#include <cmath>

#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/inference/intervals.hpp"

namespace jacobench::cli {
namespace {

using harness::Column;
using harness::ColumnRole;
using harness::to_value;
using harness::Value;

Column column(const std::string& name, const std::string& meaning, int digits = 6) {
  return {.name = name, .heading = name, .role = ColumnRole::measure, .digits = digits, .meaning = meaning};
}

std::string why_no_standard_errors(const StoredFit& stored, const Covariance& cov) {
  if (!stored.fit.has_settled()) return "the fit has not settled";
  return cov.ok() ? "" : cov.reason();
}

}  // namespace

harness::RowTable coefficients_table(const StoredFit& stored, Tangent& at, const Covariance& cov,
                                     const ReportOptions& options) {
  const std::string level = fmt::format("{:g}% interval", 100 * options.level);
  harness::RowTable table{
      .columns = {{.name = "parameter", .heading = "parameter", .role = ColumnRole::identity},
                  column("estimate", "in the units of the data, or of the network where fixed layers scale",
                         10),
                  column("std_error", "of the covariance that the fit is reported with", 8),
                  column("statistic", "estimate over its standard error", 4),
                  column("lower", "of the " + level),
                  column("upper", "of the " + level),
                  column("reason", "why a figure is missing")},
      .rows = {},
      .rows_have_status = false};
  const std::string reason = why_no_standard_errors(stored, cov);
  const bool has_parameters = !cov.forms() || cov.forms()->has_parameters();
  const std::string why_not =
      has_parameters ? "the data do not determine it" : std::string(no_parameters_words);
  for (const ParameterInterval& p : parameter_intervals(at, cov, options.level)) {
    const bool has_se = reason.empty() && p.se.has_value();
    const auto figure = [&](const std::optional<double>& value) {
      return has_se ? to_value(value) : Value();
    };
    const std::string why = !reason.empty() ? reason : has_se ? "" : why_not;
    table.rows.push_back({harness::RowStatus::ok,
                          {},
                          {p.name, to_value(p.estimate), figure(p.se),
                           has_se && *p.se > 0 ? to_value(p.estimate / *p.se) : Value(), figure(p.lower),
                           figure(p.upper), why.empty() ? Value() : Value(why)}});
  }
  return table;
}

harness::RowTable summary_table(const StoredFit& stored, Tangent& at, const Covariance& cov,
                                const ReportOptions& options) {
  const Fit& fit = stored.fit;
  const FitEnd& end = *fit.end;
  // That of J alone is not asked for where J is not formed.
  const std::optional<RankReport> rank = at.forms() ? std::nullopt : std::optional(at.of_data().report());
  const bool has_sigma = cov.ok() && fit.data.output_noise == OutputNoise::shared;
  const auto& c = stored.curvature;
  const auto text_or_null = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  const std::pair<Column, Value> facts[] = {
      {column("data", "the file"), stored.source},
      {column("inputs", "columns of the data"), joined(stored.inputs, ", ")},
      {column("outputs", "columns of the data"), joined(stored.outputs, ", ")},
      {column("n_observations", "rows that were fitted"), to_value(fit.data.n_observations())},
      {column("n_left_out", "rows that were left out"), to_value(stored.n_left_out)},
      {column("network", "widths, from the inputs up"), to_string(fit.network)},
      {column("n_params", "weights and biases"), to_value(fit.n_params())},
      {column("stop", "why the fit ended (jacobench list stops)"),
       std::string(name_in(stop_table(), &StopInfo::stop, end.stop))},
      {column("n_iterations", "of the descent that was the best"), to_value(end.n_iterations)},
      {column("settled", "no estimate would move by more than a twentieth of its standard error"),
       end.has_settled()},
      {column("move", "how far an estimate would still move, in standard errors"),
       end.remaining ? to_value(end.remaining->move) : Value()},
      {column("n_starts", "of the fit"), to_value(end.starts.n_starts)},
      {column("n_at_best", "starts that reached the best optimum"), to_value(end.starts.n_at_best)},
      {column("rss", "sum of squared residuals", 11), to_value(end.rss)},
      {column("penalty", "sum of k theta^2", 11), to_value(end.penalty)},
      {column("sigma", "s, the standard deviation of the residuals; null where every output has its own", 11),
       has_sigma ? to_value(cov.sigma()) : Value()},
      {column("dof", "degrees of freedom of s"), has_sigma ? to_value(cov.dof()) : Value()},
      {column("rank", "of the Jacobian"), rank ? to_value(rank->rank) : Value()},
      {column("condition", "of the Jacobian, its columns scaled"),
       rank ? to_value(rank->condition_scaled) : Value()},
      {column("decay_rule", "how the decay was chosen; null where it was given"),
       options.choice ? text_or_null(stored.decay_origin.value().rule) : Value()},
      {column("decay", "k of standardised data, where it was chosen"),
       options.choice ? to_value(options.choice->k) : Value()},
      {column("effective_parameters", "tr H; without a decay the rank"),
       to_value(fit.has_decay() ? at.effective_parameters() : static_cast<double>(rank.value().rank))},
      {column("covariance", "of the standard errors (jacobench list covariances)"),
       cov.ok() ? Value(std::string(info(cov.kind()).name)) : Value()},
      {column("intrinsic_curvature", "of Bates and Watts, times sqrt F; small is below 0.3", 2),
       c ? to_value(c->intrinsic * c->root_f) : Value()},
      {column("parameter_effects_curvature", "the same of the parameters", 2),
       c ? to_value(c->parameter_effects * c->root_f) : Value()},
      {column("reason", "why there are no standard errors"),
       text_or_null(why_no_standard_errors(stored, cov))}};
  harness::RowTable table{.columns = {}, .rows = {{}}, .rows_have_status = false};
  for (const auto& [fact, value] : facts) {
    table.columns.push_back(fact);
    table.rows.front().values.push_back(value);
  }
  return table;
}

}  // namespace jacobench::cli
