// A value as text: exactly, for files and keys, or rounded, for people.
#pragma once

#include <string>
#include <string_view>

#include "options/value.hpp"

namespace jacobench::harness {

// The shortest decimal that reads back as the same double (never more than 17 digits): 0.1, 1e-08.
std::string exact_text(double value);

// The value without loss: numbers as above, yes or no, the string itself; null is empty.
std::string exact_text(const Value& value);

// The number to so many significant digits; plain from 0.001 up to 99999, otherwise as 1.23e-8.
std::string rounded_text(double value, int digits);

// The value for people: doubles rounded, everything else as it is; null is empty.
std::string rounded_text(const Value& value, int digits);

// An estimate with its standard error, which has two significant digits and says how many the estimate has:
// 0.9483 +- 0.0041. An error of 0 (or as good as 0) says nothing of that: the estimate then has so many
// digits.
std::string estimate_text(double estimate, double standard_error, int digits);

// A number that is known to a standard error, with at least so many significant digits, and as many more as the
// standard error needs to have three of its own: bounds that differ print so. At most 17.
std::string text_to_error(double value, double standard_error, int digits);

// What stands between the two.
inline constexpr std::string_view plus_minus = " +- ";

// The number exactly, but with its exponent written as people do: 1e-8.
std::string exact_text_for_people(const Value& value);

bool is_number(const Value& value);

// The number as a double; nothing where the value is not a number.
std::optional<double> number_in(const Value& value);

}  // namespace jacobench::harness
