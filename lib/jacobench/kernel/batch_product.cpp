#include "jacobench/kernel/batch_product.hpp"

#include "jacobench/kernel/kernels.hpp"

namespace jacobench {

void multiply_by_weights(BatchView A, const Eigen::Map<const RowMajorMatrix>& W, const double* b,
                         BatchBuffer Z, Index n_rows, kernel::LinesBeside* beside) {
  kernel::kernels().multiply({.in = A,
                              .n_terms = W.cols(),
                              .coefficients = W.data(),
                              .next_column = W.cols(),
                              .next_term = 1,
                              .start = b,
                              .addend = {},
                              .factor = {},
                              .out = Z,
                              .beside = beside},
                             W.rows(), n_rows);
}

void add_product_with_weights(BatchView A, const Eigen::Map<const RowMajorMatrix>& W, BatchBuffer Z,
                              Index n_rows) {
  kernel::kernels().multiply({.in = A,
                              .n_terms = W.cols(),
                              .coefficients = W.data(),
                              .next_column = W.cols(),
                              .next_term = 1,
                              .start = nullptr,
                              .addend = Z,
                              .factor = {},
                              .out = Z},
                             W.rows(), n_rows);
}

void multiply_by_weights_transposed(BatchView D, const Eigen::Map<const RowMajorMatrix>& W, BatchView S,
                                    BatchBuffer T, Index n_rows, kernel::LinesBeside* beside) {
  kernel::kernels().multiply({.in = D,
                              .n_terms = W.rows(),
                              .coefficients = W.data(),
                              .next_column = 1,
                              .next_term = W.cols(),
                              .start = nullptr,
                              .addend = {},
                              .factor = {S.data, S.stride},
                              .out = {T.data, T.stride},
                              .beside = beside},
                             W.cols(), n_rows);
}

}  // namespace jacobench
