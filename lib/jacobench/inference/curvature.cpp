#include "jacobench/inference/curvature.hpp"

#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/quantiles.hpp"
#include "jacobench/inference/second_derivatives.hpp"

namespace jacobench {
namespace {

// The sum over components of 2 sum_ij a_ij^2 + (sum_i a_ii)^2, a pair at a time.
class CurvatureSum {
 public:
  explicit CurvatureSum(Index n_components) : trace_(Vector::Zero(n_components)) {}

  void add(Index i, Index j, const Vector& a) {
    squares_ += (i == j ? 1 : 2) * a.squaredNorm();
    if (i == j) trace_ += a;
  }

  double mean_square(double p) const { return (2 * squares_ + trace_.squaredNorm()) / (p * (p + 2)); }

 private:
  double squares_ = 0;
  Vector trace_;
};

}  // namespace

Curvature curvature(const Linearisation& at, const Covariance& cov, double level) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", cov.reason);
  const TangentFactor tangent = factorise(at.J).factor;
  const Matrix &T = tangent.T, &Q = tangent.Q;
  const SecondDerivatives second(at.network, at.theta, at.data.X);
  CurvatureSum in_plane(T.cols()), out_of_plane(at.n_values());
  for (Index i = 0; i < T.cols(); ++i)
    for (Index j = 0; j <= i; ++j) {
      const Vector a = second.along(T.col(i), T.col(j)).reshaped().cwiseProduct(at.row_factors);
      const Vector tangential = Q.transpose() * a;
      in_plane.add(i, j, tangential);
      out_of_plane.add(i, j, a - Q * tangential);
    }
  const auto p = static_cast<double>(T.cols());
  const double radius = cov.sigma * std::sqrt(p);
  return {.intrinsic = radius * std::sqrt(out_of_plane.mean_square(p)),
          .parameter_effects = radius * std::sqrt(in_plane.mean_square(p)),
          .root_f = scheffe_multiplier(level, p, cov.dof) / std::sqrt(p)};
}

}  // namespace jacobench
