// The products of kernel/blas.hpp on several threads: blocks of so many columns of C, each a product of its own, so
// that the bits are the same on any number of threads.
#pragma once

#include <algorithm>

#include "jacobench/base/parallel.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench::blas {

class ParallelProducts {
 public:
  explicit ParallelProducts(Index n_threads) : n_threads_(n_threads) {}

  void multiply(const MatrixView& A, const MatrixView& B, MatrixBuffer C) const {
    for_blocks(C.cols(),
               [&](Index j, Index n) { blas::multiply(A, B.middleCols(j, n), C.middleCols(j, n)); });
  }

  void multiply_by_transposed(const MatrixView& A, const MatrixView& B, MatrixBuffer C) const {
    for_blocks(C.cols(), [&](Index j, Index n) {
      blas::multiply_by_transposed(A, B.middleRows(j, n), C.middleCols(j, n));
    });
  }

  void add_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) const {
    for_blocks(C.cols(),
               [&](Index j, Index n) { blas::add_product(A, B.middleCols(j, n), C.middleCols(j, n)); });
  }

  void add_transposed_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C) const {
    for_blocks(C.cols(), [&](Index j, Index n) {
      blas::add_transposed_product(A, B.middleCols(j, n), C.middleCols(j, n));
    });
  }

 private:
  template <class Product>
  void for_blocks(Index n_columns, const Product& product) const {
    constexpr Index block = 256;
    parallel_for((n_columns + block - 1) / block, n_threads_,
                 [&](Index b) { product(b * block, std::min(block, n_columns - b * block)); });
  }

  Index n_threads_;
};

}  // namespace jacobench::blas
