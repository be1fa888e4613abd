// The complex step: d f / d p = Im f(p + i h) / h, exact to rounding as nothing is subtracted.
// Source: Squire and Trapp (1998), SIAM Review 40(1), 110-112
#include <complex>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

using Complex = std::complex<double>;
constexpr double h = 1e-40;

class ComplexStep final : public RowwiseEvaluator {
 public:
  ComplexStep(const Perceptron& net, Index max_rows)
      : RowwiseEvaluator(net, max_rows),
        theta_(static_cast<std::size_t>(net.n_params())),
        f_(static_cast<std::size_t>(net.n_outputs())) {}

 private:
  void begin(const double* theta) override {
    for (std::size_t p = 0; p < theta_.size(); ++p) theta_[p] = theta[p];
  }

  void evaluate_row(const double* x, double* y, double* J) override {
    evaluate_network(network(), theta_.data(), x, f_.data(), below_, above_);
    for (std::size_t k = 0; k < f_.size(); ++k) y[k] = f_[k].real();
    if (!J) return;
    for (std::size_t p = 0; p < theta_.size(); ++p) {
      theta_[p] += Complex(0, h);
      evaluate_network(network(), theta_.data(), x, f_.data(), below_, above_);
      theta_[p] = theta_[p].real();
      for (std::size_t k = 0; k < f_.size(); ++k) J[k * theta_.size() + p] = f_[k].imag() / h;
    }
  }

  Index evaluations() const override { return 1 + network().n_params(); }

  std::vector<Complex> theta_, f_, below_, above_;
};

}  // namespace

std::unique_ptr<Evaluator> make_complex_step(const Perceptron& network, Index max_rows,
                                             const StrategyOptions&) {
  return std::make_unique<ComplexStep>(network, max_rows);
}

}  // namespace jacobench::peers
