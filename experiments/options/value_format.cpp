#include "options/value_format.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "jacobench/base/joined.hpp"

#include "options/quoting.hpp"
#include "options/value_text.hpp"

namespace jacobench::harness {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view problem, std::string_view allowed) {
  if (text.empty()) throw InputError("is empty; allowed: {}", allowed);
  throw InputError("{} {}; allowed: {}", in_quotes(text), problem, allowed);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t end = text.find(separator);
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

double parse_real_number(std::string_view text, double min, double max, std::string_view allowed) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) refuse(text, "is not a number", allowed);
  if (error == std::errc::result_out_of_range) refuse(text, "is beyond the range of a double", allowed);
  if (!std::isfinite(value)) refuse(text, "is not a finite number", allowed);
  if (value < min || value > max) refuse(text, "is out of range", allowed);
  return value;
}

Shape parse_shape(std::string_view text, std::int64_t min_width, std::int64_t max_width,
                  std::string_view allowed) {
  if (text == "none") return {};
  if (text.empty()) refuse(text, "", allowed);
  Shape widths;
  for (const std::string_view word : split(text, 'x')) {
    std::int64_t width = 0;
    const char* end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, width);
    if (error == std::errc::invalid_argument || stop != end) refuse(text, "is not a network shape", allowed);
    const bool in_range = error == std::errc() && width >= min_width && width <= max_width;
    if (!in_range) refuse(text, fmt::format("has a width of {}, which is out of range", word), allowed);
    widths.push_back(width);
  }
  return widths;
}

}  // namespace

template <std::integral T>
T parse_whole_number(std::string_view text, T min, T max, std::string_view allowed) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
    refuse(text, "is not a whole number", allowed);
  T value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || value < min || value > max)
    refuse(text, "is out of range", allowed);
  return value;
}

template std::int64_t parse_whole_number(std::string_view, std::int64_t, std::int64_t, std::string_view);
template std::uint64_t parse_whole_number(std::string_view, std::uint64_t, std::uint64_t, std::string_view);
template int parse_whole_number(std::string_view, int, int, std::string_view);

ValueFormat<double> real_number(double min, double max) {
  const std::string allowed = fmt::format("a number from {} to {}", min, max);
  return {allowed, [=](std::string_view text) { return parse_real_number(text, min, max, allowed); },
          [](const double& value) { return exact_text(value); }};
}

ValueFormat<Shape> shape(std::int64_t min_width, std::int64_t max_width) {
  const std::string allowed =
      fmt::format("widths from {} to {} joined by x, such as 10x5, or none", min_width, max_width);
  return {allowed, [=](std::string_view text) { return parse_shape(text, min_width, max_width, allowed); },
          [](const Shape& widths) {
            return widths.empty() ? std::string("none") : fmt::format("{}", fmt::join(widths, "x"));
          }};
}

ValueFormat<std::string> one_of(const std::vector<std::string>& names) {
  return {joined(names, ", "), [names](std::string_view text) { return names[place_of(text, names)]; },
          [](const std::string& name) { return name; }};
}

ValueFormat<bool> yes_or_no() {
  auto parse = [](std::string_view text) {
    if (text != "yes" && text != "no") refuse(text, "is neither yes nor no", "yes, no");
    return text == "yes";
  };
  return {"yes, no", parse, [](const bool& value) { return std::string(value ? "yes" : "no"); }};
}

ValueFormat<std::string> text() {
  const std::string allowed = "text, in quotes as in CSV where it has commas, # or blanks around it";
  auto parse = [allowed](std::string_view text) {
    const bool has_control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; });
    if (text.empty() || has_control || without_blanks_around(text) != text)
      refuse(text, "cannot be stored in a config file", allowed);
    std::string plain = unquoted(text);
    if (plain.empty()) refuse("", "", allowed);
    return plain;
  };
  return {allowed, parse, [](const std::string& value) { return quoted_where_needed(value); }};
}

std::size_t place_of(std::string_view name, const std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) refuse(name, "is not known", joined(names, ", "));
  return static_cast<std::size_t>(found - names.begin());
}

std::vector<std::string_view> split_list(std::string_view text, std::string_view allowed) {
  if (without_blanks_around(text).empty()) refuse("", "", allowed);
  std::vector<std::string_view> words = split_entries(text);
  for (std::string_view& word : words) {
    word = without_blanks_around(word);
    if (word.empty()) refuse(text, "has an empty entry", allowed);
  }
  return words;
}

}  // namespace jacobench::harness
