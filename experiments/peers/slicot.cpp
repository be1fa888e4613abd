// SLICOT's NF01BY, written by hand in Fortran: the Jacobian of one output of a layer of tanh units, all observations
// at once. It writes into J; of its order (weights, output weights, biases) the last two are then exchanged.
// Source: SLICOT Library Documentation, NF01BY
#include "jacobench/base/errors.hpp"

#include "peers/peers.hpp"

extern "C" void nf01by_(const char* cjte, const int* n_samples, const int* n_inputs, const int* n_outputs,
                        const int* n_neurons, const int* n_ipar, const double* wb, const int* n_wb,
                        const double* Z, const int* stride_Z, const double* e, double* J, const int* stride_J,
                        double* J_t_e, double* work, const int* n_work, int* info, std::size_t);

namespace jacobench::peers {
namespace {

class Slicot final : public Evaluator {
 public:
  Slicot(const Perceptron& net, Index max_rows)
      : Evaluator(net, max_rows), wb_(net.n_params()), biases_(max_rows, net.layer(0).n_units) {}

  EvaluationCounts counts() const override { return counts_; }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    if (out.values) *out.values = jacobench::evaluate(network(), theta, X);
    counts_.layers += X.rows() * network().n_layers();
    if (!out.J_y_theta) return;
    const Index n = network().layer(0).n_units, n_weights = network().layer(0).n_weights();
    wb_ << theta.head(n_weights), theta.segment(n_weights + n, n), theta.segment(n_weights, n), theta.tail(1);
    const int n_samples = static_cast<int>(X.rows()), n_inputs = static_cast<int>(X.cols()), one = 1,
              n_neurons = static_cast<int>(n), n_wb = static_cast<int>(wb_.size()),
              stride_X = static_cast<int>(X.outerStride()),
              stride_J = static_cast<int>(out.J_y_theta->rows());
    double unused = 0;
    int info = 0;
    nf01by_("N", &n_samples, &n_inputs, &one, &n_neurons, &one, wb_.data(), &n_wb, X.data(), &stride_X,
            &unused, out.J_y_theta->data(), &stride_J, &unused, &unused, &one, &info, 1);
    JB_EXPECT(info == 0, "NF01BY refuses its argument {}", -info);
    auto biases = biases_.topRows(X.rows());
    biases = out.J_y_theta->middleCols(n_weights + n, n);
    out.J_y_theta->middleCols(n_weights + n, n) = out.J_y_theta->middleCols(n_weights, n);
    out.J_y_theta->middleCols(n_weights, n) = biases;
  }

  Vector wb_;
  Matrix biases_;
  EvaluationCounts counts_;
};

}  // namespace

std::unique_ptr<Evaluator> make_slicot(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<Slicot>(network, max_rows);
}

}  // namespace jacobench::peers
