#include "jacobench/inference/curvature.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/multipliers.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {
namespace {

// The sum over components of 2 sum_ij a_ij^2 + (sum_i a_ii)^2.
class CurvatureSum {
 public:
  explicit CurvatureSum(Index n_components) : trace_(Vector::Zero(n_components)) {}

  // The columns of A are a_i0, ..., a_ii; those but the last stand for a_0i, ... too.
  void add(const Matrix& A) {
    squares_ += 2 * A.leftCols(A.cols() - 1).squaredNorm() + A.rightCols(1).squaredNorm();
    trace_ += A.rightCols(1);
  }

  double mean_square(double p) const { return (2 * squares_ + trace_.squaredNorm()) / (p * (p + 2)); }

 private:
  double squares_ = 0;
  Vector trace_;
};

}  // namespace

Curvature curvature(Tangent& at, const Covariance& cov, double level) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", name_of(cov.status()));
  const Matrix &T = at.of_data().T(), &Q = at.of_data().Q();
  SecondDerivatives second(at.network(), at.n_observations());
  const auto along = [&](const Matrix& V, Matrix& A) {
    second.along(at.theta(), at.data().X, V, A);
    A = at.row_factors().asDiagonal() * A;
  };
  CurvatureSum in_plane(T.cols()), out_of_plane(at.n_values());
  Matrix of_one, A;
  along(T, of_one);
  for (Index i = 0; i < T.cols(); ++i) {
    // a_ij = (a along T_i + T_j, twice, less a_ii and a_jj) / 2
    along(T.leftCols(i).colwise() + T.col(i), A);
    A.conservativeResize(at.n_values(), i + 1);
    A.leftCols(i) = (A.leftCols(i) - of_one.leftCols(i)).colwise() - of_one.col(i);
    A.leftCols(i) *= 0.5;
    A.col(i) = of_one.col(i);
    Matrix tangential = Matrix::Zero(Q.cols(), A.cols()), back(A.rows(), A.cols());
    blas::add_transposed_product(Q, A, tangential);
    in_plane.add(tangential);
    blas::multiply(Q, tangential, back);
    out_of_plane.add(A - back);
  }
  const auto p = static_cast<double>(T.cols());
  const double radius = cov.sigma() * std::sqrt(p);
  return {.intrinsic = radius * std::sqrt(out_of_plane.mean_square(p)),
          .parameter_effects = radius * std::sqrt(in_plane.mean_square(p)),
          .root_f = scheffe_multiplier(level, p, cov.dof()) / std::sqrt(p)};
}

}  // namespace jacobench
