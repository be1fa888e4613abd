// The tangent planes of small fits side by side, one a lane, for the path that is being compiled: QR of J without
// pivoting, and the inverse of its triangle.
#pragma once

#include "jacobench/kernel/path/lane_columns.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// R and rows B below it become the triangle of both. `dots` is room for a row of R.
template <class L>
class LaneTriangle {
 public:
  LaneTriangle(double* R, Index stride, Index P, double* dots) : R_(R), stride_(stride), P_(P), dots_(dots) {
    for (Index i = 0; i < P * stride * L::n; ++i) R[i] = 0;
  }

  // B is lost, and what is beside it in the packs of its columns.
  // Shape: B [n_rows x P], rows `stride` apart
  void add(double* B, Index stride, Index n_rows) {
    const Rows rows{B, stride, n_rows};
    for_each_tile<L>(0, P_, [&]<int packs>(Index k) { set_first_dots<packs>(rows, k); });
    for (Index j = 0; j < P_; ++j) {
      const Reflection reflection = make_reflection(j);
      for_each_tile<L>(j + 1, P_, [&]<int packs>(Index k) { reflect<packs>(rows, j, k, reflection); });
      L::store(row_of_R(j) + j * L::n, reflection.beta);
    }
  }

 private:
  using C = Columns<L>;
  using Type = typename L::Type;

  struct Rows {
    double* B;
    Index stride, n_rows;
    double* operator[](Index row) const { return B + row * stride * L::n; }
  };

  // Takes the column (R_jj, B_j) to (beta, 0): I - u u' tau by u = (1, B_j / first), tau = -factor.
  struct Reflection {
    Type beta, by_first, factor;
  };

  double* row_of_R(Index j) const { return R_ + j * stride_ * L::n; }

  static Pack column(const double* row, Index k, int c) { return load(row + (k + c * C::in_pack) * L::n); }
  static void set_column(double* row, Index k, int c, Pack v) { store(row + (k + c * C::in_pack) * L::n, v); }

  // Calls use(row, half) for all rows, of which the even ones are one half of a sum and the odd ones the other.
  template <class Use>
  static void for_each_row(const Rows& rows, const Use& use) {
    Index row = 0;
    for (; row + 2 <= rows.n_rows; row += 2) use(rows[row], 0), use(rows[row + 1], 1);
    if (row < rows.n_rows) use(rows[row], 0);
  }

  // B_j'B_k, of the first j or the next, for so many packs of columns from k on.
  template <int packs>
  void set_first_dots(const Rows& rows, Index k) {
    Pack sum[2][packs] = {};
    for_each_row(rows, [&](const double* at, int half) {
      const Pack of_first = C::of_all(at);
      for (int c = 0; c < packs; ++c) sum[half][c] = fma(of_first, column(at, k, c), sum[half][c]);
    });
    for (int c = 0; c < packs; ++c) set_column(dots_, k, c, sum[0][c] + sum[1][c]);
  }

  Reflection make_reflection(Index j) const {
    const Type zero = L::broadcast(0.0), alpha = L::load(row_of_R(j) + j * L::n);
    const Type length = L::sqrt(L::fma(alpha, alpha, L::load(dots_ + j * L::n)));
    const Type beta = alpha >= zero ? -length : length, first = alpha - beta;
    // There is nothing to reflect in a column of zeros.
    return {beta, first == zero ? zero : L::broadcast(1.0) / first, first == zero ? zero : first / beta};
  }

  // And the dots with the next column, while the rows are there.
  template <int packs>
  void reflect(const Rows& rows, Index j, Index k, const Reflection& reflection) {
    const Pack by_first = C::of_all(reflection.by_first), factor = C::of_all(reflection.factor);
    double* const R_j = row_of_R(j);
    Pack step[packs], sum[2][packs] = {};
    for (int c = 0; c < packs; ++c) {
      const Pack R_jk = column(R_j, k, c), all_along = factor * fma(column(dots_, k, c), by_first, R_jk);
      // The column of the pivot, and those before it that are in a pack with the next, stay as they are.
      const Pack along = C::without_first(all_along, j + 1 - k - c * C::in_pack);
      set_column(R_j, k, c, R_jk + along);
      step[c] = along * by_first;
    }
    const Index of_j = j * L::n, of_next = of_j + L::n;
    for_each_row(rows, [&](double* at, int half) {
      const Pack its = C::of_all(at + of_j);
      Pack moved[packs];
      for (int c = 0; c < packs; ++c) {
        moved[c] = fma(step[c], its, column(at, k, c));
        set_column(at, k, c, moved[c]);
      }
      const Pack next = C::of_all(at + of_next);
      for (int c = 0; c < packs; ++c) sum[half][c] = fma(next, moved[c], sum[half][c]);
    });
    for (int c = 0; c < packs; ++c) set_column(dots_, k, c, sum[0][c] + sum[1][c]);
  }

