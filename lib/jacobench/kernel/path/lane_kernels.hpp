// The normal equations of small fits side by side, one a lane, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/lane_descent.hpp"
#include "jacobench/kernel/path/lane_points.hpp"
#include "jacobench/kernel/path/lane_rows.hpp"
#include "jacobench/kernel/path/lane_tangent.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

// C(i, j) += A_i'A_j for a columns from i on and b columns from j on, A [n_rows x n] row by row, C [n x n]; where i is
// j, below the diagonal. Unless it is added to, C is set.
template <class L, int a, int b, bool is_on_diagonal>
void add_lane_tile(const double* A, Index n_rows, Index n, Index i, Index j, bool adds, double* C) {
  using Type = typename L::Type;
  double* const to = C + (j * n + i) * L::n;
  const Index next_column = n * L::n;
  Type sum[b][a];
#pragma GCC unroll 5
  for (int d = 0; d < b; ++d)
#pragma GCC unroll 5
    for (int c = is_on_diagonal ? d : 0; c < a; ++c)
      sum[d][c] = adds ? L::load(to + d * next_column + c * L::n) : L::broadcast(0.0);
  for (Index row = 0; row < n_rows; ++row) {
    const double *const at_i = A + (row * n + i) * L::n, *const at_j = A + (row * n + j) * L::n;
    Type of_i[a];
#pragma GCC unroll 5
    for (int c = 0; c < a; ++c) of_i[c] = L::load(at_i + c * L::n);
#pragma GCC unroll 5
    for (int d = 0; d < b; ++d) {
      const Type of_j = is_on_diagonal ? of_i[d] : L::load(at_j + d * L::n);
#pragma GCC unroll 5
      for (int c = is_on_diagonal ? d : 0; c < a; ++c) sum[d][c] = L::fma(of_i[c], of_j, sum[d][c]);
    }
  }
#pragma GCC unroll 5
  for (int d = 0; d < b; ++d)
#pragma GCC unroll 5
    for (int c = is_on_diagonal ? d : 0; c < a; ++c) L::store(to + d * next_column + c * L::n, sum[d][c]);
}

// By tiles of s + 1 columns, so many of them, and then of s.
template <class L, int s>
void add_lane_tiles(const double* A, Index n_rows, Index n, Index n_larger, bool adds, double* C) {
  const Index end_of_larger = n_larger * (s + 1);
  Index j = 0;
  for (; j < end_of_larger; j += s + 1) {
    add_lane_tile<L, s + 1, s + 1, true>(A, n_rows, n, j, j, adds, C);
    Index i = j + s + 1;
    for (; i < end_of_larger; i += s + 1) add_lane_tile<L, s + 1, s + 1, false>(A, n_rows, n, i, j, adds, C);
    for (; i < n; i += s) add_lane_tile<L, s, s + 1, false>(A, n_rows, n, i, j, adds, C);
  }
  for (; j < n; j += s) {
    add_lane_tile<L, s, s, true>(A, n_rows, n, j, j, adds, C);
    for (Index i = j + s; i < n; i += s) add_lane_tile<L, s, s, false>(A, n_rows, n, i, j, adds, C);
  }
}

// C += A'A below the diagonal, for n >= 3; unless it is added to, C is set.
template <class L>
void add_lane_gram(const double* A, Index n_rows, Index n, bool adds, double* C) {
  constexpr int most = lanes == 8 ? 5 : 3;  // registers hold so many squared, a side and one more
  const Index n_tiles = (n + most - 1) / most;
  // As even as they can be.
  if (n >= (most - 1) * n_tiles)
    add_lane_tiles<L, most - 1>(A, n_rows, n, n - (most - 1) * n_tiles, adds, C);
  else if constexpr (most > 3)
    add_lane_tiles<L, most - 2>(A, n_rows, n, n - (most - 2) * n_tiles, adds, C);
}

