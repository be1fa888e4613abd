// Rows and their columns: a row type is a struct, and one list names its columns; JSON, CSV, tables and check
// all come from that list.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jacobench/base/errors.hpp"

#include "options/value.hpp"

namespace jacobench::harness {

enum class ColumnRole {
  identity,  // says which cell this is; together the identity columns are the key of the row
  measure,   // a measured figure that must repeat to the bit, on any processor
  // A measured figure that goes through BLAS or LAPACK: it repeats to the bit on one processor, and has other last
  // digits on the next. The estimates beside it are held by their errors.
  through_blas,
  timing,    // a measured figure that depends on the machine and its load
  samples,   // the repetitions behind a timing: numbers with blanks between them, for `compare`
  series,    // a figure at many places: numbers with blanks between them, for figures alone
  promise,   // a ratio to what was promised: `check` fails where it exceeds 1, or is null without a waiver
  waiver,    // why nothing is promised of this row; null where something is
  gated,     // a measure where less is better: `check` fails where it exceeds the baseline by the factor
  estimate,  // a Monte Carlo figure: `check` fails where it and the baseline differ by more than their errors
  unknown,   // in stored rows, but not among the experiment's columns: shown in CSV, and held to nothing
};

struct Column {
  std::string name;          // snake_case, the key in JSON and CSV
  std::string heading = {};  // for people, in text, markdown and LaTeX tables; empty: not shown there
  std::string unit = {};     // shown with the heading; empty for a pure number
  ColumnRole role;
  int digits = 3;  // significant digits in tables for people
  bool starts_group =
      false;         // identity columns: tables for people begin a new group of rows where it changes
  double floor = 0;  // gated columns: values up to this one count as equal to it in `check`
  std::string standard_error =
      {};  // estimate columns: name of the measure column of its standard error, without a heading of its own
  bool is_answer = false;    // what the experiment is run for: shown first where a table is narrow
  std::string meaning = {};  // one line, for those who read the table
};

using ColumnList = std::vector<Column>;

enum class RowStatus { ok, failed, skipped };

constexpr std::string_view name_of(RowStatus status) {
  switch (status) {
    case RowStatus::ok:
      return "ok";
    case RowStatus::failed:
      return "failed";
    case RowStatus::skipped:
      return "skipped";
  }
  return {};
}

constexpr std::optional<RowStatus> row_status_named(std::string_view name) {
  for (const RowStatus status : {RowStatus::ok, RowStatus::failed, RowStatus::skipped})
    if (name_of(status) == name) return status;
  return std::nullopt;
}

// A row: one value a column of its experiment, in the order of the column list.
struct Row {
  RowStatus status = RowStatus::ok;
  std::string reason;  // empty if and only if status is ok
  std::vector<Value> values;
  // Of a stored row: by column, whether the row was written before there was such a column, which is why it is null
  // there. Empty where it has them all.
  std::vector<bool> lacking = {};

  bool lacks(std::size_t column) const { return column < lacking.size() && lacking[column]; }
};

// Rows under one list of columns, and what people are told above and below them.
struct RowTable {
  ColumnList columns;
  std::vector<Row> rows;
  std::vector<std::string> preamble = {}, notes = {};
  bool rows_have_status = true;  // that CSV is to tell of
};

// The place of the column of this name, which is in the list.
inline std::size_t column_index(const ColumnList& columns, std::string_view name) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return column.name == name; });
  JB_EXPECT(found != columns.end(), "no column {}", name);
  return static_cast<std::size_t>(found - columns.begin());
}

// The one list of columns of a row struct R: each entry ties a column to a member of R.
//   RowSchema<AccuracyRow> schema{{{.name = "strategy", ...}, &AccuracyRow::strategy}, ...};
// A member is a bool, an integer, a double (not finite becomes null), a std::string, or a std::optional of
// one.
template <class R>
class RowSchema {
 public:
  class Entry {
   public:
    template <class T>
    Entry(Column column, T R::*member)
        : column_(std::move(column)), get_([member](const R& row) { return to_value(row.*member); }) {}

    Entry(Column column, std::function<Value(const R&)> get)
        : column_(std::move(column)), get_(std::move(get)) {}

    const Column& column() const { return column_; }
    Value value(const R& row) const { return get_(row); }

   private:
    Column column_;
    std::function<Value(const R&)> get_;
  };

  // These entries for a part of the row, such as the point of a sweep that it is at: part(row).
  template <class Part, class Get>
  static std::vector<Entry> of_part(const std::vector<Part>& entries, const Get& part) {
    std::vector<Entry> lifted;
    lifted.reserve(entries.size());
    for (const Part& entry : entries)
      lifted.push_back(
          Entry(entry.column(), [entry, part](const R& row) { return entry.value(std::invoke(part, row)); }));
    return lifted;
  }

  RowSchema() = default;
  RowSchema(std::initializer_list<Entry> entries) : RowSchema(std::vector<Entry>(entries)) {}
  explicit RowSchema(std::vector<Entry> entries) : entries_(std::move(entries)) {
    for (const Entry& entry : entries_) columns_.push_back(entry.column());
  }

  const ColumnList& columns() const { return columns_; }

  Row to_row(const R& source) const {
    Row row;
    for (const Entry& entry : entries_) row.values.push_back(entry.value(source));
    return row;
  }

  // The row of a cell that has not run: identity columns filled in, all else null.
  Row to_cell(const R& source) const {
    Row row = to_row(source);
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (columns_[i].role != ColumnRole::identity) row.values[i] = std::monostate{};
    return row;
  }

 private:
  std::vector<Entry> entries_;
  ColumnList columns_;
};

}  // namespace jacobench::harness
