#include "accuracy/accuracy_laws.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "options/value_text.hpp"
#include "report/point_series.hpp"

namespace jacobench::accuracy {
namespace {

using harness::Point;

void describe_steps(const std::string& name, const StepLaws& laws, std::vector<std::string>& lines) {
  if (laws.truncation)
    lines.push_back(fmt::format("{}: truncation error {}", name, to_text(*laws.truncation, "h")));
  if (laws.rounding)
    lines.push_back(fmt::format("{}: rounding error {}", name, to_text(*laws.rounding, "h")));
  if (laws.best && (laws.truncation || laws.rounding))
    lines.push_back(fmt::format("{}: at best {} digits, at h = {}", name,
                                harness::rounded_text(-std::log10(laws.best->y), 3),
                                harness::rounded_text(laws.best->x, 2)));
}

}  // namespace

StepLaws fit_step_laws(std::vector<Point> points) {
  constexpr double nothing_right = 0.1;
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
  const auto best = std::min_element(points.begin(), points.end(),
                                     [](const Point& a, const Point& b) { return a.y < b.y; });
  StepLaws laws;
  if (best == points.end() || best->y <= 0) return laws;
  laws.best = *best;
  std::vector<Point> left, right;
  for (auto point = points.begin(); point != points.end(); ++point) {
    if (point->y >= nothing_right) continue;
    if (point + 1 < best) left.push_back(*point);
    if (point > best + 1) right.push_back(*point);
  }
  laws.truncation = harness::fit_power_law(right);
  laws.rounding = harness::fit_power_law(left);
  return laws;
}

std::vector<harness::NamedLaw> step_branches(const std::vector<Point>& points) {
  const StepLaws laws = fit_step_laws(points);
  std::vector<harness::NamedLaw> branches;
  if (laws.truncation && laws.truncation->is_determined())
    branches.push_back({"truncation", *laws.truncation});
  if (laws.rounding && laws.rounding->is_determined()) branches.push_back({"rounding", *laws.rounding});
  return branches;
}

std::vector<std::string> accuracy_laws(const harness::ColumnList& columns,
                                       const std::vector<harness::Row>& rows) {
  const harness::RowsByColumn table(columns, rows);
  harness::PointSeries against_step;
  // The errors of each strategy on each network, of which the least counts: that of its best step.
  std::map<std::string, std::map<double, double>> least_error;
  std::vector<std::string> in_order;
  for (const harness::Row& row : table.rows()) {
    const auto P = table.number(row, "n_params"), error = table.number(row, "max_relative_error");
    if (!P || !error) continue;
    const std::string name = table.series_name(row, {"strategy", "activation", "weight_scale", "wrt"});
    if (least_error[name].empty()) in_order.push_back(name);
    const auto [least, is_first] = least_error[name].try_emplace(*P, *error);
    least->second = std::min(least->second, *error);
    if (const auto step = table.number(row, "relative_step"))
      against_step.add(table.series_name(row, {"strategy", "network", "activation", "weight_scale", "wrt"}),
                       {*step, *error});
  }
  std::vector<std::string> lines;
  for (const std::string& name : in_order) {
    std::vector<Point> points;
    for (const auto& [P, error] : least_error[name]) points.push_back({P, error});
    if (const auto law = harness::fit_power_law(points))
      lines.push_back(fmt::format("{}: least error {}", name, to_text(*law, "P")));
  }
  for (const std::string& name : against_step.names())
    describe_steps(name, fit_step_laws(against_step.of(name)), lines);
  return lines;
}

}  // namespace jacobench::accuracy
