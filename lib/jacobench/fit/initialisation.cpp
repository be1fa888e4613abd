#include "jacobench/fit/initialisation.hpp"

#include <array>
#include <cmath>

#include "jacobench/base/names.hpp"

namespace jacobench {
namespace {

double symmetric(RandomStream& stream, double limit) { return limit * (2 * stream.uniform() - 1); }

// Every weight of a layer from `weight`, every bias from `bias`, each called with the layer.
template <class Weight, class Bias>
void draw_layers(const Perceptron& network, Vector& theta, const Weight& weight, const Bias& bias) {
  for (const Layer& layer : network.layers()) {
    for (Index p = 0; p < layer.n_weights(); ++p) theta[layer.weights_at + p] = weight(layer);
    if (layer.has_bias())
      for (Index i = 0; i < layer.n_units; ++i) theta[layer.bias_at + i] = bias(layer);
  }
}

double no_bias(const Layer&) { return 0; }

void lecun(const Perceptron& network, RandomStream& stream, Vector& theta) {
  const auto weight = [&](const Layer& layer) {
    return 1 / std::sqrt(static_cast<double>(layer.n_inputs)) * stream.normal();
  };
  draw_layers(network, theta, weight, [&](const Layer&) { return 0.5 * stream.normal(); });
}

void glorot(const Perceptron& network, RandomStream& stream, Vector& theta) {
  const auto weight = [&](const Layer& layer) {
    return symmetric(stream, std::sqrt(6.0 / static_cast<double>(layer.n_inputs + layer.n_units)));
  };
  draw_layers(network, theta, weight, no_bias);
}

void he(const Perceptron& network, RandomStream& stream, Vector& theta) {
  const auto weight = [&](const Layer& layer) {
    return std::sqrt(2.0 / static_cast<double>(layer.n_inputs)) * stream.normal();
  };
  draw_layers(network, theta, weight, no_bias);
}

void uniform(const Perceptron& network, RandomStream& stream, Vector& theta) {
  const auto any = [&](const Layer&) { return symmetric(stream, 0.7); };
  draw_layers(network, theta, any, any);
}

// Each hidden unit's weights have norm 0.7 n_l^(1 / n_{l-1}) and its bias is uniform up to that norm.
void nguyen_widrow(const Perceptron& network, RandomStream& stream, Vector& theta) {
  uniform(network, stream, theta);
  for (Index l = 0; l + 1 < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    const double norm =
        0.7 * std::pow(static_cast<double>(layer.n_units), 1.0 / static_cast<double>(layer.n_inputs));
    for (Index i = 0; i < layer.n_units; ++i) {
      auto weights = theta.segment(layer.weights_at + i * layer.n_inputs, layer.n_inputs);
      weights *= norm / weights.norm();
      if (layer.has_bias()) theta[layer.bias_at + i] = symmetric(stream, norm);
    }
  }
}

constexpr std::array table{
    InitialisationInfo{"lecun", "weights N(0, 1/n_in), biases N(0, 1/4)", "LeCun et al. (1998), sec. 4.6",
                       lecun},
    InitialisationInfo{"glorot", "weights uniform up to sqrt(6/(n_in + n_out)), biases 0",
                       "Glorot and Bengio (2010), eq. (16)", glorot},
    InitialisationInfo{"he", "weights N(0, 2/n_in), biases 0", "He et al. (2015), eq. (10)", he},
    InitialisationInfo{"uniform", "weights and biases uniform on (-0.7, 0.7)",
                       "Venables and Ripley (2002), sec. 8.10", uniform},
    InitialisationInfo{"nguyen_widrow", "hidden units spread evenly over the inputs' range",
                       "Nguyen and Widrow (1990)", nguyen_widrow},
};

}  // namespace

std::span<const InitialisationInfo> initialisation_table() { return table; }

const InitialisationInfo& find_initialisation(std::string_view name) {
  return find_by_name(initialisation_table(), name, "initialisation");
}

}  // namespace jacobench
