#include "jacobench/fit/residuals.hpp"

#include <cmath>

#include <Eigen/QR>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"

namespace jacobench {
namespace {

constexpr double epsilon_of_residuals = 0x1p-52;

// Two outputs, weights, a penalty of all parameters in the units of inputs that are not centred, and more observations
// than a block has, whose last block overlaps the one before.
class ResidualsByBlocks : public ::testing::Test {
 protected:
  ResidualsByBlocks()
      : network_(3, {{5, Activation::tanh}, {2, Activation::identity}}),
        data_{Matrix(600, 3), Matrix(600, 2), Vector(600)},
        tau_(network_.n_params()) {
    RandomStream stream(8, 0, 0, RandomPurpose::parameters);
    for (double& x : data_.X.reshaped()) x = 2 + stream.normal();
    for (double& y : data_.Y.reshaped()) y = stream.normal();
    for (double& w : data_.weights) w = 0.5 + stream.uniform();
    for (double& p : tau_) p = stream.normal();
    residuals_.emplace(network_, data_, equal_decay(network_, 0.3, DecayOf::weights_and_biases),
                       JacobianChoice{}, Residuals::Units::standardised);
    r_.resize(residuals_->n_rows());
    J_.resize(residuals_->n_rows(), network_.n_params());
    EXPECT_TRUE(residuals_->evaluate(tau_, r_.data(), J_.data()));
  }

  // What n products of this size round to, each entry of a sum at most that of the norms.
  double rounding() const { return static_cast<double>(r_.size()) * epsilon_of_residuals * J_.squaredNorm(); }

  Perceptron network_;
  Dataset data_;
  Vector tau_;
  std::optional<Residuals> residuals_;
  Vector r_;
  Matrix J_;
};

// In the user's units: g o (f - y) and g o J, bit by bit, whatever block a row is in.
TEST_F(ResidualsByBlocks, EveryRowIsThatOfTheNetwork) {
  Residuals residuals(network_, data_, {});
  Vector r(residuals.n_rows());
  Matrix J(residuals.n_rows(), network_.n_params());
  ASSERT_TRUE(residuals.evaluate(tau_, r.data(), J.data()));
  const Matrix g = data_.row_factors();
  const Matrix f = evaluate(network_, tau_, data_.X);
  EXPECT_EQ(r, (f - data_.Y).cwiseProduct(g).reshaped());
  EXPECT_EQ(J, g.reshaped().asDiagonal() * jacobian(network_, tau_, data_.X));
}

TEST_F(ResidualsByBlocks, NormalEquationsAreThoseOfTheWholeJacobian) {
  const Index P = network_.n_params();
  Vector r(r_.size()), J_t_r(P);
  Matrix J_t_J(P, P);
  ASSERT_TRUE(residuals_->normal_equations(tau_, r, J_t_J, J_t_r));
  EXPECT_EQ(r, r_);
  const Matrix whole = J_.transpose() * J_;
  EXPECT_LE(
      (Matrix(J_t_J.triangularView<Eigen::Lower>()) - Matrix(whole.triangularView<Eigen::Lower>())).norm(),
      rounding());
  EXPECT_LE((J_t_r - J_.transpose() * r_).norm(), rounding() * r_.norm());
}

TEST_F(ResidualsByBlocks, TheTriangleHasTheLengthOfEveryStep) {
  Vector r(r_.size());
  Matrix R_and_c;
  ASSERT_TRUE(residuals_->triangle(tau_, r, R_and_c));
  EXPECT_EQ(r, r_);
  RandomStream stream(9, 0, 0, RandomPurpose::probe);
  for (Index trial = 0; trial < 3; ++trial) {
    Vector d(network_.n_params());
    for (double& p : d) p = stream.normal();
    const double whole = (J_ * d + r_).norm();
    EXPECT_NEAR((R_and_c.leftCols(d.size()) * d + R_and_c.rightCols(1)).norm(), whole, rounding());
  }
}

// tr(T' K T) with K what the penalty rows alone have: J'J less that of the data rows.
TEST_F(ResidualsByBlocks, ThePenaltyFormIsThatOfThePenaltyRows) {
  const Matrix penalty_rows = J_.bottomRows(residuals_->n_penalty_rows());
  const Matrix T = Matrix::Random(network_.n_params(), 4);
  EXPECT_NEAR(residuals_->penalty_form(T), (penalty_rows * T).squaredNorm(), rounding());
}

}  // namespace
}  // namespace jacobench
