// The normal equations of small fits side by side, one a lane, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/lane_points.hpp"
#include "jacobench/kernel/path/lane_rows.hpp"
#include "jacobench/kernel/path/lane_tangent.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// C(i, j) += A_i'A_j for a columns from i on and b columns from j on, A [n_rows x n] row by row, `stride` apart, C [n x n].
template <class L, int a, int b>
void add_lane_tile(const double* A, Index stride, Index n_rows, Index n, Index i, Index j, double* C) {
  using Type = typename L::Type;
  Type sum[b][a];
  for (int d = 0; d < b; ++d)
    for (int c = 0; c < a; ++c) sum[d][c] = L::load(C + ((j + d) * n + i + c) * L::n);
  for (Index row = 0; row < n_rows; ++row) {
    const double* const at = A + row * stride * L::n;
    Type of_i[a];
    for (int c = 0; c < a; ++c) of_i[c] = L::load(at + (i + c) * L::n);
    for (int d = 0; d < b; ++d) {
      const Type of_j = L::load(at + (j + d) * L::n);
      for (int c = 0; c < a; ++c) sum[d][c] = L::fma(of_i[c], of_j, sum[d][c]);
    }
  }
  for (int d = 0; d < b; ++d)
    for (int c = 0; c < a; ++c) L::store(C + ((j + d) * n + i + c) * L::n, sum[d][c]);
}

template <class L, int b>
void add_lane_columns(const double* A, Index stride, Index n_rows, Index n, Index j, double* C) {
  constexpr int a = lanes == 8 ? 4 : 3;
  Index i = j;
  for (; i + a <= n; i += a) add_lane_tile<L, a, b>(A, stride, n_rows, n, i, j, C);
  for (; i + 2 <= n; i += 2) add_lane_tile<L, 2, b>(A, stride, n_rows, n, i, j, C);
  for (; i < n; ++i) add_lane_tile<L, 1, b>(A, stride, n_rows, n, i, j, C);
}

// C += A'A below the diagonal; what stands above is overwritten near it.
template <class L>
void add_lane_gram(const double* A, Index stride, Index n_rows, Index n, double* C) {
  constexpr int b = lanes == 8 ? 4 : 3;
  Index j = 0;
  for (; j + b <= n; j += b) add_lane_columns<L, b>(A, stride, n_rows, n, j, C);
  for (; j < n; ++j) add_lane_columns<L, 1>(A, stride, n_rows, n, j, C);
}

// The same of one lane, whose entries stand side by side: b columns from j on.
template <int b>
void add_one_lane_columns(const double* A, Index stride, Index n_rows, Index n, Index j, double* C) {
  for (Index i = j; i < n; i += lanes) {
    const Index left = n - i < lanes ? n - i : lanes;
    Pack sum[b];
    for (int d = 0; d < b; ++d) sum[d] = load_first(C + (j + d) * n + i, left);
    for (Index row = 0; row < n_rows; ++row) {
      const double* const at = A + row * stride;
      const Pack of_i = load_first(at + i, left);
      for (int d = 0; d < b; ++d) sum[d] = fma(of_i, broadcast(at[j + d]), sum[d]);
    }
    for (int d = 0; d < b; ++d) store_first(C + (j + d) * n + i, sum[d], left);
  }
}

template <>
inline void add_lane_gram<OneLane>(const double* A, Index stride, Index n_rows, Index n, double* C) {
  Index j = 0;
  for (; j + 4 <= n; j += 4) add_one_lane_columns<4>(A, stride, n_rows, n, j, C);
  for (; j < n; ++j) add_one_lane_columns<1>(A, stride, n_rows, n, j, C);
}

// The sums of blocks. D as there.
template <class L, int D>
class LaneSums {
 public:
  explicit LaneSums(const LaneEquations& p) : p_(p), block_(p.rows, p.rows_in_block(), p.workspace) {}

