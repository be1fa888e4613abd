// What damped steps of small fits side by side take beside their normal equations, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/lane_rows.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

template <class L>
void lane_damp(const LaneDamping& p) {
  const Index P = p.n_params, n = P + 1;
  const auto weight = L::load(p.weight), by_diagonal = L::load(p.by_diagonal), shift = L::load(p.shift);
  for (Index q = 0; q < P; ++q) {
    const Index column = q * n * L::n;
    const double *const E = p.E + column, *const second = p.second + column;
    double* const to = p.damped + column;
    for (Index i = q; i < P; ++i)
      L::store(to + i * L::n, L::fma(weight, L::load(second + i * L::n), L::load(E + i * L::n)));
    L::store(to + q * L::n, L::fma(by_diagonal, L::load(E + q * L::n), L::load(to + q * L::n)) + shift);
    L::store(to + P * L::n, L::load(E + P * L::n));
  }
}

template <class L>
void lane_replace(const double* where, const double* from, double* to, Index n) {
  const auto is_there = L::load(where) != L::broadcast(0.0);
  for (Index i = 0; i < n; ++i)
    L::store(to + i * L::n, is_there ? L::load(from + i * L::n) : L::load(to + i * L::n));
}

template <class L, int n_factors>
void solve_lanes_for(const LaneFactor* factors, const double* b) {
  const Index P = factors->n_params, n = P + 1;
  const double* const by_C = factors->by_C;
  for (Index q = 0; q < P; ++q)
    for (int i = 0; i < n_factors; ++i)
      L::store(factors[i].solution + q * L::n, L::load(b + q * L::n) * L::load(by_C + q * L::n));
  for (Index q = 0; q < P; ++q)
#pragma GCC unroll 2
    for (int i = 0; i < n_factors; ++i) {
      const double* const column = factors[i].L + q * n * L::n;
      double* const x = factors[i].solution;
      const auto its = L::load(x + q * L::n) / L::load(column + q * L::n);
      L::store(x + q * L::n, its);
      for (Index p = q + 1; p < P; ++p)
        L::store(x + p * L::n, L::fma(-L::load(column + p * L::n), its, L::load(x + p * L::n)));
    }
  for (Index q = P - 1; q >= 0; --q)
#pragma GCC unroll 2
    for (int i = 0; i < n_factors; ++i) {
      const double* const row = factors[i].L + q * L::n;
      double* const x = factors[i].solution;
      const auto its = L::load(x + q * L::n) / L::load(row + q * n * L::n);
      L::store(x + q * L::n, its * L::load(by_C + q * L::n));
      for (Index k = 0; k < q; ++k)
        L::store(x + k * L::n, L::fma(-L::load(row + k * n * L::n), its, L::load(x + k * L::n)));
    }
}

template <class L>
void lane_solve_for(const LaneFactor* factors, Index n_factors, const double* b) {
  n_factors == 1 ? solve_lanes_for<L, 1>(factors, b) : solve_lanes_for<L, 2>(factors, b);
}

// The sums of one block after the other. D is the number of inputs where it is known beforehand, or 0; has_across:
// whether J_d' r_d is wanted by any lane.
template <class L, int D, bool has_across>
class LaneSumsAlong {
 public:
  explicit LaneSumsAlong(const LaneSecondAlong& p)
      : p_(p),
        block_(p.rows, 0, 0, nullptr),
        weight_(p.workspace),
        across_(weight_ + p.rows_in_block() * L::n),
        value_along_(across_ + p.rows_in_block() * L::n),
        slope_along_(value_along_ + p.rows_in_block() * p.rows.n_units * L::n) {
    for (Index q = 0; q < block_.n_params(); ++q) L::store(p.sums + q * L::n, L::broadcast(0.0));
  }

  void add(Index begin, Index n_rows) {
    weigh_rows(begin, n_rows);
    const Index m = block_.n_units();
    Index j = 0;
    for (; j + 2 <= m; j += 2) add_units<2>(j, begin, n_rows);
    if (j < m) add_units<1>(j, begin, n_rows);
  }

 private:
  using Type = typename L::Type;

  double* sum(Index q) const { return p_.sums + q * L::n; }

  void weigh_rows(Index begin, Index n_rows) {
    const bool has_output_bias = p_.rows.has_output_bias;
    const Index last = block_.n_params() - 1;
    Type of_constant = has_output_bias ? L::load(sum(last)) : L::broadcast(0.0);
    Index row = 0;
    for (; row + 2 <= n_rows; row += 2) weigh<2>(begin, row, of_constant);
    if (row < n_rows) weigh<1>(begin, row, of_constant);
    if (has_output_bias) L::store(sum(last), of_constant);
  }

