// Columns that no row stores: computed from the rows of a result when they are read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "study/row.hpp"

namespace jacobench::harness {

struct DerivedColumn {
  Column column;
  // Its value in each of the rows.
  std::function<std::vector<Value>(const ColumnList&, const std::vector<Row>&)> values;
};

// For each row, the column `figure` of the row that has `other` in the identity column `which` and agrees with it in
// all other identity columns, over that of its own. Null where either is no number, or there are several such rows.
std::vector<Value> ratios_to_row(const ColumnList& columns, const std::vector<Row>& rows,
                                 const std::string& figure, const std::string& which,
                                 const std::string& other);

}  // namespace jacobench::harness
