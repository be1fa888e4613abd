// Observations of two outputs with weights, and a network of 69 parameters, 6-5-4-2, that is not fitted to them.
#pragma once

#include "jacobench/base/random.hpp"
#include "jacobench/fit/dataset.hpp"

namespace jacobench::testing {

struct TwoOutputs {
  Perceptron network{6, {{5, Activation::tanh}, {4, Activation::logistic}, {2, Activation::identity}}};
  Dataset data;
  Vector theta = Vector(network.n_params());

  explicit TwoOutputs(Index n_observations)
      : data{Matrix(n_observations, 6), Matrix(n_observations, 2), Vector(n_observations)} {
    RandomStream stream(3, 0, 0, RandomPurpose::parameters);
    for (double& x : data.X.reshaped()) x = stream.normal();
    for (double& y : data.Y.reshaped()) y = stream.normal();
    for (double& w : data.weights) w = 0.5 + stream.uniform();
    for (double& p : theta) p = 0.5 * stream.normal();
  }
};

}  // namespace jacobench::testing