// The same of one lane, whose entries stand side by side: b columns from j on.
template <int b>
void add_one_lane_columns(const double* A, Index n_rows, Index n, Index j, bool adds, double* C) {
  for (Index i = j; i < n; i += lanes) {
    const Index left = n - i < lanes ? n - i : lanes;
    Pack sum[b];
    for (int d = 0; d < b; ++d) sum[d] = adds ? load_first(C + (j + d) * n + i, left) : broadcast(0.0);
    for (Index row = 0; row < n_rows; ++row) {
      const double* const at = A + row * n;
      const Pack of_i = load_first(at + i, left);
      for (int d = 0; d < b; ++d) sum[d] = fma(of_i, broadcast(at[j + d]), sum[d]);
    }
    for (int d = 0; d < b; ++d) store_first(C + (j + d) * n + i, sum[d], left);
  }
}

template <>
inline void add_lane_gram<OneLane>(const double* A, Index n_rows, Index n, bool adds, double* C) {
  Index j = 0;
  for (; j + 4 <= n; j += 4) add_one_lane_columns<4>(A, n_rows, n, j, adds, C);
  for (; j < n; ++j) add_one_lane_columns<1>(A, n_rows, n, j, adds, C);
}

// The sums of one block after the other. D as there.
template <class L, int D>
class LaneSums {
 public:
  explicit LaneSums(const LaneEquations& p)
      : p_(p),
        P_(p.rows.n_params()),
        block_(p.rows, p.rows_in_block(), P_ + 1, p.workspace),
        second_(block_.end),
        weight_(second_ + p.rows_in_block() * p.rows.n_units * L::n),
        of_first_(block_.first),
        of_second_(second_) {}

  void add(Index begin, Index n_rows) {
    if (p_.units) {
      const LaneUnits<L, double> units(p_.rows, p_.units, begin);
      block_.value = units.value;
      block_.first = units.first;
      second_ = units.second;
    }
    block_.make_sums_of_inputs(begin, n_rows);
    p_.activation(block_.value, block_.value, block_.first, second_, n_rows * block_.n_units() * L::n);
    block_.make_output(begin, n_rows, weight_);
    for (Index j = 0; j < block_.n_units(); ++j) add_unit(j, begin, n_rows);
    add_lane_gram<L>(block_.rows, n_rows, P_ + 1, begin > 0, p_.E);
  }

 private:
  using Type = typename L::Type;

  double* second_at(Index p, Index q) const { return p_.second + (q * (P_ + 1) + p) * L::n; }

  // The columns of J that are of unit j, and its second derivatives: by its weight upwards and its own, and by two of
  // its own.
  void add_unit(Index j, Index begin, Index n_rows) {
    const Index m = block_.n_units(), inputs = block_.n_inputs(), P = P_;
    const bool has_bias = block_.has_hidden_bias(), adds = begin > 0;
    const double *const x = block_.inputs(begin), *const factors = block_.factors(begin),
                        *const weights = weight_;
    const double *const firsts = block_.first + j * L::n, *const seconds = second_ + j * L::n;
    double *const of_firsts = of_first_ + j * L::n, *const of_seconds = of_second_ + j * L::n;
    const Index bias = block_.bias_of(j), top = block_.top_of(j);
    double *const of_inputs = block_.rows + j * inputs * L::n, *const of_biases = block_.rows + bias * L::n;
    const Type v = block_.top_weight(j);
    const auto start = [adds](const double* at) { return adds ? L::load(at) : L::broadcast(0.0); };
    Type top_bias = L::broadcast(0.0), bias_bias = top_bias;
    if (has_bias) top_bias = start(second_at(top, bias)), bias_bias = start(second_at(bias, bias));
    Type of_top{}, of_bias{}, of_itself{};
    if constexpr (D == 1) {
      of_top = start(second_at(top, j)), of_itself = start(second_at(j, j));
      of_bias = has_bias ? start(second_at(bias, j)) : L::broadcast(0.0);
    }
    for (Index row = 0; row < n_rows; ++row) {
      const double* const x_of_row = x + row * inputs * L::n;
      const Type slope = L::load(firsts + row * m * L::n), weight = L::load(weights + row * L::n),
                 along = L::load(factors + row * L::n) * v * slope, e = weight * slope,
                 s = weight * v * L::load(seconds + row * m * L::n);
      top_bias = top_bias + e;
      bias_bias = bias_bias + s;
      if (has_bias) L::store(of_biases + row * (P + 1) * L::n, along);
      if constexpr (D == 1) {
        const Type input = L::load(x_of_row), s_input = s * input;
        L::store(of_inputs + row * (P + 1) * L::n, along * input);
        of_top = L::fma(e, input, of_top);
        of_bias = of_bias + s_input;
        of_itself = L::fma(s_input, input, of_itself);
      } else {
        for (Index d = 0; d < inputs; ++d)
          L::store(of_inputs + (row * (P + 1) + d) * L::n, along * L::load(x_of_row + d * L::n));
        L::store(of_firsts + row * m * L::n, e);
        L::store(of_seconds + row * m * L::n, s);
      }
    }
    if (has_bias) L::store(second_at(top, bias), top_bias), L::store(second_at(bias, bias), bias_bias);
    if constexpr (D == 1) {
      L::store(second_at(top, j), of_top), L::store(second_at(j, j), of_itself);
      if (has_bias) L::store(second_at(bias, j), of_bias);
    } else {
      for (Index d = 0; d < inputs; ++d) add_second_of_input(j, d, begin, n_rows);
    }
  }

