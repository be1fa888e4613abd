// Data files: CSV with a header of column names and a number in every cell (RFC 4180 quoting, commas between).
//
// Rows are read one at a time, so that a file may be larger than memory.
// Errors: InputError "FILE:LINE: column NAME: what is wrong; what to do" for a file that cannot be read, an
//         empty or repeated column name, a row with too many or too few cells, a missing value, and a cell that
//         is not a finite number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

class CsvReader {
 public:
  explicit CsvReader(const std::filesystem::path& file);

  const std::vector<std::string>& columns() const { return columns_; }

  // The position of a column by its name. Throws InputError, listing the columns, where there is none.
  std::size_t position_of(const std::string& column) const;

  // Reads the next row into `row`, one number a column; false at the end of the file. Blank lines are passed
  // over.
  bool read_row(std::vector<double>& row);

 private:
  bool read_cells();
  double number_in(std::size_t cell) const;

  std::string name_;
  std::ifstream in_;
  std::int64_t line_ = 0;  // where the present row begins, counted from 1
  std::int64_t lines_read_ = 0;
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;
};

// The named columns of a file, in the order given: at most max_rows rows of them a call, none at the end.
// Shapes: the result is [rows x names.size()].
class CsvColumns {
 public:
  CsvColumns(const std::filesystem::path& file, const std::vector<std::string>& names);

  Matrix read(Index max_rows);

 private:
  CsvReader reader_;
  std::vector<std::size_t> positions_;
  std::vector<double> row_;
};

// Reads the file to its end and counts its rows: whatever is wrong with it is thrown before any use is made
// of it.
Index count_csv_rows(const std::filesystem::path& file);

// The named columns of all rows.  Shape: [rows x names.size()]
Matrix read_csv(const std::filesystem::path& file, const std::vector<std::string>& names);

// A cell as it stands in a CSV file: quoted where it has to be.
std::string csv_cell(const std::string& text);

}  // namespace jacobench
