#include "report/table_layout.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

#include "jacobench/base/joined.hpp"

#include "options/print.hpp"
#include "options/value_text.hpp"

namespace jacobench::harness {
namespace {

using Grid = std::vector<std::vector<std::string>>;  // by line, then by column

// Characters, not bytes: UTF-8 continuation bytes take no place.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  const std::string blanks(width - std::min(width, width_of(text)), ' ');
  return to_the_right ? blanks + text : text + blanks;
}

// What stands before the decimal point or the exponent: all of a whole number.
std::size_t integer_part(std::string_view number) {
  return std::min(number.find_first_of(".e"), number.size());
}

// Adds blanks to numbers so that their points stand under each other.
void align_points(std::vector<std::string>& numbers) {
  std::size_t before = 0, after = 0;
  for (const std::string& text : numbers) {
    before = std::max(before, integer_part(text));
    after = std::max(after, text.size() - integer_part(text));
  }
  for (std::string& text : numbers) {
    const std::size_t n_before = integer_part(text);
    if (!text.empty()) text.append(after - (text.size() - n_before), ' ').insert(0, before - n_before, ' ');
  }
}

// An estimate, or any other number, and its standard error, which is empty where there is none.
struct NumberParts {
  std::string number, error;
};

NumberParts parts_of(const std::string& text) {
  const std::size_t end = text.find(plus_minus);
  if (end == std::string::npos) return {text, ""};
  return {text.substr(0, end), text.substr(end + plus_minus.size())};
}

// The same for a column of numbers, some of them perhaps with standard errors, which are aligned among
// themselves.
void align_column(Grid& grid, std::size_t column) {
  std::vector<std::string> numbers, errors;
  for (const auto& line : grid) {
    const NumberParts parts = parts_of(line[column]);
    numbers.push_back(parts.number);
    errors.push_back(parts.error);
  }
  align_points(numbers);
  align_points(errors);
  std::size_t width = 0;
  for (std::string& error : errors) {
    if (!error.empty()) error.insert(0, plus_minus);
    width = std::max(width, error.size());
  }
  for (std::size_t i = 0; i < grid.size(); ++i)
    grid[i][column] = numbers[i] + padded(errors[i], width, false);
}

Grid cells_of(const PrintedTable& table) {
  Grid grid;
  for (const PrintedTable::Line& line : table.lines) grid.push_back(line.cells);
  return grid;
}

// The grid with every column padded to one width, numbers aligned and to the right, under the headings given.
// The headings are padded too.
void pad_columns(Grid& headings, Grid& grid, const PrintedTable& table) {
  for (std::size_t c = 0; c < table.headings.size(); ++c) {
    const bool is_numeric = table.headings[c].is_numeric;
    if (is_numeric) align_column(grid, c);
    std::size_t width = 0;
    for (const auto& line : headings) width = std::max(width, width_of(line[c]));
    for (const auto& line : grid) width = std::max(width, width_of(line[c]));
    for (auto& line : headings) line[c] = padded(line[c], width, is_numeric);
    for (auto& line : grid) line[c] = padded(line[c], width, is_numeric);
  }
}

std::string without_trailing_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

constexpr std::string_view gap = "  ";

// What is printed as text: headings, their units where there are any, and the lines, every column in its width.
struct TextGrids {
  Grid headings, lines;
};

TextGrids text_grids(const PrintedTable& table) {
  TextGrids grids{Grid(2), cells_of(table)};
  auto& [headings, lines] = grids;
  for (std::size_t i = 0; i < lines.size(); ++i)
    std::fill_n(lines[i].begin(), table.lines[i].n_repeated, std::string());
  for (const PrintedTable::Heading& heading : table.headings) {
    headings[0].push_back(heading.text);
    headings[1].push_back(heading.unit);
  }
  const auto is_empty = [](const std::string& text) { return text.empty(); };
  if (std::all_of(headings[1].begin(), headings[1].end(), is_empty)) headings.pop_back();
  pad_columns(headings, lines, table);
  return grids;
}

// The first so many characters.
std::string start_of(std::string_view text, std::size_t n) {
  std::size_t bytes = 0;
  for (; bytes < text.size(); ++bytes)
    if ((static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80 && n-- == 0) break;
  return std::string(text.substr(0, bytes));
}

std::string cut(const std::string& line, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (width_of(line) <= width) return line;
  return start_of(line, width - std::min(width, dots.size())) + std::string(dots);
}

// At blanks, later lines indented; a word that is longer than a line is broken.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  constexpr std::string_view indentation = "    ";
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' ', 1), text.size());
    std::string word(text.substr(0, end));
    text.remove_prefix(end);
    if (width_of(lines.back()) + width_of(word) > width && width_of(lines.back()) > indentation.size()) {
      lines.emplace_back(indentation);
      word.erase(0, word.find_first_not_of(' '));
    }
    while (width_of(lines.back()) + width_of(word) > width) {
      const std::string part = start_of(word, width - std::min(width - 1, width_of(lines.back())));
      lines.back() += part;
      word.erase(0, part.size());
      lines.emplace_back(indentation);
    }
    lines.back() += word;
  }
  return lines;
}

