// Rows of tables by their names, for tests, which know that they are there.
#pragma once

#include <string_view>

#include "jacobench/base/names.hpp"

namespace jacobench::testing {

template <class Table>
const auto& named(const Table& table, std::string_view name) {
  return find_by_name(table, name, "row");
}

}  // namespace jacobench::testing
