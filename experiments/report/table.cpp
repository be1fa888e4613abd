#include "report/table.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/files/csv.hpp"

#include "options/message.hpp"
#include "options/print.hpp"
#include "options/value_text.hpp"
#include "report/table_layout.hpp"
#include "report/table_view.hpp"
#include "study/cell_key.hpp"
#include "study/row_json.hpp"

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

std::size_t n_distinct_rows(const RowTable& all, const std::vector<std::size_t>& columns) {
  std::set<std::vector<Value>> keys;
  for (const Row& row : all.rows) {
    std::vector<Value> key;
    key.reserve(columns.size());
    for (const std::size_t c : columns) key.push_back(row.values[c]);
    keys.insert(std::move(key));
  }
  return keys.size();
}

// As few of the identity columns shown as tell the rows apart like all of them, the first where one stands for another.
std::vector<std::size_t> telling_apart(const RowTable& all, const std::vector<std::size_t>& shown) {
  std::vector<std::size_t> kept;
  for (const std::size_t c : shown)
    if (all.columns[c].role == ColumnRole::identity) kept.push_back(c);
  const std::size_t n_distinct = n_distinct_rows(all, kept);
  for (std::size_t i = kept.size(); i-- > 0;) {
    std::vector<std::size_t> without = kept;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    if (n_distinct_rows(all, without) == n_distinct) kept = std::move(without);
  }
  return kept;
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
      table.headings.push_back({column.heading, column.unit, column_is_numeric(all, c),
                                column.is_answer ? ColumnUse::answer : ColumnUse::detail});
    } else if (place == Place::preamble) {
      const std::string text = with_unit(cell_text(all.columns, c, all.rows.front()), column.unit);
      constants += fmt::format("{}{} {}", constants.empty() ? "" : ", ", column.heading, text);
    }
  }
  if (!constants.empty()) table.preamble.push_back(constants);
  for (const std::size_t c : telling_apart(all, shown))
    table.headings[static_cast<std::size_t>(std::find(shown.begin(), shown.end(), c) - shown.begin())].use =
        ColumnUse::identity;

  const bool all_ok = std::all_of(all.rows.begin(), all.rows.end(),
                                  [](const Row& row) { return row.status == RowStatus::ok; });
  if (!all_ok) table.headings.push_back({"status", "", false, ColumnUse::answer});
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

void write_csv(std::ostream& out, const RowTable& table, std::optional<std::size_t>) {
  const CsvWriter writer(out, table.columns, table.rows_have_status);
  for (const Row& row : table.rows) writer.write(row);
}

nlohmann::ordered_json column_to_json(const Column& column) {
  nlohmann::ordered_json json{{"name", column.name}};
  for (const auto& [key, text] : {std::pair{"heading", column.heading},
                                  {"unit", column.unit},
                                  {"meaning", column.meaning},
                                  {"standard_error", column.standard_error}})
    if (!text.empty()) json[key] = text;
  return json;
}

}  // namespace

nlohmann::ordered_json table_to_json(const RowTable& table) {
  nlohmann::ordered_json json{{"about", table.preamble},
                              {"columns", nlohmann::ordered_json::array()},
                              {"rows", nlohmann::ordered_json::array()},
                              {"notes", table.notes}};
  for (const Column& column : table.columns) json["columns"].push_back(column_to_json(column));
  for (const Row& row : table.rows) {
    nlohmann::ordered_json entry;
    for (std::size_t c = 0; c < row.values.size(); ++c)
      entry[table.columns[c].name] = value_to_json(row.values[c]);
    if (table.rows_have_status) {
      entry["status"] = name_of(row.status);
      entry["reason"] = row.reason;
    }
    json["rows"].push_back(std::move(entry));
  }
  return json;
}

namespace {

void write_json(std::ostream& out, const RowTable& table, std::optional<std::size_t>) {
  print(out, "{}\n", json_text(table_to_json(table)));
}

void write_markdown(std::ostream& out, const RowTable& table, std::optional<std::size_t>) {
  lay_out_markdown(out, printed_table(table));
}
void write_latex(std::ostream& out, const RowTable& table, std::optional<std::size_t>) {
  lay_out_latex(out, printed_table(table));
}

constexpr TableFormat formats[] = {
    {"text", "aligned columns, for a terminal", write_text},
    {"markdown", "a table as GitHub and others show it", write_markdown},
    {"csv", "every column of every row with all digits, for programs", write_csv},
    {"latex", "a tabular with the rules of booktabs", write_latex},
    {"json", "the columns, and every row with all digits, for programs", write_json},
};

}  // namespace

void write_text(std::ostream& out, const RowTable& table, std::optional<std::size_t> width) {
  const PrintedTable printed = printed_table(table);
  lay_out_text(out, width ? fitted_to(printed, *width) : printed, width);
}

std::span<const TableFormat> table_format_table() { return formats; }

std::string json_text(const nlohmann::ordered_json& json) {
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

CsvWriter::CsvWriter(std::ostream& out, const ColumnList& columns, bool rows_have_status)
    : out_(out), rows_have_status_(rows_have_status) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(csv_cell(column.name));
  if (rows_have_status_) names.insert(names.end(), {"status", "reason"});
  print(out_, "{}\n", joined(names, ","));
}

void CsvWriter::write(const Row& row) const {
  std::vector<std::string> fields;
  for (const Value& value : row.values) fields.push_back(csv_cell(exact_text(value)));
  if (rows_have_status_)
    fields.insert(fields.end(), {std::string(name_of(row.status)), csv_cell(row.reason)});
  print(out_, "{}\n", joined(fields, ","));
}

}  // namespace jacobench::harness
