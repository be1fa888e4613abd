#include "jacobench/network/perceptron.hpp"

#include <algorithm>
#include <cmath>

#include "jacobench/base/errors.hpp"

namespace jacobench {

Perceptron::Perceptron(Index n_inputs, const std::vector<LayerSpec>& layers) {
  JB_EXPECT(n_inputs >= 1, "a network needs at least one input, not {}", n_inputs);
  JB_EXPECT(!layers.empty(), "a network needs at least one layer");
  Index n_below = n_inputs;
  for (const LayerSpec& spec : layers) {
    JB_EXPECT(spec.n_units >= 1, "layer {} has {} units", layers_.size() + 1, spec.n_units);
    Layer layer{.n_inputs = n_below,
                .n_units = spec.n_units,
                .activation = spec.activation,
                .bias = spec.bias,
                .weights_at = n_params_,
                .bias_at = n_params_ + spec.n_units * n_below};
    n_params_ = layer.bias_at + (layer.has_bias() ? layer.n_units : 0);
    n_below = layer.n_units;
    layers_.push_back(layer);
  }
}

Index Perceptron::n_hidden_units() const {
  Index n = 0;
  for (Index l = 0; l + 1 < n_layers(); ++l) n += layer(l).n_units;
  return n;
}

Index Perceptron::widest_layer() const {
  Index widest = n_inputs();
  for (const Layer& layer : layers_) widest = std::max(widest, layer.n_units);
  return widest;
}

ParameterPlace Perceptron::place_of(Index parameter) const {
  JB_EXPECT(parameter >= 0 && parameter < n_params_, "parameter {} of {}", parameter, n_params_);
  Index l = 0;
  while (l + 1 < n_layers() && parameter >= layer(l + 1).weights_at) ++l;
  if (parameter >= layer(l).bias_at) return {l, parameter - layer(l).bias_at, -1};
  const Index at = parameter - layer(l).weights_at;
  return {l, at / layer(l).n_inputs, at % layer(l).n_inputs};
}

Eigen::Map<const RowMajorMatrix> Perceptron::weights(const VectorView& theta, Index l) const {
  return {theta.data() + layer(l).weights_at, layer(l).n_units, layer(l).n_inputs};
}

Eigen::Map<const Vector> Perceptron::bias(const VectorView& theta, Index l) const {
  return {theta.data() + layer(l).bias_at, layer(l).has_bias() ? layer(l).n_units : 0};
}

Eigen::Map<RowMajorMatrix> Perceptron::weights(Vector& theta, Index l) const {
  return {theta.data() + layer(l).weights_at, layer(l).n_units, layer(l).n_inputs};
}

Eigen::Map<Vector> Perceptron::bias(Vector& theta, Index l) const {
  return {theta.data() + layer(l).bias_at, layer(l).has_bias() ? layer(l).n_units : 0};
}

void Perceptron::expect_shapes(const VectorView& theta) const {
  JB_EXPECT(theta.size() == n_params_, "theta has {} entries, the network {} has {} parameters", theta.size(),
            to_string(*this), n_params_);
}

void Perceptron::expect_shapes(const VectorView& theta, const MatrixView& X) const {
  JB_EXPECT(theta.size() == n_params_ && X.cols() == n_inputs(),
            "theta has {} entries and X is {} x {}; the network {} has {} parameters and {} inputs",
            theta.size(), X.rows(), X.cols(), to_string(*this), n_params_, n_inputs());
}

Perceptron make_perceptron(const UniformLayers& layers) {
  std::vector<LayerSpec> specs;
  for (const Index width : layers.hidden) specs.push_back({width, layers.activation, layers.bias});
  specs.push_back({layers.n_outputs, layers.output_activation, layers.bias});
  return {layers.n_inputs, specs};
}

std::string to_string(const Perceptron& network) {
  std::string text = std::to_string(network.n_inputs());
  for (const Layer& layer : network.layers()) text += "-" + std::to_string(layer.n_units);
  return text;
}

Vector draw_parameters(const Perceptron& network, double scale, RandomStream& stream) {
  Vector theta(network.n_params());
  for (Index l = 0; l < network.n_layers(); ++l) {
    auto W = network.weights(theta, l);
    auto b = network.bias(theta, l);
    const double weight_sd = scale / std::sqrt(static_cast<double>(W.cols()));
    const double bias_sd = scale / 2;
    for (Index i = 0; i < W.rows(); ++i)
      for (Index j = 0; j < W.cols(); ++j) W(i, j) = weight_sd * stream.normal();
    for (Index i = 0; i < b.size(); ++i) b[i] = bias_sd * stream.normal();
  }
  return theta;
}

}  // namespace jacobench
