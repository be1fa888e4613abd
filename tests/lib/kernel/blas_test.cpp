#include "jacobench/kernel/blas.hpp"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/base/vector_path.hpp"

namespace jacobench {
namespace {

Matrix normals(Index rows, Index cols, std::uint32_t number) {
  RandomStream stream(9, 0, number, RandomPurpose::probe);
  Matrix A(rows, cols);
  for (double& a : A.reshaped()) a = stream.normal();
  return A;
}

// An OpenBLAS that is older than the processor takes it for a Prescott, which has no AVX.
TEST(OpenBlas, RunsKernelsOfTheInstructionsThatAProcessorHas) {
  const std::string version = blas::openblas_version();
  if (version.empty()) GTEST_SKIP() << "built without OpenBLAS";
  if (std::getenv("OPENBLAS_CORETYPE")) GTEST_SKIP() << "OPENBLAS_CORETYPE has chosen";
  if (vector_path() == VectorPath::scalar) GTEST_SKIP() << "the scalar path runs, or is forced";
  EXPECT_FALSE(version.ends_with("Prescott")) << version;
}

// n u sum |a b|, twice: of this sum and of the one that it is held to (Higham 2002, sec. 3.1).
Matrix rounding_of(const Matrix& A, const Matrix& B, const Matrix& C) {
  const double each = static_cast<double>(A.rows() + 1) * std::numeric_limits<double>::epsilon();
  return each * (A.cwiseAbs().transpose() * B.cwiseAbs() + C.cwiseAbs());
}

// Below, at and above the number of columns at which BLAS takes over; rows that fill no register.
TEST(CrossProducts, AreSumsOverRowsWhateverTheShape) {
  for (const Index n : {1, 7, 8, 61, 100})
    for (const Index p : {1, 2, 3, 4, 5, 13, 32, 33})
      for (const Index q : {1, 2, 6, 13, 33}) {
        const Matrix A = normals(n, p, 1), B = normals(n, q, 2), before = normals(p, q, 3);
        Matrix C = before;
        blas::add_transposed_product(A, B, C);
        const Matrix error = (C - before - A.transpose() * B).cwiseAbs();
        EXPECT_TRUE((error.array() <= rounding_of(A, B, before).array()).all()) << n << " " << p << " " << q;
      }
}

// The same, of rows that are no whole lines too; nothing is written outside of the product, which is a part of a larger
// matrix.
TEST(Products, AreSumsOverColumnsWhateverTheShape) {
  for (const Index n : {1, 7, 8, 9, 50, 64})
    for (const Index p : {1, 5, 13, 32, 33})
      for (const Index q : {1, 6, 13, 33}) {
        const Matrix A = normals(n, p, 1), B = normals(p, q, 2), before = normals(n + 2, q + 2, 3);
        Matrix C = before;
        blas::multiply(A, B, C.block(1, 1, n, q));
        const Matrix error = (C.block(1, 1, n, q) - A * B).cwiseAbs();
        const Matrix rounding = rounding_of(A.transpose(), B, Matrix::Zero(n, q));
        EXPECT_TRUE((error.array() <= rounding.array()).all()) << n << " " << p << " " << q;
        C.block(1, 1, n, q) = before.block(1, 1, n, q);
        EXPECT_EQ(C, before);
      }
}

TEST(CrossProducts, OfAMatrixWithItselfLeaveWhatIsAboveTheDiagonal) {
  for (const Index n : {1, 8, 61})
    for (const Index p : {1, 2, 3, 5, 13, 31, 32, 33}) {
      const Matrix A = normals(n, p, 1), before = normals(p, p, 3);
      Matrix C = before;
      blas::add_gram(A, C);
      const Matrix all = A.transpose() * A, rounding = rounding_of(A, A, before);
      for (Index j = 0; j < p; ++j)
        for (Index i = 0; i < p; ++i)
          if (i < j)
            EXPECT_EQ(C(i, j), before(i, j));
          else
            EXPECT_NEAR(C(i, j), before(i, j) + all(i, j), rounding(i, j)) << n << " x " << p;
    }
}

}  // namespace
}  // namespace jacobench
