#include "jacobench/fit/normal_equations.hpp"

#include <cmath>

#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

// 2-3-1 on 40 observations with noise as large as the signal, so that second derivatives weigh, and a penalty that
// makes the minimum one.
class StepsNearAMinimum : public ::testing::Test {
 protected:
  StepsNearAMinimum()
      : network_(2, {{3, Activation::tanh}, {1, Activation::identity}}),
        data_{Matrix(40, 2), Matrix(40, 1), Vector(40)},
        decay_(equal_decay(network_, 0.5, DecayOf::weights_and_biases)) {
    RandomStream stream(12, 0, 0, RandomPurpose::noise);
    for (double& x : data_.X.reshaped()) x = stream.normal();
    for (double& w : data_.weights) w = 0.5 + stream.uniform();
    data_.Y = (2 * data_.X.col(0)).array().sin();
    for (double& y : data_.Y.reshaped()) y += stream.normal();
    residuals_.emplace(network_, data_, decay_);
    minimum_ = fit(network_, data_, {.n_starts = 5, .decay = decay_}).theta;
    direction_.resize(minimum_.size());
    for (double& p : direction_) p = stream.normal();
    direction_.normalize();
  }

  Vector residuals_at(const Vector& theta) {
    Vector r(residuals_->n_rows());
    EXPECT_TRUE(residuals_->evaluate(theta, r.data(), nullptr));
    return r;
  }

  const Perceptron network_;
  Dataset data_;
  const Vector decay_;
  std::optional<Residuals> residuals_;
  Vector minimum_, direction_;
};

// An error of h is one of h^2 after a Newton step, and so a hundredth for a tenth of h; after a Gauss-Newton step it is
// a tenth.
TEST_F(StepsNearAMinimum, WithSecondDerivativesTheErrorOfAStepIsSquared) {
  NormalEquations equations(*residuals_);
  const auto error_after_step = [&](double h, bool is_newton) {
    const Vector start = minimum_ + h * direction_;
    Vector d(start.size());
    EXPECT_TRUE(equations.move_to(start));
    if (is_newton) {
      EXPECT_TRUE(equations.add_second_derivatives());
    }
    EXPECT_TRUE(equations.solve(0, d));
    return (start + d - minimum_).norm();
  };
  // In between h and h^2, where terms of the next order are a tenth of either.
  EXPECT_LT(error_after_step(1e-4, true), 0.03 * error_after_step(1e-3, true));
  EXPECT_GT(error_after_step(1e-4, false), 0.03 * error_after_step(1e-3, false));
}

// One unit at its minimum, made two equal ones that feed half of it each, is a stationary point (Fukumizu and Amari
// 2000, Neural Networks 13), and here a saddle.
class TwoEqualUnits : public StepsNearAMinimum {
 protected:
  TwoEqualUnits() {
    data_.weights = {};
    data_.Y = (3 * data_.X.col(0)).array().sin() + data_.X.col(1).array();
    const Perceptron one(2, {{1, Activation::tanh}, {1, Activation::identity}});
    const Vector minimum = fit(one, data_, {.n_starts = 10}).theta;
    saddle_.resize(two_.n_params());
    for (Index i = 0; i < 2; ++i) {
      two_.weights(saddle_, 0).row(i) = one.weights(minimum, 0).row(0);
      two_.bias(saddle_, 0)[i] = one.bias(minimum, 0)[0];
      two_.weights(saddle_, 1)(0, i) = one.weights(minimum, 1)(0, 0) / 2;
    }
    two_.bias(saddle_, 1) = one.bias(minimum, 1);
    residuals_.emplace(two_, data_, Vector());
  }

  const Perceptron two_{2, {{2, Activation::tanh}, {1, Activation::identity}}};
  Vector saddle_;
};

// The direction is of length one, and what is said of it is d'Md, between the least eigenvalue and a tenth of it.
TEST_F(TwoEqualUnits, CurveDownwardsAlongTheirDifference) {
  NormalEquations equations(*residuals_);
  ASSERT_TRUE(equations.move_to(saddle_));
  Vector d(saddle_.size());
  EXPECT_FALSE(equations.downward_curvature(d)) << "J'J curves nowhere downwards";
  ASSERT_TRUE(equations.add_second_derivatives());
  const Matrix M = equations.matrix().selfadjointView<Eigen::Lower>();
  const Vector eigenvalues = Eigen::SelfAdjointEigenSolver<Matrix>(M).eigenvalues();
  ASSERT_LT(eigenvalues[0], 0);
  const auto curvature = equations.downward_curvature(d);
  ASSERT_TRUE(curvature);
  const double rounding = 1e-12 * M.norm();
  EXPECT_NEAR(d.norm(), 1, 1e-14);
  EXPECT_NEAR(*curvature, d.dot(M * d), rounding);
  EXPECT_GE(*curvature, eigenvalues[0] - rounding);
  EXPECT_LE(*curvature, 0.1 * eigenvalues[0]);
}

