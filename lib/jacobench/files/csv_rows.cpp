#include "jacobench/files/csv_rows.hpp"

#include <algorithm>
#include <cctype>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/files/number_style.hpp"

namespace jacobench {
namespace {

// Of Unicode: no-break, figure, thin, narrow and ideographic space, and what has no width.
constexpr std::string_view blanks[] = {" ",      "\t",     "\n",     "\r",     "\u00A0", "\u2007",
                                       "\u2009", "\u202F", "\u3000", "\u200B", "\uFEFF"};

constexpr char usual_separators[] = {',', ';', '\t', '|'};
constexpr char usual_comment = '#';
constexpr std::string_view other_comments = "%!;/*'";

std::size_t blank_at_begin(std::string_view text) {
  for (const std::string_view blank : blanks)
    if (text.starts_with(blank)) return blank.size();
  return 0;
}

std::size_t blank_at_end(std::string_view text) {
  for (const std::string_view blank : blanks)
    if (text.ends_with(blank)) return blank.size();
  return 0;
}

std::string name_in(std::string_view cell) {
  std::string name;
  for (cell = without_blanks_around(cell); !cell.empty();) {
    const std::size_t n_blank = blank_at_begin(cell);
    if (n_blank == 0)
      name += cell.front();
    else if (name.back() != ' ')
      name += ' ';
    cell.remove_prefix(std::max<std::size_t>(n_blank, 1));
  }
  return name;
}

bool looks_like_a_number(std::string_view cell) {
  const std::string text = plain_number_text(cell);
  return text.find_first_not_of("0123456789+-.,'eEdD\x1f") == text.npos &&
         text.find_first_of("0123456789") != text.npos &&
         std::isalpha(static_cast<unsigned char>(text[0])) == 0;
}

bool is_line_of_numbers(std::string_view line) {
  constexpr std::string_view ends = " \t,;|\"";
  bool is_any = false;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(ends), line.size());
    if (end > 0 && !read_number(line.substr(0, end), {}).ok()) return false;
    is_any = is_any || end > 0;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return is_any;
}

// What a first line sep=; says. Some spreadsheets write it and all of them read it.
std::optional<char> separator_said_in(std::string_view line) {
  if (line.size() > 2 && line.starts_with('"') && line.ends_with('"')) line = line.substr(1, line.size() - 2);
  const bool says = line.size() == 5 && (line.starts_with("sep=") || line.starts_with("SEP="));
  return says ? std::optional<char>(line[4]) : std::nullopt;
}

std::string shown_separator(char separator) {
  return separator == '\t'                ? "tab"
         : separator == CsvDialect::blank ? "blank"
                                          : fmt::format("'{}'", separator);
}

}  // namespace

std::string_view without_blanks_around(std::string_view text) {
  while (const std::size_t n = blank_at_begin(text)) text.remove_prefix(n);
  while (const std::size_t n = blank_at_end(text)) text.remove_suffix(n);
  return text;
}

CsvRows::CsvRows(const std::filesystem::path& file, const CsvDialect& dialect)
    : name_(file.string()), dialect_(dialect), lines_(file, dialect.encoding) {
  read_beginning();
  find_header();
  if (dialect.separator)
    separator_ = *dialect.separator;
  else
    find_separator();
  read_record();
  header_line_ = line_;
  drop_nothing_at_end(1);
  for (const std::string& cell : cells_) columns_.push_back(name_in(cell));
}

std::size_t CsvRows::position_of(const std::string& column) const {
  const auto n_found = std::count(columns_.begin(), columns_.end(), column);
  if (n_found == 1)
    return static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), column) - columns_.begin());
  if (n_found > 1)
    throw InputError("{}:{}: two columns are called {}; rename one", name_, header_line_, column);
  std::vector<std::string> known;
  bool is_quoted = false, has_blank = false;
  for (const std::string& name : columns_) {
    known.push_back(csv_cell(name));
    is_quoted = is_quoted || known.back() != name;
    has_blank = has_blank || name.find(' ') != name.npos;
  }
  throw InputError("{}: has no column '{}'; its columns: {}{}", name_, column, joined(known, ", "),
                   is_quoted ? "; give those in quotes with their quotes"
                   : columns_.size() == 1 && has_blank
                       ? "; where blanks separate the columns say --separator blank"
                       : "");
}

