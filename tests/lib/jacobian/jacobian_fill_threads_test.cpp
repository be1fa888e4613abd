// Jacobians that are split over threads.
#include <gtest/gtest.h>

#include "jacobench/jacobian/jacobian_fill.hpp"
#include "jacobench/jacobian/strategy.hpp"

namespace jacobench {
namespace {

constexpr double untouched = -77;

// Split over threads, with columns of every alignment, everything has the bits of one thread.
TEST(LargeJacobian, HasTheSameBitsForAnyNumberOfThreads) {
  const Perceptron network(3, {{7, Activation::tanh}, {7, Activation::tanh}, {2, Activation::identity}});
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  const Index N = 40'001, P = network.n_params();
  Matrix X(N, 3);
  for (double& x : X.reshaped()) x = stream.normal();
  Matrix values(N, 2), J_y_theta(N * 2, P), J_y_x(N * 2, 3);
  ASSERT_EQ(kernel::stores_for(J_y_theta.size() * 8), Stores::streaming);
  find_strategy("layerwise")
      .make(network, N, {})
      ->evaluate(theta, X, {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
  for (Index n_threads : {2, 3, 7}) {
    StrategyOptions options;
    options.n_threads = n_threads;
    Matrix v = Matrix::Constant(N, 2, untouched), t = Matrix::Constant(N * 2, P, untouched),
           x = Matrix::Constant(N * 2, 3, untouched);
    find_strategy("layerwise")
        .make(network, N, options)
        ->evaluate(theta, X, {.values = &v, .J_y_theta = &t, .J_y_x = &x});
    EXPECT_EQ(v, values) << n_threads;
    EXPECT_EQ(t, J_y_theta) << n_threads;
    EXPECT_EQ(x, J_y_x) << n_threads;
  }
}

// Wide enough for several panels of inputs a layer.
TEST(WideJacobian, HasTheBitsOfASmallOneForAnyNumberOfThreads) {
  const Perceptron network(40, {{130, Activation::tanh}, {120, Activation::tanh}, {1, Activation::identity}});
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  const Vector theta = draw_parameters(network, 1, stream);
  const Index N = 333, n_part = 20;
  Matrix X(N, 40);
  for (double& x : X.reshaped()) x = stream.normal();
  Matrix part(n_part, network.n_params());
  find_strategy("layerwise")
      .make(network, n_part, {})
      ->evaluate(theta, X.bottomRows(n_part), {.J_y_theta = &part});
  for (Index n_threads : {1, 2, 5}) {
    StrategyOptions options;
    options.n_threads = n_threads;
    Matrix whole = Matrix::Constant(N, network.n_params(), untouched);
    ASSERT_EQ(kernel::stores_for(whole.size() * 8), Stores::streaming);
    find_strategy("layerwise").make(network, N, options)->evaluate(theta, X, {.J_y_theta = &whole});
    EXPECT_EQ(whole.bottomRows(n_part), part) << n_threads;
    EXPECT_TRUE((whole.array() != untouched).all());
  }
}

}  // namespace
}  // namespace jacobench
