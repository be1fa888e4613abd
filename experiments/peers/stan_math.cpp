// Stan Math's reverse mode: theta once a call, each observation in a nested tape that is swept back once an output.
#include <stan/math/rev/mat.hpp>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

using stan::math::var;

class StanMath final : public RowwiseEvaluator {
 public:
  using RowwiseEvaluator::RowwiseEvaluator;

 private:
  void begin(const double* theta) override { theta_ = theta; }

  void evaluate_row(const double* x, double* y, double* J) override {
    const auto P = static_cast<std::size_t>(network().n_params());
    stan::math::start_nested();
    {
      std::vector<var> theta(theta_, theta_ + P), f(static_cast<std::size_t>(network().n_outputs())), below,
          above;
      evaluate_network(network(), theta.data(), x, f.data(), below, above);
      for (std::size_t k = 0; k < f.size(); ++k) {
        y[k] = f[k].val();
        if (!J) continue;
        stan::math::set_zero_all_adjoints_nested();
        f[k].grad();
        for (std::size_t p = 0; p < P; ++p) J[k * P + p] = theta[p].adj();
      }
    }
    stan::math::recover_memory_nested();
  }

  const double* theta_ = nullptr;
};

}  // namespace

std::unique_ptr<Evaluator> make_stan_math(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<StanMath>(network, max_rows);
}

}  // namespace jacobench::peers
