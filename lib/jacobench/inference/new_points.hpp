// The points at which intervals are wanted, and what all methods need there of one fit after another.
//
// Shapes: X0 [M x D]; values, variances [M x K]; row k M + m of a gradient is output k at point m
// Cost:   gradients by blocks of rows, whatever M (jacobian/products.hpp): a variance is 2 M K (P + m) m flops at the
//         speed of BLAS, in memory of one block; where the points are one block it is evaluated once for all methods.
//         No allocation after the first fit
// Errors: InputError for points that are not points for the network
#pragma once

#include <memory>

#include "jacobench/inference/covariance.hpp"
#include "jacobench/jacobian/products.hpp"

namespace jacobench {

class PointsInLanes;
struct BootstrapDraws;

class NewPoints {
 public:
  // A workspace for these points and fits of this network and strategy.
  NewPoints(const Fit& like, const MatrixView& X0);
  ~NewPoints();
  NewPoints(NewPoints&&) noexcept;

  // Returns whether the fitted function is finite at all points.
  bool move_to(const Tangent& at);

  // The same, with the bits of that, at a tangent that has been computed beside others, as these points have.
  bool move_to(const Tangent& at, const PointsInLanes& lanes, Index lane);

  // The values of the linear model after a step from there (Tangent::take_linear_step); gradients stay.
  void take_linear_step(const Tangent& at, const Vector& step);

  Index n_points() const { return X0_.rows(); }
  Index n_outputs() const { return values_.cols(); }
  const Matrix& X() const { return X0_; }
  const Matrix& values() const { return values_; }  // f(X0)

  // Of the fitted values, diag(G V G'). Returns whether they are as accurate as the forms of the covariance say.
  bool get_variances(const Tangent& at, const Covariance& cov, Matrix& variances);

  // dy/dx Sx dy/dx': the variance that noise of covariance Sx [D x D] on the inputs brings.
  void get_input_noise_variances(const Tangent& at, const Matrix& Sx, Matrix& variances);

  // How much of each gradient lies in directions that are left open (RankReport); zero where that is no more than
  // rounding.
  Matrix undetermined_share(const Tangent& at, const RankReport& report);

  // G [(M K) x P], all of it.
  Matrix gradients(const Tangent& at);

  // What bootstraps of one fit share: the last draws, until the next move_to.
  std::shared_ptr<const BootstrapDraws>& bootstrap_draws() { return draws_; }

 private:
  bool hold(const Tangent& at);
  JacobianProducts& products(const Tangent& at);

  const Matrix X0_;
  JacobianProducts products_;
  bool is_held_ = false;  // what they hold is of this tangent
  Matrix values_, values_of_products_;
  std::unique_ptr<PointsInLanes> one_lane_;  // where fits like this one have points there
  Matrix forms_;                             // |T'g|^2 of a tangent from lanes  [M x 1]
  bool has_forms_ = false;
  std::unique_ptr<Evaluator> by_inputs_;  // made when it is first needed
  std::shared_ptr<const BootstrapDraws> draws_;
};

}  // namespace jacobench
