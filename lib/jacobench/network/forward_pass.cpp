#include "jacobench/network/forward_pass.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {
namespace {

bool is_bounded(Activation phi) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double z[] = {-infinity, infinity};
  double a[2];
  info(phi).value(z, a, 2);
  return std::isfinite(a[0]) && std::isfinite(a[1]);
}

// Rows of X that are likely to be wanted next come into a core's own cache while others are computed.
void fetch(const MatrixView& X, Index first_row, Index n_rows) {
  const Index end = std::min(first_row + n_rows, X.rows());
  for (Index d = 0; d < X.cols(); ++d)
    for (Index row = first_row; row < end; row += kernel::most_lanes)
      __builtin_prefetch(X.col(d).data() + row);
}

}  // namespace

ForwardPass::ForwardPass(const Perceptron& network, Index max_rows)
    : network_(network), max_rows_(max_rows), inputs_(max_rows, network.n_inputs()) {
  for (const Layer& layer : network.layers()) {
    activations_.emplace_back(max_rows, layer.n_units);
    slopes_.emplace_back(max_rows, layer.n_units);
    may_overflow_.push_back(!is_bounded(layer.activation));
  }
  may_overflow_.back() = true;  // what is not a number below stays so up to the outputs
}

void ForwardPass::run(const VectorView& theta, const MatrixView& X, Index first_row, Index n_of_X,
                      Slopes slopes, kernel::LinesBeside* beside, Index n_again) {
  const Index n_rows = n_of_X + n_again;
  network_.expect_shapes(theta, X);
  JB_EXPECT(first_row >= 0 && n_of_X >= 0 && first_row + n_of_X <= X.rows() && n_again >= 0 &&
                n_again <= X.rows() && n_rows <= max_rows_,
            "rows {} to {} of {} and the first {}, in batches of {}", first_row, first_row + n_of_X, X.rows(),
            n_again, max_rows_);
  for (Index d = 0; d < X.cols(); ++d) {
    const double* x = X.col(d).data();
    double* const end = std::copy_n(x + first_row, n_of_X, inputs_.column(d));
    if (n_again > 0) std::copy_n(x, n_again, end);
  }
  const kernel::Kernels& kernels = kernel::kernels();
  const Index n_padded = kernel::round_up(n_rows, kernels.lanes);
  fetch(X, first_row + n_of_X, n_of_X);
  for (Index l = 0; l < network_.n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Batch& A = activations_[static_cast<std::size_t>(l)];
    const double* b = layer.has_bias() ? network_.bias(theta, l).data() : nullptr;
    multiply_by_weights(below(l).view(), network_.weights(theta, l), b, A.buffer(), n_rows, beside);
    const kernel::ActivationKernels& phi = kernels.activations[static_cast<std::size_t>(layer.activation)];
    Batch& D = slopes_[static_cast<std::size_t>(l)];
    if (slopes == Slopes::kept)
      phi.of_batch({.A = A.buffer(),
                    .D = D.buffer(),
                    .n_columns = layer.n_units,
                    .n_rows = n_padded,
                    .beside = beside});
    else
      for (Index i = 0; i < layer.n_units; ++i) phi.value(A.column(i), A.column(i), n_padded);
    counts_.layers += n_rows;
    counts_.activations += n_rows * layer.n_units;
    if (slopes == Slopes::kept) counts_.slopes += n_rows * layer.n_units;
  }
  find_overflows(theta, n_rows);
}

void ForwardPass::find_overflows(const VectorView& theta, Index n_rows) {
  overflowing_.clear();
  for (std::size_t l = 0; l < activations_.size(); ++l)
    if (may_overflow_[l]) append_overflowing_rows(activations_[l].rows(n_rows), 0, overflowing_);
  std::sort(overflowing_.begin(), overflowing_.end());
  overflowing_.erase(std::unique(overflowing_.begin(), overflowing_.end()), overflowing_.end());
  for (const Index n : overflowing_) {
    const WideRow row(network_, theta, inputs_.rows(n_rows).row(n).transpose());
    for (Index k = 0; k < network_.n_outputs(); ++k) activations_.back().column(k)[n] = row.value(k);
  }
}

Index rows_per_batch(Index n_columns, Index n_rows, Index cache_bytes) {
  const Index fitting = cache_bytes / static_cast<Index>(sizeof(double)) / n_columns;
  return std::min(std::max<Index>(n_rows, 1), std::clamp<Index>(fitting / 32 * 32, 32, 1024));
}

Matrix evaluate(const Perceptron& network, const VectorView& theta, const MatrixView& X) {
  network.expect_shapes(theta, X);
  ForwardPass pass(network, rows_per_batch(2 * network.widest_layer(), X.rows()));
  Matrix Y(X.rows(), network.n_outputs());
  for (Index row = 0; row < X.rows(); row += pass.max_rows()) {
    const Index n_rows = std::min(pass.max_rows(), X.rows() - row);
    pass.run(theta, X, row, n_rows, Slopes::none);
    Y.middleRows(row, n_rows) = pass.outputs().rows(n_rows);
  }
  return Y;
}

}  // namespace jacobench
