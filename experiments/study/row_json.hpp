// Rows as JSON objects: the columns by name, then `status` and `reason`.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "study/row.hpp"

namespace jacobench::harness {

// Doubles are written so that they read back to the bit; null is null.
nlohmann::ordered_json value_to_json(const Value& value);

// Throws InputError where the JSON value is an array, an object or a whole number beyond 64 bits.
Value value_from_json(const nlohmann::ordered_json& json);

// One line, without its end.
std::string row_to_json_line(const ColumnList& columns, const Row& row);

// Throws InputError ("has no column NAME") where the object is not a row of these columns.
Row row_from_json(const ColumnList& columns, const nlohmann::ordered_json& json);

}  // namespace jacobench::harness
