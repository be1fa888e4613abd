// The backward pass over a batch: how the outputs change with every unit's pre-activation.
//
// Model:  delta_L = phi_L'(Z_L) o U,   delta_l = phi_l'(Z_l) o (delta_{l+1} W_{l+1}),   and at the inputs delta_1 W_1,
//         where U [n_rows x K] says what is differentiated: column k of the identity for output k alone, or any
//         weights of observations and outputs (an adjoint).
// Order:  each product sums from the first unit of the layer upwards (kernel/batch_product.hpp), is rounded, and is
//         then multiplied by phi'.
// Cost:   2 n_rows (P - n_1 D) flops, 2 n_rows n_1 D more for the inputs; no allocation
// Source: Bishop (2006), Pattern Recognition and Machine Learning, sec. 5.3.1
#pragma once

#include <vector>

#include "jacobench/network/forward_pass.hpp"

namespace jacobench {

class BackwardPass {
 public:
  BackwardPass(const Perceptron& network, Index max_rows);

  // The deltas of output k, from the slopes that `pass` kept for its last run over n_rows rows. Beside them lines may
  // be written (kernel/kernels.hpp).
  void run_from_output(Index k, const VectorView& theta, const ForwardPass& pass, Index n_rows,
                       kernel::LinesBeside* beside = nullptr);

  // The deltas of sum over n, k of U(n, k) y_nk; U [n_rows x K].
  void run_from(const MatrixView& U, const VectorView& theta, const ForwardPass& pass, Index n_rows);

  Index n_layers() const { return network_.n_layers(); }

  // After either: delta of layer(l), one column a unit. After run_from_output(k) only column k of the top is set.
  const Batch& delta(Index l) const { return deltas_[static_cast<std::size_t>(l)]; }

  // After either: delta_1 W_1, one column an input.
  const Batch& run_to_inputs(const VectorView& theta, Index n_rows);

 private:
  struct Step {
    BatchView delta;
    Eigen::Map<const RowMajorMatrix> weights;
  };
  struct Start {
    Index output;
    Index n_units;
  };

  Step step_below(Index l, const VectorView& theta) const;
  void run_below_top(const VectorView& theta, const ForwardPass& pass, Index n_rows,
                     kernel::LinesBeside* beside);

  const Perceptron network_;
  std::vector<Batch> deltas_;
  Batch at_inputs_;
  Start start_{};  // the units of the top layer that the last run started from
};

}  // namespace jacobench
