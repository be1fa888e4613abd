// How the value of an option is written in a config file or on the command line, and which values are
// allowed.
//   list_of(shape(1, 100000))   10x5, 20, none
//   list_of(real_number(0, 1e6))   0.5, 1, 2
//   whole_number(1, 1000), yes_or_no(), text()
//   one_of(strategy_table())                            a const StrategyInfo*, by its name
//   one_of(activation_table(), &ActivationInfo::id)     an Activation, by the name of its row
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"

#include "options/message.hpp"
#include "options/quoting.hpp"

namespace jacobench::harness {

template <class T>
struct ValueFormat {
  std::string allowed;                         // for help and messages: "a number from 0 to 1"
  std::function<T(std::string_view)> parse;    // throws InputError: what is wrong; allowed: what is allowed
  std::function<std::string(const T&)> write;  // parse(write(value)) is the same value, to the bit
};

// Hidden widths from the bottom up; empty for a network without a hidden layer.
using Shape = std::vector<std::int64_t>;

// Whole numbers from min to max, in decimal digits alone.
template <std::integral T = std::int64_t>
ValueFormat<T> whole_number(std::type_identity_t<T> min, std::type_identity_t<T> max);

// Finite numbers from min to max.
ValueFormat<double> real_number(double min, double max);

// Widths from min_width to max_width joined by x, or `none`.
ValueFormat<Shape> shape(std::int64_t min_width, std::int64_t max_width);

// One of these names, in full.
ValueFormat<std::string> one_of(const std::vector<std::string>& names);

// A table that stays where it is, whose rows have names.
template <class Table>
concept NamedRows = std::ranges::borrowed_range<Table> && std::ranges::contiguous_range<Table> &&
    requires(const std::ranges::range_value_t<Table>& row) {
  std::string_view(row.name);
};
template <NamedRows Table>
using RowOf = std::ranges::range_value_t<Table>;

// One of the rows of a table, by its name: a pointer to the row, never null.
template <NamedRows Table>
ValueFormat<const RowOf<Table>*> one_of(Table&& table);

// The same where a member tells the rows apart, such as the enum that they are of: the value of that member.
template <NamedRows Table, class Id>
ValueFormat<Id> one_of(Table&& table, Id RowOf<Table>::*id);

// All rows of a table, as list_of(one_of(table)) gives them.
template <NamedRows Table>
std::vector<const RowOf<Table>*> every_row(Table&& table);

ValueFormat<bool> yes_or_no();

// Any text that an INI file can hold: not empty, no control characters; in quotes where it has commas, # or blanks
// around it (options/quoting.hpp).
ValueFormat<std::string> text();

// Entries between commas: at least one.
template <class T>
ValueFormat<std::vector<T>> sequence_of(ValueFormat<T> entry);

// The same, none twice.
template <class T>
ValueFormat<std::vector<T>> list_of(ValueFormat<T> entry);

// A value, or a word that stands for leaving it open.
template <class T>
ValueFormat<std::optional<T>> value_or(std::string word, ValueFormat<T> value);

// A list, or a word for an empty one.
template <class T>
ValueFormat<std::vector<T>> list_or(const std::string& word, ValueFormat<T> entry);

// A value, or one of the rows of a table by its name.
template <class T, NamedRows Table>
ValueFormat<std::variant<T, const RowOf<Table>*>> value_or_one_of(ValueFormat<T> value, Table&& table);

// ---- implementation of the templates

// The place of a name among these. Throws InputError, listing them, where it is not there.
std::size_t place_of(std::string_view name, const std::vector<std::string>& names);

template <NamedRows Table>
ValueFormat<const RowOf<Table>*> one_of(Table&& table) {
  using TableRow = RowOf<Table>;
  const std::span<const TableRow> rows(table);
  const std::vector<std::string> names = names_of(rows);
  return {joined(names, ", "), [rows, names](std::string_view text) { return &rows[place_of(text, names)]; },
          [](const TableRow* const& row) { return std::string(row->name); }};
}

template <NamedRows Table, class Id>
ValueFormat<Id> one_of(Table&& table, Id RowOf<Table>::*id) {
  const std::span<const RowOf<Table>> rows(table);
  const auto by_row = one_of(rows);
  return {by_row.allowed, [by_row, id](std::string_view text) { return by_row.parse(text)->*id; },
          [rows, id](const Id& value) { return name_in(rows, id, value); }};
}

template <NamedRows Table>
std::vector<const RowOf<Table>*> every_row(Table&& table) {
  std::vector<const RowOf<Table>*> rows;
  for (const auto& row : table) rows.push_back(&row);
  return rows;
}

// The entries between the commas that are not in quotes, as they are written, without the blanks around them.
// Throws InputError where one is empty.
std::vector<std::string_view> split_list(std::string_view text, std::string_view allowed);

// Digits to a number; the sign is read so that "-1" can be called out of range.
template <std::integral T>
T parse_whole_number(std::string_view text, T min, T max, std::string_view allowed);

extern template std::int64_t parse_whole_number(std::string_view, std::int64_t, std::int64_t,
                                                std::string_view);
extern template std::uint64_t parse_whole_number(std::string_view, std::uint64_t, std::uint64_t,
                                                 std::string_view);
extern template int parse_whole_number(std::string_view, int, int, std::string_view);

template <std::integral T>
ValueFormat<T> whole_number(std::type_identity_t<T> min, std::type_identity_t<T> max) {
  const std::string allowed = fmt::format("a whole number from {} to {}", min, max);
  return {allowed, [=](std::string_view text) { return parse_whole_number<T>(text, min, max, allowed); },
          [](const T& value) { return std::to_string(value); }};
}

template <class T>
ValueFormat<std::vector<T>> sequence_of(ValueFormat<T> entry) {
  const std::string allowed = fmt::format("a comma-separated list, each entry {}", entry.allowed);
  auto parse = [entry, allowed](std::string_view text) {
    std::vector<T> values;
    for (const std::string_view word : split_list(text, allowed)) values.push_back(entry.parse(word));
    return values;
  };
  auto write = [entry](const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += (text.empty() ? "" : ", ") + entry.write(value);
    return text;
  };
  return {allowed, parse, write};
}

template <class T>
ValueFormat<std::vector<T>> list_of(ValueFormat<T> entry) {
  ValueFormat<std::vector<T>> format = sequence_of(entry);
  format.parse = [parse_all = format.parse, allowed = format.allowed](std::string_view text) {
    std::vector<T> values = parse_all(text);
    const std::vector<std::string_view> words = split_list(text, allowed);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        throw InputError("lists {} twice; name each entry once", in_quotes(words[i]));
    return values;
  };
  return format;
}

template <class T>
ValueFormat<std::optional<T>> value_or(std::string word, ValueFormat<T> value) {
  auto parse = [=](std::string_view text) {
    return text == word ? std::optional<T>() : std::optional<T>(value.parse(text));
  };
  auto write = [=](const std::optional<T>& given) {
    if (!given) return word;
    const std::string text = value.write(*given);
    return text == word ? in_csv_quotes(text) : text;  // a text that happens to be the word
  };
  return {fmt::format("{}, or {}", value.allowed, word), parse, write};
}

template <class T>
ValueFormat<std::vector<T>> list_or(const std::string& word, ValueFormat<T> entry) {
  const auto list = list_of(entry);
  return {fmt::format("{}, or {}", list.allowed, word),
          [=](std::string_view text) { return text == word ? std::vector<T>() : list.parse(text); },
          [=](const std::vector<T>& values) { return values.empty() ? word : list.write(values); }};
}

template <class T, NamedRows Table>
ValueFormat<std::variant<T, const RowOf<Table>*>> value_or_one_of(ValueFormat<T> value, Table&& table) {
  using Either = std::variant<T, const RowOf<Table>*>;
  const std::span<const RowOf<Table>> rows(table);
  const auto by_row = one_of(rows);
  const std::string allowed = fmt::format("{}, or {}", by_row.allowed, value.allowed);
  auto parse = [=](std::string_view text) -> Either {
    for (const RowOf<Table>& row : rows)
      if (row.name == text) return &row;
    try {
      return value.parse(text);
    } catch (const InputError& problem) {
      const std::string_view what = problem.what();
      throw InputError("{}; allowed: {}", what.substr(0, what.find("; allowed: ")), allowed);
    }
  };
  auto write = [=](const Either& given) {
    const T* number = std::get_if<T>(&given);
    return number ? value.write(*number) : by_row.write(std::get<1>(given));
  };
  return {allowed, parse, write};
}

}  // namespace jacobench::harness
