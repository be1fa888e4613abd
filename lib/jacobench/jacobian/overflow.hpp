// What to do about observations at which doubles overflow within the network, though its derivatives may be finite.
#pragma once

#include <vector>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

// Writes what is wanted of these observations anew (network/wide_row.hpp). Repeated rows are written once.
void rewrite_rows(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                  std::vector<Index>& rows, const Outputs& out);

}  // namespace jacobench
