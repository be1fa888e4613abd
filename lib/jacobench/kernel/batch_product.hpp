// The two matrix products of a layer, over a whole batch of observations: A W' + 1 b' going up, D W going
// down.
//
// Why not a general matrix product: here the order of summation is fixed and known (the running error bounds
// of verification/error_bound.hpp depend on it), an observation's result does not depend on which others share
// its batch (so results are the same to the bit however the batch is cut), and narrow layers need no packing.
#pragma once

#include "jacobench/base/matrix.hpp"
#include "jacobench/kernel/batch_view.hpp"

namespace jacobench {

namespace kernel {
struct LinesBeside;
}

// Beside what is not null lines are written (kernel/kernels.hpp), which changes no bit.

// Z = A W' + 1 b'.
// Shapes: A [n_rows x W.cols()], W [n_out x n_in] row-major, b [n_out] or null, Z [n_rows x n_out]
// Order:  Z(n, i) = fma(A(n, m), W(i, m), ... fma(A(n, 0), W(i, 0), b_i)), starting from 0 where b is null
// Cost:   2 n_rows n_in n_out flops, no allocation
void multiply_by_weights(BatchView A, const Eigen::Map<const RowMajorMatrix>& W, const double* b,
                         BatchBuffer Z, Index n_rows, kernel::LinesBeside* beside = nullptr);

// Z += A W', summed from what Z has.
void add_product_with_weights(BatchView A, const Eigen::Map<const RowMajorMatrix>& W, BatchBuffer Z,
                              Index n_rows);

// T = (D W) o S, summed from the first unit of the layer upwards and rounded before it is multiplied by S; without
// S where its data are null.
// Shapes: D [n_rows x W.rows()], S and T [n_rows x W.cols()]
void multiply_by_weights_transposed(BatchView D, const Eigen::Map<const RowMajorMatrix>& W, BatchView S,
                                    BatchBuffer T, Index n_rows, kernel::LinesBeside* beside = nullptr);

}  // namespace jacobench
