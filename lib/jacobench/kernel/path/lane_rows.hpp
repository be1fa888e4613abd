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

// A block of rows, and what they are made from. D: the number of inputs where it is known beforehand, or 0.
template <class L, int D>
class LaneBlock {
 public:
  LaneBlock(const LaneRows& all, Index most_rows, double* workspace)
      : all_(all),
        P_(all.n_params()),
        stride_(L::in_row(P_ + 1)),
        biases_at_(all.n_units * all.n_inputs),
        top_at_(biases_at_ + (all.has_hidden_bias ? all.n_units : 0)),
        z(workspace),
        value(z + most_rows * all.n_units * L::n),
        first(value + most_rows * all.n_units * L::n),
        second(first + most_rows * all.n_units * L::n),
        rows(second + most_rows * all.n_units * L::n) {}

 private:
  using Type = typename L::Type;

  // Members are read once: a store of a pack could have changed them, for all that a compiler knows.
  const LaneRows& all_;
  const Index P_, stride_, biases_at_, top_at_;

 public:
  // The units' sums of their inputs, their values and the derivatives of these [rows x units]; and [J r], row by row.
  double *const z, *const value, *const first, *const second, *const rows;

  Index n_inputs() const { return D > 0 ? D : all_.n_inputs; }
  Index n_units() const { return all_.n_units; }
  Index n_params() const { return P_; }
  Index stride() const { return stride_; }  // of rows
  Index bias_of(Index unit) const { return biases_at_ + unit; }
  Index top_of(Index unit) const { return top_at_ + unit; }
  bool has_hidden_bias() const { return all_.has_hidden_bias; }
  const double* inputs(Index begin) const { return all_.X + begin * n_inputs() * L::n; }

  void make_z(Index begin, Index n_rows) {
    const Index m = n_units(), D_ = n_inputs();
    const double *const tau = all_.tau, *const x = inputs(begin);
    const double* const biases = has_hidden_bias() ? tau + biases_at_ * L::n : nullptr;
    double* const to = z;
    for (Index j = 0; j < m; ++j)
      for (Index row = 0; row < n_rows; ++row) {
        Type sum = biases ? L::load(biases + j * L::n) : L::broadcast(0.0);
        for (Index d = 0; d < D_; ++d)
          sum = L::fma(L::load(tau + (j * D_ + d) * L::n), L::load(x + (row * D_ + d) * L::n), sum);
        L::store(to + (row * m + j) * L::n, sum);
      }
  }

  // From the values and derivatives. Where the second ones are there, these and the first are replaced by the weights
  // that they have in the second derivatives of f.
  template <bool with_second>
  void make_rows(Index begin, Index n_rows) {
    const Index m = n_units(), D_ = n_inputs(), P = P_, stride = stride_, biases_at = biases_at_,
                top_at = top_at_;
    const bool has_bias = has_hidden_bias(), has_output_bias = all_.has_output_bias;
    const double *const x_of_block = inputs(begin), *const y = all_.y + begin * L::n,
                        *const factors = all_.factors + begin * L::n, *const top = all_.tau + top_at * L::n;
    const Type constant = has_output_bias ? L::load(all_.tau + (P - 1) * L::n) : L::broadcast(0.0);
    const double* const values = value;
    double *const firsts = first, *const seconds = second, *const to = rows;
    for (Index row = 0; row < n_rows; ++row) {
      double* const J = to + row * stride * L::n;
      const double *const x = x_of_block + row * D_ * L::n, *const a_of_row = values + row * m * L::n;
      double *const d_of_row = firsts + row * m * L::n, *const d2_of_row = seconds + row * m * L::n;
      const Type factor = L::load(factors + row * L::n);
      Type f = constant;
      for (Index j = 0; j < m; ++j) {
        const Type a = L::load(a_of_row + j * L::n);
        f = L::fma(L::load(top + j * L::n), a, f);
        L::store(J + (top_at + j) * L::n, factor * a);
      }
      const Type r = (f - L::load(y + row * L::n)) * factor, weight = r * factor;
      for (Index j = 0; j < m; ++j) {
        const Type v = L::load(top + j * L::n), slope = L::load(d_of_row + j * L::n),
                   along = factor * v * slope;
        for (Index d = 0; d < D_; ++d) L::store(J + (j * D_ + d) * L::n, along * L::load(x + d * L::n));
        if (has_bias) L::store(J + (biases_at + j) * L::n, along);
        if constexpr (with_second) {
          L::store(d_of_row + j * L::n, weight * slope);
          L::store(d2_of_row + j * L::n, weight * v * L::load(d2_of_row + j * L::n));
        }
      }
      if (has_output_bias) L::store(J + (P - 1) * L::n, factor);
      L::store(J + P * L::n, r);
    }
  }
};

}  // namespace jacobench::kernel::JACOBENCH_PATH
