#include "coverage/study_design.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"

namespace jacobench::coverage {
namespace {

std::string truths_in_words(const CoverageOptions& options) {
  const std::string teacher = options.truth_model    ? "the network of " + *options.truth_model
                              : options.truth_hidden ? "a teacher network"
                                                     : "the fitted network itself";
  std::vector<std::string> truths;
  for (const TruthInfo* truth : options.scenarios.values(&ScenarioPoint::truth))
    truths.push_back(truth->function ? std::string(truth->name) : teacher);
  return joined(truths, ", ");
}

// least squares from truth, random (10 starts)
std::string fits_in_words(const CoverageOptions& options) {
  const std::vector<Start> starts = options.scenarios.values(&ScenarioPoint::start);
  const bool has_random = std::find(starts.begin(), starts.end(), Start::random) != starts.end();
  return fmt::format(
      "{} from {}{}", options.solver == Solver::linear_step ? "one linear step" : "least squares",
      options.table.text("fit.start"), has_random ? fmt::format(" ({} starts)", options.n_starts) : "");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> study_design(const CoverageOptions& options) {
  const auto text = [&](std::string_view key) { return options.table.text(key); };
  return {
      {"aims",
       "whether intervals of a fitted network hold what their level says, and what a numerical Jacobian "
       "costs them"},
      {"data",
       fmt::format("y = f(x) + sd e; f {}{}; x {} of scale {}, {}; e {}", truths_in_words(options),
                   options.truth_is_redrawn ? " with parameters redrawn from their prior" : "",
                   text("design.x"), text("design.scale"),
                   options.design_is_redrawn ? "redrawn in each replicate" : "the same in all replicates",
                   text("noise.law"))},
      {"estimands",
       fmt::format("f, and a new observation, at {} points among the data{}", options.n_inside,
                   options.n_beyond > 0 ? fmt::format(" and {} beyond them", options.n_beyond) : "")},
      {"methods", fmt::format("{} at levels {}; {}; Jacobians by {}", text("intervals.methods"),
                              text("intervals.levels"), fits_in_words(options), text("jacobian.strategies"))},
      {"performance measures",
       fmt::format(
           "coverage, width, score, bias, standard errors over {} replicates{}; +- is a Monte Carlo standard "
           "error, a verdict holds at 99.9%",
           options.replicates.number, options.replicates.se ? " or more" : "")}};
}

}  // namespace jacobench::coverage