bool CsvRows::next() {
  while (read_record()) {
    drop_nothing_at_end(columns_.size());
    if (is_nothing()) continue;
    const bool is_whole = cells_.size() == columns_.size();
    if (is_marked_ && !is_whole) continue;
    if (is_marked_)
      throw InputError(
          "{}:{}: begins with #; --comment '#' passes over such lines, --comment none reads them", name_,
          line_);
    if (!is_whole) refuse_width();
    return true;
  }
  return false;
}

// The lines before the header, the header and a hundred more.
void CsvRows::read_beginning() {
  constexpr std::size_t n_wanted = 100;
  std::string line;
  for (std::size_t n = 0; n < n_wanted && lines_.next(line);) {
    const std::string_view text = without_blanks_around(line);
    n += text.empty() || text.front() == dialect_.comment.value_or(usual_comment) ? 0 : 1;
    beginning_.push_back(line);
  }
}

// Goes to the line of the header. A line that begins with # is the header where the next has numbers only.
void CsvRows::find_header() {
  std::optional<std::size_t> last_comment;
  const char mark = dialect_.comment.value_or(usual_comment);
  for (; n_used_ < beginning_.size(); ++n_used_) {
    const std::string& line = beginning_[n_used_];
    const std::string_view text = without_blanks_around(line);
    if (text.empty()) continue;
    if (const auto said = n_used_ == 0 ? separator_said_in(line) : std::nullopt) {
      if (!dialect_.separator) dialect_.separator = said;
      continue;
    }
    if (mark == CsvDialect::none || text.front() != mark) break;
    last_comment = n_used_;
  }
  const bool is_there = n_used_ < beginning_.size();
  const bool has_numbers = is_there && is_line_of_numbers(beginning_[n_used_]);
  if (last_comment && has_numbers && !dialect_.comment)
    n_used_ = *last_comment;
  else if (has_numbers)
    throw InputError("{}:{}: is a line of numbers; the first line must name the columns", name_, n_used_ + 1);
  else if (!is_there)
    throw InputError("{}: is empty; the first line must name the columns", name_);
}

// What the first rows are with one separator.
struct CsvRows::Look {
  std::size_t n_columns = 0;
  bool is_possible = false;  // every row has as many cells as the header, and more than one
  double numbers = 0;        // the share of the rows' cells that look like numbers
};

CsvRows::Look CsvRows::look_with(char separator) {
  const std::size_t header = n_used_;
  separator_ = separator;
  is_looking_ = true;
  read_record();
  drop_nothing_at_end(1);
  Look look{.n_columns = cells_.size(), .is_possible = cells_.size() > 1};
  std::size_t n_cells = 0, n_numbers = 0;
  while (read_record()) {
    drop_nothing_at_end(look.n_columns);
    if (is_nothing() || (is_marked_ && cells_.size() != look.n_columns)) continue;
    look.is_possible = look.is_possible && cells_.size() == look.n_columns;
    n_cells += cells_.size();
    for (const std::string& cell : cells_) n_numbers += looks_like_a_number(cell) ? 1 : 0;
  }
  if (n_cells > 0) look.numbers = static_cast<double>(n_numbers) / static_cast<double>(n_cells);
  is_looking_ = false;
  n_used_ = header;
  return look;
}

// Of several separators that give every row as many cells as the header, the one that leaves most numbers. Where none
// does, one that the header has: what is wrong with the rows is said when they are read.
void CsvRows::find_separator() {
  std::optional<char> best, in_header;
  double most_numbers = -1;
  bool is_certain = true;
  for (const char separator : usual_separators) {
    const Look look = look_with(separator);
    if (look.n_columns > 1 && !in_header) in_header = separator;
    if (!look.is_possible || look.numbers < most_numbers) continue;
    is_certain = look.numbers > most_numbers;
    most_numbers = look.numbers;
    best = separator;
  }
  if (!is_certain)
    throw InputError("{}:{}: can be separated in more than one way; say how with --separator", name_,
                     n_used_ + 1);
  separator_ = best ? *best : in_header.value_or(',');
}

