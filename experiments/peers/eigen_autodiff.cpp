// Eigen's AutoDiffScalar (unsupported/Eigen/AutoDiff): forward mode, all P derivatives with every number.
#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

using Scalar = Eigen::AutoDiffScalar<Vector>;

class EigenAutodiff final : public RowwiseEvaluator {
 public:
  EigenAutodiff(const Perceptron& net, Index max_rows)
      : RowwiseEvaluator(net, max_rows),
        theta_(static_cast<std::size_t>(net.n_params())),
        f_(static_cast<std::size_t>(net.n_outputs())) {}

 private:
  void begin(const double* theta) override {
    const Index P = network().n_params();
    for (Index p = 0; p < P; ++p)
      theta_[static_cast<std::size_t>(p)] = Scalar(theta[p], static_cast<int>(P), static_cast<int>(p));
  }

  void evaluate_row(const double* x, double* y, double* J) override {
    evaluate_network(network(), theta_.data(), x, f_.data(), below_, above_);
    for (std::size_t k = 0; k < f_.size(); ++k) {
      y[k] = f_[k].value();
      if (J) Eigen::Map<Vector>(J + k * theta_.size(), network().n_params()) = f_[k].derivatives();
    }
  }

  std::vector<Scalar> theta_, f_, below_, above_;
};

}  // namespace

std::unique_ptr<Evaluator> make_eigen_autodiff(const Perceptron& network, Index max_rows,
                                               const StrategyOptions&) {
  return std::make_unique<EigenAutodiff>(network, max_rows);
}

}  // namespace jacobench::peers
