// The rows of a CSV file as texts: its dialect, but for its numbers, is found out here (files/csv.hpp says how).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "jacobench/files/csv.hpp"
#include "jacobench/files/text_lines.hpp"

namespace jacobench {

// Without the blanks around it, of which Unicode has some.
std::string_view without_blanks_around(std::string_view text);

class CsvRows {
 public:
  // Errors: InputError for a file that cannot be read or has no header, and a separator that is not certain
  CsvRows(const std::filesystem::path& file, const CsvDialect& dialect);

  const std::string& name() const { return name_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::int64_t header_line() const { return header_line_; }

  // Errors: InputError where no column or more than one has the name
  std::size_t position_of(const std::string& column) const;

  // The next row; false at the end of the file. Errors: InputError where it has not a cell a column
  bool next();
  const std::string& cell(std::size_t column) const { return cells_[column]; }
  std::int64_t line() const { return line_; }  // on which the row begins, from 1

 private:
  struct Look;

  void read_beginning();
  void find_header();
  void find_separator();
  Look look_with(char separator);
  bool next_line(std::string& line);
  bool read_record();
  bool split(std::string& line);
  void drop_nothing_at_end(std::size_t n_wanted);
  bool is_nothing() const;
  [[noreturn]] void refuse_width() const;

  std::string name_;
  CsvDialect dialect_;
  TextLines lines_;
  std::vector<std::string> beginning_;  // the first lines, which are looked through before they are read
  std::size_t n_used_ = 0;              // of the beginning
  bool is_looking_ = false;             // the beginning is all there is
  char separator_ = ',';
  std::int64_t line_read_ = 0, line_ = 0, header_line_ = 0;
  bool is_marked_ = false;  // the record begins with #, which is a comment perhaps
  std::vector<std::string> columns_, cells_;
};

}  // namespace jacobench
