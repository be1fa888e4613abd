#include "report/check.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "options/value_text.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

// "nothing" for null, so that a message never has a hole.
std::string in_words(const Value& value) { return is_null(value) ? "nothing" : exact_text(value); }

std::string in_words(const std::optional<Value>& value) { return value ? in_words(*value) : "nothing"; }

std::vector<std::string> keys_of_study(const StoredResult& result) {
  std::vector<std::string> keys;
  for (const Row& cell : result.study.experiment->cells()) keys.push_back(cell_key(result.columns(), cell));
  return keys;
}

bool is_waived(const ColumnList& columns, const Row& row) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].role == ColumnRole::waiver && !is_null(row.values[i])) return true;
  return false;
}

void hold_promises(const ColumnList& columns, const Row& row, std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].role != ColumnRole::promise) continue;
    const auto ratio = number_in(row.values[i]);
    if (!ratio && is_waived(columns, row)) continue;
    const std::string figure = fmt::format("{}: {}", cell_key(columns, row), columns[i].name);
    if (!ratio)
      problems.push_back(figure + " is not a finite number; it must be at most 1");
    else if (*ratio > 1)
      problems.push_back(
          fmt::format("{} is {}, which breaks the promise of at most 1", figure, exact_text(*ratio)));
  }
}

// Both with their standard errors; an empty optional is an error that is null.
struct Estimates {
  double now, then;
  std::optional<double> error_now, error_then;
};

// What is wrong with an estimate beside the baseline's; empty where nothing is.
std::string problem_of(const Estimates& e) {
  if (!e.error_now || !e.error_then)
    return fmt::format("is {}, the baseline has {}; {} is without a standard error", exact_text(e.now),
                       exact_text(e.then), e.error_now ? "the baseline's" : "this one");
  constexpr double two_sided_999_permille = 3.29;  // of the normal distribution, in standard deviations
  constexpr double rounding = 1e-12;
  const double allowed = std::max(two_sided_999_permille * std::hypot(*e.error_now, *e.error_then),
                                  rounding * std::max(std::abs(e.now), std::abs(e.then)));
  const double difference = std::abs(e.now - e.then);
  if (difference <= allowed) return {};
  return fmt::format("is {}, the baseline has {}; they are {} apart, and {} standard errors allow {}",
                     exact_text(e.now), exact_text(e.then), rounded_text(difference, 3),
                     two_sided_999_permille, rounded_text(allowed, 3));
}

void hold_figures(const ColumnList& columns, const Row& row, const BaselineCell& before, double factor,
                  std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const auto old_figure = before.figure(column.name);
    if (!old_figure || is_null(*old_figure) || column.role == ColumnRole::promise) continue;
    const auto now = number_in(row.values[i]);
    const auto then = number_in(*old_figure);
    if (is_null(row.values[i])) {
      problems.push_back(fmt::format("{}: {} is {}; the baseline has {}", before.key, column.name,
                                     then ? "not a finite number" : "missing", in_words(*old_figure)));
    } else if (column.role == ColumnRole::gated && now && then) {
      const bool is_below_floor = *then < column.floor;
      const double base = is_below_floor ? column.floor : *then;
      if (*now <= factor * base) continue;
      problems.push_back(fmt::format("{}: {} is {}, more than {} ({} {} times {})", before.key, column.name,
                                     exact_text(*now), exact_text(factor * base),
                                     is_below_floor ? "the floor" : "the baseline's", exact_text(base),
                                     exact_text(factor)));
    } else if (column.role == ColumnRole::estimate && now && then) {
      const auto error_now = number_in(row.values[column_index(columns, column.standard_error)]);
      const auto error_then = number_in(before.figure(column.standard_error).value_or(Value()));
      const std::string problem = problem_of({*now, *then, error_now, error_then});
      if (!problem.empty()) problems.push_back(fmt::format("{}: {} {}", before.key, column.name, problem));
    }
  }
}

}  // namespace

