// The network as a function of numbers of any type, as a user of automatic differentiation writes it.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "jacobench/network/perceptron.hpp"

namespace jacobench::peers {

template <class T>
T activated(Activation phi, const T& z) {
  using std::exp;
  using std::tanh;
  switch (phi) {
    case Activation::tanh:
      return tanh(z);
    case Activation::logistic:
      return 1.0 / (1.0 + exp(-z));
    default:
      return z;
  }
}

// Why `activated` does not have one of the network's activations; empty where it has them all.
std::string why_not_written(const Perceptron& network);

// y = f(theta, x). Shapes: theta [P], x [D], y [K]; `below` and `above` are workspaces.
template <class T, class X>
void evaluate_network(const Perceptron& network, const T* theta, const X* x, T* y, std::vector<T>& below,
                      std::vector<T>& above) {
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    above.resize(static_cast<std::size_t>(layer.n_units));
    for (Index i = 0; i < layer.n_units; ++i) {
      const T* w = theta + layer.weights_at + i * layer.n_inputs;
      T z = layer.has_bias() ? theta[layer.bias_at + i] : T(0.0);
      for (Index j = 0; j < layer.n_inputs; ++j)
        if (l == 0)
          z += w[j] * x[j];
        else
          z += w[j] * below[static_cast<std::size_t>(j)];
      above[static_cast<std::size_t>(i)] = activated(layer.activation, z);
    }
    std::swap(below, above);
  }
  for (Index k = 0; k < network.n_outputs(); ++k) y[k] = below[static_cast<std::size_t>(k)];
}

}  // namespace jacobench::peers
