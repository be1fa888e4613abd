#include "report/table_view.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

#include "options/message.hpp"
#include "options/quoting.hpp"
#include "options/value_text.hpp"
#include "report/table_layout.hpp"

namespace jacobench::harness {
namespace {

std::size_t column_called(const ColumnList& columns, const std::string& name) {
  for (const auto called : {&Column::name, &Column::heading})
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (columns[c].*called == name) return c;
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  throw InputError("{} is no column of this table; {}", in_quotes(name), suggestion(name, names));
}

struct Condition {
  std::size_t column;
  std::vector<std::string> values;
};

Condition condition_of(const ColumnList& columns, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw InputError("--where: {} is no condition; write such as network=5-10-1", in_quotes(text));
  Condition condition{column_called(columns, std::string(without_blanks_around(text.substr(0, equals)))), {}};
  for (std::size_t begin = equals + 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    condition.values.emplace_back(without_blanks_around(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return condition;
}

bool holds(const Condition& condition, const ColumnList& columns, const Row& row) {
  const Value& value = row.values[condition.column];
  return std::any_of(condition.values.begin(), condition.values.end(), [&](const std::string& wanted) {
    return wanted == exact_text(value) || wanted == exact_text_for_people(value) ||
           wanted == rounded_text(value, columns[condition.column].digits);
  });
}

void keep_rows_where(RowTable& table, const std::string& text) {
  const Condition condition = condition_of(table.columns, text);
  std::set<std::string> known;
  for (const Row& row : table.rows) known.insert(exact_text_for_people(row.values[condition.column]));
  std::erase_if(table.rows, [&](const Row& row) { return !holds(condition, table.columns, row); });
  if (!table.rows.empty()) return;
  constexpr std::size_t most = 12;
  std::vector<std::string> some(known.begin(), known.end());
  if (some.size() > most) some.resize(most);
  throw InputError("--where {}: no row is so; {} is {}{}", text, table.columns[condition.column].name,
                   joined(some, ", "), known.size() > most ? ", ..." : "");
}

bool is_less(const Value& a, const Value& b) {
  const auto x = number_in(a), y = number_in(b);
  return x && y ? *x < *y : exact_text(a) < exact_text(b);
}

void sort_by(RowTable& table, const std::string& key) {
  const bool falls = key.starts_with('-');
  const std::size_t c = column_called(table.columns, falls ? key.substr(1) : key);
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const Row& left, const Row& right) {
    const Value &a = left.values[c], &b = right.values[c];
    if (is_null(a) || is_null(b)) return !is_null(a) && is_null(b);
    return falls ? is_less(b, a) : is_less(a, b);
  });
}

void keep_columns(RowTable& table, const std::vector<std::string>& wanted) {
  std::vector<std::size_t> kept;
  ColumnList columns;
  const auto keep = [&](std::size_t c) {
    kept.push_back(c);
    columns.push_back(table.columns[c]);
  };
  for (const std::string& name : wanted) {
    keep(column_called(table.columns, name));
    if (columns.back().heading.empty()) columns.back().heading = columns.back().name;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string& error = columns[i].standard_error;
    if (error.empty()) continue;
    const std::size_t c = column_index(table.columns, error);
    if (std::find(kept.begin(), kept.end(), c) == kept.end()) keep(c);
  }
  for (Row& row : table.rows) {
    std::vector<Value> values;
    values.reserve(kept.size());
    for (const std::size_t c : kept) values.push_back(row.values[c]);
    row.values = std::move(values);
    row.lacking.clear();
  }
  table.columns = std::move(columns);
}

// The columns that stay, in their order.
void keep_headings(PrintedTable& table, const std::vector<bool>& stays) {
  const auto kept = [&](const auto& entries) {
    auto result = entries;
    result.clear();
    for (std::size_t c = 0; c < entries.size(); ++c)
      if (stays[c]) result.push_back(entries[c]);
    return result;
  };
  table.headings = kept(table.headings);
  for (PrintedTable::Line& line : table.lines) {
    line.n_repeated = static_cast<std::size_t>(
        std::count(stays.begin(), stays.begin() + static_cast<std::ptrdiff_t>(line.n_repeated), true));
    line.cells = kept(line.cells);
  }
}

bool is_constant(const PrintedTable& table, std::size_t c) {
  return std::all_of(table.lines.begin(), table.lines.end(), [&](const PrintedTable::Line& line) {
    return line.cells[c] == table.lines.front().cells[c];
  });
}

void move_constants_to_preamble(PrintedTable& table) {
  if (table.lines.size() < 2) return;
  std::vector<bool> stays;
  std::vector<std::string> constants;
  for (std::size_t c = 0; c < table.headings.size(); ++c) {
    const PrintedTable::Heading& heading = table.headings[c];
    const bool moves = heading.use == ColumnUse::detail && is_constant(table, c);
    stays.push_back(!moves);
    if (moves)
      constants.push_back(heading.text + " " + table.lines.front().cells[c] +
                          (heading.unit.empty() ? "" : " " + heading.unit));
  }
  if (constants.empty()) return;
  table.preamble.push_back("in all rows: " + joined(constants, ", "));
  keep_headings(table, stays);
}

}  // namespace

RowTable in_view(RowTable table, const TableView& view) {
  for (const std::string& condition : view.where) keep_rows_where(table, condition);
  for (auto key = view.sort.rbegin(); key != view.sort.rend(); ++key) sort_by(table, *key);
  if (!view.columns.empty()) keep_columns(table, view.columns);
  return table;
}

PrintedTable fitted_to(PrintedTable table, std::size_t width) {
  if (text_width(table) <= width) return table;
  move_constants_to_preamble(table);
  const std::vector<std::size_t> widths = column_widths(table);
  constexpr std::size_t gap = 2;
  std::vector<bool> stays(widths.size(), false);
  std::size_t taken = 0;
  for (const ColumnUse use : {ColumnUse::identity, ColumnUse::answer, ColumnUse::detail})
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::size_t needed = widths[c] + (taken > 0 ? gap : 0);
      if (table.headings[c].use != use || (taken > 0 && taken + needed > width)) continue;
      stays[c] = true;
      taken += needed;
    }
  std::vector<std::string> left_out;
  for (std::size_t c = 0; c < stays.size(); ++c)
    if (!stays[c]) left_out.push_back(table.headings[c].text);
  keep_headings(table, stays);
  if (!left_out.empty())
    table.notes.insert(table.notes.begin(),
                       fmt::format("left out to fit {} columns: {} (--wide shows all, --columns chooses)",
                                   width, joined(left_out, ", ")));
  return table;
}

}  // namespace jacobench::harness
