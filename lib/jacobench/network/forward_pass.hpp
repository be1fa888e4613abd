// The forward pass over a batch: activations of every layer and, where asked for, their derivatives.
//
// Model:  A_0 = X, Z_l = A_{l-1} W_l' + 1 b_l', A_l = phi_l(Z_l), D_l = phi_l'(Z_l)
// Shapes: theta [P], X [n_rows x D], A_l and D_l [n_rows x n_l]
// Cost:   2 n_rows P flops and one activation call a unit and observation; run() allocates nothing
// Errors: logic_error where theta or X do not have the shape of the network
#pragma once

#include <vector>

#include "jacobench/base/caches.hpp"
#include "jacobench/kernel/batch.hpp"
#include "jacobench/network/evaluation.hpp"

namespace jacobench {

enum class Slopes { none, kept };  // whether phi'(Z) is computed and kept with phi(Z)

class ForwardPass {
 public:
  ForwardPass(const Perceptron& network, Index max_rows);

  // Runs over rows first_row .. first_row + n_rows of X, and after these over the first n_again; together at most
  // max_rows. With Slopes::none the slopes of the run before stay as they were. Beside slopes that are kept lines may
  // be written (kernel/kernels.hpp).
  void run(const VectorView& theta, const MatrixView& X, Index first_row, Index n_rows, Slopes slopes,
           kernel::LinesBeside* beside = nullptr, Index n_again = 0);

  const Batch& inputs() const { return inputs_; }
  const Batch& activation(Index l) const {
    return activations_[static_cast<std::size_t>(l)];
  }                                                                                   // A of layer(l)
  const Batch& below(Index l) const { return l == 0 ? inputs_ : activation(l - 1); }  // what feeds layer(l)
  const Batch& slope(Index l) const { return slopes_[static_cast<std::size_t>(l)]; }  // D of layer(l)
  const Batch& outputs() const { return activations_.back(); }

  // The rows of the last run at which doubles overflow within the network. Their outputs are right where a double can
  // hold them (network/wide_row.hpp); what lies below is as it came. Of the terms of a sum that overflow both ways the
  // infinity is not noticed where the activation is finite there, as tanh is: it takes products beyond 10^308.
  const std::vector<Index>& overflowing() const { return overflowing_; }

  Index max_rows() const { return max_rows_; }
  const EvaluationCounts& counts() const { return counts_; }

 private:
  void find_overflows(const VectorView& theta, Index n_rows);

  const Perceptron network_;
  Index max_rows_;
  Batch inputs_;
  std::vector<Batch> activations_;
  std::vector<Batch> slopes_;
  std::vector<bool> may_overflow_;  // the layer's activations, where its inputs are finite
  std::vector<Index> overflowing_;
  EvaluationCounts counts_;
};

// The number of rows in a batch whose workspace of `n_columns` columns stays inside a core's own cache: a multiple of
// 32 up to 1024, or n_rows where these are fewer.
Index rows_per_batch(Index n_columns, Index n_rows, Index cache_bytes = caches().second);

}  // namespace jacobench
