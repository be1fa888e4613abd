#include <array>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/kernel/parallel_products.hpp"

namespace jacobench {
namespace {

Matrix random_matrix(Index n_rows, Index n_columns) {
  RandomStream stream(7, static_cast<std::uint64_t>(n_rows), static_cast<std::uint32_t>(n_columns),
                      RandomPurpose::inputs);
  Matrix M(n_rows, n_columns);
  for (double& x : M.reshaped()) x = stream.normal();
  return M;
}

// Of 600 columns, which are more than one block; each entry is a sum of 40 products, with the error of any order of
// them.
TEST(ParallelProducts, AreTheProductsWithTheSameBitsOnAnyNumberOfThreads) {
  const Matrix A = random_matrix(30, 40), B = random_matrix(40, 600), start = random_matrix(30, 600);
  const Matrix A_t = A.transpose(), B_t = B.transpose(), AB = A * B;
  const Matrix bound = (2 * 42 * unit_roundoff) * (A.cwiseAbs() * B.cwiseAbs() + start.cwiseAbs());
  const auto products_on = [&](Index n_threads) {
    const blas::ParallelProducts products(n_threads);
    std::array<Matrix, 4> all{Matrix(30, 600), Matrix(30, 600), start, start};
    products.multiply(A, B, all[0]);
    products.multiply_by_transposed(A, B_t, all[1]);
    products.add_product(A, B, all[2]);
    products.add_transposed_product(A_t, B, all[3]);
    return all;
  };
  const auto one = products_on(1), three = products_on(3);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i], three[i]) << i;
    const Matrix want = i < 2 ? AB : Matrix(start + AB);
    EXPECT_TRUE(((one[i] - want).array().abs() <= bound.array()).all()) << i;
  }
}

}  // namespace
}  // namespace jacobench