  double* const R_;
  const Index stride_, P_;
  double* const dots_;
};

// T = R^-1, row by row from the last on.
template <class L>
void invert_lane_triangle(const double* R, Index stride, Index P, double* T) {
  using C = Columns<L>;
  const auto at = [stride](auto* matrix, Index j, Index k) { return matrix + (j * stride + k) * L::n; };
  for (Index i = 0; i < P * stride * L::n; ++i) T[i] = 0;
  for (Index j = P - 1; j >= 0; --j) {
    const typename L::Type by_pivot = L::broadcast(1.0) / L::load(at(R, j, j));
    for_each_tile<L>(j + 1, P, [&]<int packs>(Index k) {
      Pack sum[packs];
      for (Pack& s : sum) s = broadcast(0.0);
      const Index end = k + packs * C::in_pack < P ? k + packs * C::in_pack : P;
      for (Index l = j + 1; l < end; ++l) {
        const Pack of_l = C::of_all(at(R, j, l));
        for (int c = 0; c < packs; ++c) sum[c] = fma(of_l, load(at(T, l, k + c * C::in_pack)), sum[c]);
      }
      for (int c = 0; c < packs; ++c) store(at(T, j, k + c * C::in_pack), -sum[c] * C::of_all(by_pivot));
    });
    L::store(at(T, j, j), by_pivot);
  }
}

// The norms of the columns of R, and the square of that of all of T with its rows times these.
template <class L>
void lane_condition(const double* R, const double* T, Index stride, Index P, double* dots, double* norms,
                    double* squares) {
  using C = Columns<L>;
  const auto set_squares = [&](const double* matrix, const auto& factor) {
    for (Index k = 0; k < P; k += C::in_pack) {
      const Index end = k + C::in_pack < P ? k + C::in_pack : P;
      Pack sum = broadcast(0.0);
      for (Index j = 0; j < end; ++j) {
        const Pack entry = factor(j) * load(matrix + (j * stride + k) * L::n);
        sum = fma(entry, entry, sum);
      }
      store(dots + k * L::n, sum);
    }
  };
  set_squares(R, [](Index) { return broadcast(1.0); });
  for (Index k = 0; k < P; ++k) L::store(norms + k * L::n, L::sqrt(L::load(dots + k * L::n)));
  set_squares(T, [&](Index j) { return C::of_all(norms + j * L::n); });
  typename L::Type all = L::broadcast(0.0);
  for (Index k = 0; k < P; ++k) all = all + L::load(dots + k * L::n);
  L::store(squares, all);
}

template <class L, int D>
void lane_tangent_of(const LaneTangent& p) {
  const Index P = p.rows.n_params(), stride = p.stride(), most = p.rows_in_block();
  LaneBlock<L, D> block(p.rows, most, L::in_row(P + 1), p.workspace);
  double* const dots = block.end;
  LaneTriangle<L> triangle(p.R, stride, P, dots);
  for_each_lane_block(p.rows, most, [&](Index begin, Index n_rows) {
    block.make(begin, n_rows, p.activation, p.r);
    triangle.add(block.rows, block.stride(), n_rows);
  });
  invert_lane_triangle<L>(p.R, stride, P, p.T);
  lane_condition<L>(p.R, p.T, stride, P, dots, p.C, p.squares);
}

template <class L>
void lane_tangent(const LaneTangent& p) {
  for_inputs_of(p.rows, [&]<int D>() { lane_tangent_of<L, D>(p); });
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