TEST_F(TwoEqualUnits, ADescentDoesNotEndThere) {
  NormalEquations equations(*residuals_);
  Descender descender(*residuals_, equations);
  Vector tau = saddle_;
  const double at_saddle = residuals_at(saddle_).squaredNorm();
  const Descent descent = descender.descend(tau);
  EXPECT_EQ(descent.end, Descent::End::arrived);
  EXPECT_LT(descent.objective, 0.99 * at_saddle);
}

// J'(r(theta + d) - r - J d) is of the order of |d|^2 for a straight step and of |d|^3 for a bent one.
TEST_F(StepsNearAMinimum, ABentStepFollowsTheFittedValuesToAnOrderMore) {
  NormalEquations equations(*residuals_);
  const auto deviation = [&](double h, bool is_bent) {
    const Vector start = minimum_ + h * direction_;
    Vector d(start.size()), r(residuals_->n_rows());
    Matrix J(residuals_->n_rows(), start.size());
    EXPECT_TRUE(residuals_->evaluate(start, r.data(), J.data()));
    EXPECT_TRUE(equations.move_to(start));
    EXPECT_TRUE(equations.solve(0, d));
    const Vector straight = J * d;
    if (is_bent) {
      EXPECT_TRUE(equations.bend(d));
    }
    return (J.transpose() * (residuals_at(start + d) - r - straight)).norm();
  };
  EXPECT_LT(deviation(1e-4, true), 0.003 * deviation(1e-3, true));
  EXPECT_GT(deviation(1e-4, false), 0.003 * deviation(1e-3, false));
}

// The damped step minimises g'd + d'M d / 2 + mu d'D d / 2, and predicts what S falls without the damping.
TEST_F(StepsNearAMinimum, ADampedStepPredictsTheFallOfTheQuadraticModel) {
  NormalEquations equations(*residuals_);
  const Vector start = minimum_ + 0.1 * direction_;
  Vector d(start.size()), r(residuals_->n_rows());
  Matrix J(residuals_->n_rows(), start.size());
  ASSERT_TRUE(residuals_->evaluate(start, r.data(), J.data()));
  for (const DampingBy by : {DampingBy::mean, DampingBy::columns}) {
    equations.damp_by(by);
    ASSERT_TRUE(equations.move_to(start));
    for (const double mu : {0.0, 0.1, 10.0}) {
      ASSERT_TRUE(equations.solve(mu, d));
      const double fall = r.squaredNorm() - (r + J * d).squaredNorm();
      EXPECT_NEAR(equations.predicted_fall(mu, d), fall, 1e-12 * r.squaredNorm());
      const Vector D = by == DampingBy::mean ? Vector::Constant(d.size(), J.colwise().squaredNorm().mean())
                                             : Vector(J.colwise().squaredNorm().transpose());
      const Vector gradient = J.transpose() * (r + J * d) + mu * D.cwiseProduct(d);
      EXPECT_LE(gradient.norm(), 1e-10 * (J.transpose() * r).norm());
    }
  }
}

// Inputs in a unit that is a thousandth, and so their weights in one that is a thousand: the step is the same, where the
// damping is by columns, and another where it is by their mean.
TEST_F(StepsNearAMinimum, DampedByColumnsDoNotDependOnUnits) {
  Dataset other = data_;
  other.X *= std::exp2(10);
  const auto in_other_unit = [&](Vector theta) {
    network_.weights(theta, 0) *= std::exp2(-10);
    return theta;
  };
  Residuals residuals(network_, data_, {}), other_residuals(network_, other, {});
  NormalEquations equations(residuals), in_other(other_residuals);
  const Vector start = minimum_ + 0.1 * direction_;
  Vector d(start.size()), other_d(start.size());
  const auto difference = [&](DampingBy by) {
    equations.damp_by(by);
    in_other.damp_by(by);
    EXPECT_TRUE(equations.move_to(start) && in_other.move_to(in_other_unit(start)));
    EXPECT_TRUE(equations.solve(0.1, d) && in_other.solve(0.1, other_d));
    return (other_d - in_other_unit(d)).norm() / in_other_unit(d).norm();
  };
  // What keeps parameters whose columns vanish, a part in 10^12 of columns that are 2^20 times as large in one unit.
  EXPECT_LE(difference(DampingBy::columns), 1e-4);
  EXPECT_GE(difference(DampingBy::mean), 0.1);
}

}  // namespace
}  // namespace jacobench