std::string escaped_markdown(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

// With ^ and a number behind it as an exponent: 2^-53.
std::string escaped_latex(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) {
      result += std::string("\\") + c;
    } else if (c == '\\') {
      result += "\\textbackslash{}";
    } else if (c == '~') {
      result += "\\textasciitilde{}";
    } else if (c == '^') {
      const std::size_t end = std::min(text.find_first_not_of("-0123456789", i + 1), text.size());
      const std::string_view exponent = text.substr(i + 1, end - i - 1);
      result += exponent.empty() ? "\\textasciicircum{}" : fmt::format("\\textsuperscript{{{}}}", exponent);
      i += exponent.size();
    } else {
      result += c;
    }
  }
  return result;
}

// 4.30e7 -> 4.30 \times 10^{7}
std::string with_latex_exponent(const std::string& number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  return number.substr(0, e) + " \\times 10^{" + number.substr(e + 1) + "}";
}

// 4.30e7 -> $4.30 \times 10^{7}$, -3 -> $-3$, 0.95 +- 0.12 -> $0.95 \pm 0.12$
std::string latex_number(const std::string& text) {
  if (text.empty()) return text;
  const NumberParts parts = parts_of(text);
  std::string number = with_latex_exponent(parts.number);
  if (!parts.error.empty()) number += " \\pm " + with_latex_exponent(parts.error);
  return "$" + number + "$";
}

}  // namespace

void lay_out_text(std::ostream& out, const PrintedTable& table, std::optional<std::size_t> width) {
  const auto [headings, grid] = text_grids(table);
  const auto print_text = [&](const std::string& text) {
    for (const std::string& line : width ? wrapped(text, *width) : std::vector{text})
      print(out, "{}\n", line);
  };
  const auto print_row = [&](const std::vector<std::string>& cells) {
    const std::string line = without_trailing_blanks(joined(cells, gap));
    print(out, "{}\n", width ? cut(line, *width) : line);
  };
  for (const std::string& line : table.preamble) print_text(line);
  if (!table.lines.empty()) {
    print(out, "\n");
    for (const auto& line : headings) print_row(line);
    print_row({std::string(width_of(joined(headings[0], gap)), '-')});
  }
  for (std::size_t i = 0; i < grid.size(); ++i) {
    if (table.lines[i].starts_group) print(out, "\n");
    print_row(grid[i]);
  }
  if (!table.notes.empty()) print(out, "\n");
  for (const std::string& note : table.notes) print_text(note);
}

std::vector<std::size_t> column_widths(const PrintedTable& table) {
  const TextGrids grids = text_grids(table);
  std::vector<std::size_t> widths;
  for (const std::string& heading : grids.headings[0]) widths.push_back(width_of(heading));
  return widths;
}

std::size_t text_width(const PrintedTable& table) {
  std::size_t width = 0;
  for (const std::size_t w : column_widths(table)) width += w + (width > 0 ? gap.size() : 0);
  return width;
}

void lay_out_markdown(std::ostream& out, const PrintedTable& table) {
  Grid grid = cells_of(table);
  for (auto& line : grid)
    for (std::string& cell : line) cell = escaped_markdown(cell);
  Grid headings(1);
  for (const PrintedTable::Heading& heading : table.headings)
    headings[0].push_back(
        escaped_markdown(heading.unit.empty() ? heading.text : heading.text + " [" + heading.unit + "]"));
  pad_columns(headings, grid, table);

  for (const std::string& line : table.preamble) print(out, "{}\n\n", line);
  if (table.lines.empty()) return;
  print(out, "| {} |\n|", joined(headings[0], " | "));
  for (std::size_t c = 0; c < table.headings.size(); ++c) {
    const std::string dashes(width_of(headings[0][c]), '-');
    print(out, "{}|", table.headings[c].is_numeric ? " " + dashes + ":" : " " + dashes + " ");
  }
  print(out, "\n");
  for (const auto& line : grid) print(out, "| {} |\n", joined(line, " | "));
  for (const std::string& note : table.notes) print(out, "\n{}\n", escaped_markdown(note));
}

void lay_out_latex(std::ostream& out, const PrintedTable& table) {
  std::string alignment, heading_line, unit_line;
  for (const PrintedTable::Heading& heading : table.headings) {
    const std::string separator = alignment.empty() ? "" : " & ";
    alignment += heading.is_numeric ? 'r' : 'l';
    heading_line += separator + escaped_latex(heading.text);
    unit_line += separator + escaped_latex(heading.unit);
  }
  for (const std::string& line : table.preamble) print(out, "\\noindent {}\\par\n", escaped_latex(line));
  if (table.lines.empty()) return;
  print(out, "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n", alignment, heading_line);
  const bool has_units =
      std::any_of(table.headings.begin(), table.headings.end(),
                  [](const PrintedTable::Heading& heading) { return !heading.unit.empty(); });
  if (has_units) print(out, "{} \\\\\n", unit_line);
  print(out, "\\midrule\n");
  for (const PrintedTable::Line& line : table.lines) {
    if (line.starts_group) print(out, "\\addlinespace\n");
    for (std::size_t c = 0; c < line.cells.size(); ++c) {
      const std::string cell = c < line.n_repeated ? "" : line.cells[c];
      print(out, "{}{}", c == 0 ? "" : " & ",
            table.headings[c].is_numeric ? latex_number(cell) : escaped_latex(cell));
    }
    print(out, " \\\\\n");
  }
  print(out, "\\bottomrule\n\\end{{tabular}}\n");
  for (const std::string& note : table.notes) print(out, "\\par\\noindent {}\n", escaped_latex(note));
}

}  // namespace jacobench::harness
