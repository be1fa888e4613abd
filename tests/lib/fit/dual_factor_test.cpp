// The inverse by n x n matrices against that of the formed P x P.
#include "jacobench/fit/dual_factor.hpp"

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"

namespace jacobench {
namespace {

struct WideProblem {
  Perceptron network{6, {{5, Activation::tanh}, {4, Activation::logistic}, {2, Activation::identity}}};
  Matrix X = Matrix(12, 6), X0 = Matrix(3, 6), g = Matrix(12, 2);
  Vector theta = Vector(network.n_params());

  WideProblem() {
    RandomStream stream(3, 0, 0, RandomPurpose::parameters);
    for (Matrix* each : {&X, &X0})
      for (double& x : each->reshaped()) x = stream.normal();
    for (double& each : g.reshaped()) each = 0.5 + stream.uniform();
    for (double& p : theta) p = 0.5 * stream.normal();
  }

  Matrix jacobian_at(const Matrix& points) const {
    Matrix J(points.rows() * 2, network.n_params());
    find_strategy("layerwise").make(network, points.rows(), {})->evaluate(theta, points, {.J_y_theta = &J});
    return J;
  }
};

// Both lose the condition of J'J + K, here below 1e4; free biases are damped by 1e-12 of their mean column.
TEST(DualFactor, IsTheInverseOfTheFormedMatrix) {
  const WideProblem wide;
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector K = equal_decay(wide.network, 0.3, of);
    const double tolerance = of == DecayOf::weights ? 1e-7 : 1e-11;
    DualFactor factor(wide.network, K, 12);
    ASSERT_TRUE(factor.move_to(wide.theta, wide.X, {.factors = wide.g}));
    EXPECT_TRUE(factor.determines_free());
    ASSERT_TRUE(factor.factorise_undamped());
    const Matrix J = wide.g.reshaped().asDiagonal() * wide.jacobian_at(wide.X), G = wide.jacobian_at(wide.X0);
    const Matrix M = J.transpose() * J + Matrix(K.asDiagonal());
    const Matrix inverse = M.llt().solve(Matrix::Identity(M.rows(), M.cols()));
    const Matrix H = J * inverse * J.transpose(), W_want = J * inverse * G.transpose();
    EXPECT_LE((factor.hat() - H).norm(), tolerance);
    EXPECT_NEAR(factor.trace_h(), H.trace(), tolerance);
    const Matrix L = M.llt().matrixL();
    EXPECT_NEAR(factor.log_determinant(), 2 * L.diagonal().array().log().sum(), 10 * tolerance);

    HeldProducts points(wide.network, 3);
    points.move_to(wide.theta, wide.X0);
    Matrix W;
    Vector forms;
    factor.inverse_at(points, W, forms);
    EXPECT_LE((W - W_want).norm(), tolerance * W_want.norm());
    EXPECT_LE((forms - (G * inverse * G.transpose()).diagonal()).norm(), tolerance * forms.norm());

    factor.inverse_of_parameters(2, M.rows() - 2, W, forms);
    const Vector want = inverse.diagonal().tail(M.rows() - 2);
    EXPECT_LE((W - (J * inverse).rightCols(M.rows() - 2)).norm(), tolerance * W.norm());
    EXPECT_LE((forms - want).norm(), tolerance * want.norm());
  }
}

// Two units alike, whose biases are free: no data tell them apart.
TEST(DualFactor, SaysWhereFreeParametersAreOpen) {
  WideProblem wide;
  const Layer& first = wide.network.layer(0);
  wide.theta.segment(first.weights_at, 6) = wide.theta.segment(first.weights_at + 6, 6);
  wide.theta[first.bias_at] = wide.theta[first.bias_at + 1];
  wide.network.weights(wide.theta, 1).col(0) = wide.network.weights(wide.theta, 1).col(1);
  DualFactor factor(wide.network, equal_decay(wide.network, 0.3, DecayOf::weights), 12);
  ASSERT_TRUE(factor.move_to(wide.theta, wide.X, {.factors = wide.g}));
  EXPECT_FALSE(factor.determines_free());
}

}  // namespace
}  // namespace jacobench