  void add(Index begin, Index n_rows) {
    block_.make_z(begin, n_rows);
    p_.activation(block_.z, block_.value, block_.first, block_.second, n_rows * block_.n_units() * L::n);
    block_.template make_rows<true>(begin, n_rows);
    add_lane_gram<L>(block_.rows, block_.stride(), n_rows, block_.n_params() + 1, p_.E);
    for (Index j = 0; j < block_.n_units(); ++j) add_second(j, begin, n_rows);
  }

 private:
  using Type = typename L::Type;

  double* second_at(Index p, Index q) const { return p_.second + (q * (block_.n_params() + 1) + p) * L::n; }

  // Those of unit j: by its weight upwards and its own, and by two of its own; sums that do not wait for each other
  // side by side.
  void add_second(Index j, Index begin, Index n_rows) {
    const Index m = block_.n_units(), inputs = block_.n_inputs(), bias = block_.bias_of(j),
                top = block_.top_of(j);
    const double *const across = block_.first + j * L::n, *const own = block_.second + j * L::n,
                        *const x = block_.inputs(begin);
    for (Index d = 0; d < inputs; ++d) {
      const Index q = j * inputs + d;
      Type of_top = L::load(second_at(top, q)), of_bias = L::load(second_at(bias, q)),
           of_itself = L::load(second_at(q, q)), top_bias = L::load(second_at(top, bias)),
           bias_bias = L::load(second_at(bias, bias));
      for (Index row = 0; row < n_rows; ++row) {
        const Type input = L::load(x + (row * inputs + d) * L::n), e = L::load(across + row * m * L::n),
                   s = L::load(own + row * m * L::n), s_input = s * input;
        of_top = L::fma(e, input, of_top);
        of_bias = of_bias + s_input;
        of_itself = L::fma(s_input, input, of_itself);
        top_bias = top_bias + e;
        bias_bias = bias_bias + s;
      }
      L::store(second_at(top, q), of_top);
      L::store(second_at(q, q), of_itself);
      if (block_.has_hidden_bias()) {
        L::store(second_at(bias, q), of_bias);
        if (d == 0) {
          L::store(second_at(top, bias), top_bias);
          L::store(second_at(bias, bias), bias_bias);
        }
      }
      for (Index c = d + 1; c < inputs; ++c) {
        const Index p = j * inputs + c;
        Type sum = L::load(second_at(p, q));
        for (Index row = 0; row < n_rows; ++row) {
          const double* const of_row = x + row * inputs * L::n;
          sum = L::fma(L::load(own + row * m * L::n) * L::load(of_row + c * L::n), L::load(of_row + d * L::n),
                       sum);
        }
        L::store(second_at(p, q), sum);
      }
    }
  }

  const LaneEquations& p_;
  LaneBlock<L, D> block_;
};

template <class L, int D>
void add_lane_blocks(const LaneEquations& p) {
  LaneSums<L, D> sums(p);
  const Index most = p.rows_in_block(), n = p.rows.n_rows;
  for (Index begin = 0; begin < n; begin += most) sums.add(begin, n - begin < most ? n - begin : most);
}

template <class L>
void lane_equations(const LaneEquations& p) {
  const Index size = (p.rows.n_params() + 1) * (p.rows.n_params() + 1) * L::n;
  for (Index i = 0; i < size; ++i) p.E[i] = p.second[i] = 0;
  if (p.rows.n_inputs == 1)
    add_lane_blocks<L, 1>(p);
  else
    add_lane_blocks<L, 0>(p);
}

// a entries of column q of L from row p on, less what the columns before it have of them.
template <class L, int a>
void reduce_lanes(const LaneFactor& f, Index p, Index q) {
  const Index n = f.n_params + 1;
  typename L::Type sum[a];
  for (int c = 0; c < a; ++c) sum[c] = L::load(f.L + (q * n + p + c) * L::n);
  for (Index k = 0; k < q; ++k) {
    const double* const column = f.L + k * n * L::n;
    const auto of_q = L::load(column + q * L::n);
    for (int c = 0; c < a; ++c) sum[c] = L::fma(-L::load(column + (p + c) * L::n), of_q, sum[c]);
  }
  for (int c = 0; c < a; ++c) L::store(f.L + (q * n + p + c) * L::n, sum[c]);
}

