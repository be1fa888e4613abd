#include "jacobench/files/csv.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/names.hpp"
#include "jacobench/files/csv_rows.hpp"
#include "jacobench/files/number_style.hpp"

namespace jacobench {
namespace {

// In small letters.
constexpr std::string_view missing_words[] = {"",     "na",  "n/a", "#n/a", "#na", "nan", "null",
                                              "none", "nil", "-",   "--",   ".",   "?",   "missing"};

bool is_missing(std::string_view cell) {
  if (!cell.empty() && std::isdigit(static_cast<unsigned char>(cell.back()))) return false;
  std::string small(cell);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(std::begin(missing_words), std::end(missing_words), small) != std::end(missing_words);
}

// For a message of one line: control characters replaced, and no longer than it helps.
std::string as_shown(std::string text) {
  constexpr std::size_t longest = 40;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, '?');
  if (text.size() <= longest) return text;
  std::size_t end = longest;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a character of UTF-8
  return text.substr(0, end) + "...";
}

std::string words_of(NumberProblem problem, const std::string& cell) {
  const std::string text = as_shown(cell);
  if (problem == NumberProblem::beyond_range)
    return fmt::format("'{}' is beyond the range of a double", text);
  if (problem == NumberProblem::not_finite) return fmt::format("'{}' is not finite", text);
  return fmt::format("'{}' is not a number", text);
}

}  // namespace

// What is asked for: a column, or where it holds a word.
struct Asked {
  std::size_t position;
  std::optional<std::string> word = {};
};

// NAME is the column of that name; NAME=WORD, where no column is called so, where the column NAME holds WORD.
Asked find_column(const CsvRows& rows, const std::string& name) {
  const auto is_column = [&](const std::string& text) {
    return std::find(rows.columns().begin(), rows.columns().end(), text) != rows.columns().end();
  };
  if (!is_column(name))
    for (std::size_t at = name.find('='); at != name.npos; at = name.find('=', at + 1))
      if (const std::string column = name.substr(0, at); is_column(column))
        return {rows.position_of(column), name.substr(at + 1)};
  return {rows.position_of(name)};
}

// The cells of the columns that are asked for: read once to find out how numbers are written, then once as numbers.
class CsvColumns::Cells {
 public:
  Cells(const std::filesystem::path& file, const std::vector<std::string>& names, const CsvDialect& dialect)
      : dialect_(dialect), rows_(file, dialect) {
    for (const std::string& name : names) asked_.push_back(find_column(rows_, name));
    texts_.resize(asked_.size());
  }

  // The texts of the next row that is whole; false at the end. `n_left_out` counts the others.
  bool next(Index& n_left_out) {
    while (rows_.next()) {
      bool is_whole = true;
      for (std::size_t c = 0; c < asked_.size(); ++c) {
        const std::string& cell = rows_.cell(asked_[c].position);
        texts_[c] = asked_[c].word ? cell : plain_number_text(cell, dialect_.thousands);
        if (!is_missing(cell)) continue;
        if (dialect_.missing == Missing::refuse)
          refuse(c, fmt::format("{}; --missing drop leaves such rows out",
                                cell.empty() ? "a value is missing" : fmt::format("'{}' is no value", cell)));
        is_whole = false;
      }
      if (is_whole) return true;
      ++n_left_out;
    }
    return false;
  }

  std::size_t n_columns() const { return asked_.size(); }
  double number_in(std::size_t c) const {
    if (asked_[c].word) return texts_[c] == *asked_[c].word ? 1 : 0;
    const ReadNumber number = read_number(texts_[c], style_);
    if (!number.ok())
      refuse(c, "has changed since it was looked through; leave the file alone and try again");
    return number.value;
  }
  void set_style(const NumberStyle& style) { style_ = style; }

  void note(NumberStyles& styles, const std::vector<WordColumn>& known) const {
    for (std::size_t c = 0; c < asked_.size(); ++c) {
      if (asked_[c].word) {
        expect_known(c, known);
        continue;
      }
      NumberProblem problem = NumberProblem::none;
      try {
        problem = styles.note(texts_[c], rows_.line());
      } catch (const InputError& error) {
        refuse(c, error.what());
      }
      if (problem != NumberProblem::none)
        refuse(c, words_of(problem, rows_.cell(asked_[c].position)) + what_to_do(problem, c));
    }
  }

  NumberStyle decide(const NumberStyles& styles) const {
    try {
      return styles.decide();
    } catch (const InputError& error) {
      throw InputError("{}: {}", rows_.name(), error.what());
    }
  }

 private:
  [[noreturn]] void refuse(std::size_t c, const std::string& problem) const {
    throw InputError("{}:{}: column {}: {}", rows_.name(), rows_.line(), column_name(c), problem);
  }

