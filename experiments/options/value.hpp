// One entry of a row, or of a setting: what options, rows and tables pass on.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace jacobench::harness {

// Monostate is null: not applicable, not finite, or not known because the cell failed.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
inline bool is_null(const Value& value) { return std::holds_alternative<std::monostate>(value); }

inline Value to_value(bool value) { return value; }
inline Value to_value(double value) { return std::isfinite(value) ? Value(value) : Value(); }
inline Value to_value(const std::string& value) { return value; }
template <std::integral T>
Value to_value(T value) {
  return static_cast<std::int64_t>(value);
}
template <class T>
Value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : Value();
}

}  // namespace jacobench::harness