bool CsvRows::next_line(std::string& line) {
  if (n_used_ < beginning_.size()) {
    line = beginning_[n_used_++];
    line_read_ = static_cast<std::int64_t>(n_used_);
    return true;
  }
  if (is_looking_ || !lines_.next(line)) return false;
  line_read_ = lines_.number();
  return true;
}

// Splits the next line that is not blank and no comment that was said to be one into cells_.
bool CsvRows::read_record() {
  std::string line;
  for (;;) {
    if (!next_line(line)) return false;
    const std::string_view text = without_blanks_around(line);
    if (text.empty()) continue;
    is_marked_ = !dialect_.comment && text.front() == usual_comment;
    const char mark = dialect_.comment.value_or(CsvDialect::none);
    if (mark == CsvDialect::none || text.front() != mark) break;
  }
  line_ = line_read_;
  return split(line);
}

// False where the file ends within quotes and is only looked at.
bool CsvRows::split(std::string& line) {
  cells_.clear();
  const bool by_blanks = separator_ == CsvDialect::blank;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const auto is_end = [&](char c) { return by_blanks ? is_blank(c) : c == separator_; };
  const auto pass_blanks = [&](std::size_t i) {
    while (i < line.size() && is_blank(line[i]) && (by_blanks || line[i] != separator_)) ++i;
    return i;
  };
  if (by_blanks) line = without_blanks_around(line);
  for (std::size_t i = 0;;) {
    std::string cell;
    i = pass_blanks(i);
    if (i < line.size() && line[i] == '"') {
      for (++i;;) {
        if (i == line.size()) {
          if (!next_line(line)) {
            if (is_looking_) return false;
            throw InputError("{}:{}: a quote that opens here is never closed; close it", name_, line_);
          }
          cell += '\n';
          i = 0;
        } else if (line[i] != '"') {
          cell += line[i++];
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
          cell += '"';
          i += 2;
        } else {
          ++i;
          break;
        }
      }
    }
    const auto end = static_cast<std::size_t>(
        std::find_if(line.begin() + static_cast<std::ptrdiff_t>(i), line.end(), is_end) - line.begin());
    cell.append(line, i, end - i);
    cells_.emplace_back(without_blanks_around(cell));
    if (end == line.size()) return true;
    i = by_blanks ? pass_blanks(end) : end + 1;
  }
}

void CsvRows::drop_nothing_at_end(std::size_t n_wanted) {
  while (cells_.size() > n_wanted && cells_.back().empty()) cells_.pop_back();
}

bool CsvRows::is_nothing() const {
  return std::all_of(cells_.begin(), cells_.end(), [](const std::string& cell) { return cell.empty(); });
}

void CsvRows::refuse_width() const {
  const bool has_numbers = std::all_of(cells_.begin(), cells_.end(), looks_like_a_number);
  const std::string& first = columns_.front();
  std::string what_to_do = "every row needs one cell a column";
  if (!first.empty() && other_comments.find(first.front()) != other_comments.npos)
    what_to_do = fmt::format("line {} looks like a comment: --comment '{}' passes over such lines",
                             header_line_, first.front());
  else if (columns_.size() == 1)
    what_to_do = fmt::format(
        "the header names one column; say what separates columns with --separator, and the decimal mark with "
        "--decimal");
  else if ((separator_ == CsvDialect::blank || !has_numbers) && cells_.size() == columns_.size() + 1)
    what_to_do =
        "where rows have a name and the header none, as R's write.table leaves it, name the rows in the "
        "header too";
  else if (separator_ == ',' && cells_.size() > columns_.size() && has_numbers)
    what_to_do =
        "decimal commas cannot be told from commas between columns: put such cells in quotes, or separate "
        "columns by "
        "semicolons";
  throw InputError("{}:{}: has {} cells where {} separates them, the header {}; {}", name_, line_,
                   cells_.size(), shown_separator(separator_), columns_.size(), what_to_do);
}

}  // namespace jacobench
