// The fixed linear map B of the outputs of each observation to the rows of a least-squares problem: under the model the
// rows of B (Y - f) are uncorrelated and have one variance.
//
// Model:  (B E)_n = G^-1 (g_n o e_n),  g the row factors and G the factor of the outputs' correlation
//         (fit/output_mixing.hpp)
// Shapes: E and g [N x K]; stacked [(N K) x any], row k N + n being output k of observation n. All in place
// Cost:   a multiplication a number, and K / 2 more where outputs are correlated
#pragma once

#include "jacobench/fit/output_mixing.hpp"

namespace jacobench {

struct RowMap {
  Matrix factors;  // g
  OutputMixing mixing = {};

  Index n_rows() const { return factors.size(); }

  // B, B' and B^-1, of all observations or of those from the first on.
  void apply(Matrix& outputs, Index first = 0) const;
  void apply_transposed(Matrix& rows, Index first = 0) const;
  void undo(Eigen::Ref<Matrix> rows, Index first = 0) const;
  void apply_and_transposed(Matrix& outputs) const;         // B'B
  void apply_to_stacked(Eigen::Ref<Matrix> stacked) const;  // B of each column

  // At most so large are rows of outputs that are at most so large in magnitude.
  void bound(Matrix& outputs) const;
};

}  // namespace jacobench
