// Values and variances of small fits side by side, one a lane, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/lane_columns.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// |T'g|^2 of so many rows g, `stride` apart. `entries` is room for as many rows of T.
template <class L, int rows>
void get_lane_forms(const LanePoints& p, const double* g, Index stride, double* entries, double* forms) {
  using C = Columns<L>;
  const Index P = p.rows.n_params(), of_T = p.stride();
  const double* const T = p.T;
  for_each_tile<L>(0, P, [&]<int packs>(Index k) {
    Pack sum[rows][packs];
    for (auto& of_row : sum)
      for (Pack& s : of_row) s = broadcast(0.0);
    const Index end = k + packs * C::in_pack < P ? k + packs * C::in_pack : P;
    for (Index j = 0; j < end; ++j) {
      Pack of_column[packs];
      for (int c = 0; c < packs; ++c) of_column[c] = load(T + (j * of_T + k + c * C::in_pack) * L::n);
      for (int r = 0; r < rows; ++r) {
        const Pack g_j = C::of_all(g + (r * stride + j) * L::n);
        for (int c = 0; c < packs; ++c) sum[r][c] = fma(g_j, of_column[c], sum[r][c]);
      }
    }
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < packs; ++c) store(entries + (r * of_T + k + c * C::in_pack) * L::n, sum[r][c]);
  });
  for (int r = 0; r < rows; ++r) {
    typename L::Type form = L::broadcast(0.0);
    for (Index k = 0; k < P; ++k) {
      const auto entry = L::load(entries + (r * of_T + k) * L::n);
      form = L::fma(entry, entry, form);
    }
    L::store(forms + r * L::n, form);
  }
}

template <class L, int D>
void lane_points_of(const LanePoints& p) {
  const Index P = p.rows.n_params(), most = p.rows_in_block();
  LaneBlock<L, D> block(p.rows, most, L::in_row(P + 1), p.workspace);
  double* const entries = block.end;
  const Index stride = block.stride();
  for_each_lane_block(p.rows, most, [&](Index begin, Index n_rows) {
    block.make(begin, n_rows, p.activation, p.f);
    double* const forms = p.forms + begin * L::n;
    Index row = 0;
    for (; row + 2 <= n_rows; row += 2)
      get_lane_forms<L, 2>(p, block.rows + row * stride * L::n, stride, entries, forms + row * L::n);
    if (row < n_rows)
      get_lane_forms<L, 1>(p, block.rows + row * stride * L::n, stride, entries, forms + row * L::n);
  });
}

template <class L>
void lane_points(const LanePoints& p) {
  for_inputs_of(p.rows, [&]<int D>() { lane_points_of<L, D>(p); });
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
