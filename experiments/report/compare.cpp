#include "report/compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/statistics.hpp"

#include "options/value_text.hpp"
#include "run/manifest.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

std::vector<double> samples_in(const Value& value) {
  std::vector<double> samples;
  if (const std::string* text = std::get_if<std::string>(&value)) {
    std::istringstream in(*text);
    for (double sample; in >> sample;) samples.push_back(sample);
  }
  return samples;
}

std::size_t column_of_samples(const StoredResult& result) {
  const ColumnList& columns = result.columns();
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [](const Column& column) { return column.role == ColumnRole::samples; });
  if (found == columns.end())
    throw InputError("{}: experiment {} keeps no repeated timings; compare takes results of one that does",
                     result.folder.string(), result.study.experiment_name);
  return static_cast<std::size_t>(found - columns.begin());
}

using RowsByKey = std::map<std::string, std::vector<const Row*>>;

RowsByKey rows_by_key(const ColumnList& columns, const std::vector<Row>& rows) {
  RowsByKey by_key;
  for (const Row& row : rows) by_key[cell_key(columns, row)].push_back(&row);
  return by_key;
}

std::string verdict(const RatioOfSamples& r) {
  return r.high < 1 ? "faster" : r.low > 1 ? "slower" : "no difference seen";
}

}  // namespace

RatioOfSamples ratio_of_samples(const std::vector<double>& a, const std::vector<double>& b) {
  JB_EXPECT(!a.empty() && !b.empty(), "{} and {} samples", a.size(), b.size());
  std::vector<double> ratios;
  for (const double x : a)
    for (const double y : b) ratios.push_back(y / x);
  std::sort(ratios.begin(), ratios.end());
  const double m = static_cast<double>(a.size()), n = static_cast<double>(b.size());
  const double outside = std::floor(m * n / 2 - z_95 * std::sqrt(m * n * (m + n + 1) / 12));
  const auto skipped = static_cast<std::size_t>(std::clamp(outside, 0.0, (m * n - 1) / 2));
  return {median(ratios), ratios[skipped], ratios[ratios.size() - 1 - skipped]};
}

std::vector<std::string> differences_of_conditions(const StoredResult& a, const StoredResult& b) {
  std::vector<std::string> differences;
  const auto compare = [&](const std::string& name, const std::string& in_a, const std::string& in_b) {
    if (in_a != in_b) differences.push_back(fmt::format("{}: {} and {}", name, in_a, in_b));
  };
  compare("experiment", a.study.experiment_name, b.study.experiment_name);
  if (!differences.empty()) return differences;
  const auto text_in = [](const Config& config, const std::string& key) {
    return value_of(config, key).value_or("not set");
  };
  for (const ConfigEntry& entry : a.config) compare(entry.key, entry.value, text_in(b.config, entry.key));
  for (const ConfigEntry& entry : b.config)
    if (!value_of(a.config, entry.key)) compare(entry.key, "not set", entry.value);
  const auto of_a = recorded_conditions(a.folder / "manifest.json");
  const auto of_b = recorded_conditions(b.folder / "manifest.json");
  for (std::size_t i = 0; i < of_a.size(); ++i) compare(of_a[i].first, of_a[i].second, of_b[i].second);
  return differences;
}

RowTable comparison_table(const StoredResult& a, const StoredResult& b) {
  const std::size_t column_of_a = column_of_samples(a), column_of_b = column_of_samples(b);
  RowTable table{
      .columns = {{.name = "cell", .heading = "cell", .role = ColumnRole::identity},
                  {.name = "ratio", .heading = "ratio", .role = ColumnRole::timing, .is_answer = true},
                  {.name = "ratio_from", .heading = "from", .role = ColumnRole::timing, .is_answer = true},
                  {.name = "ratio_to", .heading = "to", .role = ColumnRole::timing, .is_answer = true},
                  {.name = "verdict", .heading = "verdict", .role = ColumnRole::timing, .is_answer = true}},
      .rows = {},
      .rows_have_status = false};
  table.preamble = {
      fmt::format("times of {} over those of {}, with a 95% interval", b.folder.string(), a.folder.string())};
  const std::vector<Row> rows_a = rows_of_cells(a), rows_b = rows_of_cells(b);
  const RowsByKey in_a = rows_by_key(a.columns(), rows_a), in_b = rows_by_key(b.columns(), rows_b);
  for (const Row& row : rows_b) {
    const std::string key = cell_key(b.columns(), row);
    const auto found = in_a.find(key);
    const std::vector<const Row*>& same_in_b = in_b.at(key);
    if (same_in_b.front() != &row) continue;
    if (found == in_a.end()) {
      table.notes.push_back(fmt::format("only in {}: {}", b.folder.string(), key));
      continue;
    }
    if (same_in_b.size() > 1 || found->second.size() > 1) {
      table.notes.push_back("several rows, told apart by what this version does not know: " + key);
      continue;
    }
    const std::vector<double> before = samples_in(found->second.front()->values[column_of_a]);
    const std::vector<double> after = samples_in(row.values[column_of_b]);
    if (before.empty() || after.empty()) {
      table.notes.push_back("not timed in both: " + key);
      continue;
    }
    const RatioOfSamples ratio = ratio_of_samples(before, after);
    table.rows.push_back({.status = RowStatus::ok,
                          .reason = {},
                          .values = {key, ratio.ratio, ratio.low, ratio.high, verdict(ratio)}});
  }
  for (const auto& [key, rows] : in_a)
    if (!in_b.contains(key)) table.notes.push_back(fmt::format("only in {}: {}", a.folder.string(), key));
  return table;
}

std::vector<Figure> comparison_figures() {
  return {{.name = "compare",
           .title = "Times of the second result over those of the first",
           .question = "Left of 1 the second is faster; an interval that holds 1 tells of no difference.",
           .x = {.column = "ratio", .title = "ratio of times", .scale = Scale::log},
           .y = {.column = "cell", .scale = Scale::each},
           .layers = {{.x_bounds = {.low = "ratio_from", .high = "ratio_to", .label = "95% interval"}}},
           .shapes = "verdict",
           .rules = {{.label = "as fast", .at = 1, .on_x = true}}}};
}

}  // namespace jacobench::harness
