#include "jacobench/files/number_style.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

// What stands for the no-break blanks, which nothing but thousands has between its digits.
constexpr char no_break = '\x1f';

// The first is preferred where it reads everything.
constexpr NumberStyle known_styles[] = {{'.', 0},    {',', 0},    {'.', ','},      {',', '.'},
                                        {'.', '\''}, {',', '\''}, {'.', no_break}, {',', no_break}};

struct Spelling {
  std::string_view written;
  char plain;
};

constexpr Spelling spellings[] = {{"\u2212", '-'},      {"\u2019", '\''},     {"\u00A0", no_break},
                                  {"\u202F", no_break}, {"\u2009", no_break}, {"\u2007", no_break}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_exponent(char c) { return c == 'e' || c == 'E' || c == 'd' || c == 'D'; }

ReadNumber read_plain(std::string_view text) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const char* end = text.data() + text.size();
  ReadNumber read;
  const auto [stop, error] = std::from_chars(text.data() + (has_plus ? 1 : 0), end, read.value);
  if (stop != end || error == std::errc::invalid_argument)
    read.problem = NumberProblem::not_a_number;
  else if (error == std::errc::result_out_of_range)
    read.problem = NumberProblem::beyond_range;
  else if (!std::isfinite(read.value))
    read.problem = NumberProblem::not_finite;
  return read;
}

// The number as from_chars takes it; nothing where groups of thousands are not of three digits.
std::optional<std::string> without_style(std::string_view text, const NumberStyle& style) {
  const char ends_of_whole[] = {style.decimal, 'e', 'E', 'd', 'D'};
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::size_t end =
      std::min(text.find_first_of({ends_of_whole, std::size(ends_of_whole)}), text.size());
  const std::string_view whole = text.substr(sign, end - sign);
  std::string plain(text.substr(0, sign));
  const std::size_t first =
      style.thousands ? std::min(whole.find(style.thousands), whole.size()) : whole.size();
  if (first < whole.size() && (first < 1 || first > 3 || whole[0] == '0')) return {};
  plain += whole.substr(0, first);
  for (std::size_t i = first; i < whole.size(); i += 4) {
    const std::string_view group = whole.substr(i + 1, 3);
    if (whole[i] != style.thousands || group.size() != 3 ||
        !std::all_of(group.begin(), group.end(), is_digit))
      return {};
    plain += group;
  }
  if (plain.find('.') != plain.npos) return {};
  for (const char c : text.substr(end)) {
    if (c == '.' && style.decimal != '.') return {};
    plain += c == style.decimal ? '.' : is_exponent(c) ? 'e' : c;
  }
  return plain;
}

bool has_marks(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c == ',' || c == '\'' || c == no_break; });
}

// Whether the mark stands in the text twice, or before a decimal mark, or is one that stands nowhere else.
bool proves_thousands(std::string_view text, const NumberStyle& style) {
  const bool is_unlike_a_decimal = style.thousands != '.' && style.thousands != ',';
  const auto n_marks = std::count(text.begin(), text.end(), style.thousands);
  return n_marks >= 2 || (n_marks == 1 && (is_unlike_a_decimal || text.find(style.decimal) != text.npos));
}

// For a message of one line.
std::string as_shown(std::string_view text) {
  std::string shown(text);
  std::replace(shown.begin(), shown.end(), no_break, ' ');
  return shown;
}

}  // namespace

std::string plain_number_text(std::string_view cell, std::optional<char> thousands) {
  std::string plain;
  while (!cell.empty()) {
    const auto spelling = std::find_if(std::begin(spellings), std::end(spellings),
                                       [&](const Spelling& its) { return cell.starts_with(its.written); });
    const bool is_spelled = spelling != std::end(spellings);
    plain += is_spelled ? spelling->plain : cell.front() == ' ' && thousands == ' ' ? no_break : cell.front();
    cell.remove_prefix(is_spelled ? spelling->written.size() : 1);
  }
  return plain;
}

