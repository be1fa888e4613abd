// How numbers are written in a table, and what a table's cells say of it.
//
// A style is a decimal mark and a mark between thousands, or none. Every cell leaves those styles that can read it;
// the style is certain where those that are left give the same value in each cell. Two rules keep it so:
// 1. A table that reads with points and without marks between thousands is read so.
// 2. A point or comma between thousands is believed only where a cell shows it beyond doubt: twice, or with the other
//    as the decimal mark. "1,234" beside "0.5" may as well be a decimal comma that slipped in.
// In every style stand the exponents of Fortran (1.5D+03), the minus U+2212 and an apostrophe U+2019 between
// thousands.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jacobench {

struct NumberStyle {
  char decimal = '.';
  char thousands = 0;  // 0: none
};

enum class NumberProblem { none, not_a_number, not_finite, beyond_range };

struct ReadNumber {
  double value = 0;
  NumberProblem problem = NumberProblem::none;
  bool ok() const { return problem == NumberProblem::none; }
};

// A cell without the blanks around it, fit for read_number: minus, apostrophes and no-break blanks as one character
// each; other blanks are such where they are what is given to stand between thousands.
std::string plain_number_text(std::string_view cell, std::optional<char> thousands = {});

// Groups of thousands are held to three digits.  Cost: one pass, no allocation where the style is the plain one
ReadNumber read_number(std::string_view plain_text, const NumberStyle& style);

class NumberStyles {
 public:
  // What is given is so; the rest is found out.
  NumberStyles(std::optional<char> decimal, std::optional<char> thousands);

  // Takes one cell into account, as plain_number_text has it; what is wrong with it where no style reads it.
  // Errors: InputError, without the place, where a style could, but none that reads the cells before
  NumberProblem note(std::string_view plain_text, std::int64_t line);

  // The style of all cells; the preferred one where there are none. Errors: InputError, without the place, where that
  // is not certain
  NumberStyle decide() const;

 private:
  struct Candidate {
    NumberStyle style;
    bool is_alive = true;
    bool is_proven = false;       // a cell shows its mark between thousands beyond doubt, or it has none
    std::uint32_t disagrees = 0;  // bit b: with candidate b, on some cell
  };
  struct Cell {
    std::string text;
    std::int64_t line = 0;
  };

  NumberProblem problem_of_unread(std::string_view plain_text) const;

  std::array<Candidate, 9> candidates_;
  std::size_t n_candidates_ = 0;
  bool is_plain_alone_ = false;  // no candidate but those with points is alive
  std::optional<Cell> decided_,
      doubtful_;  // the last cell that ended a candidate, the first on which two disagree
};

}  // namespace jacobench
