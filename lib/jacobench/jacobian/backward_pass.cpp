#include "jacobench/jacobian/backward_pass.hpp"

#include "jacobench/base/errors.hpp"

namespace jacobench {

BackwardPass::BackwardPass(const Perceptron& network, Index max_rows)
    : network_(network), at_inputs_(max_rows, network.n_inputs()) {
  for (const Layer& layer : network.layers()) deltas_.emplace_back(max_rows, layer.n_units);
}

void BackwardPass::run_from_output(Index k, const VectorView& theta, const ForwardPass& pass, Index n_rows,
                                   kernel::LinesBeside* beside) {
  const Index top = network_.n_layers() - 1;
  deltas_.back().rows(n_rows).col(k) = pass.slope(top).rows(n_rows).col(k);
  // The sum over the units of the top layer has one term: output k.
  start_ = {.output = k, .n_units = 1};
  run_below_top(theta, pass, n_rows, beside);
}

void BackwardPass::run_from(const MatrixView& U, const VectorView& theta, const ForwardPass& pass,
                            Index n_rows) {
  const Index top = network_.n_layers() - 1;
  JB_EXPECT(U.rows() == n_rows && U.cols() == network_.n_outputs(), "U is {} x {}, want {} x {}", U.rows(),
            U.cols(), n_rows, network_.n_outputs());
  deltas_.back().rows(n_rows) = pass.slope(top).rows(n_rows).cwiseProduct(U);
  start_ = {.output = 0, .n_units = network_.n_outputs()};
  run_below_top(theta, pass, n_rows, nullptr);
}

// What goes down from layer(l): all its units, or of the top layer those that the pass started from.
BackwardPass::Step BackwardPass::step_below(Index l, const VectorView& theta) const {
  const Batch& delta = deltas_[static_cast<std::size_t>(l)];
  const auto W = network_.weights(theta, l);
  if (l + 1 < network_.n_layers()) return {delta.view(), W};
  return {{delta.column(start_.output), delta.view().stride},
          {W.data() + start_.output * W.cols(), start_.n_units, W.cols()}};
}

void BackwardPass::run_below_top(const VectorView& theta, const ForwardPass& pass, Index n_rows,
                                 kernel::LinesBeside* beside) {
  for (Index l = network_.n_layers() - 1; l > 0; --l) {
    const Step step = step_below(l, theta);
    multiply_by_weights_transposed(step.delta, step.weights, pass.slope(l - 1).view(),
                                   deltas_[static_cast<std::size_t>(l - 1)].buffer(), n_rows, beside);
  }
}

const Batch& BackwardPass::run_to_inputs(const VectorView& theta, Index n_rows) {
  const Step step = step_below(0, theta);
  multiply_by_weights_transposed(step.delta, step.weights, {}, at_inputs_.buffer(), n_rows);
  return at_inputs_;
}

}  // namespace jacobench
