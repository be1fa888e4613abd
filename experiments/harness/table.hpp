// Tables of results, for people (text, markdown, LaTeX) and for programs (CSV).
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/result_folder.hpp"

namespace jacobench::harness {

// A table as people read it: every number rounded and in words, nothing laid out yet.
struct PrintedTable {
  struct Heading {
    std::string text, unit;
    bool is_numeric = false;
  };
  struct Line {
    std::vector<std::string> cells;  // one a heading
    bool starts_group = false;
    std::size_t n_repeated = 0;  // so many leading cells say what the line above it says
  };

  std::vector<std::string> preamble;  // what holds for all lines: which results, columns that are constant
  std::vector<Heading> headings;
  std::vector<Line> lines;
  std::vector<std::string> notes;  // below the table: reasons of failed and skipped cells, then fitted laws
};

// The table of one result, or of several of the same experiment under a leading column `result`.
// Hidden: columns without heading, columns that are null throughout. Identity columns that are constant
// throughout are stated in the preamble. Throws InputError where the results are of different experiments.
PrintedTable printed_table(const std::vector<StoredResult>& results);

// The names of the formats, in the order of help: text, markdown, csv, latex.
std::vector<std::string> table_format_names();

// Writes the table of these results in the format of this name. CSV has every column of every row with all
// digits, status and reason, quoted as in RFC 4180. Throws as printed_table does.
void write_table(std::ostream& out, const std::vector<StoredResult>& results, const std::string& format_name);

}  // namespace jacobench::harness
