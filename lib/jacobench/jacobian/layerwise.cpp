#include "jacobench/jacobian/layerwise.hpp"

#include <algorithm>
#include <utility>

#include "jacobench/jacobian/column_fill.hpp"

namespace jacobench {
namespace {

Index widest_layer(const Perceptron& network) {
  Index widest = network.n_inputs();
  for (const Layer& layer : network.layers()) widest = std::max(widest, layer.n_units);
  return widest;
}

Index n_workspace_columns(const Perceptron& network) {
  Index n = network.n_inputs() + 2 * widest_layer(network);
  for (const Layer& layer : network.layers()) n += 2 * layer.n_units;
  return n;
}

class Layerwise final : public Evaluator {
 public:
  Layerwise(const Perceptron& network, Index max_rows, const StrategyOptions& options)
      : Evaluator(network, max_rows),
        direction_(options.direction),
        batch_rows_(rows_per_batch(n_workspace_columns(network), max_rows)),
        pass_(network, batch_rows_),
        current_(batch_rows_, widest_layer(network)),
        next_(batch_rows_, widest_layer(network)) {}

  EvaluationCounts counts() const override { return pass_.counts(); }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    stores_ = stores_for(out.J_y_theta ? out.J_y_theta->size() * static_cast<Index>(sizeof(double)) : 0);
    const Slopes slopes = out.J_y_theta || out.J_y_x ? Slopes::kept : Slopes::none;
    const bool backward = goes_backward(out);
    for (Index row = 0; row < X.rows(); row += batch_rows_) {
      const Rows rows{.first = row, .count = std::min(batch_rows_, X.rows() - row), .of = X.rows()};
      pass_.run(theta, X, rows.first, rows.count, slopes);
      if (out.values) out.values->middleRows(rows.first, rows.count) = pass_.outputs().rows(rows.count);
      if (out.J_y_theta || (out.J_y_x && backward))
        for (Index k = 0; k < network().n_outputs(); ++k)
          go_backward(theta, rows, k, out.J_y_theta, backward ? out.J_y_x : nullptr);
      if (out.J_y_x && !backward)
        for (Index d = 0; d < network().n_inputs(); ++d) go_forward(theta, rows, d, *out.J_y_x);
    }
    finish_stores(stores_);
  }

  // The rows of X in this batch.
  struct Rows {
    Index first;
    Index count;
    Index of;
  };

  bool goes_backward(const Outputs& out) const {
    if (direction_ != Direction::cheaper) return direction_ == Direction::backward;
    return out.J_y_theta || cheaper_input_direction(network()) == Direction::backward;
  }

  // One output's deltas from the top down, each layer's columns of J_y_theta filled on the way; then delta_1
  // W_1.
  void go_backward(const VectorView& theta, const Rows& rows, Index k, Matrix* J_y_theta, Matrix* J_y_x) {
    const Index top = network().n_layers() - 1;
    const Index first_row = k * rows.of + rows.first;
    const auto slope_of_output = pass_.slope(top).rows(rows.count).col(k);
    if (J_y_theta) {
      zero_other_outputs(*J_y_theta, first_row, rows.count, k);
      fill_unit(*J_y_theta, first_row, rows.count, top, k, pass_.slope(top).column(k));
    }
    // The sum over the units of the top layer has one term: output k.
    const auto weights_into_output = network().weights(theta, top).row(k);
    if (top == 0) {
      if (J_y_x) J_y_x->middleRows(first_row, rows.count).noalias() = slope_of_output * weights_into_output;
      return;
    }
    current_.rows(rows.count).leftCols(network().layer(top).n_inputs).noalias() =
        slope_of_output * weights_into_output;
    for (Index l = top - 1; l >= 0; --l) {
      const Layer& layer = network().layer(l);
      auto delta = current_.rows(rows.count).leftCols(layer.n_units);
      delta.array() *= pass_.slope(l).rows(rows.count).array();
      if (J_y_theta)
        for (Index i = 0; i < layer.n_units; ++i)
          fill_unit(*J_y_theta, first_row, rows.count, l, i, current_.column(i));
      if (l == 0 && !J_y_x) return;
      multiply_by_weights_transposed(current_.view(), network().weights(theta, l), next_.buffer(),
                                     rows.count);
      std::swap(current_, next_);
    }
    J_y_x->middleRows(first_row, rows.count) = current_.rows(rows.count).leftCols(network().n_inputs());
  }

  // The columns of all parameters that lead into unit i of layer l.
  void fill_unit(Matrix& J_y_theta, Index first_row, Index n_rows, Index l, Index i, const double* delta) {
    const Layer& layer = network().layer(l);
    const Index first_column = layer.weights_at + i * layer.n_inputs;
    for (Index j = 0; j < layer.n_inputs; ++j)
      fill_product(delta, pass_.below(l).column(j), &J_y_theta(first_row, first_column + j), n_rows, stores_);
    if (layer.has_bias()) fill_copy(delta, &J_y_theta(first_row, layer.bias_at + i), n_rows, stores_);
  }

  // Output k does not depend on the parameters that lead into the other outputs.
  void zero_other_outputs(Matrix& J_y_theta, Index first_row, Index n_rows, Index k) {
    const Layer& top = network().layers().back();
    for (Index i = 0; i < top.n_units; ++i) {
      if (i == k) continue;
      for (Index j = 0; j < top.n_inputs; ++j)
        fill_zero(&J_y_theta(first_row, top.weights_at + i * top.n_inputs + j), n_rows, stores_);
      if (top.has_bias()) fill_zero(&J_y_theta(first_row, top.bias_at + i), n_rows, stores_);
    }
  }

  // One input's sensitivities from the identity up: S_1 = phi_1' o W_1(:, d), S_l = phi_l' o (S_{l-1} W_l').
  void go_forward(const VectorView& theta, const Rows& rows, Index d, Matrix& J_y_x) {
    const Layer& bottom = network().layer(0);
    current_.rows(rows.count).leftCols(bottom.n_units) =
        pass_.slope(0).rows(rows.count).array().rowwise() *
        network().weights(theta, 0).col(d).transpose().array();
    for (Index l = 1; l < network().n_layers(); ++l) {
      multiply_by_weights(current_.view(), network().weights(theta, l), nullptr, next_.buffer(), rows.count);
      next_.rows(rows.count).leftCols(network().layer(l).n_units).array() *=
          pass_.slope(l).rows(rows.count).array();
      std::swap(current_, next_);
    }
    for (Index k = 0; k < network().n_outputs(); ++k)
      J_y_x.col(d).segment(k * rows.of + rows.first, rows.count) = current_.rows(rows.count).col(k);
  }

  const Direction direction_;
  Stores stores_ = Stores::ordinary;
  const Index batch_rows_;
  ForwardPass pass_;
  Batch current_, next_;  // delta on the way down, S on the way up
};

}  // namespace

Direction cheaper_input_direction(const Perceptron& network) {
  // A pass over all layers costs the same either way but for its first step, which is a product with one
  // column: the bottom layer going up, the top layer going down.
  Index n_weights = 0;
  for (const Layer& layer : network.layers()) n_weights += layer.n_weights();
  const Index up = network.n_inputs() * (n_weights - network.layers().front().n_weights());
  const Index down = network.n_outputs() * (n_weights - network.layers().back().n_weights());
  return up < down ? Direction::forward : Direction::backward;
}

std::unique_ptr<Evaluator> make_layerwise(const Perceptron& network, Index max_rows,
                                          const StrategyOptions& options) {
  return std::make_unique<Layerwise>(network, max_rows, options);
}

}  // namespace jacobench
