// Data files: CSV with a header of column names, and numbers in the columns that are asked for.
//
// What a file does not say of itself and the caller does not either is found out where it is certain, and otherwise
// refused with what the file looks like and what reads it:
//   encoding     UTF-8, or UTF-16 and UTF-32 by their marks; a line ends at LF, CR LF or CR
//   separator    a comma, semicolon, tab or bar that gives every row as many cells as the header; or a first line
//                sep=;
//   quotes       as in RFC 4180: a cell that begins with " may hold separators, doubled quotes and line ends
//   comments     lines that begin with # before the header, and those after it that have not as many cells as a row
//   names        without the blanks around them, each run of blanks and line ends as one blank
//   numbers      as in 1.5e-3; other decimals and thousands as files/number_style.hpp says
//   nothing      separators at the end of a line with nothing after them, and lines of nothing, are passed over
//   words        NAME=WORD, asked for where no column is called so, is 1 where the column NAME holds WORD, and 0
//                elsewhere
// Columns that are not asked for may hold anything, and need neither a name nor one of their own.
// Errors: InputError "FILE:LINE: column NAME: what is wrong; what to do" for a file that cannot be read, a row with
//         too many or too few cells, a name that no column or more than one has, and a cell that is asked for and is
//         no finite number
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

enum class Missing {
  refuse,
  drop  // rows in which a column that is asked for has no value are left out
};

// What is known of how a file is written; what is not given is found out.
struct CsvDialect {
  static constexpr char none = 0;     // of comment
  static constexpr char blank = ' ';  // of separator: a run of blanks and tabs; of thousands: any blank

  std::optional<std::string> encoding = {};  // as iconv calls it
  std::optional<char> separator = {};
  std::optional<char> decimal = {};
  std::optional<char> thousands = {};
  std::optional<char> comment = {};  // what a line begins with that is passed over
  Missing missing = Missing::refuse;
};

class CsvRows;

// A column without a number in it, and the different words that stand there, in the order of their bytes.
struct WordColumn {
  std::string name;
  std::vector<std::string> words;
  Index n_cells = 0;  // in which they stand
};

// The names of the columns; empty where one has none.
std::vector<std::string> csv_columns(const std::filesystem::path& file, const CsvDialect& dialect = {});

// The column that each of `asked` is read from: of NAME=WORD, where no column is called so, NAME.
std::vector<std::string> columns_of(const std::filesystem::path& file, const std::vector<std::string>& asked,
                                    const CsvDialect& dialect = {});

// Those that hold words of the columns that are asked for.
// Cost: the file is read up to where each of them has had a number
std::vector<WordColumn> word_columns(const std::filesystem::path& file, const std::vector<std::string>& names,
                                     const CsvDialect& dialect = {});

// The named columns of a file, in the order given: at most max_rows rows of them a call, none at the end.
// Shapes: the result is [rows x names.size()].
// Cost: the file is read twice, and is in memory a line at a time
class CsvColumns {
 public:
  // Reads the file once to its end: whatever is wrong with it is thrown before any use is made of it, as is a word in a
  // column of `known` that is none of the words there.
  CsvColumns(const std::filesystem::path& file, const std::vector<std::string>& names,
             const CsvDialect& dialect = {}, const std::vector<WordColumn>& known = {});
  CsvColumns(CsvColumns&&) noexcept;
  ~CsvColumns();

  Index n_rows() const { return n_rows_; }          // that there are to read
  Index n_left_out() const { return n_left_out_; }  // for a missing value

  Matrix read(Index max_rows);

 private:
  class Cells;

  std::unique_ptr<Cells> cells_;
  Index n_rows_ = 0, n_left_out_ = 0;
};

// The named columns of all rows.  Shape: [rows x names.size()]
Matrix read_csv(const std::filesystem::path& file, const std::vector<std::string>& names,
                const CsvDialect& dialect = {});

// A cell as it stands in a CSV file: quoted where it has to be.
std::string csv_cell(const std::string& text);

}  // namespace jacobench
