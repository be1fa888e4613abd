#include "options/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace jacobench::harness {
namespace {

// 1.5e-08 -> 1.5e-8, 1e+06 -> 1e6
std::string with_short_exponent(const std::string& number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  return fmt::format("{}e{}", number.substr(0, e), std::stoi(number.substr(e + 1)));
}

// Of the first digit of the number rounded to so many digits: 9.99 to two digits is 10, which begins with the
// tens.
int exponent_of(double value, int digits) {
  const std::string scientific = fmt::format("{:.{}e}", value, digits - 1);
  return std::stoi(scientific.substr(scientific.find('e') + 1));
}

bool is_plain(int exponent) { return exponent >= -3 && exponent <= 4; }

// The number rounded to this power of ten and written plainly, in units of another.
std::string rounded_at(double value, int place, int unit) {
  if (place > unit) value = std::round(value * std::pow(10, -place)) * std::pow(10, place);
  return fmt::format("{:.{}f}", value * std::pow(10, -unit), std::max(0, unit - place));
}

}  // namespace

std::string exact_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

std::string exact_text(const Value& value) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool v) const { return v ? "yes" : "no"; }
    std::string operator()(std::int64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return exact_text(v); }
    std::string operator()(const std::string& v) const { return v; }
  };
  return std::visit(Text{}, value);
}

std::string rounded_text(double value, int digits) {
  if (value == 0) return "0";
  const int exponent = exponent_of(value, digits);
  if (!is_plain(exponent)) return with_short_exponent(fmt::format("{:.{}e}", value, digits - 1));
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
}

std::string estimate_text(double estimate, double standard_error, int digits) {
  constexpr int error_digits = 2;
  const double scale = std::max(std::abs(estimate), standard_error);
  if (standard_error <= 1e-12 * scale)
    return fmt::format("{}{}{}", rounded_text(estimate, digits), plus_minus,
                       rounded_text(standard_error, error_digits));
  const int place = exponent_of(standard_error, error_digits) - (error_digits - 1);
  const int exponent = exponent_of(scale, std::numeric_limits<double>::max_digits10);
  const int unit = is_plain(exponent) ? 0 : exponent;
  const std::string suffix = unit == 0 ? "" : fmt::format("e{}", unit);
  return fmt::format("{}{}{}{}{}", rounded_at(estimate, place, unit), suffix, plus_minus,
                     rounded_at(standard_error, place, unit), suffix);
}

std::string text_to_error(double value, double standard_error, int digits) {
  constexpr int error_digits = 3, most = std::numeric_limits<double>::max_digits10;
  if (standard_error > 0 && std::isfinite(standard_error) && value != 0) {
    const int needed = exponent_of(value, most) - exponent_of(standard_error, error_digits) + error_digits;
    digits = std::clamp(needed, digits, most);
  }
  return fmt::format("{:.{}g}", value, digits);
}

std::string rounded_text(const Value& value, int digits) {
  const double* number = std::get_if<double>(&value);
  return number ? rounded_text(*number, digits) : exact_text(value);
}

std::string exact_text_for_people(const Value& value) {
  const bool is_double = std::holds_alternative<double>(value);
  return is_double ? with_short_exponent(exact_text(value)) : exact_text(value);
}

bool is_number(const Value& value) { return number_in(value).has_value(); }

std::optional<double> number_in(const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return *number;
  if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

}  // namespace jacobench::harness
