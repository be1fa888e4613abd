#include "jacobench/files/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

namespace jacobench {
namespace {

std::string without_blanks_around(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_number(const std::string& text) {
  double x = 0;
  return std::from_chars(text.data(), text.data() + text.size(), x).ptr == text.data() + text.size();
}

// For a message of one line: control characters replaced, and no longer than it helps.
std::string as_shown(std::string text) {
  constexpr std::size_t longest = 40;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, '?');
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& file) : name_(file.string()), in_(file) {
  if (!in_ || std::filesystem::is_directory(file))
    throw InputError("{}: cannot be read as a data file; check the path", name_);
  if (!read_cells()) throw InputError("{}: is empty; the first line must name the columns", name_);
  if (cells_[0].starts_with("\xEF\xBB\xBF")) cells_[0].erase(0, 3);  // byte order mark
  for (const std::string& cell : cells_) {
    const std::string column = without_blanks_around(cell);
    if (column.empty())
      throw InputError("{}:{}: column {} has no name; name every column", name_, line_, columns_.size() + 1);
    if (std::find(columns_.begin(), columns_.end(), column) != columns_.end())
      throw InputError("{}:{}: two columns are called {}; rename one", name_, line_, column);
    columns_.push_back(column);
  }
  if (std::all_of(columns_.begin(), columns_.end(), is_number))
    throw InputError("{}:{}: is a line of numbers; the first line must name the columns", name_, line_);
}

std::size_t CsvReader::position_of(const std::string& column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end())
    throw InputError("{}: has no column '{}'; its columns: {}", name_, column, joined(columns_, ", "));
  return static_cast<std::size_t>(found - columns_.begin());
}

bool CsvReader::read_row(std::vector<double>& row) {
  if (!read_cells()) return false;
  if (cells_.size() != columns_.size())
    throw InputError("{}:{}: has {} cells, the header {}; every row needs one cell a column", name_, line_,
                     cells_.size(), columns_.size());
  row.resize(columns_.size());
  for (std::size_t i = 0; i < cells_.size(); ++i) row[i] = number_in(i);
  return true;
}

// Splits the next line that is not blank into cells_. A quoted cell may hold commas, doubled quotes and line
// ends.
bool CsvReader::read_cells() {
  std::string text;
  do {
    if (!std::getline(in_, text)) return false;
    line_ = ++lines_read_;
    if (text.ends_with('\r')) text.pop_back();
  } while (without_blanks_around(text).empty());
  cells_.assign(1, "");
  bool quoted = false;
  for (std::size_t i = 0;; ++i) {
    if (i == text.size()) {
      if (!quoted) return true;
      if (!std::getline(in_, text))
        throw InputError("{}:{}: a quote that opens here is never closed; close it", name_, line_);
      ++lines_read_;
      cells_.back() += '\n';
      i = static_cast<std::size_t>(-1);
      continue;
    }
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"')
      cells_.back() += text[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells_.emplace_back();
    else
      cells_.back() += c;
  }
}

double CsvReader::number_in(std::size_t cell) const {
  const std::string text = without_blanks_around(cells_[cell]);
  const auto refuse = [&](std::string_view problem) {
    throw InputError("{}:{}: column {}: {}; every cell must be a finite number", name_, line_, columns_[cell],
                     problem);
  };
  if (text.empty()) refuse("a value is missing");
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const char* begin = text.data() + (has_plus ? 1 : 0);
  const char* end = text.data() + text.size();
  double x = 0;
  const auto [stop, error] = std::from_chars(begin, end, x);
  if (error == std::errc::result_out_of_range)
    refuse(fmt::format("'{}' is beyond the range of a double", as_shown(text)));
  if (error != std::errc() || stop != end) refuse(fmt::format("'{}' is not a number", as_shown(text)));
  if (!std::isfinite(x)) refuse(fmt::format("'{}' is not finite", as_shown(text)));
  return x;
}

CsvColumns::CsvColumns(const std::filesystem::path& file, const std::vector<std::string>& names)
    : reader_(file) {
  for (const std::string& name : names) positions_.push_back(reader_.position_of(name));
}

Matrix CsvColumns::read(Index max_rows) {
  Matrix values(max_rows, static_cast<Index>(positions_.size()));
  Index n = 0;
  for (; n < max_rows && reader_.read_row(row_); ++n)
    for (std::size_t c = 0; c < positions_.size(); ++c)
      values(n, static_cast<Index>(c)) = row_[positions_[c]];
  values.conservativeResize(n, Eigen::NoChange);
  return values;
}

Index count_csv_rows(const std::filesystem::path& file) {
  CsvReader reader(file);
  std::vector<double> row;
  Index n = 0;
  while (reader.read_row(row)) ++n;
  return n;
}

Matrix read_csv(const std::filesystem::path& file, const std::vector<std::string>& names) {
  return CsvColumns(file, names).read(count_csv_rows(file));
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace jacobench