ReadNumber read_number(std::string_view text, const NumberStyle& style) {
  if (style.decimal == '.')
    if (const ReadNumber read = read_plain(text); read.problem != NumberProblem::not_a_number) return read;
  const std::optional<std::string> plain = without_style(text, style);
  return plain ? read_plain(*plain) : ReadNumber{.problem = NumberProblem::not_a_number};
}

NumberStyles::NumberStyles(std::optional<char> decimal, std::optional<char> thousands) {
  if (thousands == ' ') thousands = no_break;
  const auto add = [&](const NumberStyle& style) {
    const bool is_proven = style.thousands == 0 || thousands;
    candidates_[n_candidates_++] = {.style = style, .is_proven = is_proven};
  };
  for (const NumberStyle& style : known_styles)
    if ((!decimal || style.decimal == *decimal) && (!thousands || style.thousands == *thousands)) add(style);
  if (n_candidates_ == 0) add({decimal.value_or('.'), thousands.value_or(0)});
}

NumberProblem NumberStyles::note(std::string_view text, std::int64_t line) {
  const bool is_read_alike = !has_marks(text) && (is_plain_alone_ || text.find('.') == text.npos);
  if (is_read_alike)
    if (const ReadNumber read = read_plain(text); read.ok()) return NumberProblem::none;
  std::array<ReadNumber, 9> values;
  bool is_read = false;
  for (std::size_t a = 0; a < n_candidates_; ++a)
    if (candidates_[a].is_alive) {
      values[a] = read_number(text, candidates_[a].style);
      is_read = is_read || values[a].ok();
    }
  if (!is_read) return problem_of_unread(text);
  is_plain_alone_ = true;
  for (std::size_t a = 0; a < n_candidates_; ++a) {
    Candidate& its = candidates_[a];
    if (its.is_alive && !values[a].ok()) {
      its.is_alive = false;
      decided_ = {std::string(text), line};
    }
    if (!its.is_alive) continue;
    is_plain_alone_ = is_plain_alone_ && its.style.decimal == '.';
    its.is_proven = its.is_proven || proves_thousands(text, its.style);
    for (std::size_t b = 0; b < a; ++b)
      if (candidates_[b].is_alive && values[a].value != values[b].value) {
        its.disagrees |= 1u << b;
        candidates_[b].disagrees |= 1u << a;
        if (!doubtful_) doubtful_ = {std::string(text), line};
      }
  }
  return NumberProblem::none;
}

NumberProblem NumberStyles::problem_of_unread(std::string_view text) const {
  for (std::size_t a = 0; a < n_candidates_; ++a) {
    const NumberProblem problem = read_number(text, candidates_[a].style).problem;
    if (problem == NumberProblem::none)
      throw InputError(
          "'{}' is written in another way than '{}' in line {}; write them alike, or say how decimals and "
          "thousands are "
          "written with --decimal and --thousands",
          as_shown(text), as_shown(decided_->text), decided_->line);
    if (problem != NumberProblem::not_a_number) return problem;
  }
  return NumberProblem::not_a_number;
}

NumberStyle NumberStyles::decide() const {
  std::size_t first = 0;
  while (first < n_candidates_ && !(candidates_[first].is_alive && candidates_[first].is_proven)) ++first;
  std::uint32_t alive = 0;
  for (std::size_t a = 0; a < n_candidates_; ++a) alive |= candidates_[a].is_alive ? 1u << a : 0;
  const bool is_certain =
      first == 0 || (first < n_candidates_ && (candidates_[first].disagrees & alive) == 0);
  if (is_certain) return candidates_[first].style;
  const Cell& shown = doubtful_ ? *doubtful_ : *decided_;
  throw InputError(
      "line {}: '{}' can be read in two ways; say how numbers are written with --decimal and --thousands",
      shown.line, as_shown(shown.text));
}

}  // namespace jacobench
