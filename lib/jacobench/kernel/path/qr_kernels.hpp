// The Householder QR with column pivoting, and the inverse of its triangle, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/batch_kernels.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

inline void scale(double factor, const double* x, double* out, Index n) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(out + i, broadcast(factor) * load(x + i));
  if (i < n) store_first(out + i, broadcast(factor) * load_first(x + i, n - i), n - i);
}

// How many of the lanes from i on are before the end.
inline Index lanes_before(Index end, Index i) { return end <= i ? 0 : end - i < lanes ? end - i : lanes; }

inline void swap_columns(double* a, double* b, Index n_padded) {
  for (Index i = 0; i < n_padded; i += lanes) {
    const Pack kept = load(a + i);
    store(a + i, load(b + i));
    store(b + i, kept);
  }
}

template <class T>
void swap_entries(T* a, Index i, Index j) {
  const T kept = a[i];
  a[i] = a[j];
  a[j] = kept;
}

// I - tau v v', v(at) = 1, takes x to beta e_at but for the entries before, which it leaves as they are.
// Source: Golub and Van Loan (2013), algorithm 5.1.1
struct Reflector {
  double tau;
  double beta;
};

// From the entries of x [n_padded] after `at`, which is among the first eight: they become those of v, and x[at] beta.
// All of v is set.
inline Reflector make_reflector(double* x, Index at, Index n_padded, double* v) {
  const double alpha = x[at];
  Pack sum[most_lanes / lanes];
  for (Index k = 0; k < most_lanes / lanes; ++k) {
    const Pack below_at = without_first(load(x + k * lanes), lanes_before(at + 1, k * lanes));
    store(v + k * lanes, below_at);
    sum[k] = below_at * below_at;
  }
  for (Index i = most_lanes; i < n_padded; i += most_lanes)
    for (Index k = 0; k < most_lanes / lanes; ++k) {
      const Pack below_at = load(x + i + k * lanes);
      store(v + i + k * lanes, below_at);
      sum[k] = fma(below_at, below_at, sum[k]);
    }
  const double below = sum_of_eight(sum);
  Reflector reflector{.tau = 0, .beta = alpha};
  double factor = 0;
  if (below > 0x1p-1022) {
    const double length = __builtin_sqrt(__builtin_fma(alpha, alpha, below));
    reflector.beta = alpha >= 0 ? -length : length;
    reflector.tau = (reflector.beta - alpha) / reflector.beta;
    factor = 1 / (alpha - reflector.beta);
  }
  for (Index i = 0; i < most_lanes; i += lanes) {
    const Index n_before = lanes_before(at, i), n_up_to = lanes_before(at + 1, i);
    const auto at_only = [&](double value) {
      return without_first(broadcast(value), n_before) - without_first(broadcast(value), n_up_to);
    };
    const Pack below_at = broadcast(factor) * load(v + i);
    const Pack before = load(x + i) - without_first(load(x + i), n_before);
    store(v + i, below_at + at_only(1));
    store(x + i, before + at_only(reflector.beta) + below_at);
  }
  for (Index i = most_lanes; i < n_padded; i += lanes) {
    const Pack scaled = broadcast(factor) * load(v + i);
    store(v + i, scaled);
    store(x + i, scaled);
  }
  return reflector;
}

// x <- (I - tau v v') x for so many columns x [n_padded] of X, `stride` apart.
template <int columns>
void reflect(const double* v, double tau, double* X, Index stride, Index n_padded) {
  double along[columns];
  dots(v, X, stride, n_padded, along);
  Pack step[columns];
  for (int c = 0; c < columns; ++c) step[c] = broadcast(-tau * along[c]);
  for (Index i = 0; i < n_padded; i += lanes) {
    const Pack of_v = load(v + i);
    for (int c = 0; c < columns; ++c) store(X + c * stride + i, fma(step[c], of_v, load(X + c * stride + i)));
  }
}

inline void reflect_columns(const double* v, double tau, double* X, Index stride, Index n_padded,
                            Index n_columns) {
  Index c = 0;
  for (; c + 4 <= n_columns; c += 4) reflect<4>(v, tau, X + c * stride, stride, n_padded);
  switch (n_columns - c) {
    case 3:
      return reflect<3>(v, tau, X + c * stride, stride, n_padded);
    case 2:
      return reflect<2>(v, tau, X + c * stride, stride, n_padded);
    case 1:
      return reflect<1>(v, tau, X + c * stride, stride, n_padded);
    default:
      return;
  }
}

