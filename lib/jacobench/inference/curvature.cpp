#include "jacobench/inference/curvature.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/base/statistics.hpp"
#include "jacobench/inference/multipliers.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/network/second_derivatives.hpp"

namespace jacobench {
namespace {

constexpr Index directions_in_block = 16;
constexpr Index fewest_directions = 100;  // with fewer the standard error itself is a guess
constexpr double steps_of_a_fit = 5;
constexpr double cheap_flops = 2e9;

// Second derivatives of the fitted values, and their parts in the tangent plane and out of it.
class BentSurface {
 public:
  explicit BentSurface(Tangent& at)
      : at_(at), Q_(at.of_data().Q()), second_(at.network(), at.n_observations()) {}

  // Along each column of V.
  void bend_along(const MatrixView& V) {
    second_.along(at_.theta(), at_.data().X, V, out_of_plane_);
    at_.rows().apply_to_stacked(out_of_plane_);
    in_plane_.setZero(Q_.cols(), V.cols());
    blas::add_transposed_product(Q_, out_of_plane_, in_plane_);
    blas::add_product(Q_, -in_plane_, out_of_plane_);
  }

  const Matrix& in_plane() const { return in_plane_; }  // coordinates in Q
  const Matrix& out_of_plane() const { return out_of_plane_; }

 private:
  const Tangent& at_;
  const Matrix& Q_;
  SecondDerivatives second_;
  Matrix in_plane_, out_of_plane_;
};

struct MeanSquare {
  double mean;
  double se;
};

// From a_ii, and then a_ij for all j < i.
class MeanOfAllPairs {
 public:
  explicit MeanOfAllPairs(const Matrix& along_columns)
      : along_columns_(along_columns), squares_(along_columns.squaredNorm()) {}

  // along_sums: column j is along T_i + T_j, hence a_ii + 2 a_ij + a_jj.
  void add(Index i, const Matrix& along_sums) {
    for (Index j = 0; j < i; ++j)
      squares_ += (along_sums.col(j) - along_columns_.col(i) - along_columns_.col(j)).squaredNorm() / 2;
  }

  MeanSquare result() const {
    const auto p = static_cast<double>(along_columns_.cols());
    return {(2 * squares_ + along_columns_.rowwise().sum().squaredNorm()) / (p * (p + 2)), 0};
  }

 private:
  const Matrix along_columns_;
  double squares_;  // sum_ij a_ij^2
};

// Its standard error is that of independent directions: orthogonal ones, which spread more evenly, have a smaller one.
MeanSquare mean_of(const Vector& squares) {
  return {mean(squares), standard_deviation(squares) / std::sqrt(static_cast<double>(squares.size()))};
}

struct MeanSquares {
  MeanSquare in_plane, out_of_plane;
};

MeanSquares over_all_pairs(BentSurface& surface, const Matrix& T) {
  surface.bend_along(T);
  MeanOfAllPairs in_plane(surface.in_plane()), out_of_plane(surface.out_of_plane());
  for (Index i = 1; i < T.cols(); ++i) {
    surface.bend_along(T.leftCols(i).colwise() + T.col(i));
    in_plane.add(i, surface.in_plane());
    out_of_plane.add(i, surface.out_of_plane());
  }
  return {in_plane.result(), out_of_plane.result()};
}

// Orthonormal, and each uniform on the unit sphere of p dimensions: by Gram and Schmidt, twice for orthogonality to
// rounding.
Matrix random_frame(Index p, Index n_directions, Index number) {
  RandomStream stream(1, cell_number("curvature"), static_cast<std::uint32_t>(number), RandomPurpose::probe);
  Matrix U(p, n_directions);
  for (Index j = 0; j < n_directions; ++j) {
    Vector u(p);
    for (double& each : u) each = stream.normal();
    for (int pass = 0; pass < 2; ++pass) u -= U.leftCols(j) * (U.leftCols(j).transpose() * u);
    U.col(j) = u.normalized();
  }
  return U;
}

MeanSquares over_random_directions(BentSurface& surface, const Matrix& T, Index n_directions) {
  const Index p = T.cols();
  Vector in_plane(n_directions), out_of_plane(n_directions);
  for (Index done = 0; done < n_directions; done += p) {
    const Index n = std::min(p, n_directions - done);
    const Matrix V = T * random_frame(p, n, done / p);
    for (Index j = 0; j < n; j += directions_in_block) {
      const Index m = std::min(directions_in_block, n - j);
      surface.bend_along(V.middleCols(j, m));
      in_plane.segment(done + j, m) = surface.in_plane().colwise().squaredNorm();
      out_of_plane.segment(done + j, m) = surface.out_of_plane().colwise().squaredNorm();
    }
  }
  return {mean_of(in_plane), mean_of(out_of_plane)};
}

Index affordable_directions(const Tangent& at, Index p) {
  const auto N = static_cast<double>(at.n_observations()), K = static_cast<double>(at.n_outputs()),
             P = static_cast<double>(at.n_params()), rank = static_cast<double>(p);
  const double flops_of_one = 4 * N * (2 * P + K * rank);
  const double flops = std::max(cheap_flops, steps_of_a_fit * N * K * P * P);
  if (rank * (rank + 1) / 2 * flops_of_one <= flops) return CurvatureOptions::all_pairs;
  const Index n = std::max(fewest_directions, static_cast<Index>(flops / flops_of_one));
  return p * (p + 1) / 2 <= n ? CurvatureOptions::all_pairs : n;
}

}  // namespace

Curvature curvature(Tangent& at, const Covariance& cov, const CurvatureOptions& options) {
  JB_EXPECT(cov.ok(), "there is no covariance: {}", name_of(cov.status()));
  const Matrix& T = at.of_data().T();
  const Index n = options.n_directions.value_or(affordable_directions(at, T.cols()));
  JB_EXPECT(n == CurvatureOptions::all_pairs || n >= 2, "{} directions have no standard error", n);
  BentSurface surface(at);
  const MeanSquares mean =
      n == CurvatureOptions::all_pairs ? over_all_pairs(surface, T) : over_random_directions(surface, T, n);
  const auto p = static_cast<double>(T.cols());
  const double radius = cov.sigma() * std::sqrt(p);
  const auto root = [&](const MeanSquare& square) { return radius * std::sqrt(square.mean); };
  const auto se_of_root = [&](const MeanSquare& square) {
    return square.se > 0 ? radius * square.se / (2 * std::sqrt(square.mean)) : 0;
  };
  return {.intrinsic = root(mean.out_of_plane),
          .parameter_effects = root(mean.in_plane),
          .root_f = scheffe_multiplier(options.level, p, cov.dof()) / std::sqrt(p),
          .intrinsic_se = se_of_root(mean.out_of_plane),
          .parameter_effects_se = se_of_root(mean.in_plane),
          .n_directions = n};
}

}  // namespace jacobench
