#include "jacobench/inference/kinks.hpp"

#include <cmath>

#include "jacobench/network/activation.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {

std::vector<Kink> kinks_at_data(const Fit& fit) {
  constexpr double near = 1e-6;
  const Index N = fit.data.n_observations();
  ForwardPass pass(fit.network, N);
  pass.run(fit.theta, fit.data.X, 0, N, Slopes::none);
  std::vector<Kink> found;
  for (Index l = 0; l + 1 < fit.network.n_layers(); ++l) {
    const Layer& layer = fit.network.layer(l);
    if (info(layer.activation).slope_jump == 0) continue;
    const Matrix below = l > 0 ? Matrix(pass.activation(l - 1).rows(N)) : fit.data.X;
    const Matrix W = fit.network.weights(fit.theta, l);
    for (Index i = 0; i < layer.n_units; ++i) {
      Kink kink{.layer = l, .unit = i, .observations = {}};
      const double bias = layer.has_bias() ? fit.network.bias(fit.theta, l)[i] : 0;
      for (Index n = 0; n < N; ++n) {
        const auto terms = below.row(n).cwiseProduct(W.row(i));
        if (std::abs(terms.sum() + bias) <= near * (terms.cwiseAbs().sum() + std::abs(bias)))
          kink.observations.push_back(n);
      }
      if (!kink.observations.empty()) found.push_back(std::move(kink));
    }
  }
  return found;
}

}  // namespace jacobench