  // Those by input d of unit j and another of its parameters.
  void add_second_of_input(Index j, Index d, Index begin, Index n_rows) {
    const Index m = block_.n_units(), inputs = block_.n_inputs();
    const bool has_bias = block_.has_hidden_bias(), adds = begin > 0;
    const double *const across = of_first_ + j * L::n, *const own = of_second_ + j * L::n,
                        *const x = block_.inputs(begin);
    const Index bias = block_.bias_of(j), top = block_.top_of(j), q = j * inputs + d;
    const auto start = [adds](const double* at) { return adds ? L::load(at) : L::broadcast(0.0); };
    Type of_top = start(second_at(top, q)), of_itself = start(second_at(q, q)),
         of_bias = has_bias ? start(second_at(bias, q)) : L::broadcast(0.0);
    for (Index row = 0; row < n_rows; ++row) {
      const Type input = L::load(x + (row * inputs + d) * L::n), e = L::load(across + row * m * L::n),
                 s = L::load(own + row * m * L::n), s_input = s * input;
      of_top = L::fma(e, input, of_top);
      of_bias = of_bias + s_input;
      of_itself = L::fma(s_input, input, of_itself);
    }
    L::store(second_at(top, q), of_top);
    L::store(second_at(q, q), of_itself);
    if (has_bias) L::store(second_at(bias, q), of_bias);
    for (Index c = d + 1; c < inputs; ++c) {
      const Index p = j * inputs + c;
      Type sum = start(second_at(p, q));
      for (Index row = 0; row < n_rows; ++row) {
        const double* const of_row = x + row * inputs * L::n;
        sum = L::fma(L::load(own + row * m * L::n) * L::load(of_row + c * L::n), L::load(of_row + d * L::n),
                     sum);
      }
      L::store(second_at(p, q), sum);
    }
  }

  const LaneEquations& p_;
  const Index P_;
  LaneBlock<L, D> block_;
  double *second_, *const weight_;
  double *const of_first_, *const of_second_;  // e and s, where they are wanted again
};

template <class L>
void lane_equations(const LaneEquations& p) {
  add_lane_blocks<L, LaneSums>(p);
}

// The smaller; not a number where either is none.
template <class Type>
Type least_of(Type a, Type b) {
  return b >= a ? a : (a == a ? b : a);
}

// Of w columns of L from column q on, where the scaled entries stand already: those of the rows that have pivots here,
// and then those of the others. Each entry loses what the columns before its own have of it, from the first to the
// last.
template <class L, int w>
class LanePanel {
 public:
  LanePanel() = default;
  LanePanel(const LaneFactor& f, Index q) : L_(f.L), n_(f.n_params + 1), q_(q) {}

