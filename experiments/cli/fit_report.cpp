#include "cli/fit_report.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "jacobench/base/joined.hpp"
#include "jacobench/inference/curvature.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/inference/undetermined.hpp"

#include "options/print.hpp"

namespace jacobench::cli {
namespace {

std::string text_of(const std::optional<double>& value, int digits = 6) {
  return value ? fmt::format("{:.{}g}", *value, digits) : "none";
}

void print_end(std::ostream& out, const FitEnd& end) {
  harness::print(out, "stopped     {} after {} iterations; gradient norm {:.3g}, relative offset {}\n",
                 explanation(end.stop), end.n_iterations, end.gradient_norm, text_of(end.relative_offset, 3));
  const StartSummary& starts = end.starts;
  harness::print(out, "starts      {} of {} reached the best optimum", starts.n_at_best, starts.n_starts);
  if (starts.n_failed > 0) harness::print(out, ", {} were not finite", starts.n_failed);
  harness::print(out, "; objective from {:.6g} (median {:.6g}) to {:.6g}\n", starts.lowest, starts.median,
                 starts.highest);
}

void print_parameters(std::ostream& out, Tangent& at, const Covariance& cov, double level) {
  constexpr std::size_t most = 60;
  const std::vector<ParameterInterval> parameters = parameter_intervals(at, cov, level);
  std::size_t width = 9;
  for (const ParameterInterval& p : parameters) width = std::max(width, p.name.size());
  harness::print(out, "\n{:<{}}  {:>16}  {:>14}  {:>9}  {:>14}  {:>14}\n", "parameter", width, "estimate",
                 "std. error", "t", fmt::format("{:g}% from", 100 * level), "to");
  for (std::size_t i = 0; i < std::min(parameters.size(), most); ++i) {
    const ParameterInterval& p = parameters[i];
    harness::print(out, "{:<{}}  {:>16.10g}  {:>14}  {:>9}  {:>14}  {:>14}\n", p.name, width, p.estimate,
                   text_of(p.se, 8), p.se && *p.se > 0 ? fmt::format("{:.2f}", p.estimate / *p.se) : "",
                   text_of(p.lower), text_of(p.upper));
  }
  if (parameters.size() > most) harness::print(out, "... and {} more\n", parameters.size() - most);
}

void print_curvature(std::ostream& out, Tangent& at, const Covariance& cov, double level) {
  const Curvature c = curvature(at, cov, {.level = level});
  harness::print(
      out, "\ncurvature   intrinsic {:.2g}, parameter effects {:.2g} (times sqrt F; small is below {:g})\n",
      c.intrinsic * c.root_f, c.parameter_effects * c.root_f, Curvature::rule_of_thumb);
  if (!c.is_exact())
    harness::print(out, "            (estimated from {} directions, +- {:.2g} and +- {:.2g})\n",
                   c.n_directions, c.intrinsic_se * c.root_f, c.parameter_effects_se * c.root_f);
  if (!c.intrinsic_is_small())
    harness::print(
        out, "            the fitted surface bends within the interval: bands are rough; try profile\n");
  if (!c.parameter_effects_are_small())
    harness::print(
        out,
        "            parameters: intervals of this form are poor; those of the fitted function need "
        "not be\n");
}

}  // namespace

void print_fit_report(std::ostream& out, const StoredFit& stored, Tangent& at, const Covariance& cov,
                      double level) {
  const Fit& fit = stored.fit;
  const FitEnd& end = *fit.end;
  harness::print(out, "data        {}: {} observations of {} on {}{}\n", stored.source,
                 fit.data.n_observations(), joined(stored.outputs, ", "), joined(stored.inputs, ", "),
                 fit.data.weights.size() > 0 ? ", weighted" : "");
  harness::print(out, "network     {}, {} parameters{}\n", to_string(fit.network), fit.n_params(),
                 fit.has_decay() ? fmt::format(", penalty sum k theta^2 = {:.6g}", end.penalty) : "");
  print_end(out, end);
  harness::print(out, "residuals   sum of squares {:.11g}{}\n", end.rss,
                 cov.ok() ? fmt::format(", standard deviation {:.11g} on {:.6g} degrees of freedom",
                                        cov.sigma(), cov.dof())
                          : "");
  const RankReport rank = at.of_data().report();
  harness::print(out, "rank        {} of {}, condition {:.3g} (columns scaled; {:.3g} unscaled)\n", rank.rank,
                 rank.n_params, rank.condition_scaled, rank.condition_unscaled);
  for (const std::string& direction : undetermined_in_words(at))
    harness::print(out, "            open: {}\n", direction);
  if (!cov.ok()) {
    harness::print(out, "\nno standard errors ({}): {}\n", name_of(cov.status()), cov.reason());
    return;
  }
  harness::print(out, "covariance  {}: {}\n", info(cov.kind()).name, info(cov.kind()).summary);
  print_parameters(out, at, cov, level);
  if (!fit.has_decay()) print_curvature(out, at, cov, level);
}

}  // namespace jacobench::cli