// Rows are summed eight by eight from the first on, so that packs keep their alignment from one step to the next: what
// is above the pivot's row is zero in v. Once the square of a column's norm has come down so far from where it was last
// computed that it is known to half its digits no more, it is computed anew (Drmac and Bujanovic 2008, LAPACK working
// note 176).
inline Index pivoted_qr(const PivotedQr& qr) {
  const Index n = qr.n_rows, p = qr.n_columns, n_steps = n < p ? n : p;
  double* const square = qr.squares;               // of the norm of what is left of each column
  double* const square_at_first = qr.squares + p;  // when it was last computed
  const auto column = [&](Index j) { return qr.A + j * qr.stride; };
  double largest = 0;
  for (Index j = 0; j < p; ++j) {
    square_at_first[j] = square[j];
    qr.permutation[j] = j;
    if (square[j] > largest) largest = square[j];
  }
  constexpr double epsilon = 0x1p-52, root_epsilon = 0x1p-26;
  constexpr double clearly_less = 1 - 0x1p-40;  // of norms that only rounding tells apart the first is taken
  const double negligible = largest * (epsilon / static_cast<double>(n)) * (epsilon / static_cast<double>(n));
  Index n_pivots = n_steps;
  for (Index k = 0; k < n_steps; ++k) {
    Index pivot = k;
    double highest = square[k];
    for (Index j = k + 1; j < p; ++j) {
      const bool is_higher = clearly_less * square[j] > highest;  // a coin's toss: no branch
      pivot = is_higher ? j : pivot;
      highest = is_higher ? square[j] : highest;
    }
    if (n_pivots == n_steps && highest < negligible * static_cast<double>(n - k)) n_pivots = k;
    const Index first = k / most_lanes * most_lanes, n_padded = round_up(n, most_lanes) - first;
    if (pivot != k) {
      swap_columns(column(k), column(pivot), first + n_padded);
      swap_entries(square, k, pivot);
      swap_entries(square_at_first, k, pivot);
      swap_entries(qr.permutation, k, pivot);
    }
    const auto [tau, beta] = make_reflector(column(k) + first, k - first, n_padded, qr.reflector);
    qr.tau[k] = tau;
    const Index n_carried = n_pivots == n_steps ? qr.n_carried : 0;
    reflect_columns(qr.reflector, tau, column(k + 1) + first, qr.stride, n_padded, p - k - 1 + n_carried);
    for (Index j = k + 1; j < p; ++j) {
      const double* const x = column(j) + k;
      const double left = __builtin_fma(-x[0], x[0], square[j]);
      if (left <= root_epsilon * square_at_first[j])
        square[j] = square_at_first[j] = dot(x + 1, x + 1, n - k - 1);
      else
        square[j] = left;
    }
  }
  return n_pivots;
}

// So many packs of columns of R^-1 from the first on, from its last row upwards.
template <int packs>
void invert_columns(const TriangleInverse& t, Index first) {
  const Index last = t.size - first < packs * lanes ? t.size : first + packs * lanes;
  const double* const R = t.R.data;
  const auto row = [&](Index j) {
    return t.inverse_transposed.data + j * t.inverse_transposed.stride + first;
  };
  Index n[packs];
  for (int c = 0; c < packs; ++c) n[c] = lanes_before(last, first + c * lanes);
  for (Index j = last - 1; j >= 0; --j) {
    Pack sum[packs];
    for (int c = 0; c < packs; ++c) {
      const Index at = first + c * lanes;
      sum[c] = without_first(broadcast(1.0), lanes_before(j, at)) -
               without_first(broadcast(1.0), lanes_before(j + 1, at));
    }
    for (Index k = j + 1; k < last; ++k) {
      const Pack factor = broadcast(-R[k * t.R.stride + j]);
      for (int c = 0; c < packs; ++c) sum[c] = fma(factor, load_first(row(k) + c * lanes, n[c]), sum[c]);
    }
    const Pack pivot = broadcast(R[j * t.R.stride + j]);
    // Zeros stay positive, however wide a register is.
    for (int c = 0; c < packs; ++c) store_first(row(j) + c * lanes, sum[c] / pivot + broadcast(0.0), n[c]);
  }
}

inline void invert_triangle(const TriangleInverse& t) {
  Index first = 0;
  for (; t.size - first > 2 * lanes; first += 4 * lanes) invert_columns<4>(t, first);
  if (t.size - first > lanes) return invert_columns<2>(t, first);
  if (t.size > first) invert_columns<1>(t, first);
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
