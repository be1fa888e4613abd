// CppAD: the network is recorded once as a function of theta and x and optimised, and each observation is one forward
// sweep and one reverse sweep an output. (TMB brings the release of 2014; inputs as dynamic parameters came later.)
#include <algorithm>
#include <iostream>

// TMB's copy compiles without its checks alone, and expects beside CppAD itself macros, R's output stream, and a trait.
#undef NDEBUG
#define NDEBUG
#define CSKIP(...) __VA_ARGS__
#define TMB_EXTERN
namespace CppAD {
static std::ostream& Rcout = std::cout;
}
template <class T>
struct isDouble {
  enum { value = false };
};
template <>
struct isDouble<double> {
  enum { value = true };
};
#include <cppad/cppad.hpp>

#include "peers/network_function.hpp"
#include "peers/peers.hpp"
#include "peers/rowwise_evaluator.hpp"

namespace jacobench::peers {
namespace {

using Number = CppAD::AD<double>;

class Cppad final : public RowwiseEvaluator {
 public:
  Cppad(const Perceptron& net, Index max_rows)
      : RowwiseEvaluator(net, max_rows),
        at_(static_cast<std::size_t>(net.n_params() + net.n_inputs())),
        weights_(static_cast<std::size_t>(net.n_outputs())) {
    std::vector<Number> arguments(at_.size(), Number(0)), f(weights_.size()), below, above;
    CppAD::Independent(arguments);
    evaluate_network(net, arguments.data(), arguments.data() + net.n_params(), f.data(), below, above);
    function_.Dependent(arguments, f);
    function_.optimize();
  }

 private:
  void begin(const double* theta) override { std::copy_n(theta, network().n_params(), at_.begin()); }

  void evaluate_row(const double* x, double* y, double* J) override {
    std::copy_n(x, network().n_inputs(), at_.begin() + network().n_params());
    const std::vector<double> f = function_.Forward(0, at_);
    std::copy(f.begin(), f.end(), y);
    for (std::size_t k = 0; J && k < f.size(); ++k, J += network().n_params()) {
      weights_[k] = 1;
      const std::vector<double> gradient = function_.Reverse(1, weights_);
      weights_[k] = 0;
      std::copy_n(gradient.begin(), network().n_params(), J);
    }
  }

  std::vector<double> at_, weights_;
  CppAD::ADFun<double> function_;
};

}  // namespace

std::unique_ptr<Evaluator> make_cppad(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<Cppad>(network, max_rows);
}

}  // namespace jacobench::peers
