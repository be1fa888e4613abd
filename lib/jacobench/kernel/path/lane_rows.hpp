// The rows of J and r of small fits side by side, one a lane, for the path that is being compiled.
//
// All arithmetic of lanes is that of one fit, done on packs: a sum goes from its first term to its last, so that a fit
// by itself and each of a pack's have the same bits on every path.
#pragma once

#include "jacobench/kernel/kernels.hpp"
#include "jacobench/kernel/path/pack.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

struct AllLanes {
  using Type = Pack;
  static constexpr Index n = lanes;
  static Index in_row(Index n_columns) { return n_columns; }
  static Type load(const double* p) { return JACOBENCH_PATH::load(p); }
  static void store(double* p, Type v) { JACOBENCH_PATH::store(p, v); }
  static Type broadcast(double x) { return JACOBENCH_PATH::broadcast(x); }
  static Type fma(Type a, Type b, Type c) { return JACOBENCH_PATH::fma(a, b, c); }
  static Type sqrt(Type x) {
#if defined(JACOBENCH_PATH_AVX512)
    return _mm512_maskz_sqrt_pd(0xff, x);
#elif defined(JACOBENCH_PATH_AVX2)
    return _mm256_sqrt_pd(x);
#else
    return __builtin_sqrt(x);
#endif
  }
};

struct OneLane {
  using Type = double;
  static constexpr Index n = 1;
  // Whole packs, on any path.
  static Index in_row(Index n_columns) { return round_up(n_columns, most_lanes); }
  static Type load(const double* p) { return *p; }
  static void store(double* p, Type v) { *p = v; }
  static Type broadcast(double x) { return x; }
  static Type fma(Type a, Type b, Type c) { return __builtin_fma(a, b, c); }
  static Type sqrt(Type x) { return __builtin_sqrt(x); }
};

// Calls use.operator()<D>() with the number of inputs where it is known beforehand, or 0.
template <class Use>
void for_inputs_of(const LaneRows& rows, const Use& use) {
  rows.n_inputs == 1 ? use.template operator()<1>() : use.template operator()<0>();
}

// Calls use(begin, n_rows) for blocks of at most so many rows.
template <class Use>
void for_each_lane_block(const LaneRows& rows, Index most, const Use& use) {
  const Index n = rows.n_rows;
  for (Index begin = 0; begin < n; begin += most) use(begin, n - begin < most ? n - begin : most);
}

// Adds all blocks of the problem, one after the other, to its Sums<L, D>. D as above.
template <class L, template <class, int> class Sums, class Problem>
void add_lane_blocks(const Problem& p) {
  for_inputs_of(p.rows, [&]<int D>() {
    Sums<L, D> sums(p);
    for_each_lane_block(p.rows, p.rows_in_block(),
                        [&](Index begin, Index n_rows) { sums.add(begin, n_rows); });
  });
}

// What is kept of the units, from a row on. Number is double or const double.
template <class L, class Number>
struct LaneUnits {
  Number *value, *first, *second;

  LaneUnits(const LaneRows& rows, Number* units, Index begin)
      : value(units + begin * rows.n_units * L::n),
        first(value + rows.n_rows * rows.n_units * L::n),
        second(first + rows.n_rows * rows.n_units * L::n) {}
};

// A block of rows [J r], and what they are made from. D as above.
template <class L, int D>
class LaneBlock {
  using Type = typename L::Type;

  const LaneRows& all_;
  const Index P_, stride_, biases_at_, top_at_;

 public:
  // Rows are `stride` apart.
  LaneBlock(const LaneRows& all, Index most_rows, Index stride, double* workspace)
      : all_(all),
        P_(all.n_params()),
        stride_(stride),
        biases_at_(all.n_units * all.n_inputs),
        top_at_(biases_at_ + (all.has_hidden_bias ? all.n_units : 0)),
        value(workspace),
        first(value + most_rows * all.n_units * L::n),
        rows(first + most_rows * all.n_units * L::n),
        end(rows + most_rows * stride * L::n) {}

  // Of the units, row by row: what they sum up and then their values, and their slopes.
  double *value, *first;
  double *const rows, *const end;

