// The key of a cell, its identity columns in words, and the cell that a stored row is of.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "study/row.hpp"

namespace jacobench::harness {

// "hidden=10x5 weight_scale=1 strategy=layerwise": name and exact value of every identity column that is not
// null.
std::string cell_key(const ColumnList& columns, const Row& row);

// Whether the row was stored before one of the identity columns was added.
bool lacks_identity(const ColumnList& columns, const Row& row);

// The cells of a study, found by rows that may have been stored before some of their identity columns were added.
class CellFinder {
 public:
  // Columns: those of the cells; rows may have more after them.
  CellFinder(const ColumnList& columns, const std::vector<Row>& cells);

  // The key of each cell; no two are the same.
  const std::vector<std::string>& keys() const { return keys_; }

  // The cells that agree with the row in every identity column that the row has: one at most for a row that lacks none.
  // A row that lacks one says nothing of it (null is not its value there). Where one cell agrees with it, the row is
  // that cell's: the config is the same, and the setting behind the new column stands at its default, so that this is
  // what the row's cell is called today. Where several agree, it cannot be known of which of them the row is.
  std::vector<std::size_t> cells_of(const Row& row) const;

 private:
  bool agree(const Row& row, const Row& cell) const;

  const ColumnList& columns_;
  const std::vector<Row>& cells_;
  std::vector<std::string> keys_;
  std::unordered_map<std::string, std::size_t> by_key_;
};

}  // namespace jacobench::harness
