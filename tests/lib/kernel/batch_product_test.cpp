#include "jacobench/kernel/batch_product.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/kernel/batch.hpp"

namespace jacobench {
namespace {

// Numbers with all their bits, of magnitudes that round in every addition.
double entry(Index i, Index j) { return std::sin(static_cast<double>(1 + 13 * i + 7 * j + i * j)) * 3; }

Batch filled(Index n_rows, Index n_columns) {
  Batch batch(n_rows, n_columns);
  for (Index c = 0; c < n_columns; ++c)
    for (Index n = 0; n < n_rows; ++n) batch.column(c)[n] = entry(n, c);
  return batch;
}

struct Shape {
  Index n_rows, n_in, n_out;
};

// Rows below, at and above 1 and 4 registers of 1, 2, 4 or 8 doubles; columns of every remainder by 6.
std::vector<Shape> shapes() {
  std::vector<Shape> all;
  for (Index n_rows : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65})
    for (Index n_out : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13})
      for (Index n_in : {1, 2, 5, 17}) all.push_back({n_rows, n_in, n_out});
  return all;
}

// The chain of fused multiply-adds that the header states, one entry at a time: equal to the bit.
TEST(BatchProduct, GoingUpIsTheDocumentedChain) {
  for (const auto& [n_rows, n_in, n_out] : shapes())
    for (bool biased : {false, true}) {
      const Batch A = filled(n_rows, n_in);
      Vector theta(n_out * n_in + n_out);
      for (Index p = 0; p < theta.size(); ++p) theta[p] = entry(p, 1);
      const Eigen::Map<const RowMajorMatrix> W(theta.data(), n_out, n_in);
      const double* b = biased ? theta.data() + n_out * n_in : nullptr;
      Batch Z(n_rows, n_out);
      multiply_by_weights(A.view(), W, b, Z.buffer(), n_rows);
      for (Index i = 0; i < n_out; ++i)
        for (Index n = 0; n < n_rows; ++n) {
          double z = biased ? b[i] : 0;
          for (Index j = 0; j < n_in; ++j) z = std::fma(A.column(j)[n], W(i, j), z);
          ASSERT_EQ(Z.column(i)[n], z)
              << n_rows << " x " << n_in << " to " << n_out << ", entry " << n << ", " << i;
        }
    }
}

TEST(BatchProduct, GoingDownIsTheDocumentedChain) {
  for (const auto& [n_rows, n_in, n_out] : shapes()) {
    const Batch D = filled(n_rows, n_out);
    Vector theta(n_out * n_in);
    for (Index p = 0; p < theta.size(); ++p) theta[p] = entry(p, 1);
    const Eigen::Map<const RowMajorMatrix> W(theta.data(), n_out, n_in);
    const Batch S = filled(n_rows, n_in);
    for (bool scaled : {false, true}) {
      Batch T(n_rows, n_in);
      multiply_by_weights_transposed(D.view(), W, scaled ? S.view() : BatchView{}, T.buffer(), n_rows);
      for (Index j = 0; j < n_in; ++j)
        for (Index n = 0; n < n_rows; ++n) {
          double t = 0;
          for (Index i = 0; i < n_out; ++i) t = std::fma(D.column(i)[n], W(i, j), t);
          if (scaled) t *= S.column(j)[n];
          ASSERT_EQ(T.column(j)[n], t)
              << n_rows << " x " << n_out << " to " << n_in << ", entry " << n << ", " << j;
        }
    }
  }
}

// A batch that is wider than the product leaves the other columns as they were.
TEST(BatchProduct, WritesItsOwnColumnsOnly) {
  const Batch A = filled(11, 3);
  Batch Z = filled(11, 9);
  const Vector theta = Vector::Ones(12);
  multiply_by_weights(A.view(), Eigen::Map<const RowMajorMatrix>(theta.data(), 4, 3), nullptr, Z.buffer(),
                      11);
  for (Index c = 4; c < 9; ++c)
    for (Index n = 0; n < 11; ++n) ASSERT_EQ(Z.column(c)[n], entry(n, c));
}

TEST(Batch, ItsRowsAreViewsOfItsColumns) {
  Batch batch = filled(5, 3);
  EXPECT_EQ(batch.n_columns(), 3);
  batch.rows(5)(4, 2) = 42;
  EXPECT_EQ(batch.column(2)[4], 42);
  EXPECT_EQ(batch.rows(2).rows(), 2);
  EXPECT_EQ(batch.view().data, batch.column(0));
  EXPECT_EQ(batch.column(1) - batch.column(0), batch.view().stride);
}

}  // namespace
}  // namespace jacobench
