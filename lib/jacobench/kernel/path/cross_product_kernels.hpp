// Sums over rows of products of two columns, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/batch_kernels.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// The columns of A and of B whose sums stay in registers together: each column that is loaded serves several of them.
inline constexpr int of_A_in_tile = lanes == 8 ? 4 : 3, of_B_in_tile = lanes == 8 ? 4 : 2;

// C(i, j) += A_i' B_j for a columns of A from i on and b columns of B from j on; below the diagonal alone where C is
// symmetric.
template <int a, int b>
void add_tile(const CrossProducts& p, Index i, Index j) {
  constexpr Index packs = most_lanes / lanes;
  Pack sum[a][b][packs];
  for (auto& of_row : sum)
    for (auto& of_entry : of_row)
      for (Pack& part : of_entry) part = broadcast(0.0);
  const double* const A = p.A.data + i * p.A.stride;
  const double* const B = p.B.data + j * p.B.stride;
  const auto add = [&](Index row, Index k, auto load_rows) {
    Pack of_A[a];
    for (int c = 0; c < a; ++c) of_A[c] = load_rows(A + c * p.A.stride + row);
    for (int d = 0; d < b; ++d) {
      const Pack of_B = load_rows(B + d * p.B.stride + row);
      for (int c = 0; c < a; ++c) sum[c][d][k] = fma(of_A[c], of_B, sum[c][d][k]);
    }
  };
  Index row = 0;
  for (; row + most_lanes <= p.n_rows; row += most_lanes)
    for (Index k = 0; k < packs; ++k) add(row + k * lanes, k, load);
  for (Index k = 0; row < p.n_rows; ++k, row += lanes) {
    const Index left = p.n_rows - row < lanes ? p.n_rows - row : lanes;
    add(row, k, [&](const double* x) { return load_first(x, left); });
  }
  for (int d = 0; d < b; ++d)
    for (int c = 0; c < a; ++c)
      if (!p.is_symmetric || i + c >= j + d)
        p.C.data[(j + d) * p.C.stride + i + c] += sum_of_eight(sum[c][d]);
}

template <int b>
void add_columns(const CrossProducts& p, Index j) {
  Index i = p.is_symmetric ? j : 0;
  for (; i + of_A_in_tile <= p.n_of_A; i += of_A_in_tile) add_tile<of_A_in_tile, b>(p, i, j);
  for (; i + 2 <= p.n_of_A; i += 2) add_tile<2, b>(p, i, j);
  for (; i < p.n_of_A; ++i) add_tile<1, b>(p, i, j);
}

inline void add_cross_products(const CrossProducts& p) {
  Index j = 0;
  for (; j + of_B_in_tile <= p.n_of_B; j += of_B_in_tile) add_columns<of_B_in_tile>(p, j);
  for (; j < p.n_of_B; ++j) add_columns<1>(p, j);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
