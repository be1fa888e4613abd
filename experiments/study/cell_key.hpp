// The key of a cell: its identity columns in words.
#pragma once

#include <string>

#include "study/row.hpp"

namespace jacobench::harness {

// "hidden=10x5 weight_scale=1 strategy=layerwise": name and exact value of every identity column that is not
// null.
std::string cell_key(const ColumnList& columns, const Row& row);

}  // namespace jacobench::harness
