// Second derivatives of the network by its parameters: weighted and summed, which a Newton step needs, and along
// directions.
//
// Model:  H = sum_nk c_nk d2 y_nk / d theta d theta', by pairs of units rather than of parameters. A parameter of unit
//         i in layer l, its weight from a or its bias (a_0 = 1), moves z_li alone, by a_{l-1,a}. So for l <= m
//           H(li a, mj b) = sum_n a_{l-1,a} a_{m-1,b} D_li,mj  +  [l < m] sum_n a_{l-1,a} delta_mj S_li,(m-1)b
//           D_li,mj = d2 (sum_k c_nk y_nk) / dz_li dz_mj,    S_li,mb = d a_mb / dz_li
//         and, with G_L = C, delta_l = phi'(Z_l) o G_l, G_{l-1} = delta_l W_l, observation by observation
//           D_ll = diag(phi''(Z_l) o G_l) + diag(phi'(Z_l)) W_{l+1}' D_{l+1,l}
//           D_lm = diag(phi'(Z_l)) W_{l+1}' D_{l+1,m},   l < m
//           S_lm = diag(phi'(Z_m)) W_m S_l,m-1,          S_ll = diag(phi'(Z_l))
//         Both sums over n are products of matrices, (a_{l-1,a} a_{m-1,b})' D and (a_{l-1,a} delta_mj)' S. Of D_ll only
//         pairs i >= j and a >= b are taken. Above the last layer L' that bends D is zero, and D_L'L' is diagonal:
//         neither is multiplied by.
//         Along v, Z and A are series in t at theta + t v, and d2 Y / dv2 is twice the coefficient of t^2:
//           Z_1 = A V' + 1 v_b' + A_1 W',   A_1 = phi' o Z_1
//           Z_2 = A_1 V' + A_2 W',          A_2 = phi' o Z_2 + phi'' o Z_1^2 / 2
// Cost:   H takes at most N P^2 flops at the speed of BLAS, and 2 N n_l n_{m-1} n_m for each l < m; of one hidden layer
//         below linear outputs no more than N n_1 (D + 1) (D + 2 + 2 K). A direction takes 8 N P flops, and one forward
//         pass serves all. The first call of each allocates: memory as for H, and one block of rows
//         Observations at which doubles overflow are done again in long double (network/wide_row.hpp)
// Accuracy: rounding, where a double can hold the result; otherwise it is not finite
// Errors: logic_error for shapes that are not the network's. A kink has no second derivative: that of either side is
//         taken
// Source: Bishop (2006), Pattern Recognition and Machine Learning, sec. 5.4.5 (two layers); Griewank and Walther
//         (2008), Evaluating Derivatives, ch. 13 (series)
#pragma once

#include <memory>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

// Owns the workspace for one network and at most max_rows observations. Single-threaded; one object a thread.
class SecondDerivatives {
 public:
  SecondDerivatives(const Perceptron& network, Index max_rows);
  ~SecondDerivatives();
  SecondDerivatives(SecondDerivatives&&) noexcept;

  // Allocates what the calls below need, for who wants the first of them to be like all others.
  void prepare();

  // The lower triangle of H is added to that of `sum`; what stands above it is left.
  // Shapes: theta [P], X [N x D], C [N x K], sum [P x P]
  void add_weighted_sum(const VectorView& theta, const MatrixView& X, const MatrixView& C, Matrix& sum);

  // d2 Y / dv2 for each column v of V, a vector or more.
  // Shapes: V [P x m], Y_vv [(N K) x m], row k N + n being output k of observation n
  void along(const VectorView& theta, const MatrixView& X, const MatrixView& V, Matrix& Y_vv);

  const Perceptron& network() const { return network_; }

 private:
  void expect_shapes(const VectorView& theta, const MatrixView& X) const;
  void add_rows(const VectorView& theta, const MatrixView& X, const MatrixView& C, Matrix& sum);

  const Perceptron network_;
  const Index max_rows_;
  struct Sum;
  struct Series;
  std::unique_ptr<Sum> sum_;        // made by the first add_weighted_sum
  std::unique_ptr<Series> series_;  // made by the first along
};

}  // namespace jacobench
