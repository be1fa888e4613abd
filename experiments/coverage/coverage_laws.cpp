#include "coverage/coverage_laws.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "coverage/coverage_row.hpp"
#include "coverage/measures.hpp"
#include "options/value_text.hpp"
#include "report/point_series.hpp"

namespace jacobench::coverage {
namespace {

const std::vector<std::string_view> what_is_made = {"strategy",     "method",   "dof",
                                                    "simultaneous", "interval", "region"};

// What the verdicts are worth together.
std::vector<std::string> verdicts_together(const harness::RowsByColumn& table) {
  constexpr double alpha = 0.001;
  std::vector<double> distances;
  std::size_t n_beyond = 0;
  for (const harness::Row& row : table.rows()) {
    const auto coverage = table.number(row, "coverage"), se = table.number(row, "coverage_se"),
               level = table.number(row, "level"), n = table.number(row, "replicates");
    if (!coverage || !se || !level || !n || table.text(row, "verdict") == no_claim) continue;
    distances.push_back(distance_in_errors(*coverage, *se, static_cast<Index>(*n), *level));
    n_beyond += distances.back() > z_999 ? 1 : 0;
  }
  if (distances.size() < 2) return {};
  const std::vector<bool> kept = beyond_chance(distances, alpha);
  const auto n_kept = std::count(kept.begin(), kept.end(), true);
  return {
      fmt::format("verdicts: each at 99.9%, so that chance makes one of these {} under or over with "
                  "probability {} at most "
                  "(Bonferroni); {} are, and {} of them beyond what chance makes of all together with "
                  "probability 0.001 (Holm)",
                  distances.size(),
                  harness::rounded_text(std::min(1.0, alpha * static_cast<double>(distances.size())), 2),
                  n_beyond, n_kept)};
}

// Up to which curvature coverage is nominal, and from which on it is not; where a study has both and the one ends
// before the other begins.
std::vector<std::string> curvature_limits(const harness::RowsByColumn& table) {
  struct Limits {
    std::optional<double> nominal_to, under_from;
  };
  std::map<std::string, Limits> limits;
  for (const harness::Row& row : table.rows()) {
    const auto curvature = table.number(row, "curvature");
    if (!curvature) continue;
    Limits& its = limits[table.series_name(row, what_is_made)];
    const std::string verdict = table.text(row, "verdict");
    if (verdict == name_of(Verdict::nominal))
      its.nominal_to = std::max(its.nominal_to.value_or(0), *curvature);
    if (verdict == name_of(Verdict::under))
      its.under_from = std::min(its.under_from.value_or(HUGE_VAL), *curvature);
  }
  std::vector<std::string> lines;
  for (const auto& [name, its] : limits) {
    if (!its.nominal_to || !its.under_from) continue;
    const std::string to = harness::rounded_text(*its.nominal_to, 2),
                      from = harness::rounded_text(*its.under_from, 2);
    lines.push_back(
        *its.nominal_to < *its.under_from
            ? fmt::format("{}: nominal at curvatures up to {}, under from {} on", name, to, from)
            : fmt::format("{}: curvature does not tell: nominal at some up to {}, under at some from {} on",
                          name, to, from));
  }
  return lines;
}

// Relative differences in width to the first strategy against the condition number, and at which ones the coverage
// differs.
std::vector<std::string> costs_of_numeric_jacobians(const harness::RowsByColumn& table) {
  harness::PointSeries differences;
  struct Costs {
    Index n_conditions = 0, n_with_a_cost = 0;
    double least = HUGE_VAL;  // with a cost
  };
  std::map<std::string, Costs> costs;
  for (const harness::Row& row : table.rows()) {
    const auto condition = table.number(row, "median_condition"),
               width = table.number(row, "width_difference");
    if (!condition || !width) continue;
    const std::string name = table.series_name(row, what_is_made);
    differences.add(name, {*condition, std::abs(*width)});
    Costs& its = costs[name];
    ++its.n_conditions;
    const auto cost = table.number(row, "coverage_difference"),
               se = table.number(row, "coverage_difference_se");
    if (!cost || !se || *se == 0 || std::abs(*cost) <= 3 * *se) continue;
    ++its.n_with_a_cost;
    its.least = std::min(its.least, *condition);
  }
  std::vector<std::string> lines;
  for (const std::string& name : differences.names()) {
    if (const auto law = harness::fit_power_law(differences.of(name)))
      lines.push_back(fmt::format("{}: relative difference in width {}", name, to_text(*law, "condition")));
    const Costs& its = costs[name];
    lines.push_back(
        its.n_with_a_cost == 0
            ? fmt::format("{}: its coverage differs nowhere by three standard errors", name)
            : fmt::format(
                  "{}: its coverage differs by three standard errors at {} of {} conditions, the least {}",
                  name, its.n_with_a_cost, its.n_conditions, harness::rounded_text(its.least, 2)));
  }
  return lines;
}

}  // namespace

std::vector<std::string> coverage_laws(const harness::ColumnList& columns,
                                       const std::vector<harness::Row>& rows) {
  const harness::RowsByColumn table(columns, rows);
  std::vector<std::string> laws = verdicts_together(table);
  for (const auto& found : {curvature_limits(table), costs_of_numeric_jacobians(table)})
    laws.insert(laws.end(), found.begin(), found.end());
  return laws;
}

}  // namespace jacobench::coverage
