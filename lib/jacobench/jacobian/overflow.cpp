#include "jacobench/jacobian/overflow.hpp"

#include <algorithm>

#include "jacobench/network/wide_row.hpp"

namespace jacobench {

void rewrite_rows(const Perceptron& network, const VectorView& theta, const MatrixView& X,
                  std::vector<Index>& rows, const Outputs& out) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (const Index n : rows) {
    const WideRow row(network, theta, X.row(n).transpose());
    for (Index k = 0; k < network.n_outputs(); ++k) {
      if (out.values) (*out.values)(n, k) = row.value(k);
      row.differentiate(k, k * X.rows() + n, out.J_y_theta, out.J_y_x);
    }
  }
}

}  // namespace jacobench
