// A workspace matrix with one column a unit and the observations of a batch contiguous in each column.
#pragma once

#include "jacobench/network/batch_product.hpp"

namespace jacobench {

// Columns are padded to whole packs and then by one cache line, so that equal rows of neighbouring columns do
// not fall into the same cache set.
class Batch {
 public:
  Batch() = default;
  Batch(Index max_rows, Index n_columns);

  double* column(Index c) { return storage_.col(c).data(); }
  const double* column(Index c) const { return storage_.col(c).data(); }
  Index n_columns() const { return storage_.cols(); }

  BatchBuffer buffer() { return {storage_.data(), storage_.rows()}; }
  BatchView view() const { return {storage_.data(), storage_.rows()}; }

  // The first n_rows rows, without the padding.
  auto rows(Index n_rows) { return storage_.topRows(n_rows); }
  auto rows(Index n_rows) const { return storage_.topRows(n_rows); }

 private:
  Matrix storage_;
};

}  // namespace jacobench
