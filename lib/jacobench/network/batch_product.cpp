#include "jacobench/network/batch_product.hpp"

#include "jacobench/base/simd.hpp"

namespace jacobench {
namespace {

using simd::Pack;

// out(:, c) = (start_c + sum over k of in(:, k) * coefficient[c * next_column + k * next_term]) o factor(:, c).
struct Product {
  BatchView in;
  Index n_terms;
  const double* coefficients;
  Index next_column;
  Index next_term;
  const double* start;  // null: 0
  BatchView factor;     // null: 1
  BatchBuffer out;
};

// A tile of `packs` packs of rows by `columns` columns, all of whose sums stay in registers.
template <int packs, int columns>
void multiply_tile(const Product& p, Index row, Index column) {
  Pack sum[columns][packs];
  for (int c = 0; c < columns; ++c)
    for (int r = 0; r < packs; ++r)
      sum[c][r] = p.start ? simd::broadcast(p.start[column + c]) : simd::broadcast(0.0);
  const double* in = p.in.data + row;
  const double* coefficient = p.coefficients + column * p.next_column;
  for (Index k = 0; k < p.n_terms; ++k, in += p.in.stride, coefficient += p.next_term) {
    Pack term[packs];
    for (int r = 0; r < packs; ++r) term[r] = simd::load(in + r * simd::lanes);
    for (int c = 0; c < columns; ++c) {
      const Pack factor = simd::broadcast(coefficient[c * p.next_column]);
      for (int r = 0; r < packs; ++r) sum[c][r] = simd::fma(term[r], factor, sum[c][r]);
    }
  }
  for (int c = 0; c < columns; ++c)
    for (int r = 0; r < packs; ++r) {
      const Index at = row + r * simd::lanes;
      if (p.factor.data)
        sum[c][r] = sum[c][r] * simd::load(p.factor.data + at + (column + c) * p.factor.stride);
      simd::store(p.out.data + at + (column + c) * p.out.stride, sum[c][r]);
    }
}

template <int packs>
void multiply_rows(const Product& p, Index row, Index n_columns, SideWork* side) {
  Index column = 0;
  for (; column + 6 <= n_columns; column += 6) {
    multiply_tile<packs, 6>(p, row, column);
    if (side) side->advance();
  }
  if (side && column < n_columns) side->advance();
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

void multiply(const Product& p, Index n_columns, Index n_rows, SideWork* side) {
  const Index n_padded = simd::round_up_to_lanes(n_rows);
  Index row = 0;
  for (; row + 4 * simd::lanes <= n_padded; row += 4 * simd::lanes) multiply_rows<4>(p, row, n_columns, side);
  for (; row < n_padded; row += simd::lanes) multiply_rows<1>(p, row, n_columns, side);
}

}  // namespace

void multiply_by_weights(BatchView A, const Eigen::Map<const RowMajorMatrix>& W, const double* b,
                         BatchBuffer Z, Index n_rows, SideWork* side) {
  multiply({.in = A,
            .n_terms = W.cols(),
            .coefficients = W.data(),
            .next_column = W.cols(),
            .next_term = 1,
            .start = b,
            .factor = {},
            .out = Z},
           W.rows(), n_rows, side);
}

void multiply_by_weights_transposed(BatchView D, const Eigen::Map<const RowMajorMatrix>& W, BatchView S,
                                    BatchBuffer T, Index n_rows, SideWork* side) {
  multiply({.in = D,
            .n_terms = W.rows(),
            .coefficients = W.data(),
            .next_column = 1,
            .next_term = W.cols(),
            .start = nullptr,
            .factor = S,
            .out = T},
           W.cols(), n_rows, side);
}

}  // namespace jacobench