  void expect_known(std::size_t c, const std::vector<WordColumn>& known) const {
    for (const WordColumn& column : known)
      if (column.name == column_name(c) &&
          std::find(column.words.begin(), column.words.end(), texts_[c]) == column.words.end())
        refuse(c, fmt::format("'{}' is none of the words that were there before: {}", as_shown(texts_[c]),
                              joined(column.words, ", ")));
  }

  const std::string& column_name(std::size_t c) const { return rows_.columns()[asked_[c].position]; }

  std::string what_to_do(NumberProblem problem, std::size_t c) const {
    std::string must = "; every cell of a column that is used must be a finite number";
    const std::string& cell = rows_.cell(asked_[c].position);
    const bool is_word = problem == NumberProblem::not_a_number && as_shown(cell) == cell &&
                         std::isalpha(static_cast<unsigned char>(cell.front()));
    if (!is_word) return must;
    return must +
           fmt::format("; of a column of words, {} asks for 1 where it holds that word and 0 elsewhere",
                       csv_cell(column_name(c) + "=" + cell));
  }

  CsvDialect dialect_;
  CsvRows rows_;
  std::vector<Asked> asked_;
  std::vector<std::string> texts_;
  NumberStyle style_;
};

std::vector<std::string> csv_columns(const std::filesystem::path& file, const CsvDialect& dialect) {
  return CsvRows(file, dialect).columns();
}

std::vector<std::string> columns_of(const std::filesystem::path& file, const std::vector<std::string>& asked,
                                    const CsvDialect& dialect) {
  const CsvRows rows(file, dialect);
  std::vector<std::string> columns;
  columns.reserve(asked.size());
  for (const std::string& name : asked) columns.push_back(rows.columns()[find_column(rows, name).position]);
  return columns;
}

std::vector<WordColumn> word_columns(const std::filesystem::path& file, const std::vector<std::string>& names,
                                     const CsvDialect& dialect) {
  struct Candidate {
    std::size_t position;
    NumberStyles styles;
    std::set<std::string> words = {};
    Index n_cells = 0;
  };
  CsvRows rows(file, dialect);
  std::vector<Candidate> candidates;
  for (const std::string& name : names) {
    const std::size_t position = find_column(rows, name).position;
    const auto is_it = [&](const Candidate& candidate) { return candidate.position == position; };
    if (std::none_of(candidates.begin(), candidates.end(), is_it))
      candidates.push_back({position, NumberStyles(dialect.decimal, dialect.thousands)});
  }
  const auto is_number = [&](Candidate& candidate, const std::string& cell) {
    try {
      return candidate.styles.note(plain_number_text(cell, dialect.thousands), rows.line()) !=
             NumberProblem::not_a_number;
    } catch (const InputError&) {
      return true;  // one way or the other
    }
  };
  while (!candidates.empty() && rows.next())
    std::erase_if(candidates, [&](Candidate& candidate) {
      const std::string& cell = rows.cell(candidate.position);
      if (is_missing(cell)) return false;
      if (is_number(candidate, cell)) return true;
      candidate.words.insert(cell);
      ++candidate.n_cells;
      return false;
    });
  std::vector<WordColumn> columns;
  for (const Candidate& candidate : candidates)
    if (!candidate.words.empty())
      columns.push_back({rows.columns()[candidate.position],
                         {candidate.words.begin(), candidate.words.end()},
                         candidate.n_cells});
  return columns;
}

CsvColumns::CsvColumns(const std::filesystem::path& file, const std::vector<std::string>& names,
                       const CsvDialect& dialect, const std::vector<WordColumn>& known) {
  Cells cells(file, names, dialect);
  NumberStyles styles(dialect.decimal, dialect.thousands);
  for (; cells.next(n_left_out_); ++n_rows_) cells.note(styles, known);
  cells_ = std::make_unique<Cells>(file, names, dialect);
  cells_->set_style(cells.decide(styles));
}

CsvColumns::CsvColumns(CsvColumns&&) noexcept = default;
CsvColumns::~CsvColumns() = default;

Matrix CsvColumns::read(Index max_rows) {
  Matrix values(max_rows, static_cast<Index>(cells_->n_columns()));
  Index n = 0, n_left_out = 0;
  for (; n < max_rows && cells_->next(n_left_out); ++n)
    for (std::size_t c = 0; c < cells_->n_columns(); ++c)
      values(n, static_cast<Index>(c)) = cells_->number_in(c);
  values.conservativeResize(n, Eigen::NoChange);
  return values;
}

Matrix read_csv(const std::filesystem::path& file, const std::vector<std::string>& names,
                const CsvDialect& dialect) {
  CsvColumns columns(file, names, dialect);
  return columns.read(columns.n_rows());
}

std::string csv_cell(const std::string& text) {
  const bool needs_quotes = text.find_first_of(",\"\r\n\t") != text.npos || text.starts_with('#') ||
                            without_blanks_around(text) != text;
  if (!needs_quotes) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace jacobench