// The smaller; not a number where either is none.
template <class Type>
Type least_of(Type a, Type b) {
  return b >= a ? a : (a == a ? b : a);
}

template <class L>
void lane_factorise(const LaneFactor& f) {
  using Type = typename L::Type;
  const Index P = f.n_params, n = P + 1;
  const Type one = L::broadcast(1.0);
  const auto at = [n](auto* matrix, Index p, Index q) { return matrix + (q * n + p) * L::n; };
  Type least_norm = L::broadcast(__builtin_inf()), least_pivot = least_norm, squares = L::broadcast(0.0);
  // The inverse norms stand in the last column of L.
  for (Index p = 0; p < P; ++p) {
    const Type norm = L::sqrt(L::load(at(f.E, p, p)));
    L::store(f.C + p * L::n, norm);
    L::store(at(f.L, p, P), one / norm);
    least_norm = least_of(least_norm, norm);
  }
  for (Index q = 0; q < P; ++q) {
    const Type by_q = L::load(at(f.L, q, P));
    for (Index p = q; p < P; ++p) {
      Type entry = L::load(at(f.E, p, q));
      if (f.second) entry = entry + L::load(at(f.second, p, q));
      L::store(at(f.L, p, q), entry * by_q * L::load(at(f.L, p, P)));
    }
    L::store(at(f.L, P, q), L::load(at(f.E, P, q)) * by_q);
  }
  for (Index q = 0; q < P; ++q) {
    Index p = q;
    for (; p + 4 <= n; p += 4) reduce_lanes<L, 4>(f, p, q);
    for (; p < n; ++p) reduce_lanes<L, 1>(f, p, q);
    const Type pivot = L::sqrt(L::load(at(f.L, q, q))), by_pivot = one / pivot;
    least_pivot = least_of(least_pivot, pivot);
    L::store(at(f.L, q, q), pivot);
    for (p = q + 1; p < n; ++p) L::store(at(f.L, p, q), L::load(at(f.L, p, q)) * by_pivot);
    const Type along = L::load(at(f.L, P, q));
    squares = L::fma(along, along, squares);
  }
  L::store(f.least_norm, least_norm);
  L::store(f.least_pivot, least_pivot);
  L::store(f.squares, squares);
}

template <class L>
void lane_solve(const LaneFactor& f, double* step) {
  using Type = typename L::Type;
  const Index P = f.n_params, n = P + 1;
  for (Index q = P - 1; q >= 0; --q) {
    const double* const column = f.L + q * n * L::n;
    Type sum = L::load(column + P * L::n);
    for (Index p = q + 1; p < P; ++p)
      sum = L::fma(-L::load(column + p * L::n), L::load(step + p * L::n), sum);
    L::store(step + q * L::n, sum / L::load(column + q * L::n));
  }
  for (Index q = 0; q < P; ++q)
    L::store(step + q * L::n, -L::load(step + q * L::n) / L::load(f.C + q * L::n));
}

template <class L>
void lane_squared_length(const LaneFactor& f, const double* d, double* squares) {
  using Type = typename L::Type;
  Type all = L::broadcast(0.0);
  for (Index q = 0; q < f.n_params; ++q) {
    const double* const column = f.L + q * (f.n_params + 1) * L::n;
    Type sum = L::broadcast(0.0);
    for (Index p = q; p < f.n_params; ++p)
      sum = L::fma(L::load(column + p * L::n), L::load(f.C + p * L::n) * L::load(d + p * L::n), sum);
    all = L::fma(sum, sum, all);
  }
  L::store(squares, all);
}

template <class L>
constexpr LaneKernels lane_kernels_of() {
  return {L::n,          lane_equations<L>,      lane_factorise<L>,
          lane_solve<L>, lane_squared_length<L>, lane_tangent<L>,
          lane_points<L>};
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
