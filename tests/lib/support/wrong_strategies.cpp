#include "support/wrong_strategies.hpp"

#include <array>
#include <cmath>
#include <vector>

#include "jacobench/network/forward_pass.hpp"

namespace jacobench::testing {
namespace {

enum class Mistake { none, product_of_sums, slope_for_activation, transposed_weights, dropped_bias };

// Back-propagation for one observation and output at a time, summed in the order of `layerwise`.
template <Mistake mistake>
class Backward final : public Evaluator {
 public:
  Backward(const Perceptron& network, Index max_rows)
      : Evaluator(network, max_rows), pass_(network, max_rows) {}

  EvaluationCounts counts() const override { return pass_.counts(); }

 private:
  using Units = std::vector<double>;

  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    pass_.run(theta, X, 0, X.rows(), Slopes::kept);
    if (out.values) *out.values = pass_.outputs().rows(X.rows());
    for (Index k = 0; k < network().n_outputs(); ++k)
      for (Index n = 0; n < X.rows(); ++n) differentiate(theta, n, k, k * X.rows() + n, out);
  }

  void differentiate(const VectorView& theta, Index n, Index k, Index row, const Outputs& out) {
    if (out.J_y_theta) out.J_y_theta->row(row).setZero();
    Units paths(static_cast<std::size_t>(network().n_outputs()), 0.0);
    paths[static_cast<std::size_t>(k)] = 1;
    for (Index l = network().n_layers() - 1; l >= 0; --l) {
      Units delta(paths.size());
      for (std::size_t i = 0; i < paths.size(); ++i) delta[i] = slope(l, n, i) * paths[i];
      if (out.J_y_theta) fill_layer(*out.J_y_theta, row, n, l, delta);
      paths = below(theta, l, delta);
    }
    if (out.J_y_x)
      for (std::size_t d = 0; d < paths.size(); ++d) (*out.J_y_x)(row, static_cast<Index>(d)) = paths[d];
  }

  double slope(Index l, Index n, std::size_t unit) const {
    return pass_.slope(l).column(static_cast<Index>(unit))[n];
  }

  void fill_layer(Matrix& J, Index row, Index n, Index l, const Units& delta) const {
    const Layer& layer = network().layer(l);
    for (Index i = 0; i < layer.n_units; ++i) {
      const double d = delta[static_cast<std::size_t>(i)];
      for (Index j = 0; j < layer.n_inputs; ++j) {
        const bool by_slope = mistake == Mistake::slope_for_activation && l > 0;
        J(row, layer.weights_at + i * layer.n_inputs + j) =
            d * (by_slope ? pass_.slope(l - 1) : pass_.below(l)).column(j)[n];
      }
      const bool dropped = mistake == Mistake::dropped_bias && l == 0 && i == 0;
      if (layer.has_bias()) J(row, layer.bias_at + i) = dropped ? 0.0 : d;
    }
  }

  // The path sums of the units that feed layer l.
  Units below(const VectorView& theta, Index l, const Units& delta) const {
    const auto W = network().weights(theta, l);
    const bool transposed = mistake == Mistake::transposed_weights && l == first_square_layer();
    Units sums(static_cast<std::size_t>(W.cols()), 0.0);
    for (Index j = 0; j < W.cols(); ++j)
      for (Index i = 0; i < W.rows(); ++i) {
        double& sum = sums[static_cast<std::size_t>(j)];
        sum = std::fma(delta[static_cast<std::size_t>(i)], transposed ? W(j, i) : W(i, j), sum);
      }
    if constexpr (mistake == Mistake::product_of_sums) {
      double of_deltas = 0;
      for (const double d : delta) of_deltas += d;
      for (Index j = 0; j < W.cols() && l + 1 < network().n_layers(); ++j)
        sums[static_cast<std::size_t>(j)] = of_deltas * W.col(j).sum();
    }
    return sums;
  }

  Index first_square_layer() const {
    for (Index l = 1; l < network().n_layers(); ++l)
      if (network().layer(l).n_inputs == network().layer(l).n_units) return l;
    return -1;
  }

  ForwardPass pass_;
};

template <Mistake mistake>
std::unique_ptr<Evaluator> make(const Perceptron& network, Index max_rows, const StrategyOptions&) {
  return std::make_unique<Backward<mistake>>(network, max_rows);
}

template <Mistake mistake>
constexpr StrategyInfo row(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .summation = PathSummation::from_outputs,
          .default_relative_step = {},
          .numeric_promise = nullptr,
          .make = make<mistake>};
}

constexpr std::array table{
    row<Mistake::product_of_sums>("product_of_sums", "wrong: multiplies one sum a layer"),
    row<Mistake::slope_for_activation>("slope_for_activation", "wrong: phi' of the unit below for its phi"),
    row<Mistake::transposed_weights>("transposed_weights", "wrong: one square weight matrix transposed"),
    row<Mistake::dropped_bias>("dropped_bias", "wrong: one bias column left zero"),
};

constexpr StrategyInfo unspoiled =
    row<Mistake::none>("unspoiled", "right: what the wrong strategies are made from");

}  // namespace

std::span<const StrategyInfo> wrong_strategies() { return table; }

const StrategyInfo& unspoiled_strategy() { return unspoiled; }

}  // namespace jacobench::testing
