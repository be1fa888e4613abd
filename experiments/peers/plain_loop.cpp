// Backpropagation as its textbook formulas read, an observation at a time: what a user would write.
#include <cmath>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

double slope(Activation phi, double a) {
  return phi == Activation::tanh ? 1 - a * a : phi == Activation::logistic ? a * (1 - a) : 1;
}

class PlainLoop final : public RowwiseEvaluator {
 public:
  PlainLoop(const Perceptron& net, Index max_rows) : RowwiseEvaluator(net, max_rows) {
    a_.emplace_back(net.n_inputs());
    for (const Layer& layer : net.layers()) {
      a_.emplace_back(layer.n_units);
      delta_.emplace_back(layer.n_units);
    }
  }

 private:
  void begin(const double* theta) override { theta_ = theta; }

  void evaluate_row(const double* x, double* y, double* J) override {
    const Perceptron& net = network();
    const auto L = static_cast<std::size_t>(net.n_layers());
    a_[0] = Eigen::Map<const Vector>(x, net.n_inputs());
    for (std::size_t l = 0; l < L; ++l) {
      const Layer& layer = net.layers()[l];
      for (Index i = 0; i < layer.n_units; ++i) {
        double z = layer.has_bias() ? theta_[layer.bias_at + i] : 0;
        for (Index j = 0; j < layer.n_inputs; ++j) z += weight(layer, i, j) * a_[l][j];
        a_[l + 1][i] = activated(layer.activation, z);
      }
    }
    for (Index k = 0; k < net.n_outputs(); ++k) y[k] = a_[L][k];
    for (Index k = 0; J && k < net.n_outputs(); ++k, J += net.n_params()) {
      delta_[L - 1].setZero();
      delta_[L - 1][k] = slope(net.layers()[L - 1].activation, a_[L][k]);
      for (std::size_t l = L; l-- > 0;) {
        const Layer& layer = net.layers()[l];
        for (Index i = 0; i < layer.n_units; ++i) {
          for (Index j = 0; j < layer.n_inputs; ++j)
            J[layer.weights_at + i * layer.n_inputs + j] = delta_[l][i] * a_[l][j];
          if (layer.has_bias()) J[layer.bias_at + i] = delta_[l][i];
        }
        if (l == 0) break;
        delta_[l - 1].setZero();
        for (Index i = 0; i < layer.n_units; ++i)
          for (Index j = 0; j < layer.n_inputs; ++j) delta_[l - 1][j] += delta_[l][i] * weight(layer, i, j);
        for (Index j = 0; j < layer.n_inputs; ++j)
          delta_[l - 1][j] *= slope(net.layers()[l - 1].activation, a_[l][j]);
      }
    }
  }

  double weight(const Layer& layer, Index i, Index j) const {
    return theta_[layer.weights_at + i * layer.n_inputs + j];
  }

  const double* theta_ = nullptr;
  std::vector<Vector> a_, delta_;
};

}  // namespace

std::unique_ptr<Evaluator> make_plain_loop(const Perceptron& network, Index max_rows,
                                           const StrategyOptions&) {
  return std::make_unique<PlainLoop>(network, max_rows);
}

}  // namespace jacobench::peers
