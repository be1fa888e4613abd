#include "jacobench/jacobian/backward_pass.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {

BackwardPass::BackwardPass(const Perceptron& network, Index max_rows)
    : network_(network), at_inputs_(max_rows, network.n_inputs()) {
  for (const Layer& layer : network.layers()) deltas_.emplace_back(max_rows, layer.n_units);
}

void BackwardPass::run_from_output(Index k, const VectorView& theta, const ForwardPass& pass, Index n_rows,
                                   kernel::LinesBeside* beside) {
  const Index top = network_.n_layers() - 1;
  kernel::kernels().scale(1.0, pass.slope(top).column(k), deltas_.back().column(k), n_rows);
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
  if (l + 1 < network_.n_layers()) return {delta.view(), network_.weights(theta, l)};
  const Index n_inputs = network_.layer(l).n_inputs;
  return {{delta.column(start_.output), delta.view().stride},
          {network_.weights(theta, l).data() + start_.output * n_inputs, start_.n_units, n_inputs}};
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