  // What so many rows of J and of J_d are weighed by, r_dd and `across` r_d, each times the factor of its row once more;
  // and what values of units, and their slopes times their weights upwards, change by along d.
  template <int n_rows>
  void weigh(Index begin, Index first_row, Type& of_constant) {
    const LaneUnits<L, const double> units(p_.rows, p_.units, begin);
    const Index m = block_.n_units(), inputs = block_.n_inputs(), last = block_.n_params() - 1;
    const bool has_bias = block_.has_hidden_bias();
    const double *const d = p_.d, *const d_biases = d + block_.bias_of(0) * L::n,
                        *const d_tops = d + block_.top_of(0) * L::n,
                        *const tops = p_.rows.tau + block_.top_of(0) * L::n,
                        *const x = block_.inputs(begin) + first_row * inputs * L::n,
                        *const factors = block_.factors(begin);
    const Index to_next = m * L::n, here = first_row * to_next;
    const double *const values = units.value + here, *const firsts = units.first + here,
                        *const seconds = units.second + here;
    double *const values_along = value_along_ + here, *const slopes_along = slope_along_ + here;
    const Type constant = p_.rows.has_output_bias ? L::load(d + last * L::n) : L::broadcast(0.0);
    Type first[n_rows], second[n_rows];
    for (int row = 0; row < n_rows; ++row) first[row] = constant, second[row] = L::broadcast(0.0);
    for (Index j = 0; j < m; ++j) {
      const Type d_bias = has_bias ? L::load(d_biases + j * L::n) : L::broadcast(0.0),
                 top = L::load(tops + j * L::n), d_top = L::load(d_tops + j * L::n);
      for (int row = 0; row < n_rows; ++row) {
        const Index at = row * to_next + j * L::n;
        Type z = d_bias;
        for (Index c = 0; c < inputs; ++c)
          z = L::fma(L::load(d + (j * inputs + c) * L::n), L::load(x + (row * inputs + c) * L::n), z);
        const Type slope = L::load(firsts + at), bent = top * L::load(seconds + at) * z,
                   turned = d_top * slope;
        second[row] = L::fma(bent + (turned + turned), z, second[row]);
        if constexpr (has_across) {
          const Type value_along = slope * z;
          first[row] = L::fma(top, value_along, L::fma(d_top, L::load(values + at), first[row]));
          L::store(values_along + at, value_along);
          L::store(slopes_along + at, bent + turned);
        }
      }
    }
    for (int row = 0; row < n_rows; ++row) {
      const Index at = (first_row + row) * L::n;
      const Type factor = L::load(factors + at), squared = factor * factor, weight = second[row] * squared;
      L::store(weight_ + at, weight);
      if constexpr (has_across) L::store(across_ + at, first[row] * squared * L::load(p_.across));
      of_constant = of_constant + weight;
    }
  }

  // What the parameters of so many units have of the rows.
  template <int n_units>
  void add_units(Index begin_unit, Index begin, Index n_rows) {
    const LaneUnits<L, const double> units(p_.rows, p_.units, begin);
    const Index m = block_.n_units(), inputs = block_.n_inputs();
    const bool has_bias = block_.has_hidden_bias();
    const double *const values = units.value, *const firsts = units.first, *const weights = weight_,
                        *const acrosses = across_, *const values_along = value_along_,
                        *const x = block_.inputs(begin);
    double* const slopes_along = slope_along_;
    Type v[n_units], of_top[n_units], of_bias[n_units], of_first[n_units];
    for (int u = 0; u < n_units; ++u) {
      const Index j = begin_unit + u;
      v[u] = block_.top_weight(j);
      of_top[u] = L::load(sum(block_.top_of(j)));
      of_bias[u] = has_bias ? L::load(sum(block_.bias_of(j))) : L::broadcast(0.0);
      of_first[u] = L::load(sum(j * inputs));
    }
    for (Index row = 0; row < n_rows; ++row) {
      const Type weight = L::load(weights + row * L::n), first_input = L::load(x + row * inputs * L::n);
      for (int u = 0; u < n_units; ++u) {
        const Index at = (row * m + begin_unit + u) * L::n;
        Type e = weight * (v[u] * L::load(firsts + at)), top = weight * L::load(values + at);
        if constexpr (has_across) {
          const Type across = L::load(acrosses + row * L::n);
          e = L::fma(across, L::load(slopes_along + at), e);
          top = L::fma(across, L::load(values_along + at), top);
        }
        of_top[u] = of_top[u] + top;
        of_bias[u] = of_bias[u] + e;
        of_first[u] = L::fma(e, first_input, of_first[u]);
        if constexpr (D != 1) L::store(slopes_along + at, e);
      }
    }
    for (int u = 0; u < n_units; ++u) {
      const Index j = begin_unit + u;
      L::store(sum(block_.top_of(j)), of_top[u]);
      L::store(sum(j * inputs), of_first[u]);
      if (has_bias) L::store(sum(block_.bias_of(j)), of_bias[u]);
      for (Index c = 1; c < inputs; ++c) {
        Type of_input = L::load(sum(j * inputs + c));
        for (Index row = 0; row < n_rows; ++row)
          of_input = L::fma(L::load(slopes_along + (row * m + j) * L::n),
                            L::load(x + (row * inputs + c) * L::n), of_input);
        L::store(sum(j * inputs + c), of_input);
      }
    }
  }

  const LaneSecondAlong& p_;
  const LaneBlock<L, D> block_;  // without rows
  double *const weight_, *const across_, *const value_along_, *const slope_along_;
};

template <class L, int D>
using LaneSumsOfSecond = LaneSumsAlong<L, D, false>;
template <class L, int D>
using LaneSumsOfBoth = LaneSumsAlong<L, D, true>;

template <class L>
void lane_second_along(const LaneSecondAlong& p) {
  p.across ? add_lane_blocks<L, LaneSumsOfBoth>(p) : add_lane_blocks<L, LaneSumsOfSecond>(p);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
