#include "report/table.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

#include "options/message.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"
#include "report/table_layout.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

enum class Place { hidden, preamble, table };

Place place_of(const RowTable& all, std::size_t column) {
  const auto holds_throughout = [&](auto predicate) {
    return std::all_of(all.rows.begin(), all.rows.end(),
                       [&](const Row& row) { return predicate(row.values[column]); });
  };
  if (all.columns[column].heading.empty() || holds_throughout(is_null)) return Place::hidden;
  const bool is_constant = all.rows.size() > 1 && holds_throughout([&](const Value& value) {
                             return value == all.rows.front().values[column];
                           });
  if (all.columns[column].role == ColumnRole::identity && is_constant) return Place::preamble;
  return Place::table;
}

std::string cell_text(const ColumnList& columns, std::size_t c, const Row& row) {
  const Column& column = columns[c];
  if (column.role == ColumnRole::identity) return exact_text_for_people(row.values[c]);
  if (column.role == ColumnRole::estimate) {
    const auto estimate = number_in(row.values[c]);
    const auto error = number_in(row.values[column_index(columns, column.standard_error)]);
    if (estimate && error) return estimate_text(*estimate, *error, column.digits);
  }
  return rounded_text(row.values[c], column.digits);
}

std::string with_unit(const std::string& text, const std::string& unit) {
  return unit.empty() ? text : text + " " + unit;
}

bool column_is_numeric(const RowTable& all, std::size_t column) {
  return std::all_of(all.rows.begin(), all.rows.end(), [&](const Row& row) {
    return is_null(row.values[column]) || is_number(row.values[column]);
  });
}

// The reasons of rows that are not ok, each once, numbered from 1.
class Notes {
 public:
  std::string status_text(const ColumnList& columns, const Row& row) {
    if (row.status == RowStatus::ok) return "ok";
    const std::string reason = one_line(row.reason);
    auto note = std::find_if(notes_.begin(), notes_.end(), [&](const Note& n) { return n.reason == reason; });
    if (note == notes_.end()) note = notes_.insert(notes_.end(), {reason, cell_key(columns, row), 0});
    ++note->n_rows;
    return fmt::format("{} [{}]", name_of(row.status), note - notes_.begin() + 1);
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Note& note : notes_) {
      const std::string more = note.n_rows > 1 ? fmt::format(" and {} more", note.n_rows - 1) : "";
      texts.push_back(fmt::format("[{}] {}{}: {}", texts.size() + 1, note.first_cell, more, note.reason));
    }
    return texts;
  }

 private:
  struct Note {
    std::string reason, first_cell;
    std::size_t n_rows = 0;
  };
  std::vector<Note> notes_;
};

}  // namespace

std::vector<std::string> result_names(const std::vector<StoredResult>& results) {
  std::vector<std::string> names;
  std::set<std::string> distinct;
  for (const StoredResult& result : results) {
    const auto path = result.folder.lexically_normal();
    names.push_back((path.has_filename() ? path : path.parent_path()).filename().string());
    distinct.insert(names.back());
  }
  if (distinct.size() == names.size()) return names;
  for (std::size_t i = 0; i < results.size(); ++i) names[i] = results[i].folder.string();
  return names;
}

std::string progress_line(const StoredResult& result, const std::string& name) {
  return fmt::format("{}{}{}, {} cells{}", name, name.empty() ? "" : ": ", result.study.experiment_name,
                     result.progress_text(), result.is_complete() ? "" : " (unfinished)");
}

namespace {

// Those of the experiment are the same in all of them; the others come in the order of the results.
ColumnList columns_of_all(const std::vector<StoredResult>& results) {
  ColumnList columns = results.front().columns();
  std::set<std::string> names;
  for (const Column& column : columns) names.insert(column.name);
  for (const StoredResult& result : results)
    for (const Column& column : result.columns())
      if (names.insert(column.name).second) columns.push_back(column);
  return columns;
}

// The values of the row under all of these columns, null where its result does not have one.
std::vector<Value> values_under(const ColumnList& columns, const StoredResult& result, const Row& row) {
  std::map<std::string_view, const Value*> by_name;
  for (std::size_t c = 0; c < row.values.size(); ++c) by_name[result.columns()[c].name] = &row.values[c];
  std::vector<Value> values;
  for (const Column& column : columns) {
    const auto found = by_name.find(column.name);
    values.push_back(found == by_name.end() ? Value() : *found->second);
  }
  return values;
}

}  // namespace

