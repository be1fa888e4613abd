// Products with J = J_y_theta and with second derivatives, many at one point: the passes over all observations are kept
// there.
//
// Model:  J S J' = sum over layers of (A_{l-1} S_in A_{l-1}') o (delta_l S_units delta_l') + delta_l S_biases delta_l'
//         for each pair of outputs, S the diagonal of the scales of each layer (jacobian/products.hpp)
//         along v, dZ_l = A_{l-1} V_l' + 1 v_l' + dA_{l-1} W_l' and dA_l = phi'(Z_l) o dZ_l: J v is dA_L. With weights
//         C of the outputs, G_L = C, delta_l = phi'(Z_l) o G_l, G_{l-1} = delta_l W_l and, of the pass down
//         differentiated along v,
//           dG_L = U,   d delta_l = phi''(Z_l) o dZ_l o G_l + phi'(Z_l) o dG_l,   dG_{l-1} = d delta_l W_l + delta_l
//                       V_l
//           J'U + (sum_nk c_nk d2 y_nk / d theta d theta') v = by layers (d delta_l' A_{l-1} + delta_l' dA_{l-1}, d
//           delta_l' 1)
//         and the second derivative of Y along v is the series of network/second_derivatives.hpp
// Shapes: X [N x D], v [P], J_v, U and C [N x K], u [N x K], J_S_J_t [(N K) x (N K)], row k N + n being output k of
//         observation n
// Cost:   in products of N x n_{l-1} by n_{l-1} x n_l matrices a layer: move_to 1 + K, times 2, transposed_times 1,
//         set_weights 1, second_times 4, along 4, squared_columns K; outer_gram N^2 K^2 flops a unit below and above
//         each layer, 2 N M K^2 with M other observations. Memory: N numbers a unit, 10 + 2 K times; nothing is
//         allocated but where N grows
// Errors: logic_error for shapes that are not the network's, and where N exceeds what was prepared for
// Source: Pearlmutter (1994), Neural Computation 6(1), "Fast exact multiplication by the Hessian"; the factorisation of
//         J J' by layers is that of Goodfellow (2015), "Efficient per-example gradient computations", taken from its
//         diagonal to all pairs of rows
#pragma once

#include <vector>

#include "jacobench/jacobian/products.hpp"
#include "jacobench/kernel/parallel_products.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {

class HeldProducts {
 public:
  // The threads are those of a product of large matrices.
  HeldProducts(const Perceptron& network, Index max_rows, Index n_threads = 1);

  // To this point, at which everything below is taken.
  void move_to(const VectorView& theta, const MatrixView& X);

  // Both triangles.
  void outer_gram(const std::vector<LayerScales>& scales, Matrix& J_S_J_t);

  // With the J of other observations, at the same theta.  Shape: J_S_J_t [(N K) x (M K)]
  void outer_gram(HeldProducts& others, const std::vector<LayerScales>& scales, Matrix& J_S_J_t);

  // diag J S J', and diag J'U J with U diagonal, non-negative and given as u.  Shapes: diagonal [N K], sums [P]
  void outer_diagonal(const std::vector<LayerScales>& scales, Vector& diagonal) const;
  void squared_columns(const MatrixView& u, Vector& sums);

  // The column of J that a parameter has.  Shape: [N K]
  void get_column(const ParameterPlace& at, Eigen::Ref<Vector> column) const;

  void times(const VectorView& v, Matrix& J_v);
  void transposed_times(const MatrixView& u, Vector& J_t_u);

  // Of the outputs, for second_times.
  void set_weights(const MatrixView& C);

  // J'U + (sum c d2 y) v, for the v of the last `times`.
  void second_times(const VectorView& v, const MatrixView& U, Vector& sum);

  // The second derivatives of sum c y by the weights out and in of a unit of the hidden layer l that has neither:
  // phi'(0) sum_n delta_n (a_n, 1)', a_n what feeds l and delta_n of the layer above.  Shape: [n_{l+1} x (n_{l-1} + 1)]
  void idle_second_derivatives(Index l, Matrix& Q) const;

  // d2 Y / dv2 for the v of the last `times`.  Shape: [N x K]
  void along(const VectorView& v, Matrix& Y_vv);

 private:
  // Of one layer, or of the inputs, where only A is used: N rows, and a column a unit.
  struct Units {
    Matrix A, slope, bend;
    std::vector<Matrix> delta;   // of each output alone
    Matrix G, weighted_delta;    // of all outputs with weights
    Matrix dZ, dA, dG, d_delta;  // along v
    Matrix second;               // coefficients of t^2
    Matrix scaled_A;             // by roots of scales
    std::vector<Matrix> scaled_delta;
  };

  Index n_layers() const { return network_.n_layers(); }
  Units& above(Index l) { return units_[static_cast<std::size_t>(l + 1)]; }  // of layer(l)
  Units& below(Index l) { return units_[static_cast<std::size_t>(l)]; }      // what feeds it
  const Units& above(Index l) const { return units_[static_cast<std::size_t>(l + 1)]; }
  void set_affine(Index l, const VectorView& of, Matrix& Z);
  void go_down(Index l, const Matrix& delta, Matrix& G);
  void scale_deltas(Index l, const Vector& roots);

  const Perceptron network_;
  const Index max_rows_;
  const blas::ParallelProducts products_;
  Index N_ = 0;
  Vector theta_;
  ForwardPass forward_;                // activations and slopes are its own, to the bit
  std::vector<Units> units_;           // of the inputs, then of each layer
  Matrix of_activations_, of_deltas_;  // of a tile
};

}  // namespace jacobench