  template <class Type>
  void factorise(Type& least_pivot) {
    Type sum[w][w];
#pragma GCC unroll 4
    for (int d = 0; d < w; ++d)
#pragma GCC unroll 4
      for (int c = d; c < w; ++c) sum[d][c] = L::load(at(q_, q_ + d) + c * L::n);
    for (Index k = 0; k < q_; ++k) {
      const double* const column = at(q_, k);
      Type of[w];
#pragma GCC unroll 4
      for (int c = 0; c < w; ++c) of[c] = L::load(column + c * L::n);
#pragma GCC unroll 4
      for (int d = 0; d < w; ++d)
#pragma GCC unroll 4
        for (int c = d; c < w; ++c) sum[d][c] = L::fma(-of[c], of[d], sum[d][c]);
    }
#pragma GCC unroll 4
    for (int d = 0; d < w; ++d) {
      const Type pivot = L::sqrt(sum[d][d]), by_pivot = L::broadcast(1.0) / pivot;
      least_pivot = least_of(least_pivot, pivot);
      sum[d][d] = pivot;
      by_pivot_[d] = by_pivot;
#pragma GCC unroll 4
      for (int c = d + 1; c < w; ++c) sum[d][c] = sum[d][c] * by_pivot;
#pragma GCC unroll 4
      for (int e = d + 1; e < w; ++e)
#pragma GCC unroll 4
        for (int c = e; c < w; ++c) sum[e][c] = L::fma(-sum[d][c], sum[d][e], sum[e][c]);
    }
#pragma GCC unroll 4
    for (int d = 0; d < w; ++d)
#pragma GCC unroll 4
      for (int c = d; c < w; ++c) L::store(at(q_, q_ + d) + c * L::n, sum[d][c]);
  }

  void add_rows_below() const {
    Index p = q_ + w;
    for (; p + rows_at_once <= n_; p += rows_at_once) add_rows<rows_at_once>(p);
    if (p + 2 <= n_) add_rows<2>(p), p += 2;
    if (p < n_) add_rows<1>(p);
  }

 private:
  static constexpr int rows_at_once = 4;

  double* at(Index p, Index q) const { return L_ + (q * n_ + p) * L::n; }

  template <int a>
  void add_rows(Index p) const {
    typename L::Type sum[w][a];
#pragma GCC unroll 4
    for (int d = 0; d < w; ++d)
#pragma GCC unroll 4
      for (int c = 0; c < a; ++c) sum[d][c] = L::load(at(p, q_ + d) + c * L::n);
    for (Index k = 0; k < q_; ++k) {
      const double *const of_p = at(p, k), *const of_q = at(q_, k);
      typename L::Type of[a];
#pragma GCC unroll 4
      for (int c = 0; c < a; ++c) of[c] = L::load(of_p + c * L::n);
#pragma GCC unroll 4
      for (int d = 0; d < w; ++d) {
        const auto its = L::load(of_q + d * L::n);
#pragma GCC unroll 4
        for (int c = 0; c < a; ++c) sum[d][c] = L::fma(-of[c], its, sum[d][c]);
      }
    }
#pragma GCC unroll 4
    for (int d = 0; d < w; ++d) {
#pragma GCC unroll 4
      for (int c = 0; c < a; ++c) {
        sum[d][c] = sum[d][c] * by_pivot_[d];
        L::store(at(p, q_ + d) + c * L::n, sum[d][c]);
      }
#pragma GCC unroll 4
      for (int e = d + 1; e < w; ++e) {
        const auto its = L::load(at(q_ + e, q_ + d));
#pragma GCC unroll 4
        for (int c = 0; c < a; ++c) sum[e][c] = L::fma(-sum[d][c], its, sum[e][c]);
      }
    }
  }

  double* L_ = nullptr;
  Index n_ = 0, q_ = 0;
  typename L::Type by_pivot_[w];
};

template <class L>
void make_lane_norms(const LaneFactor& f) {
  using Type = typename L::Type;
  Type least = L::broadcast(__builtin_inf());
  for (Index p = 0; p < f.n_params; ++p) {
    const Type norm = L::sqrt(L::load(f.E + p * (f.n_params + 2) * L::n));
    L::store(f.C + p * L::n, norm);
    L::store(f.by_C + p * L::n, L::broadcast(1.0) / norm);
    least = least_of(least, norm);
  }
  L::store(f.least_norm, least);
}

