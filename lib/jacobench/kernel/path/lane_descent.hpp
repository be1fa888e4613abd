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

template <class L>
void lane_solve_for(const LaneFactor& f, const double* b, double* x) {
  const Index P = f.n_params, n = P + 1;
  for (Index q = 0; q < P; ++q) {
    auto sum = L::load(b + q * L::n) * L::load(f.by_C + q * L::n);
    for (Index k = 0; k < q; ++k)
      sum = L::fma(-L::load(f.L + (k * n + q) * L::n), L::load(x + k * L::n), sum);
    L::store(x + q * L::n, sum / L::load(f.L + (q * n + q) * L::n));
  }
  for (Index q = P - 1; q >= 0; --q) {
    const double* const column = f.L + q * n * L::n;
    auto sum = L::load(x + q * L::n);
    for (Index p = q + 1; p < P; ++p) sum = L::fma(-L::load(column + p * L::n), L::load(x + p * L::n), sum);
    L::store(x + q * L::n, sum / L::load(column + q * L::n));
  }
  for (Index q = 0; q < P; ++q) L::store(x + q * L::n, L::load(x + q * L::n) * L::load(f.by_C + q * L::n));
}

// The sums of one block after the other. D is the number of inputs where it is known beforehand, or 0.
template <class L, int D>
class LaneSumsAlong {
 public:
  explicit LaneSumsAlong(const LaneSecondAlong& p)
      : p_(p),
        block_(p.rows, 0, 0, nullptr),
        weight_(p.workspace),
        of_first_(weight_ + p.rows_in_block() * L::n) {
    for (Index q = 0; q < block_.n_params(); ++q) L::store(p.sums + q * L::n, L::broadcast(0.0));
  }

  void add(Index begin, Index n_rows) {
    for (Index row = 0; row < n_rows; ++row) L::store(weight_ + row * L::n, L::broadcast(0.0));
    for (Index j = 0; j < block_.n_units(); ++j) add_curvature_of_unit(j, begin, n_rows);
    weigh_rows(begin, n_rows);
    for (Index j = 0; j < block_.n_units(); ++j) add_unit(j, begin, n_rows);
  }

 private:
  using Type = typename L::Type;

  Type input(const double* x_of_row, Index d) const { return L::load(x_of_row + d * L::n); }
  double* sum(Index q) const { return p_.sums + q * L::n; }

  // To the second derivatives of the outputs along d.
  void add_curvature_of_unit(Index j, Index begin, Index n_rows) {
    const LaneUnits<L, const double> units(p_.rows, p_.units, begin);
    const Index m = block_.n_units(), inputs = block_.n_inputs();
    const double *const d = p_.d, *const firsts = units.first + j * L::n,
                        *const seconds = units.second + j * L::n, *const x = block_.inputs(begin),
                        *const of_inputs = d + j * inputs * L::n;
    double* const weights = weight_;
    const Type bias = block_.has_hidden_bias() ? L::load(d + block_.bias_of(j) * L::n) : L::broadcast(0.0),
               of_top = L::load(d + block_.top_of(j) * L::n), two_of_top = of_top + of_top,
               v = block_.top_weight(j);
    for (Index row = 0; row < n_rows; ++row) {
      const double* const x_of_row = x + row * inputs * L::n;
      Type z = bias;
      for (Index c = 0; c < inputs; ++c) z = L::fma(L::load(of_inputs + c * L::n), input(x_of_row, c), z);
      const Type slope = L::load(firsts + row * m * L::n), bend = v * L::load(seconds + row * m * L::n),
                 along = L::fma(bend, z, two_of_top * slope);
      L::store(weights + row * L::n, L::fma(along, z, L::load(weights + row * L::n)));
    }
  }

  void weigh_rows(Index begin, Index n_rows) {
    const double* const factors = block_.factors(begin);
    double* const weights = weight_;
    const bool has_output_bias = p_.rows.has_output_bias;
    const Index last = block_.n_params() - 1;
    Type all = has_output_bias ? L::load(sum(last)) : L::broadcast(0.0);
    for (Index row = 0; row < n_rows; ++row) {
      const Type factor = L::load(factors + row * L::n),
                 weight = L::load(weights + row * L::n) * factor * factor;
      L::store(weights + row * L::n, weight);
      all = all + weight;
    }
    if (has_output_bias) L::store(sum(last), all);
  }

  // What J' of the parameters of unit j has of the rows.
  void add_unit(Index j, Index begin, Index n_rows) {
    const LaneUnits<L, const double> units(p_.rows, p_.units, begin);
    const Index m = block_.n_units(), inputs = block_.n_inputs();
    const double *const values = units.value + j * L::n, *const firsts = units.first + j * L::n,
                        *const weights = weight_, *const x = block_.inputs(begin);
    double* const of_firsts = of_first_ + j * L::n;
    const bool has_bias = block_.has_hidden_bias();
    const Type v = block_.top_weight(j);
    Type top = L::load(sum(block_.top_of(j))), bias = L::broadcast(0.0), of_first = L::load(sum(j * inputs));
    if (has_bias) bias = L::load(sum(block_.bias_of(j)));
    for (Index row = 0; row < n_rows; ++row) {
      const Type weight = L::load(weights + row * L::n), e = weight * (v * L::load(firsts + row * m * L::n));
      top = L::fma(weight, L::load(values + row * m * L::n), top);
      bias = bias + e;
      of_first = L::fma(e, input(x + row * inputs * L::n, 0), of_first);
      if constexpr (D != 1) L::store(of_firsts + row * m * L::n, e);
    }
    L::store(sum(block_.top_of(j)), top);
    L::store(sum(j * inputs), of_first);
    if (has_bias) L::store(sum(block_.bias_of(j)), bias);
    for (Index c = 1; c < inputs; ++c) {
      Type of_input = L::load(sum(j * inputs + c));
      for (Index row = 0; row < n_rows; ++row)
        of_input = L::fma(L::load(of_firsts + row * m * L::n), input(x + row * inputs * L::n, c), of_input);
      L::store(sum(j * inputs + c), of_input);
    }
  }

  const LaneSecondAlong& p_;
  const LaneBlock<L, D> block_;  // without rows
  double *const weight_, *const of_first_;
};

template <class L>
void lane_second_along(const LaneSecondAlong& p) {
  add_lane_blocks<L, LaneSumsAlong>(p);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
