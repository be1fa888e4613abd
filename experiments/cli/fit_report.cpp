#include "cli/fit_report.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

#include "jacobench/base/joined.hpp"
#include "jacobench/inference/intervals.hpp"
#include "jacobench/inference/kinks.hpp"
#include "jacobench/inference/runaway.hpp"
#include "jacobench/inference/undetermined.hpp"

#include "cli/csv_options.hpp"
#include "cli/fit_tables.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::cli {
namespace {

std::string text_of(const std::optional<double>& value, int digits = 6) {
  return value ? fmt::format("{:.{}g}", *value, digits) : "none";
}

void print_end(std::ostream& out, const FitEnd& end) {
  harness::print(out, "stopped     {} after {} iterations; gradient norm {:.3g}, relative offset {}\n",
                 explanation(end.stop), end.n_iterations, end.gradient_norm, text_of(end.relative_offset, 3));
}

// What became of the starts, and how sure it is that there is nothing lower.
void print_starts(std::ostream& out, const StartSummary& starts, double best) {
  harness::print(out, "starts      {} of {} reached the best optimum", starts.n_at_best, starts.n_starts);
  const bool is_enough = starts.n_wanted && starts.n_at_best >= *starts.n_wanted;
  if (is_enough) harness::print(out, ", as often as was wanted");
  if (starts.n_wanted && !is_enough)
    harness::print(out, ", {} were wanted{}", *starts.n_wanted,
                   starts.has_reached_work_limit ? ", but the search had done its work" : "");
  if (starts.n_failed > 0) harness::print(out, "; {} were not finite", starts.n_failed);
  harness::print(out, "; objective from {:.6g} (median {:.6g}) to {:.6g}\n", starts.lowest, starts.median,
                 starts.highest);
  if (starts.n_redraws > 0)
    harness::print(out, "redraws     units were drawn anew {} times, which led further down {} times{}\n",
                   starts.n_redraws, starts.n_lowered,
                   !starts.n_wanted && starts.n_lowered > 0 ? fmt::format(", to {:.6g}", best) : "");
  if (starts.n_drawn == 0) return;
  harness::print(
      out,
      "how sure    different optima among {} drawn starts: {}, of which {} were reached once; another start "
      "would\n            reach a new one, lower or not, with probability {:.2g} (the share seen once is "
      "{:.2g})\n",
      starts.n_drawn, starts.n_optima, starts.n_seen_once, starts.chance_of_new().value(),
      starts.chance_of_new_by_good().value());
  if (starts.n_wanted && !is_enough)
    harness::print(
        out, "            a lower optimum may be left: more starts ({}) or fewer hidden units would tell\n",
        starts.has_reached_work_limit ? "--starts N, however long they take" : "--most_starts");
}

void print_whether_settled(std::ostream& out, const FitEnd& end) {
  const std::string verdict = end.has_settled() ? "settled     " : "not settled ";
  if (!end.remaining) {
    harness::print(out, "{}{}\n", verdict,
                   end.has_settled() ? "a minimum up to rounding; no s is left to compare with"
                                     : "how far the minimum is cannot be said without an s to compare with");
    return;
  }
  harness::print(
      out,
      "{}{} by more than {:.2g} of its standard error{}; the model predicts the objective to fall by "
      "{:.2g} s^2\n",
      verdict, end.has_settled() ? "no estimate would move" : "an estimate would move", end.remaining->move,
      end.has_settled() ? "" : fmt::format(" ({:g} is allowed)", Remaining::settled_move),
      end.remaining->fall);
}

// Why it has not, where that is known.
void print_kinks(std::ostream& out, const Fit& fit) {
  const std::vector<Kink> kinks = kinks_at_data(fit);
  if (kinks.empty()) return;
  std::vector<std::string> words;
  words.reserve(kinks.size());
  for (const Kink& kink : kinks)
    words.push_back(fmt::format(
        "unit {} of layer {} at observation {}{}", kink.unit, kink.layer + 1, kink.observations.front() + 1,
        kink.observations.size() > 1 ? fmt::format(" and {} more", kink.observations.size() - 1) : ""));
  harness::print(out,
                 "kink        {}: the sum of squares has no derivative there, and no fit settles;\n"
                 "            smooth activations have no kink (softplus and silu are like relu)\n",
                 joined(words, ", "));
}

void print_path(std::ostream& out, const DecayChoice& choice) {
  harness::print(out, "            {:>10}  {:>10}  {:>12}  {:>12}  {:>12}\n", "k", "effective", "residual ss",
                 "objective", "score");
  for (const DecayPoint& point : choice.path)
    harness::print(out, "          {} {:>10.3g}  {:>10.4g}  {:>12.6g}  {:>12.6g}  {:>12}{}\n",
                   point.k == choice.k ? '*' : ' ', point.k, point.effective_parameters, point.end.rss,
                   point.end.rss + point.end.penalty,
                   point.score ? fmt::format("{:.6g}", point.score->value) : "none",
                   point.end.has_settled() ? "" : "  not settled");
}

// How the decay was chosen, and what would have happened without it.
void print_choice(std::ostream& out, const StoredFit& stored, const DecayChoice& choice) {
  const std::string& name = stored.decay_origin.value().rule;
  const std::string reasons = joined(choice.reasons, "\n            ");
  if (choice.k == 0)
    harness::print(out, "decay       none, chosen by {}{}{}\n", name, reasons.empty() ? "" : ": ", reasons);
  else
    harness::print(
        out,
        "decay       k = {:.3g} of standardised data, chosen by {}; {:.4g} effective parameters of {}\n"
        "            without one (--decay 0):\n            {}\n",
        choice.k, name, choice.effective_parameters, stored.fit.n_params(), reasons);
  const bool says_enough = choice.k == 0 && !reasons.empty() && choice.fit.has_settled();
  if (!choice.path.empty() && !says_enough) print_path(out, choice);
}

// Of the effective parameters, where they are one.
std::string error_of_estimate(Tangent& at) {
  const double error = at.forms() ? at.forms()->trace_h().standard_error : 0;
  return error > 0 ? fmt::format(" (+- {:.2g}, by random signs)", error) : "";
}

void print_decay(std::ostream& out, const StoredFit& stored, Tangent& at, const DecayChoice* choice) {
  if (choice)
    print_choice(out, stored, *choice);
  else if (stored.fit.has_decay())
    harness::print(out, "decay       as it was given; {:.4g}{} effective parameters of {}\n",
                   at.effective_parameters(), error_of_estimate(at), stored.fit.n_params());
  if (stored.fit.has_decay()) return;
  const std::vector<Runaway> units = runaways(stored.fit, stored.names());
  for (const Runaway& unit : units) harness::print(out, "runaway     {}\n", unit.words);
  if (!units.empty())
    harness::print(
        out, "            the sum of squares has no minimum there: give a decay{} or fewer hidden units\n",
        choice ? "" : " (--decay auto chooses one)");
}

constexpr Index most_parameters = 60;

void print_parameters(std::ostream& out, const std::vector<ParameterInterval>& parameters, Index n_params,
                      double level) {
  std::size_t width = 9;
  for (const ParameterInterval& p : parameters) width = std::max(width, p.name.size());
  harness::print(out, "\n{:<{}}  {:>16}  {:>14}  {:>9}  {:>14}  {:>14}\n", "parameter", width, "estimate",
                 "std. error", "t", fmt::format("{:g}% from", 100 * level), "to");
  for (const ParameterInterval& p : parameters) {
    const double se = p.se.value_or(0);
    const auto bound = [&](const std::optional<double>& value) {
      return value ? harness::text_to_error(*value, se, 6) : text_of(value);
    };
    harness::print(out, "{:<{}}  {:>16}  {:>14}  {:>9}  {:>14}  {:>14}\n", p.name, width,
                   harness::text_to_error(p.estimate, se, 10), text_of(p.se, 8),
                   se > 0 ? fmt::format("{:.2f}", p.estimate / se) : "", bound(p.lower), bound(p.upper));
  }
  if (n_params > most_parameters) harness::print(out, "... and {} more\n", n_params - most_parameters);
}

void print_curvature(std::ostream& out, const Curvature& c) {
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

bool is_shift(const AffineMap& map) { return (map.scale.array() == 1).all(); }

// Of columns that a chosen decay has centred here, and of those that the model scales or shifts.
void print_maps(std::ostream& out, const StoredFit& stored, const DecayChoice* choice) {
  const bool are_centred = choice && (!choice->inputs.is_identity() || !choice->outputs.is_identity());
  const bool are_shifts = is_shift(stored.input_map) && is_shift(stored.output_map);
  const bool are_any = !stored.input_map.is_identity() || !stored.output_map.is_identity();
  if (are_any && (!are_centred || !are_shifts))
    harness::print(out, "{}     by fixed layers of the model: figures are in the units of the network\n",
                   are_shifts ? "shifted" : "scaled ");
  if (are_centred)
    harness::print(out,
                   "centred     columns less their means, so that the penalty does not depend on where 0 is: "
                   "biases are of these\n");
}

}  // namespace

void print_fit_report(std::ostream& out, const StoredFit& stored, Tangent& at, const Covariance& cov,
                      const ReportOptions& options) {
  const Fit& fit = stored.fit;
  const FitEnd& end = *fit.end;
  harness::print(out, "data        {}: {} observations of {} on {}{}{}\n", stored.source,
                 fit.data.n_observations(), joined(stored.outputs, ", "), joined(stored.inputs, ", "),
                 fit.data.weights.size() > 0 ? ", weighted" : "",
                 stored.n_left_out > 0 ? "; " + left_out_text(stored.n_left_out) : "");
  for (const WordColumn& column : stored.words)
    harness::print(out, "words       {} is {}; an input of a word is 1 where that stands and 0 elsewhere\n",
                   column.name, joined(column.words, ", "));
  harness::print(out, "network     {}, {} parameters{}\n", to_string(fit.network), fit.n_params(),
                 fit.has_decay() ? fmt::format(", penalty sum k theta^2 = {:.6g}", end.penalty) : "");
  print_maps(out, stored, options.choice);
  print_end(out, end);
  print_starts(out, end.starts, end.rss + end.penalty);
  print_whether_settled(out, end);
  if (!end.has_settled()) print_kinks(out, fit);
  print_decay(out, stored, at, options.choice);
  const bool has_one_noise = fit.data.output_noise == OutputNoise::shared;
  harness::print(
      out, "residuals   sum of squares {:.11g}{}{}\n", end.rss,
      has_one_noise ? "" : " in units of the outputs' own noise, relative to each other",
      cov.ok() && has_one_noise
          ? fmt::format(", standard deviation {:.11g} on {:.6g} degrees of freedom", cov.sigma(), cov.dof())
          : "");
  if (cov.ok() && !has_one_noise)
    for (Index k = 0; k < fit.data.Y.cols(); ++k)
      harness::print(out, "            {}: standard deviation {:.11g} on {:.6g} degrees of freedom\n",
                     stored.outputs[static_cast<std::size_t>(k)],
                     cov.output_sigmas()[k] * fit.data.output_scales[k], cov.output_dofs()[k]);
  for (Index k = 1; k < fit.data.output_correlation.rows(); ++k)
    for (Index j = 0; j < k; ++j)
      harness::print(out, "            correlation of the noise of {} and {}: {:.6g}\n",
                     stored.outputs[static_cast<std::size_t>(j)], stored.outputs[static_cast<std::size_t>(k)],
                     fit.data.output_correlation(k, j));
  if (at.forms()) {
    harness::print(
        out,
        "rank        data and decay determine all {} directions; that of the data alone is not asked "
        "for without J\n",
        fit.n_params());
  } else {
    const RankReport rank = at.of_data().report();
    harness::print(out, "rank        {} of {}, condition {:.3g} (columns scaled; {:.3g} unscaled)\n",
                   rank.rank, rank.n_params, rank.condition_scaled, rank.condition_unscaled);
  }
  for (const std::string& direction : undetermined_in_words(at))
    harness::print(out, "            open: {}\n", direction);
  std::vector<ParameterInterval> parameters = parameter_intervals(at, cov, options.level, most_parameters);
  if (!end.has_settled()) {
    for (ParameterInterval& parameter : parameters)
      parameter = {parameter.name, parameter.estimate, {}, {}, {}};
    harness::print(out, "\nno standard errors: the fit has not settled\n");
  } else if (!cov.ok()) {
    harness::print(out, "\nno standard errors ({}): {}\n", name_of(cov.status()), cov.reason());
  } else {
    harness::print(out, "covariance  {}: {}\n", info(cov.kind()).name, info(cov.kind()).summary);
    if (cov.forms() && !cov.forms()->has_parameters())
      harness::print(out, "            {}\n", no_parameters_words);
  }
  print_parameters(out, parameters, fit.n_params(), options.level);
  if (stored.curvature)
    print_curvature(out, *stored.curvature);
  else if (cov.ok() && end.has_settled() && !fit.has_decay())
    harness::print(out, "\ncurvature   not known: second derivatives of the network overflow\n");
}

}  // namespace jacobench::cli
