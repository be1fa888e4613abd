// Ceres' automatic differentiation by Jets, a stride of parameters at a time (DynamicAutoDiffCostFunction, which its
// documentation names for sizes known at run time). Stride 8: whole vector registers; its default is 4.
#include <ceres/dynamic_autodiff_cost_function.h>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

constexpr int stride = 8;

struct NetworkFunctor {
  template <class T>
  bool operator()(const T* const* parameters, T* y) const {
    std::vector<T> below, above;
    evaluate_network(*network, parameters[0], x, y, below, above);
    return true;
  }

  const Perceptron* network;
  const double* x;
};

class CeresJets final : public RowwiseEvaluator {
 public:
  CeresJets(const Perceptron& net, Index max_rows) : RowwiseEvaluator(net, max_rows) {
    function_.AddParameterBlock(static_cast<int>(net.n_params()));
    function_.SetNumResiduals(static_cast<int>(net.n_outputs()));
  }

 private:
  void begin(const double* theta) override { theta_ = theta; }

  void evaluate_row(const double* x, double* y, double* J) override {
    functor_->x = x;
    function_.Evaluate(&theta_, y, J ? &J : nullptr);
  }

  Index evaluations() const override { return (network().n_params() + stride - 1) / stride; }

  const double* theta_ = nullptr;
  NetworkFunctor* functor_ = new NetworkFunctor{&network(), nullptr};  // the next owns it
  ceres::DynamicAutoDiffCostFunction<NetworkFunctor, stride> function_{functor_};
};

}  // namespace

std::unique_ptr<Evaluator> make_ceres_jets(const Perceptron& network, Index max_rows,
                                           const StrategyOptions&) {
  return std::make_unique<CeresJets>(network, max_rows);
}

}  // namespace jacobench::peers
