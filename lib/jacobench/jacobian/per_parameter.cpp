#include "jacobench/jacobian/per_parameter.hpp"

#include "jacobench/jacobian/overflow.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/network/forward_pass.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {
namespace {

class PerParameter final : public Evaluator {
 public:
  PerParameter(const Perceptron& network, Index max_rows)
      : Evaluator(network, max_rows), pass_(network, max_rows) {
    for (const Layer& layer : network.layers()) tangents_.emplace_back(max_rows, layer.n_units);
  }

  EvaluationCounts counts() const override { return pass_.counts(); }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    const Index n_rows = X.rows();
    pass_.run(theta, X, 0, n_rows, out.J_y_theta || out.J_y_x ? Slopes::kept : Slopes::none);
    if (out.values) *out.values = pass_.outputs().rows(n_rows);
    if (out.J_y_theta)
      for (Index p = 0; p < network().n_params(); ++p) {
        start_at_parameter(p, n_rows);
        push_up_from(network().place_of(p).layer, theta, n_rows);
        out.J_y_theta->col(p) = tangents_.back().rows(n_rows).reshaped();
      }
    if (out.J_y_x)
      for (Index d = 0; d < network().n_inputs(); ++d) {
        start_at_input(d, theta, n_rows);
        push_up_from(0, theta, n_rows);
        out.J_y_x->col(d) = tangents_.back().rows(n_rows).reshaped();
      }
    rewrite_overflowing(theta, X, out);
  }

  void rewrite_overflowing(const VectorView& theta, const MatrixView& X, const Outputs& out) {
    if (!out.J_y_theta && !out.J_y_x) return;
    std::vector<Index> rows = pass_.overflowing();
    for (const Matrix* J : {out.J_y_theta, out.J_y_x})
      if (J) append_overflowing_rows(*J, 0, rows);
    for (Index& row : rows) row %= X.rows();
    rewrite_rows(network(), theta, X, rows, out);
  }

  // dA of the parameter's own layer: A_{l-1}(:, j), or 1 for a bias, times the slope, in the column of its unit; zero
  // elsewhere.
  void start_at_parameter(Index p, Index n_rows) {
    const ParameterPlace place = network().place_of(p);
    auto dA = tangent(place.layer).rows(n_rows);
    dA.setZero();
    const auto slope = pass_.slope(place.layer).rows(n_rows).col(place.unit);
    if (place.is_bias())
      dA.col(place.unit) = slope;
    else
      dA.col(place.unit) = pass_.below(place.layer).rows(n_rows).col(place.input).cwiseProduct(slope);
  }

  // dA of the first layer: its weights from the input, times the slopes.
  void start_at_input(Index d, const VectorView& theta, Index n_rows) {
    const auto weights = network().weights(theta, 0).col(d).transpose().array();
    tangent(0).rows(n_rows) = (pass_.slope(0).rows(n_rows).array().rowwise() * weights).matrix();
  }

  // From dA of layer l to dA of the outputs.
  void push_up_from(Index l, const VectorView& theta, Index n_rows) {
    const auto product = kernel::kernels().product;
    for (Index above = l + 1; above < network().n_layers(); ++above) {
      multiply_by_weights(tangent(above - 1).view(), network().weights(theta, above), nullptr,
                          tangent(above).buffer(), n_rows);
      for (Index i = 0; i < network().layer(above).n_units; ++i)
        product(tangent(above).column(i), pass_.slope(above).column(i), tangent(above).column(i), n_rows);
    }
  }

  Batch& tangent(Index l) { return tangents_[static_cast<std::size_t>(l)]; }

  ForwardPass pass_;
  std::vector<Batch> tangents_;  // dZ, then dA, of each layer
};

}  // namespace

std::unique_ptr<Evaluator> make_per_parameter(const Perceptron& network, Index max_rows,
                                              const StrategyOptions&) {
  return std::make_unique<PerParameter>(network, max_rows);
}

}  // namespace jacobench