  Index n_inputs() const { return D > 0 ? D : all_.n_inputs; }
  Index n_units() const { return all_.n_units; }
  Index n_params() const { return P_; }
  Index stride() const { return stride_; }
  Index bias_of(Index unit) const { return biases_at_ + unit; }
  Index top_of(Index unit) const { return top_at_ + unit; }
  bool has_hidden_bias() const { return all_.has_hidden_bias; }
  const double* inputs(Index begin) const { return all_.X + begin * n_inputs() * L::n; }
  const double* factors(Index begin) const { return all_.factors + begin * L::n; }
  Type top_weight(Index unit) const { return L::load(all_.tau + top_of(unit) * L::n); }

  // Members are read once: a store of a pack could have changed them, for all that a compiler knows.

  void make_sums_of_inputs(Index begin, Index n_rows) {
    const Index m = n_units(), D_ = n_inputs();
    const double *const tau = all_.tau, *const x = inputs(begin);
    const double* const biases = has_hidden_bias() ? tau + biases_at_ * L::n : nullptr;
    double* const to = value;
    for (Index j = 0; j < m; ++j) {
      const Type bias = biases ? L::load(biases + j * L::n) : L::broadcast(0.0);
      const double* const weights = tau + j * D_ * L::n;
      const Type first_weight = L::load(weights);
      for (Index row = 0; row < n_rows; ++row) {
        const double* const x_of_row = x + row * D_ * L::n;
        Type z = L::fma(first_weight, L::load(x_of_row), bias);
        for (Index d = 1; d < D_; ++d)
          z = L::fma(L::load(weights + d * L::n), L::load(x_of_row + d * L::n), z);
        L::store(to + (row * m + j) * L::n, z);
      }
    }
  }

  // r, the columns of J that are of the output, and unless it is null r o factor.
  void make_output(Index begin, Index n_rows, double* weights) {
    const Index m = n_units(), P = P_, stride = stride_, top_at = top_at_;
    const bool has_output_bias = all_.has_output_bias;
    const double *const y = all_.y + begin * L::n, *const of_rows = factors(begin),
                        *const top = all_.tau + top_at * L::n;
    const Type constant = has_output_bias ? L::load(all_.tau + (P - 1) * L::n) : L::broadcast(0.0);
    const double* const values = value;
    double* const to = rows;
    for (Index row = 0; row < n_rows; ++row) {
      double* const J = to + row * stride * L::n;
      const double* const a_of_row = values + row * m * L::n;
      const Type factor = L::load(of_rows + row * L::n);
      Type f = constant;
      for (Index j = 0; j < m; ++j) {
        const Type a = L::load(a_of_row + j * L::n);
        f = L::fma(L::load(top + j * L::n), a, f);
        L::store(J + (top_at + j) * L::n, factor * a);
      }
      const Type r = (f - L::load(y + row * L::n)) * factor;
      if (has_output_bias) L::store(J + (P - 1) * L::n, factor);
      L::store(J + P * L::n, r);
      if (weights) L::store(weights + row * L::n, r * factor);
    }
  }

  // The columns of J that are of the units.
  void make_units(Index begin, Index n_rows) {
    const Index m = n_units(), D_ = n_inputs(), stride = stride_, biases_at = biases_at_;
    const bool has_bias = has_hidden_bias();
    const double *const x = inputs(begin), *const of_rows = factors(begin), *const firsts = first;
    double* const to = rows;
    for (Index j = 0; j < m; ++j) {
      const Type v = top_weight(j);
      for (Index row = 0; row < n_rows; ++row) {
        double* const J = to + row * stride * L::n;
        const Type along = L::load(of_rows + row * L::n) * v * L::load(firsts + (row * m + j) * L::n);
        for (Index d = 0; d < D_; ++d)
          L::store(J + (j * D_ + d) * L::n, along * L::load(x + (row * D_ + d) * L::n));
        if (has_bias) L::store(J + (biases_at + j) * L::n, along);
      }
    }
  }

  // All of them, and r to where it is wanted.
  void make(Index begin, Index n_rows, void (*activation)(const double*, double*, double*, Index),
            double* r) {
    make_sums_of_inputs(begin, n_rows);
    activation(value, value, first, n_rows * n_units() * L::n);
    make_output(begin, n_rows, nullptr);
    make_units(begin, n_rows);
    for (Index row = 0; row < n_rows; ++row)
      L::store(r + (begin + row) * L::n, L::load(rows + (row * stride_ + P_) * L::n));
  }
};

}  // namespace jacobench::kernel::JACOBENCH_PATH
