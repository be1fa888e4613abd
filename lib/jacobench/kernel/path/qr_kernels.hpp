// The Householder QR with column pivoting, for the path that is being compiled.
#pragma once

#include "jacobench/kernel/path/batch_kernels.hpp"

namespace jacobench::kernel::JACOBENCH_PATH {

inline void scale(double factor, double* x, Index n) {
  Index i = 0;
  for (; i + lanes <= n; i += lanes) store(x + i, broadcast(factor) * load(x + i));
  for (; i < n; ++i) x[i] *= factor;
}

inline void swap_columns(double* a, double* b, Index n) {
  for (Index i = 0; i < n; ++i) {
    const double kept = a[i];
    a[i] = b[i];
    b[i] = kept;
  }
}

// I - tau v v', v(0) = 1, takes x to beta e_1; what is below the first entry of v is left in x.
// Source: Golub and Van Loan (2013), algorithm 5.1.1
struct Reflector {
  double tau;
  double beta;
};

inline Reflector make_reflector(double* x, Index n) {
  const double below = dot(x + 1, x + 1, n - 1);
  if (!(below > 0x1p-1022)) {
    for (Index i = 1; i < n; ++i) x[i] = 0;
    return {0, x[0]};
  }
  const double length = __builtin_sqrt(__builtin_fma(x[0], x[0], below));
  const double beta = x[0] >= 0 ? -length : length;
  scale(1 / (x[0] - beta), x + 1, n - 1);
  return {(beta - x[0]) / beta, beta};
}

// x <- (I - tau v v') x for so many columns x [n] of X, `stride` apart; v(0) = 1 is not stored.
template <int columns>
void reflect(const double* v, double tau, double* X, Index stride, Index n) {
  double along[columns];
  dots(v + 1, X + 1, stride, n - 1, along);
  for (int c = 0; c < columns; ++c) {
    double* const x = X + c * stride;
    const double step = tau * (x[0] + along[c]);
    x[0] -= step;
    add_scaled(-step, v + 1, x + 1, n - 1);
  }
}

// Once a column's norm has come down so far from where it was last computed that its square is known to half the digits no
// more, it is computed anew (Drmac and Bujanovic 2008, LAPACK working note 176).
inline Index pivoted_qr(const PivotedQr& qr) {
  const Index n = qr.n_rows, p = qr.n_columns, n_steps = n < p ? n : p;
  double* const norm = qr.norms;               // of what is left of each column
  double* const norm_at_first = qr.norms + p;  // when it was last computed
  double largest = 0;
  for (Index j = 0; j < p; ++j) {
    norm[j] = norm_at_first[j] = __builtin_sqrt(dot(qr.A + j * qr.stride, qr.A + j * qr.stride, n));
    qr.permutation[j] = j;
    if (norm[j] > largest) largest = norm[j];
  }
  constexpr double epsilon = 0x1p-52, root_epsilon = 0x1p-26;
  const double negligible = largest * epsilon / static_cast<double>(n);
  Index n_pivots = n_steps;
  for (Index k = 0; k < n_steps; ++k) {
    Index pivot = k;
    for (Index j = k + 1; j < p; ++j)
      if (norm[j] > norm[pivot]) pivot = j;
    if (n_pivots == n_steps &&
        norm[pivot] * norm[pivot] < negligible * negligible * static_cast<double>(n - k))
      n_pivots = k;
    double* const column = qr.A + k * qr.stride;
    if (pivot != k) {
      swap_columns(column, qr.A + pivot * qr.stride, n);
      swap_columns(norm + k, norm + pivot, 1);
      swap_columns(norm_at_first + k, norm_at_first + pivot, 1);
      const Index moved = qr.permutation[k];
      qr.permutation[k] = qr.permutation[pivot];
      qr.permutation[pivot] = moved;
    }
    double* const v = column + k;
    const auto [tau, beta] = make_reflector(v, n - k);
    v[0] = beta;
    qr.tau[k] = tau;
    Index reflected = k + 1;
    for (; reflected + 4 <= p; reflected += 4)
      reflect<4>(v, tau, qr.A + reflected * qr.stride + k, qr.stride, n - k);
    for (; reflected < p; ++reflected) reflect<1>(v, tau, qr.A + reflected * qr.stride + k, qr.stride, n - k);
    for (Index j = k + 1; j < p; ++j) {
      const double* const x = qr.A + j * qr.stride + k;
      if (norm[j] == 0) continue;
      const double gone = x[0] / norm[j];
      const double share = (1 - gone) * (1 + gone);
      const double left = share > 0 ? share : 0;
      const double ratio = norm[j] / norm_at_first[j];
      if (left * ratio * ratio <= root_epsilon)
        norm[j] = norm_at_first[j] = __builtin_sqrt(dot(x + 1, x + 1, n - k - 1));
      else
        norm[j] *= __builtin_sqrt(left);
    }
  }
  return n_pivots;
}

}  // namespace jacobench::kernel::JACOBENCH_PATH
