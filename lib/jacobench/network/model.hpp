// A network with its parameters.
#pragma once

#include <vector>

#include "jacobench/network/perceptron.hpp"

namespace jacobench {

struct Model {
  Perceptron network;
  Vector theta;
};

// A layer as it stands in memory elsewhere.
struct LayerWeights {
  Matrix weights;    // W_l, n_l x n_{l-1}, as in PyTorch: a row for each unit
  Vector bias = {};  // b_l, n_l entries; empty: the layer has none
  Activation activation = Activation::identity;
};

// The model with these weights: make_model({{W1, b1, Activation::tanh}, {W2, b2}}).
// Shapes: the inputs are the columns of the first layer, and each layer has as many columns as the one below has rows
// Errors: logic_error, with the layer counted from 1 and the shapes, for no layer, for an empty one, for shapes that do
//         not fit and for an entry that is not finite
Model make_model(const std::vector<LayerWeights>& layers);

}  // namespace jacobench
