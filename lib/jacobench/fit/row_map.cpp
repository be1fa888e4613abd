#include "jacobench/fit/row_map.hpp"

namespace jacobench {

void RowMap::apply(Matrix& outputs, Index first) const {
  outputs.array() *= factors.middleRows(first, outputs.rows()).array();
  mixing.uncorrelate(outputs);
}

void RowMap::apply_transposed(Matrix& rows, Index first) const {
  mixing.uncorrelate_transposed(rows);
  rows.array() *= factors.middleRows(first, rows.rows()).array();
}

void RowMap::apply_and_transposed(Matrix& outputs) const {
  if (mixing.is_identity()) {
    outputs.array() *= factors.array().square();
    return;
  }
  apply(outputs);
  apply_transposed(outputs);
}

void RowMap::undo(Eigen::Ref<Matrix> rows, Index first) const {
  mixing.correlate(rows);
  rows.array() /= factors.middleRows(first, rows.rows()).array();
}

void RowMap::apply_to_stacked(Eigen::Ref<Matrix> stacked) const {
  stacked.array().colwise() *= factors.reshaped().array();
  mixing.uncorrelate_rows(stacked);
}

void RowMap::bound(Matrix& outputs) const {
  outputs.array() *= factors.array();
  mixing.bound_uncorrelated(outputs);
}

}  // namespace jacobench
