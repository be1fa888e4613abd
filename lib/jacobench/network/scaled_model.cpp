#include "jacobench/network/scaled_model.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/network/evaluation.hpp"

namespace jacobench {
namespace {

std::vector<LayerWeights> layers_of(const Model& model) {
  std::vector<LayerWeights> layers;
  for (Index l = 0; l < model.network.n_layers(); ++l)
    layers.push_back({model.network.weights(model.theta, l), model.network.bias(model.theta, l),
                      model.network.layer(l).activation});
  return layers;
}

void add_to_bias(LayerWeights& layer, const Vector& more) {
  if (layer.bias.size() > 0)
    layer.bias += more;
  else if ((more.array() != 0).any())
    layer.bias = more;
}

}  // namespace

Matrix AffineMap::of(const MatrixView& X) const {
  if (is_identity()) return X;
  return (X * scale.asDiagonal()).rowwise() + shift.transpose();
}

Matrix AffineMap::inverse_of(const MatrixView& Y) const {
  if (is_identity()) return Y;
  return ((Y.rowwise() - shift.transpose()).array().rowwise() / scale.transpose().array()).matrix();
}

AffineMap AffineMap::then(const AffineMap& next) const {
  if (is_identity()) return next;
  if (next.is_identity()) return *this;
  return {next.scale.cwiseProduct(scale), next.scale.cwiseProduct(shift) + next.shift};
}

Model folded(const ScaledModel& scaled) {
  if (!scaled.has_maps()) return scaled.model;
  std::vector<LayerWeights> layers = layers_of(scaled.model);
  if (!scaled.inputs.is_identity()) {
    LayerWeights& first = layers.front();
    add_to_bias(first, first.weights * scaled.inputs.shift);
    first.weights *= scaled.inputs.scale.asDiagonal();
  }
  if (!scaled.outputs.is_identity()) {
    LayerWeights& last = layers.back();
    if (last.activation != Activation::identity)
      throw InputError(
          "the outputs are scaled behind the activation {}; give a network of a linear last layer",
          info(last.activation).name);
    last.weights = scaled.outputs.scale.asDiagonal() * last.weights;
    last.bias = scaled.outputs.scale.cwiseProduct(last.bias.size() > 0 ? last.bias
                                                                       : Vector::Zero(last.weights.rows()));
    add_to_bias(last, scaled.outputs.shift);
  }
  return make_model(layers);
}

Matrix evaluate(const ScaledModel& scaled, const MatrixView& X) {
  return scaled.outputs.of(evaluate(scaled.model.network, scaled.model.theta, scaled.inputs.of(X)));
}

}  // namespace jacobench
