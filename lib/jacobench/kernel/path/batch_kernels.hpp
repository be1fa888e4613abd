// Products of batches, and of columns, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/lines_beside.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// A tile of `packs` packs of rows by `columns` columns, all of whose sums stay in registers: there are 32 with
// AVX-512 and 16 without. The bits do not depend on its shape, as each sum is taken on its own.
inline constexpr int packs_in_tile = lanes == 8 ? 4 : 2, columns_in_tile = 6;

// With lines, n_beside columns are written beside it, one after every so many terms.
template <int packs, int columns, bool with_lines>
void multiply_tile_beside(const BatchProduct& p, Index row, Index column, Index n_beside) {
  Pack sum[columns][packs];
#pragma GCC unroll 8
  for (int c = 0; c < columns; ++c)
#pragma GCC unroll 8
    for (int r = 0; r < packs; ++r)
      if (p.addend.data)
        sum[c][r] = load(p.addend.data + row + r * lanes + (column + c) * p.addend.stride);
      else
        sum[c][r] = p.start ? broadcast(p.start[column + c]) : broadcast(0.0);
  const double* in = p.in.data + row;
  const double* coefficient = p.coefficients + column * p.next_column;
  const auto add_terms = [&](Index n) {
    for (; n > 0; --n, in += p.in.stride, coefficient += p.next_term) {
      Pack term[packs];
#pragma GCC unroll 8
      for (int r = 0; r < packs; ++r) term[r] = load(in + r * lanes);
#pragma GCC unroll 8
      for (int c = 0; c < columns; ++c) {
        const Pack factor = broadcast(coefficient[c * p.next_column]);
#pragma GCC unroll 8
        for (int r = 0; r < packs; ++r) sum[c][r] = fma(term[r], factor, sum[c][r]);
      }
    }
  };
  if constexpr (with_lines) {
    ColumnWriter writer(*p.beside);
    const Index n_at_once = p.n_terms / n_beside;
    for (Index k = 0; k < n_beside; ++k) {
      add_terms(n_at_once);
      writer.write_column();
    }
    add_terms(p.n_terms - n_at_once * n_beside);
    p.beside->n_columns -= n_beside;
  } else {
    add_terms(p.n_terms);
  }
#pragma GCC unroll 8
  for (int c = 0; c < columns; ++c)
#pragma GCC unroll 8
    for (int r = 0; r < packs; ++r) {
      const Index at = row + r * lanes;
      if (p.factor.data) sum[c][r] = sum[c][r] * load(p.factor.data + at + (column + c) * p.factor.stride);
      store(p.out.data + at + (column + c) * p.out.stride, sum[c][r]);
    }
}

template <int packs, int columns>
void multiply_tile(const BatchProduct& p, Index row, Index column) {
  constexpr Index most_a_term = 4;  // lines
  Index n_beside = 0;
  if (packs == packs_in_tile && p.beside && p.beside->n_columns > 0) {
    const Index of_run = p.beside->n_columns, most = most_a_term * p.n_terms / p.beside->run.n_in_column;
    n_beside = columns_for(*p.beside, packs * lanes * columns * work_of_sum(p.n_terms),
                           of_run < most ? of_run : most);
  }
  if (n_beside == 0) return multiply_tile_beside<packs, columns, false>(p, row, column, 0);
  multiply_tile_beside<packs, columns, true>(p, row, column, n_beside);
  go_to_next_run_after(*p.beside);
}

template <int packs>
void multiply_rows(const BatchProduct& p, Index row, Index n_columns) {
  Index column = 0;
  for (; column + columns_in_tile <= n_columns; column += columns_in_tile)
    multiply_tile<packs, columns_in_tile>(p, row, column);
  switch (n_columns - column) {
    case 5:
      return multiply_tile<packs, 5>(p, row, column);
    case 4:
      return multiply_tile<packs, 4>(p, row, column);
    case 3:
      return multiply_tile<packs, 3>(p, row, column);
    case 2:
      return multiply_tile<packs, 2>(p, row, column);
    case 1:
      return multiply_tile<packs, 1>(p, row, column);
    default:
      return;
  }
}

