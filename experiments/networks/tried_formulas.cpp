#include "networks/tried_formulas.hpp"

#include <array>
#include <vector>

namespace jacobench::harness {
namespace {

class ProductOfSums final : public Evaluator {
 public:
  ProductOfSums(const Perceptron& network, Index max_rows) : Evaluator(network, max_rows) {}

  EvaluationCounts counts() const override { return counts_; }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    run_forward(theta, X);
    if (out.values) *out.values = A_.back();
    for (Index k = 0; (out.J_y_theta || out.J_y_x) && k < network().n_outputs(); ++k) run_down(theta, k, out);
  }

  void run_forward(const VectorView& theta, const MatrixView& X) {
    A_.assign(1, X);
    slopes_.clear();
    for (Index l = 0; l < network().n_layers(); ++l) {
      const Layer& layer = network().layer(l);
      Matrix Z = A_.back() * network().weights(theta, l).transpose();
      if (layer.has_bias()) Z.rowwise() += network().bias(theta, l).transpose();
      Matrix A(Z.rows(), Z.cols()), slopes(Z.rows(), Z.cols());
      info(layer.activation).value_and_derivative(Z.data(), A.data(), slopes.data(), Z.size());
      A_.push_back(std::move(A));
      slopes_.push_back(std::move(slopes));
      counts_ = counts_ + EvaluationCounts{X.rows(), X.rows() * layer.n_units, X.rows() * layer.n_units};
    }
  }

  // Output k, from the last layer down.
  void run_down(const VectorView& theta, Index k, const Outputs& out) {
    const Index N = A_.front().rows(), last = network().n_layers() - 1;
    Matrix d = Matrix::Zero(N, network().n_outputs());
    d.col(k) = slope(last).col(k);
    for (Index l = last; l >= 0; --l) {
      if (out.J_y_theta) fill_layer(*out.J_y_theta, l, k, d);
      const auto W = network().weights(theta, l);
      const Matrix below =
          l == last ? Matrix(d.col(k) * W.row(k)) : Matrix(d.rowwise().sum() * W.colwise().sum());
      if (l > 0)
        d = slope(l - 1).cwiseProduct(below);
      else if (out.J_y_x)
        out.J_y_x->middleRows(k * N, N) = below;
    }
  }

  void fill_layer(Matrix& J, Index l, Index k, const Matrix& d) const {
    const Layer& layer = network().layer(l);
    const Matrix& below = A_[static_cast<std::size_t>(l)];
    const Index N = below.rows();
    for (Index i = 0; i < layer.n_units; ++i) {
      for (Index j = 0; j < layer.n_inputs; ++j)
        J.col(layer.weights_at + i * layer.n_inputs + j).segment(k * N, N) =
            below.col(j).cwiseProduct(d.col(i));
      if (layer.has_bias()) J.col(layer.bias_at + i).segment(k * N, N) = d.col(i);
    }
  }

  const Matrix& slope(Index l) const { return slopes_[static_cast<std::size_t>(l)]; }

  std::vector<Matrix> A_, slopes_;  // A_0 = X first
  EvaluationCounts counts_;
};

std::unique_ptr<Evaluator> make_product_of_sums(const Perceptron& network, Index max_rows,
                                                const StrategyOptions&) {
  return std::make_unique<ProductOfSums>(network, max_rows);
}

constexpr std::array table{
    StrategyInfo{.name = "product_of_sums",
                 .summary = "wrong: one sum over the units of each layer, and the sums multiplied",
                 .summation = PathSummation::differences,
                 .default_relative_step = {},
                 .numeric_promise = nullptr,
                 .make = make_product_of_sums},
};

}  // namespace

std::span<const StrategyInfo> tried_formula_table() { return table; }

bool is_on_trial(const StrategyInfo& strategy) {
  return strategy.summation == PathSummation::differences && !strategy.numeric_promise;
}

Matrix product_of_sums_jacobian(const Perceptron& network, const VectorView& theta, const MatrixView& X) {
  Matrix J(X.rows() * network.n_outputs(), network.n_params());
  ProductOfSums(network, X.rows()).evaluate(theta, X, {.J_y_theta = &J});
  return J;
}

}  // namespace jacobench::harness
