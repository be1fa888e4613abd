// Tables of results, for people (text, markdown, LaTeX) and for programs (CSV).
#pragma once

#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "run/result_folder.hpp"

namespace jacobench::harness {

// What a column is to those who read the table: it tells its lines apart, answers the question, or is neither.
enum class ColumnUse { identity, answer, detail };

// A table as people read it: every number rounded and in words, nothing laid out yet.
struct PrintedTable {
  struct Heading {
    std::string text, unit;
    bool is_numeric = false;
    ColumnUse use = ColumnUse::detail;
  };
  struct Line {
    std::vector<std::string> cells;  // one a heading
    bool starts_group = false;
    std::size_t n_repeated = 0;  // so many leading cells say what the line above it says
  };

  std::vector<std::string> preamble;  // what holds for all lines: which results, columns that are constant
  std::vector<Heading> headings;
  std::vector<Line> lines;
  std::vector<std::string> notes;  // below the table
};

// The rows of one result, or of several of the same experiment under a leading column `result`; how far each is stands
// above them, its laws below. A column that one of the results alone has is null in the rows of the others. Throws
// InputError where the results are of different experiments.
RowTable table_of(const std::vector<StoredResult>& results);

// What each of the results is called beside the others: by the last part of its path, or by the whole path
// where another one has the same last part.
std::vector<std::string> result_names(const std::vector<StoredResult>& results);

// "quick: accuracy, 5 of 24 cells (unfinished)"; without a name for the result, from the experiment on.
std::string progress_line(const StoredResult& result, const std::string& name);

// Hidden: columns without heading, columns that are null throughout. Identity columns that are constant
// throughout are stated in the preamble. Estimates stand with their standard errors. Reasons of rows that are
// not ok come before the notes.
PrintedTable printed_table(const RowTable& table);

struct TableFormat {
  std::string_view name;
  std::string_view summary;
  // Text alone heeds the width, in columns of a terminal.
  void (*write)(std::ostream& out, const RowTable& table, std::optional<std::size_t> width);
};

// In the order of help: text first, then markdown, csv, latex, json. JSON is an object of `about` and `notes`, lists of
// lines; `columns`, of each its name, heading, unit, meaning and standard_error, the name of the column of its standard
// error; and `rows`, of each its values by name, status and reason. CSV has every column of every row (those that this
// version does not know come last) with all digits, status and reason (where the table has them), quoted as in RFC
// 4180.
std::span<const TableFormat> table_format_table();

// The format `csv`, row by row.
class CsvWriter {
 public:
  // The line of names.
  CsvWriter(std::ostream& out, const ColumnList& columns, bool rows_have_status);

  void write(const Row& row) const;

 private:
  std::ostream& out_;
  const bool rows_have_status_;
};

// The format `json`, and JSON as it is printed: what is not UTF-8 is replaced.
nlohmann::ordered_json table_to_json(const RowTable& table);
std::string json_text(const nlohmann::ordered_json& json);

// The format `text`.
void write_text(std::ostream& out, const RowTable& table, std::optional<std::size_t> width = {});

}  // namespace jacobench::harness