RowTable table_of(const std::vector<StoredResult>& results) {
  JB_EXPECT(!results.empty(), "a table of no result");
  const StoredResult& first = results.front();
  for (const StoredResult& result : results) {
    if (result.study.experiment_name == first.study.experiment_name) continue;
    throw InputError(
        "{}: is a result of experiment {}, but {} is one of {}; a table takes one experiment (jacobench join "
        "takes "
        "several)",
        result.folder.string(), result.study.experiment_name, first.folder.string(),
        first.study.experiment_name);
  }
  const ColumnList columns = columns_of_all(results);
  RowTable table{columns, {}};
  const bool has_result_column = results.size() > 1;
  if (has_result_column) {
    const Column column = {
        .name = "result", .heading = "result", .role = ColumnRole::identity, .starts_group = true};
    table.columns.insert(table.columns.begin(), column);
  }
  const std::vector<std::string> names = result_names(results);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const StoredResult& result = results[i];
    const std::string name = has_result_column ? names[i] + ": " : "";
    table.preamble.push_back(fmt::format("{}{}, {} cells{}", name, result.study.experiment_name,
                                         result.progress_text(),
                                         result.is_complete() ? "" : " (unfinished)"));
    for (const std::string& law : result.study.experiment->laws(result.rows))
      table.notes.push_back(name + law);
    for (const Row& row : result.rows) {
      std::vector<Value> values = values_under(columns, result, row);
      if (has_result_column) values.insert(values.begin(), names[i]);
      table.rows.push_back({row.status, row.reason, std::move(values)});
    }
  }
  return table;
}

PrintedTable printed_table(const RowTable& all) {
  PrintedTable table;
  table.preamble = all.preamble;

  std::vector<std::size_t> shown;
  std::string constants;
  for (std::size_t c = 0; c < all.columns.size(); ++c) {
    const Column& column = all.columns[c];
    const Place place = place_of(all, c);
    if (place == Place::table) {
      shown.push_back(c);
      table.headings.push_back({column.heading, column.unit, column_is_numeric(all, c)});
    } else if (place == Place::preamble) {
      const std::string text = with_unit(cell_text(all.columns, c, all.rows.front()), column.unit);
      constants += fmt::format("{}{} {}", constants.empty() ? "" : ", ", column.heading, text);
    }
  }
  if (!constants.empty()) table.preamble.push_back(constants);

  const bool all_ok = std::all_of(all.rows.begin(), all.rows.end(),
                                  [](const Row& row) { return row.status == RowStatus::ok; });
  if (!all_ok) table.headings.push_back({"status", "", false});
  Notes notes;
  const Row* previous = nullptr;
  for (const Row& row : all.rows) {
    PrintedTable::Line line;
    bool repeats = previous != nullptr;
    for (const std::size_t c : shown) {
      const Column& column = all.columns[c];
      const bool is_identity = column.role == ColumnRole::identity;
      const bool differs = previous && previous->values[c] != row.values[c];
      if (is_identity && column.starts_group && differs) line.starts_group = true;
      repeats = repeats && is_identity && !differs;
      if (repeats) ++line.n_repeated;
      line.cells.push_back(cell_text(all.columns, c, row));
    }
    if (line.starts_group) line.n_repeated = 0;
    if (!all_ok) line.cells.push_back(notes.status_text(all.columns, row));
    table.lines.push_back(std::move(line));
    previous = &row;
  }
  table.notes = notes.texts();
  table.notes.insert(table.notes.end(), all.notes.begin(), all.notes.end());
  return table;
}

namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + '"';
}

void write_csv(std::ostream& out, const RowTable& table) {
  const auto write_line = [&](std::vector<std::string> fields, std::initializer_list<std::string> status) {
    if (table.rows_have_status) fields.insert(fields.end(), status);
    for (std::string& field : fields) field = csv_field(field);
    print(out, "{}\n", joined(fields, ","));
  };
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name);
  write_line(names, {"status", "reason"});
  for (const Row& row : table.rows) {
    std::vector<std::string> fields;
    for (const Value& value : row.values) fields.push_back(exact_text(value));
    write_line(fields, {std::string(name_of(row.status)), row.reason});
  }
}

void write_markdown(std::ostream& out, const RowTable& table) { lay_out_markdown(out, printed_table(table)); }
void write_latex(std::ostream& out, const RowTable& table) { lay_out_latex(out, printed_table(table)); }

constexpr TableFormat formats[] = {
    {"text", "aligned columns, for a terminal", write_text},
    {"markdown", "a table as GitHub and others show it", write_markdown},
    {"csv", "every column of every row with all digits, for programs", write_csv},
    {"latex", "a tabular with the rules of booktabs", write_latex},
};

}  // namespace

void write_text(std::ostream& out, const RowTable& table) { lay_out_text(out, printed_table(table)); }

std::span<const TableFormat> table_format_table() { return formats; }

}  // namespace jacobench::harness
