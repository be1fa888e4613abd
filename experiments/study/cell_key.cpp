#include "study/cell_key.hpp"

#include "options/value_text.hpp"

namespace jacobench::harness {

std::string cell_key(const ColumnList& columns, const Row& row) {
  std::string key;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].role != ColumnRole::identity) continue;
    if (std::holds_alternative<std::monostate>(row.values[i])) continue;
    key += (key.empty() ? "" : " ") + columns[i].name + "=" + exact_text(row.values[i]);
  }
  return key;
}

}  // namespace jacobench::harness
