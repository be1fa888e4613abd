#include "report/result_sections.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

#include "options/value_text.hpp"
#include "report/compare.hpp"
#include "report/join.hpp"
#include "report/table.hpp"
#include "run/manifest.hpp"

namespace jacobench::harness {
namespace {

// The settings in words; of one that this version does not know, its key.
PageFacts settings(const StoredResult& result, const std::string& heading, bool at_defaults) {
  const OptionTable& options = result.study.options;
  const Config defaults = options.defaults();
  PageFacts facts{.heading = heading, .facts = {}, .is_folded = at_defaults};
  for (const ConfigEntry& entry : result.config) {
    if (entry.key == "experiment" || (value_of(defaults, entry.key) == entry.value) != at_defaults) continue;
    const std::string meaning =
        options.has(entry.key) ? options.meaning(entry.key) : "not known to this version";
    facts.facts.emplace_back(fmt::format("{} ({})", meaning, entry.key), entry.value);
  }
  return facts;
}

void add_circumstances(const StoredResult& result, const std::string& name, PageSection& section) {
  const std::string of = name.empty() ? "" : " in " + name;
  section.facts.push_back(settings(result, "What was asked" + of, false));
  section.facts.push_back(settings(result, "Settings left as they are by default" + of, true));
  section.facts.push_back({.heading = "How it was run" + of,
                           .facts = recorded_facts(result.folder / "manifest.json"),
                           .is_folded = true});
}

bool keep_samples(const StoredResult& result) {
  return std::any_of(result.columns().begin(), result.columns().end(),
                     [](const Column& column) { return column.role == ColumnRole::samples; });
}

// The cells without what is the same in all of them: "network=5-1 work=values" is "5-1 values" beside another work.
void leave_out_common_words(std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> words;
  for (const Row& row : rows) {
    std::istringstream cell(std::get<std::string>(row.values[0]));
    words.emplace_back(std::istream_iterator<std::string>(cell), std::istream_iterator<std::string>());
    if (words.back().size() != words.front().size()) return;
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string left;
    for (std::size_t w = 0; w < words[r].size(); ++w)
      if (std::any_of(words.begin(), words.end(), [&](const auto& other) { return other[w] != words[r][w]; }))
        left += (left.empty() ? "" : " ") + words[r][w].substr(words[r][w].find('=') + 1);
    if (!left.empty()) rows[r].values[0] = left;
  }
}

PageSection comparison_section(const StoredResult& a, const StoredResult& b) {
  PageSection section{.heading = "comparison", .paragraphs = {}, .facts = {}, .charts = {}, .table = {}};
  RowTable rows = comparison_table(a, b);
  section.paragraphs = rows.preamble;
  for (const std::string& difference : differences_of_conditions(a, b))
    section.paragraphs.push_back("Not the same in both: " + difference);
  // The cells that changed most, where a figure of all would be longer than a screen.
  constexpr std::size_t most_cells = 40;
  RowTable drawn = rows;
  const auto change = [](const Row& row) { return std::abs(std::log(*number_in(row.values[1]))); };
  if (drawn.rows.size() > most_cells) {
    std::stable_sort(drawn.rows.begin(), drawn.rows.end(),
                     [&](const Row& x, const Row& y) { return change(x) > change(y); });
    drawn.rows.resize(most_cells);
    section.paragraphs.push_back(
        fmt::format("The figure has the {} cells of {} that differ most; the table has all.", most_cells,
                    rows.rows.size()));
  }
  leave_out_common_words(drawn.rows);
  section.charts = charts_of(comparison_figures(), drawn);
  section.table = std::move(rows);
  return section;
}

// By their marks in the same panel, where marks say nothing else yet; otherwise by panels with the same axes.
void tell_results_apart(Figure& figure) {
  const bool has_marks = std::any_of(figure.layers.begin(), figure.layers.end(),
                                     [](const FigureLayer& layer) { return layer.mark != Mark::line; });
  if (has_marks && figure.shapes.empty())
    figure.shapes = "result";
  else
    figure.panels.push_back("result");
}

PageSection section_of(const std::vector<StoredResult>& results, std::string_view summary) {
  const StoredResult& first = results.front();
  PageSection section{
      .heading = first.study.experiment_name, .paragraphs = {}, .facts = {}, .charts = {}, .table = {}};
  RowTable table = table_of(results);
  section.paragraphs = {std::string(summary)};
  section.paragraphs.insert(section.paragraphs.end(), table.preamble.begin(), table.preamble.end());
  const std::vector<std::string> names = result_names(results);
  for (std::size_t i = 0; i < results.size(); ++i)
    add_circumstances(results[i], results.size() > 1 ? names[i] : "", section);
  std::vector<Figure> figures = first.study.experiment->figures();
  if (results.size() > 1)
    for (Figure& figure : figures) tell_results_apart(figure);
  section.charts = charts_of(figures, table);
  section.table = std::move(table);
  return section;
}

// The results in groups of one experiment, in the order in which they come.
std::vector<std::vector<StoredResult>> by_experiment(std::vector<StoredResult> results) {
  std::vector<std::vector<StoredResult>> groups;
  for (StoredResult& result : results) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.front().study.experiment_name == result.study.experiment_name;
    });
    if (same == groups.end()) {
      groups.emplace_back();
      groups.back().push_back(std::move(result));
    } else {
      same->push_back(std::move(result));
    }
  }
  return groups;
}

bool can_be_joined(const std::vector<StoredResult>& results) {
  if (results.size() < 2) return false;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].study.experiment->summary_columns().empty()) return false;
    for (std::size_t j = 0; j < i; ++j)
      if (results[i].study.experiment_name == results[j].study.experiment_name) return false;
  }
  return true;
}

}  // namespace

std::vector<PageSection> sections_of(std::vector<StoredResult> results,
                                     std::span<const ExperimentInfo> experiments) {
  std::vector<PageSection> sections;
  if (can_be_joined(results)) {
    RowTable joined = joined_table(results);
    sections.push_back(
        {.heading = "side by side", .paragraphs = joined.preamble, .facts = {}, .charts = {}, .table = {}});
    sections.back().table = std::move(joined);
  }
  for (const std::vector<StoredResult>& group : by_experiment(std::move(results))) {
    const auto info = std::find_if(experiments.begin(), experiments.end(), [&](const ExperimentInfo& one) {
      return one.name == group.front().study.experiment_name;
    });
    sections.push_back(section_of(group, info->summary));
    if (group.size() == 2 && keep_samples(group[0]) && keep_samples(group[1]))
      sections.push_back(comparison_section(group[0], group[1]));
  }
  return sections;
}

}  // namespace jacobench::harness
