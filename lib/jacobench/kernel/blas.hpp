// The matrix products of a tuned BLAS (OpenBLAS where it was found, otherwise Eigen), on the caller's thread alone.
//
// The first call sets OpenBLAS to one thread for the whole process: who wants more threads runs several of these calls
// side by side (base/parallel.hpp), and no two levels of threads compete for the cores. OpenBLAS chooses its kernels by
// the processor, so that the last bits of what goes through it differ between processors. Where it does not know the
// processor, and would run kernels without AVX at a quarter of the speed or less, it is made to choose by the
// instructions that the processor has, for the whole process and while the program is loaded; OPENBLAS_CORETYPE, where
// it is set, stands. Products A'A and A'B of few columns go through a kernel of the library in its place.
#pragma once

#include <string>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/vector_path.hpp"

namespace jacobench::blas {

// The version of the OpenBLAS that runs and the processor whose kernels it chose, "0.3.21 SkylakeX"; empty without it.
std::string openblas_version();

// From now on OpenBLAS runs its kernels of these instructions, for the whole process; no product may be running. False
// where they cannot run, or where OpenBLAS has but those of one processor.
bool use_openblas_kernels_of(VectorPath path);

using MatrixBuffer = Eigen::Ref<Matrix>;

// C += A' A, lower triangle only. A [n x p], C [p x p]. n p (p + 1) flops
void add_gram(const MatrixView& A, MatrixBuffer C);
void add_gram_by_blas(const MatrixView& A, MatrixBuffer C);  // however few the columns

// C = A A', lower triangle only. A [n x p], C [n x n]. n (n + 1) p flops
void multiply_by_own_transposed(const MatrixView& A, MatrixBuffer C);

// C = A B'. A [n x p], B [m x p], C [n x m]. 2 n p m flops
void multiply_by_transposed(const MatrixView& A, const MatrixView& B, MatrixBuffer C);

// C = A B. A [n x p], B [p x m], C [n x m]. 2 n p m flops
void multiply(const MatrixView& A, const MatrixView& B, MatrixBuffer C);

// C = A S, of the symmetric S only the lower triangle is read. A [n x p], S [p x p], C [n x p]. 2 n p p flops
void multiply_symmetric(const MatrixView& A, const MatrixView& S, MatrixBuffer C);

// C += A' B. A [n x p], B [n x m], C [p x m]. 2 n p m flops
void add_transposed_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C);

// C += A B. A [n x p], B [p x m], C [n x m]. 2 n p m flops
void add_product(const MatrixView& A, const MatrixView& B, MatrixBuffer C);

// x <- S^-1 x by Cholesky, of the symmetric S only the lower triangle, which it overwrites; returns whether S is
// positive definite up to rounding, without which x is left as it is. S [p x p], x [p]. p^3 / 3 flops
bool solve_positive_definite(MatrixBuffer S, Eigen::Ref<Vector> x);

// S = L L', L in the lower triangle that it overwrites; returns whether S is positive definite up to rounding. S [p x
// p]. p^3 / 3 flops
bool cholesky(MatrixBuffer S);

// B <- L^-1 B and B <- L'^-1 B, L the lower triangle. L [p x p], B [p x m]. p^2 m flops
void solve_lower(const MatrixView& L, MatrixBuffer B);
void solve_lower_transposed(const MatrixView& L, MatrixBuffer B);

// The same with the factor that solve_positive_definite, or cholesky, left in S. 2 p^2 flops
void solve_with_factor(const MatrixView& S, Eigen::Ref<Vector> x);

// A = Q R by Householder reflections; Q overwrites A. A [n x p], n >= p, R [p x p] with zeros below its diagonal.
// 4 n p^2 flops
void thin_qr(MatrixBuffer A, MatrixBuffer R);

// R <- the triangle of R and A below it, by Householder reflections that overwrite A. R [p x p] upper, zeros below its
// diagonal, A [n x p]. 2 n p^2 flops
void add_rows_to_triangle(MatrixBuffer R, MatrixBuffer A);

}  // namespace jacobench::blas
