// Products with J = J_y_theta that never form it.
//
// J has N K rows: row k N + n is output k of observation n, as everywhere (network/perceptron.hpp). Vectors over these
// rows are taken as N x K matrices, which is the same order.
// Source: J v and J' u are the two modes of differentiation, Griewank and Walther (2008), Evaluating Derivatives, sec.
//         3.1 and 3.2
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {

// Observations in a block whose J stays in the cache, and is deep enough for BLAS; at most max_rows.
Index rows_in_block(const Perceptron& network, Index max_rows);

// A number for each parameter: units[i] inputs[j] for the weight from j to i of a layer, biases[i] for the bias of i.
// It is the form that a penalty has where inputs and outputs are measured in units of their own.
struct LayerScales {
  Vector units, inputs, biases;  // [n_l], [n_{l-1}], [n_l]
};

std::vector<LayerScales> unit_scales(const Perceptron& network);

// Shape: of [P], positive for weights.  Returns nothing where the weights of a layer do not have that form.
std::optional<std::vector<LayerScales>> scales_of(const Perceptron& network, const Vector& of);

class HeldProducts;

// Owns the workspace for one network and at most max_rows observations. Single-threaded; one object a thread.
// Errors: logic_error where a shape is not that of the network, or X has more than max_rows rows
class JacobianProducts {
 public:
  // J is that of the strategy, but for outer_gram, times and transposed_times, which are analytic.
  JacobianProducts(const Perceptron& network, Index max_rows, const JacobianChoice& jacobian = {});
  ~JacobianProducts();
  JacobianProducts(JacobianProducts&&) noexcept;

  // J'J, by blocks of rows. Shapes: J_t_J [P x P], both triangles.
  // Cost:   that of J in the cache and N K P^2 flops at the speed of BLAS; memory P^2 and one block
  void gram(const VectorView& theta, const MatrixView& X, Matrix& J_t_J);

  // J'J and J'r in one go. Shapes: r [N x K], J_t_r [P]. Cost: 2 N K P flops more
  void gram(const VectorView& theta, const MatrixView& X, const MatrixView& r, Matrix& J_t_J, Vector& J_t_r);

  // J S J', S the diagonal matrix of the scales, without them J J' (jacobian/held_products.hpp has the model).
  // Shapes: J_J_t [(N K) x (N K)], both triangles.
  // Cost:   N^2 K^2 flops a unit below and above each layer, whatever P; the first call takes memory for passes over
  //         max_rows rows, K + 1 of them
  // Errors: products of deltas that underflow are 0, also where the entries of J that they make up do not
  void outer_gram(const VectorView& theta, const MatrixView& X, Matrix& J_J_t) {
    outer_gram(theta, X, unit_scales(network_), J_J_t);
  }
  void outer_gram(const VectorView& theta, const MatrixView& X, const std::vector<LayerScales>& scales,
                  Matrix& J_S_J_t);

  // Values at X, by blocks of rows. Where X is one block, J is kept beside them, and the calls below take it from there
  // until `hold` is called again: they must be given the same theta and X.
  // Shapes: values [N x K]
  void hold(const VectorView& theta, const MatrixView& X, Matrix& values);

  // diag(J T M T' J'), by blocks of rows: with T M T' the covariance of theta, the variance of every output. M [m x m]
  // is symmetric, and its lower triangle is read, or empty for I: then squared norms, hence never negative.
  // Shapes: T [P x m], variance [N x K]. Cost: 2 N K (P + m) m flops at the speed of BLAS
  void row_tangent_forms(const VectorView& theta, const MatrixView& X, const Matrix& T, const Matrix& M,
                         Matrix& variance);

  // Calls use(J_k, k, row) for each output k and block of rows, J_k [n x P] being the rows of output k for the
  // observations row .. row + n. All blocks are evaluated with the same number of rows; of the last, only the new ones
  // are used.
  template <class UseBlock>
  void for_each_block(const VectorView& theta, const MatrixView& X, const UseBlock& use) {
    const Index n_evaluated = start_blocks(theta, X);
    for (Index row = 0; row < X.rows(); row += n_evaluated) {
      const Index n_seen = evaluate_block(theta, X, row, nullptr);
      for (Index k = 0; k < network_.n_outputs(); ++k)
        use(block_.middleRows(k * n_evaluated + n_seen, n_evaluated - n_seen), k, row);
    }
  }

  // J v by one tangent pass: dZ_l = dA_{l-1} W_l' + A_{l-1} V_l' + 1 v_l', dA_l = phi' o dZ_l.
  // Shapes: v [P], J_v [N x K]. Cost: a forward pass and two more products a layer, whatever P
  void times(const VectorView& theta, const MatrixView& X, const VectorView& v, Matrix& J_v);

  // J'u by one backward pass from the adjoint u. Shapes: u [N x K], J_t_u [P]. Cost: a forward pass and a backward
  // pass with one more product a layer
  void transposed_times(const VectorView& theta, const MatrixView& X, const MatrixView& u, Vector& J_t_u);

  const Perceptron& network() const { return network_; }

 private:
  void expect_shapes(const VectorView& theta, const MatrixView& X) const;
  Index start_blocks(const VectorView& theta, const MatrixView& X);
  Index evaluate_block(const VectorView& theta, const MatrixView& X, Index row, Matrix* values);

  const Perceptron network_;
  const Index max_rows_;
  const Index block_rows_;
  std::unique_ptr<Evaluator> evaluator_;
  Matrix block_;                     // J of a block of rows
  Matrix product_, second_product_;  // what it was multiplied by
  Matrix values_;                    // of a block of rows
  Index n_held_ = 0;                 // rows of X whose J is held
  struct BlockPasses;
  std::unique_ptr<BlockPasses> passes_;
  std::unique_ptr<HeldProducts> all_rows_;  // made by the first outer_gram
};

}  // namespace jacobench
