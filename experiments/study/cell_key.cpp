#include "study/cell_key.hpp"

#include "jacobench/base/errors.hpp"

#include "options/value_text.hpp"

namespace jacobench::harness {

bool lacks_identity(const ColumnList& columns, const Row& row) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].role == ColumnRole::identity && row.lacks(i)) return true;
  return false;
}

std::string cell_key(const ColumnList& columns, const Row& row) {
  std::string key;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].role != ColumnRole::identity || is_null(row.values[i])) continue;
    key += (key.empty() ? "" : " ") + columns[i].name + "=" + exact_text(row.values[i]);
  }
  return key;
}

CellFinder::CellFinder(const ColumnList& columns, const std::vector<Row>& cells)
    : columns_(columns), cells_(cells) {
  for (const Row& cell : cells) {
    keys_.push_back(cell_key(columns, cell));
    JB_EXPECT(by_key_.emplace(keys_.back(), keys_.size() - 1).second, "two cells are {}", keys_.back());
  }
}

bool CellFinder::agree(const Row& row, const Row& cell) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].role != ColumnRole::identity || row.lacks(i)) continue;
    if (exact_text(row.values[i]) != exact_text(cell.values[i])) return false;
  }
  return true;
}

std::vector<std::size_t> CellFinder::cells_of(const Row& row) const {
  std::vector<std::size_t> cells;
  if (!lacks_identity(columns_, row)) {
    const auto found = by_key_.find(cell_key(columns_, row));
    if (found != by_key_.end()) cells.push_back(found->second);
    return cells;
  }
  for (std::size_t i = 0; i < cells_.size(); ++i)
    if (agree(row, cells_[i])) cells.push_back(i);
  return cells;
}

}  // namespace jacobench::harness