inline void multiply(const BatchProduct& p, Index n_columns, Index n_rows) {
  const Index n_padded = round_up(n_rows, lanes);
  Index row = 0;
  for (; row + packs_in_tile * lanes <= n_padded; row += packs_in_tile * lanes)
    multiply_rows<packs_in_tile>(p, row, n_columns);
  for (; row < n_padded; row += lanes) multiply_rows<1>(p, row, n_columns);
}

inline void product(const double* a, const double* b, double* out, Index n) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, load(a + i) * load(b + i));
  if (i < n) store_first(out + i, load_first(a + i, n - i) * load_first(b + i, n - i), n - i);
}

inline void add_product(const double* a, const double* b, double* out, Index n) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, fma(load(a + i), load(b + i), load(out + i)));
  if (i < n)
    store_first(out + i, fma(load_first(a + i, n - i), load_first(b + i, n - i), load_first(out + i, n - i)),
                n - i);
}

// x'y of `columns` arrays y, `stride` apart: side by side, as each sum is one chain of additions. Eight partial sums of
// each, whatever the width of a pack, so that all paths round alike.
template <int columns>
inline void dots(const double* x, const double* y, Index stride, Index n, double (&out)[columns]) {
  constexpr Index packs = most_lanes / lanes;
  Pack sum[columns][packs];
  for (auto& of_column : sum)
    for (Pack& part : of_column) part = broadcast(0.0);
  Index i = 0;
  for (; i + most_lanes <= n; i += most_lanes)
    for (int c = 0; c < columns; ++c)
      for (Index k = 0; k < packs; ++k)
        sum[c][k] = fma(load(x + i + k * lanes), load(y + c * stride + i + k * lanes), sum[c][k]);
  for (Index k = 0; i < n; ++k, i += lanes) {
    const Index left = n - i < lanes ? n - i : lanes;
    for (int c = 0; c < columns; ++c)
      sum[c][k] = fma(load_first(x + i, left), load_first(y + c * stride + i, left), sum[c][k]);
  }
  for (int c = 0; c < columns; ++c) out[c] = sum_of_eight(sum[c]);
}

// So many columns side by side, as each sum is one chain of additions.
template <int columns>
void squares_of(const double* A, Index stride, Index n, double* out) {
  constexpr Index packs = most_lanes / lanes;
  Pack sum[columns][packs];
  for (auto& of_column : sum)
    for (Pack& part : of_column) part = broadcast(0.0);
  const auto add = [&](Index i, Index k, auto load_rows) {
    for (int c = 0; c < columns; ++c) {
      const Pack a = load_rows(A + c * stride + i);
      sum[c][k] = fma(a, a, sum[c][k]);
    }
  };
  Index i = 0;
  for (; i + most_lanes <= n; i += most_lanes)
    for (Index k = 0; k < packs; ++k) add(i + k * lanes, k, load);
  for (Index k = 0; i < n; ++k, i += lanes) {
    const Index left = n - i < lanes ? n - i : lanes;
    add(i, k, [&](const double* a) { return load_first(a, left); });
  }
  for (int c = 0; c < columns; ++c) out[c] = sum_of_eight(sum[c]);
}

inline void squares_of_columns(const double* A, Index stride, Index n, Index n_columns, double* squares) {
  Index c = 0;
  for (; c + 4 <= n_columns; c += 4) squares_of<4>(A + c * stride, stride, n, squares + c);
  for (; c < n_columns; ++c) squares_of<1>(A + c * stride, stride, n, squares + c);
}

inline double dot(const double* x, const double* y, Index n) {
  double sum[1];
  dots(x, y, 0, n, sum);
  return sum[0];
}

inline void add_scaled(double alpha, const double* x, double* y, Index n) {
  const Pack factor = broadcast(alpha);
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(y + i, fma(factor, load(x + i), load(y + i)));
  if (i < n) store_first(y + i, fma(factor, load_first(x + i, n - i), load_first(y + i, n - i)), n - i);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
