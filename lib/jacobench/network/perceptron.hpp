// The multilayer perceptron: its shape and the order of its parameters. This header is the home of the notation.
//
//   symbol      meaning                                                                  shape
//   X           inputs, one observation a row                                            N x D
//   Y           outputs                                                                  N x K
//   W_l, b_l    weights and bias of layer l = 1..L                                       n_l x n_{l-1}, n_l
//   Z_l, A_l    pre-activation A_{l-1} W_l' + 1 b_l', activation phi_l(Z_l); A_0 = X     N x n_l
//   theta       all parameters                                                           P
//   J_y_theta   d vec(Y) / d theta; row k N + n is output k of observation n             (N K) x P
//   J_y_x       d Y / d X; row k N + n, column d is d y_nk / d x_nd                      (N K) x D
//
// Matrices are column-major, so that the observations of a column are contiguous.
// Order of theta: layer by layer; in each, W_l row by row (all weights into unit 1, then unit 2, ...), then b_l
// where the layer has one. Index of W_l(i, j): weights_at of its Layer + i n_{l-1} + j; of b_l(i): bias_at + i. It is
// the order in which PyTorch flattens a stack of Linear layers.
// In code everything counts from 0: layer(0) is the first layer above the inputs.
#pragma once

#include <string>
#include <vector>

#include "jacobench/base/matrix.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/network/activation.hpp"

namespace jacobench {

enum class Bias { none, present };

// What a layer is made from.
struct LayerSpec {
  Index n_units;
  Activation activation;
  Bias bias = Bias::present;
};

// A layer in its place: sizes, and where in theta its parameters stand.
struct Layer {
  Index n_inputs;
  Index n_units;
  Activation activation;
  Bias bias;
  Index weights_at;
  Index bias_at;  // one past the weights; where the layer has a bias, b_l starts here

  bool has_bias() const { return bias == Bias::present; }
  Index n_weights() const { return n_units * n_inputs; }
};

// What theta[p] is: the weight from `input` to `unit` of `layer`, or the unit's bias (input = -1).
struct ParameterPlace {
  Index layer;
  Index unit;
  Index input;

  bool is_bias() const { return input < 0; }
};

// The shape of a network, without parameters: these are always passed beside it as theta.
// Errors: the constructor throws logic_error for no layer, or for a width below 1.
class Perceptron {
 public:
  Perceptron(Index n_inputs, const std::vector<LayerSpec>& layers);

  Index n_inputs() const { return layers_.front().n_inputs; }
  Index n_outputs() const { return layers_.back().n_units; }
  Index n_layers() const { return static_cast<Index>(layers_.size()); }
  Index n_params() const { return n_params_; }
  Index n_hidden_units() const;
  Index widest_layer() const;  // of the inputs and all layers

  const Layer& layer(Index l) const { return layers_[static_cast<std::size_t>(l)]; }
  const std::vector<Layer>& layers() const { return layers_; }

  ParameterPlace place_of(Index parameter) const;

  // W_l and b_l inside theta, to read or to write. bias() is empty where the layer has none.
  Eigen::Map<const RowMajorMatrix> weights(const VectorView& theta, Index l) const;
  Eigen::Map<const Vector> bias(const VectorView& theta, Index l) const;
  Eigen::Map<RowMajorMatrix> weights(Vector& theta, Index l) const;
  Eigen::Map<Vector> bias(Vector& theta, Index l) const;

  // What every function of a network asks of its caller. Throws logic_error, with what was passed and what is wanted,
  // unless theta has P entries and X has D columns.
  void expect_shapes(const VectorView& theta) const;
  void expect_shapes(const VectorView& theta, const MatrixView& X) const;

 private:
  std::vector<Layer> layers_;
  Index n_params_ = 0;
};

// What most studies ask for: hidden layers of one activation below the outputs, a bias in every layer or in none.
struct UniformLayers {
  Index n_inputs;
  std::vector<Index> hidden;  // widths from the inputs up
  Index n_outputs;
  Activation activation;
  Activation output_activation = Activation::identity;
  Bias bias = Bias::present;
};
Perceptron make_perceptron(const UniformLayers& layers);

// Short text for a shape: "2-10-5-1".
std::string to_string(const Perceptron& network);

// Parameters for a study: W_l(i, j) ~ N(0, scale^2 / n_{l-1}), b_l(i) ~ N(0, (scale / 2)^2), so that at scale
// 1 the pre-activations stay of order one whatever the width (LeCun, Bottou, Orr and Müller 1998, sec. 4.6).
Vector draw_parameters(const Perceptron& network, double scale, RandomStream& stream);

}  // namespace jacobench