std::vector<std::string> problems_of(const StoredResult& result) {
  const ColumnList& columns = result.columns();
  std::set<std::string> keys_of_rows;
  for (const Row& row : result.rows) keys_of_rows.insert(cell_key(columns, row));
  std::vector<std::string> problems;
  for (const std::string& key : keys_of_study(result))
    if (!keys_of_rows.contains(key)) problems.push_back(fmt::format("{}: has not been run", key));
  for (const Row& row : result.rows) {
    if (row.status == RowStatus::failed)
      problems.push_back(fmt::format("{}: failed: {}", cell_key(columns, row), row.reason));
    else if (row.status == RowStatus::ok)
      hold_promises(columns, row, problems);
  }
  return problems;
}

std::vector<std::string> problems_against(const Baseline& baseline, const StoredResult& result,
                                          double factor) {
  if (const auto what = difference(baseline.config, result.study.config()))
    throw InputError("{}: the baseline is of another config ({}); give the right one, or --update it",
                     result.folder.string(), *what);
  std::vector<std::string> problems = problems_of(result);
  for (const Row& row : result.rows) {
    const std::string key = cell_key(result.columns(), row);
    const BaselineCell* before = baseline.find(key);
    if (!before)
      problems.push_back(fmt::format("{}: is not in the baseline; --update takes it in", key));
    else if (row.status == RowStatus::skipped && before->status == RowStatus::ok)
      problems.push_back(fmt::format("{}: skipped, but the baseline has figures of it: {}", key, row.reason));
    else if (row.status == RowStatus::ok)
      hold_figures(result.columns(), row, *before, factor, problems);
  }
  const std::vector<std::string> study = keys_of_study(result);
  for (const BaselineCell& cell : baseline.cells)
    if (std::find(study.begin(), study.end(), cell.key) == study.end())
      problems.push_back(fmt::format("{}: is in the baseline, but no cell of the study", cell.key));
  return problems;
}

std::vector<std::string> problems_to_the_bit(const Baseline& baseline, const StoredResult& result) {
  constexpr double any_factor = HUGE_VAL;
  std::vector<std::string> problems = problems_against(baseline, result, any_factor);
  const ColumnList& columns = result.columns();
  for (const Row& row : result.rows) {
    const BaselineCell* before = baseline.find(cell_key(columns, row));
    if (!before || row.status != RowStatus::ok) continue;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const ColumnRole role = columns[i].role;
      if (role != ColumnRole::measure && role != ColumnRole::gated && role != ColumnRole::promise) continue;
      const Value then = before->figure(columns[i].name).value_or(Value());
      if (row.values[i] != then)
        problems.push_back(fmt::format("{}: {} is {}, the baseline has {}", before->key, columns[i].name,
                                       in_words(row.values[i]), in_words(then)));
    }
  }
  return problems;
}

std::vector<std::string> changes(const Baseline& before, const Baseline& now) {
  std::vector<std::string> lines;
  if (const auto what = difference(before.config, now.config))
    lines.push_back(fmt::format("config: {}", *what));
  for (const BaselineCell& cell : now.cells) {
    const BaselineCell* old = before.find(cell.key);
    if (!old) {
      lines.push_back(fmt::format("added: {}", cell.key));
      continue;
    }
    if (old->status != cell.status)
      lines.push_back(fmt::format("changed: {}: {} where it was {}", cell.key, name_of(cell.status),
                                  name_of(old->status)));
    std::set<std::string> columns;
    for (const auto& figures : {old->figures, cell.figures})
      for (const auto& [column, value] : figures) columns.insert(column);
    for (const std::string& column : columns) {
      const auto figure = cell.figure(column), old_figure = old->figure(column);
      if (figure != old_figure)
        lines.push_back(fmt::format("changed: {}: {} is {} and was {}", cell.key, column, in_words(figure),
                                    in_words(old_figure)));
    }
  }
  for (const BaselineCell& cell : before.cells)
    if (!now.find(cell.key)) lines.push_back(fmt::format("removed: {}", cell.key));
  return lines;
}

}  // namespace jacobench::harness
