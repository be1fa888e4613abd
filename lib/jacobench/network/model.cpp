#include "jacobench/network/model.hpp"

#include "jacobench/base/errors.hpp"

namespace jacobench {
namespace {

void expect_layer(std::size_t number, const LayerWeights& layer, Index n_below) {
  const auto& [W, b, activation] = layer;
  JB_EXPECT(W.size() > 0, "layer {}: W is {} x {}, a layer has at least one unit and one input", number,
            W.rows(), W.cols());
  JB_EXPECT(W.cols() == n_below, "layer {}: W is {} x {}, the layer below has {} units", number, W.rows(),
            W.cols(), n_below);
  JB_EXPECT(b.size() == 0 || b.size() == W.rows(), "layer {}: W is {} x {}, b has {} entries", number,
            W.rows(), W.cols(), b.size());
  JB_EXPECT(W.allFinite(), "layer {}: W, {} x {}, has an entry that is not finite", number, W.rows(),
            W.cols());
  JB_EXPECT(b.allFinite(), "layer {}: b, of {} entries, has one that is not finite", number, b.size());
}

}  // namespace

Model make_model(const std::vector<LayerWeights>& layers) {
  JB_EXPECT(!layers.empty(), "a model needs at least one layer");
  std::vector<LayerSpec> specs;
  Index n_below = layers.front().weights.cols();
  for (const LayerWeights& layer : layers) {
    expect_layer(specs.size() + 1, layer, n_below);
    n_below = layer.weights.rows();
    specs.push_back({n_below, layer.activation, layer.bias.size() > 0 ? Bias::present : Bias::none});
  }
  Model model{Perceptron(layers.front().weights.cols(), specs), {}};
  model.theta.resize(model.network.n_params());
  for (Index l = 0; l < model.network.n_layers(); ++l) {
    model.network.weights(model.theta, l) = layers[static_cast<std::size_t>(l)].weights;
    model.network.bias(model.theta, l) = layers[static_cast<std::size_t>(l)].bias;
  }
  return model;
}

}  // namespace jacobench
