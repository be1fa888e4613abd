#include "report/check.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"
#include "options/value_text.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

// "nothing" for null, so that a message never has a hole.
std::string in_words(const Value& value) { return is_null(value) ? "nothing" : exact_text(value); }

std::string in_words(const std::optional<Value>& value) { return value ? in_words(*value) : "nothing"; }

// The keys of rows or cells. Columns: theirs, or some with another role for this.
std::vector<std::string> keys_of(const ColumnList& columns, const std::vector<Row>& rows) {
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const Row& row : rows) keys.push_back(cell_key(columns, row));
  return keys;
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Also where the row is older than its column for that, and could not say so.
bool is_waived(const ColumnList& columns, const Row& row) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].role == ColumnRole::waiver && (row.lacks(i) || !is_null(row.values[i]))) return true;
  return false;
}

void hold_promises(const ColumnList& columns, const Row& row, std::vector<std::string>& problems) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].role != ColumnRole::promise || row.lacks(i)) continue;
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
    if (column.role == ColumnRole::unknown || row.lacks(i)) continue;
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
    } else if (column.role == ColumnRole::estimate && now && then &&
               !row.lacks(column_index(columns, column.standard_error))) {
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
  const std::vector<Row> rows = rows_of_cells(result);
  std::vector<std::string> problems;
  if (result.config_is_known) {
    const std::vector<std::string> keys = keys_of(columns, rows);
    const std::set<std::string> done(keys.begin(), keys.end());
    for (const std::string& key :
         keys_of(result.study.experiment->columns(), result.study.experiment->cells()))
      if (!done.contains(key)) problems.push_back(fmt::format("{}: has not been run", key));
  } else if (!result.is_complete()) {
    problems.push_back(fmt::format("{} cells have been run", result.progress_text()));
  }
  for (const Row& row : rows) {
    if (row.status == RowStatus::failed)
      problems.push_back(fmt::format("{}: failed: {}", cell_key(columns, row), row.reason));
    else if (row.status == RowStatus::ok)
      hold_promises(columns, row, problems);
  }
  return problems;
}

std::vector<std::string> problems_against(const Baseline& baseline, const StoredResult& result,
                                          double factor) {
  if (const auto what = result.study.difference(baseline.config, result.config))
    throw InputError("{}: the baseline is of another config ({}); give the right one, or --update it",
                     result.folder.string(), *what);
  std::vector<std::string> problems = problems_of(result);
  const std::vector<Row> rows = rows_of_cells(result);
  const ColumnList columns = baseline.columns_in_keys(result.columns());
  const std::vector<std::string> keys = keys_of(columns, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const BaselineCell* before = baseline.find(keys[i]);
    const std::string key = cell_key(result.columns(), rows[i]);
    if (std::count(keys.begin(), keys.end(), keys[i]) > 1)
      problems.push_back(
          fmt::format("{}: is one of several rows that the baseline calls {}; --update takes them in", key,
                      in_quotes(keys[i])));
    else if (!before)
      problems.push_back(fmt::format("{}: is not in the baseline; --update takes it in", key));
    else if (rows[i].status == RowStatus::skipped && before->status == RowStatus::ok)
      problems.push_back(
          fmt::format("{}: skipped, but the baseline has figures of it: {}", key, rows[i].reason));
    else if (rows[i].status == RowStatus::ok)
      hold_figures(result.columns(), rows[i], *before, factor, problems);
  }
  const std::vector<std::string> study =
      result.config_is_known ? keys_of(columns, result.study.experiment->cells()) : keys;
  for (const BaselineCell& cell : baseline.cells)
    if (!contains(study, cell.key))
      problems.push_back(fmt::format("{}: is in the baseline, but no cell of the study", cell.key));
  return problems;
}

std::vector<std::string> problems_to_the_bit(const Baseline& baseline, const StoredResult& result) {
  constexpr double any_factor = HUGE_VAL;
  std::vector<std::string> problems = problems_against(baseline, result, any_factor);
  const ColumnList& columns = result.columns();
  const ColumnList columns_in_keys = baseline.columns_in_keys(columns);
  const std::set<std::string> in_baseline = baseline.columns_with_figures();
  for (const Row& row : rows_of_cells(result)) {
    const BaselineCell* before = baseline.find(cell_key(columns_in_keys, row));
    if (!before || row.status != RowStatus::ok) continue;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const ColumnRole role = columns[i].role;
      if (role != ColumnRole::measure && role != ColumnRole::gated && role != ColumnRole::promise) continue;
      if (row.lacks(i) || !in_baseline.contains(columns[i].name)) continue;
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
