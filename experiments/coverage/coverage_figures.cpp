#include "coverage/coverage_figures.hpp"

#include <cmath>

#include "coverage/measures.hpp"
#include "options/value_text.hpp"

namespace jacobench::coverage {
namespace {

using namespace harness;

harness::DerivedColumn nominal_bound(const std::string& name, double side) {
  const auto bound = [side](const ColumnList& columns, const Row& row) -> Value {
    const auto number = [&](const char* column) {
      return number_in(row.values[column_index(columns, column)]);
    };
    const auto coverage = number("coverage"), se = number("coverage_se"), level = number("level"),
               n = number("replicates");
    if (!coverage || !se || !level || !n) return {};
    return to_value(*level + side * nominal_half_width(*coverage, *se, static_cast<Index>(*n), *level));
  };
  // `check` holds the columns that it is made of, and not it.
  return {{.name = name, .role = ColumnRole::unknown},
          [bound](const ColumnList& columns, const std::vector<Row>& rows) {
            std::vector<Value> values;
            values.reserve(rows.size());
            for (const Row& row : rows) values.push_back(bound(columns, row));
            return values;
          }};
}

}  // namespace

std::vector<DerivedColumn> nominal_bounds() {
  return {nominal_bound("nominal_lower", -1), nominal_bound("nominal_upper", 1)};
}

std::vector<Figure> coverage_figures() {
  const Axis coverage{.column = "coverage"};
  const std::vector<std::string> colours = {"method", "simultaneous", "strategy"},
                                 panels = {"interval", "region", "level"};
  const FigureLayer with_errors{
      .bounds = {.low = "coverage_lower", .high = "coverage_upper", .label = "95% interval"}};
  const Rule level{.label = "level", .column = "level"};
  std::vector<Figure> figures;
  const std::pair<std::string, std::string> swept[] = {{"network", "network"},
                                                       {"rows", "observations (p: for each parameter)"},
                                                       {"noise", "law of the noise"},
                                                       {"noise_sd", "standard deviation of the noise"},
                                                       {"decay", "decay"},
                                                       {"truth", "truth"},
                                                       {"start", "start"},
                                                       {"strategy", "strategy"},
                                                       {"method", "method"},
                                                       {"dof", "degrees of freedom"},
                                                       {"simultaneous", "simultaneous"},
                                                       {"level", "level"}};
  for (const auto& [column, title] : swept)
    figures.push_back(
        {.name = "coverage_by_" + column,
         .title = "Coverage by " + title,
         .question = "A mark is a row of the table; one outside its grey bar is further from its level than "
                     "chance takes it in 999 of 1000 studies.",
         .x = {.column = column, .title = title, .scale = Scale::each},
         .y = coverage,
         .layers = {with_errors},
         .colours = colours,
         .panels = panels,
         .shapes = "verdict",
         .expected = {.low = "nominal_lower", .high = "nominal_upper", .label = "99.9% of nominal coverages"},
         .rules = {level}});
  figures.push_back({.name = "width",
                     .title = "Width against coverage",
                     .question = "Of intervals with the same coverage the narrower are better.",
                     .x = {.column = "median_width", .title = "median width", .scale = Scale::log},
                     .y = coverage,
                     .layers = {with_errors},
                     .colours = colours,
                     .panels = panels,
                     .shapes = "verdict",
                     .rules = {level}});
  figures.push_back(
      {.name = "standard_errors",
       .title = "Bias and standard errors",
       .question = "At 1 the standard errors are those that the estimates have; a bias below a tenth of them "
                   "hardly moves a coverage.",
       .x = {.column = "se_ratio", .title = "standard error of the model / empirical", .scale = Scale::log},
       .y = {.column = "bias_over_se", .title = "bias / standard error", .scale = Scale::log},
       .layers = {{.x_bounds = {.standard_error = "se_ratio_se", .label = "95% interval"}}},
       .colours = colours,
       .panels = panels,
       .shapes = "verdict",
       .rules = {{.label = "right standard errors", .at = 1, .on_x = true}}});
  figures.push_back({.name = "curvature",
                     .title = "Coverage against curvature",
                     .question = "The intrinsic curvature of Bates and Watts at the truth, times sqrt F; "
                                 "below 0.3 counts as small.",
                     .x = {.column = "curvature", .title = "intrinsic curvature", .scale = Scale::log},
                     .y = coverage,
                     .layers = {with_errors},
                     .colours = colours,
                     .panels = panels,
                     .shapes = "verdict",
                     .rules = {level, {.label = "small below", .at = 0.3, .on_x = true}}});
  return figures;
}

}  // namespace jacobench::coverage
