// Rows as JSON objects: the columns by name, then `status` and `reason`.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "study/row.hpp"

namespace jacobench::harness {

// Doubles are written so that they read back to the bit; null is null.
nlohmann::ordered_json value_to_json(const Value& value);

// Throws InputError where the JSON value is an array, an object or a whole number beyond 64 bits.
Value value_from_json(const nlohmann::ordered_json& json);

// One line, without its end.
std::string row_to_json_line(const ColumnList& columns, const Row& row);

// The columns of stored rows, which may have been written before some of the known columns were added, or by a version
// with columns that this one does not know: the known ones, then, in the order in which they come and with the role
// unknown, all others.
ColumnList columns_of_stored_rows(const ColumnList& known, const std::vector<nlohmann::ordered_json>& rows);

// The row in these columns; it lacks those that the object does not have. What cannot stand in a row is, in a column of
// role unknown, its JSON text. Throws InputError where the object has no status, no identity column or a value that
// cannot stand in a row.
Row row_from_json(const ColumnList& columns, const nlohmann::ordered_json& json);

}  // namespace jacobench::harness