// C^-1 (E + second) C^-1, to where L will be.
template <class L>
void scale_lanes(const LaneFactor& f) {
  const Index P = f.n_params, n = P + 1;
  const double* const by = f.by_C;
  for (Index q = 0; q < P; ++q) {
    const auto by_q = L::load(by + q * L::n);
    const double *const E = f.E + q * n * L::n, *const second = f.second ? f.second + q * n * L::n : nullptr;
    double* const to = f.L + q * n * L::n;
    if (second)
      for (Index p = q; p < P; ++p)
        L::store(to + p * L::n,
                 (L::load(E + p * L::n) + L::load(second + p * L::n)) * by_q * L::load(by + p * L::n));
    else
      for (Index p = q; p < P; ++p)
        L::store(to + p * L::n, L::load(E + p * L::n) * by_q * L::load(by + p * L::n));
    L::store(to + P * L::n, L::load(E + P * L::n) * by_q);
  }
}

template <class L, int w>
void add_panels(const LaneFactor* factors, Index n_factors, Index q, typename L::Type* least_pivots) {
  LanePanel<L, w> panels[2];
  for (Index i = 0; i < n_factors; ++i) panels[i] = {factors[i], q}, panels[i].factorise(least_pivots[i]);
  for (Index i = 0; i < n_factors; ++i) panels[i].add_rows_below();
}

template <class L>
void lane_factorise(const LaneFactor* factors, Index n_factors) {
  using Type = typename L::Type;
  constexpr int width = 2;
  const Index P = factors->n_params;
  Type least_pivots[2];
  for (Index i = 0; i < n_factors; ++i) {
    if (!factors[i].second) make_lane_norms<L>(factors[i]);
    scale_lanes<L>(factors[i]);
    least_pivots[i] = L::broadcast(__builtin_inf());
  }
  Index q = 0;
  for (; q + width <= P; q += width) add_panels<L, width>(factors, n_factors, q, least_pivots);
  for (; q < P; ++q) add_panels<L, 1>(factors, n_factors, q, least_pivots);
  for (Index i = 0; i < n_factors; ++i) {
    const LaneFactor& f = factors[i];
    L::store(f.least_pivot, least_pivots[i]);
    Type squares = L::broadcast(0.0);
    for (q = 0; q < P; ++q) {
      const Type along = L::load(f.L + (q * (P + 1) + P) * L::n);
      squares = L::fma(along, along, squares);
    }
    L::store(f.squares, squares);
  }
}

template <class L, int n_factors>
void solve_lanes(const LaneFactor* factors) {
  using Type = typename L::Type;
  const Index P = factors->n_params, n = P + 1;
  const double* const C = factors->C;
  for (Index q = P - 1; q >= 0; --q) {
#pragma GCC unroll 2
    for (int i = 0; i < n_factors; ++i) {
      const double* const column = factors[i].L + q * n * L::n;
      double* const step = factors[i].step;
      Type sum = L::load(column + P * L::n);
      for (Index p = q + 1; p < P; ++p)
        sum = L::fma(-L::load(column + p * L::n), L::load(step + p * L::n), sum);
      L::store(step + q * L::n, sum / L::load(column + q * L::n));
    }
  }
#pragma GCC unroll 2
  for (int i = 0; i < n_factors; ++i) {
    double* const step = factors[i].step;
    for (Index q = 0; q < P; ++q)
      L::store(step + q * L::n, -L::load(step + q * L::n) / L::load(C + q * L::n));
  }
}

template <class L>
void lane_solve(const LaneFactor* factors, Index n_factors) {
  n_factors == 1 ? solve_lanes<L, 1>(factors) : solve_lanes<L, 2>(factors);
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
  return {.n_lanes = L::n,
          .equations = lane_equations<L>,
          .factorise = lane_factorise<L>,
          .solve = lane_solve<L>,
          .squared_length = lane_squared_length<L>,
          .solve_for = lane_solve_for<L>,
          .damp = lane_damp<L>,
          .second_along = lane_second_along<L>,
          .replace = lane_replace<L>,
          .tangent = lane_tangent<L>,
          .points = lane_points<L>};
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
