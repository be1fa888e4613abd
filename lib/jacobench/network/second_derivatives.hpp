// Second derivatives of the network by its parameters: along two directions, and all of them weighted and summed.
//
// Model:  along directions u and v in theta (a dot is a derivative along one of them), layer by layer from the inputs:
//           Zu = Au W' + A U' + 1 u_b',          Au = phi'(Z) o Zu,   and the same for v
//           Zuv = Auv W' + Au V' + Av U',        Auv = phi''(Z) o Zu o Zv + phi'(Z) o Zuv
//         and H = sum_nk c_nk d2 y_nk / d theta d theta', a column at a time: the backward pass for the adjoint C,
//           G_L = C,  delta_l = phi'(Z_l) o G_l,  G_{l-1} = delta_l W_l,
//         differentiated along one parameter; d / dW_l = delta_l' A_{l-1} then has the derivative
//         delta_v' A + delta' Av.
// Shapes: theta, u, v [P], X [N x D], C [N x K]
// Cost:   set-up 2 N P flops; tangents() 4 N P; along() of two of them 6 N P less the first layer's; weighted_sum() 12 N P^2
// Errors: logic_error for shapes that are not the network's. A kink has no second derivative: that of either side is taken
// Source: Pearlmutter (1994), Neural Computation 6(1), "Fast exact multiplication by the Hessian"
#pragma once

#include <vector>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

class SecondDerivatives {
 public:
  SecondDerivatives(const Perceptron& network, const VectorView& theta, const MatrixView& X);

  // Zu and Au of every layer along one direction, for all the pairs that the direction is in.
  struct Tangents {
    Vector direction;
    std::vector<Matrix> Z, A;
  };
  Tangents tangents(const VectorView& direction) const;

  // d2 Y / du dv.  Shape: [N x K]
  Matrix along(const Tangents& u, const Tangents& v) const;
  Matrix along(const VectorView& u, const VectorView& v) const { return along(tangents(u), tangents(v)); }

  // H, symmetric.  Shape: [P x P]
  Matrix weighted_sum(const MatrixView& C) const;

 private:
  const Matrix& below(Index l) const { return l == 0 ? X_ : A_[static_cast<std::size_t>(l - 1)]; }
  Vector column_of_sum(const VectorView& direction, const std::vector<Matrix>& G) const;

  const Perceptron network_;
  const Vector theta_;
  const Matrix X_;
  std::vector<Matrix> A_, slope_, bend_;  // phi, phi' and phi'' at Z
};

}  // namespace jacobench
