#include "harness/value_text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace jacobench::harness {
namespace {

// 1.5e-08 -> 1.5e-8, 1e+06 -> 1e6
std::string with_short_exponent(const std::string& number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  return fmt::format("{}e{}", number.substr(0, e), std::stoi(number.substr(e + 1)));
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
  const std::string scientific = fmt::format("{:.{}e}", value, digits - 1);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));  // after rounding: 9.99 -> 10
  if (exponent < -3 || exponent > 4) return with_short_exponent(scientific);
  return fmt::format("{:.{}f}", value, std::max(0, digits - 1 - exponent));
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
