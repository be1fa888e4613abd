// Sacado's reverse mode (Sacado::Rad): each observation builds its graph and is swept back once an output, as is
// advised where parameters are many and outputs few.
#include <Sacado_trad.hpp>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

using Number = Sacado::Rad::ADvar<double>;

class SacadoRad final : public RowwiseEvaluator {
 public:
  using RowwiseEvaluator::RowwiseEvaluator;

 private:
  void begin(const double* theta) override { theta_ = theta; }

  void evaluate_row(const double* x, double* y, double* J) override {
    const auto P = static_cast<std::size_t>(network().n_params());
    {
      std::vector<Number> theta(theta_, theta_ + P), f(static_cast<std::size_t>(network().n_outputs())),
          below, above;
      evaluate_network(network(), theta.data(), x, f.data(), below, above);
      std::vector<Number*> outputs;
      for (std::size_t k = 0; k < f.size(); ++k) {
        outputs.push_back(&f[k]);
        y[k] = f[k].val();
      }
      std::vector<double> weights(f.size(), 0.0);
      for (std::size_t k = 0; J && k < f.size(); ++k) {
        weights[k] = 1;
        Number::Weighted_Gradcomp(f.size(), outputs.data(), weights.data());
        weights[k] = 0;
        for (std::size_t p = 0; p < P; ++p) J[k * P + p] = theta[p].adj();
      }
    }
    Number::aval_reset();
  }

  const double* theta_ = nullptr;
};

}  // namespace

std::unique_ptr<Evaluator> make_sacado(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<SacadoRad>(network, max_rows);
}

}  // namespace jacobench::peers
