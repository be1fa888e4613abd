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

// Rows of X that are likely to be wanted next come into a core's own cache while others are computed: the lines of all
// columns, a few at a time.
class NextRows {
 public:
  NextRows(const MatrixView& X, Index first_row, Index n_rows, Index n_times)
      : column_(X.data() + first_row),
        stride_(X.outerStride()),
        n_rows_(std::min(n_rows, X.rows() - first_row)) {
    n_lines_ =
        n_rows_ > 0 ? X.cols() * kernel::round_up(n_rows_, kernel::most_lanes) / kernel::most_lanes : 0;
    n_a_time_ = (n_lines_ + n_times - 1) / n_times;
  }

  void fetch_some() {
    for (const Index left = std::max<Index>(n_lines_ - n_a_time_, 0); n_lines_ > left; --n_lines_) {
      __builtin_prefetch(column_ + row_);
      row_ += kernel::most_lanes;
      if (row_ < n_rows_) continue;
      row_ = 0;
      column_ += stride_;
    }
  }

 private:
  const double* column_;
  Index stride_, n_rows_, n_lines_, n_a_time_, row_ = 0;
};

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
    std::copy_n(x, n_again, std::copy_n(x + first_row, n_of_X, inputs_.column(d)));
  }
  const kernel::Kernels& kernels = kernel::kernels();
  const Index n_padded = kernel::round_up(n_rows, kernels.lanes);
  NextRows next(X, first_row + n_of_X, n_of_X, network_.n_hidden_units() + network_.n_outputs());
  for (Index l = 0; l < network_.n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Batch& A = activations_[static_cast<std::size_t>(l)];
    const double* b = layer.has_bias() ? network_.bias(theta, l).data() : nullptr;
    multiply_by_weights(below(l).view(), network_.weights(theta, l), b, A.buffer(), n_rows, beside);
    const kernel::ActivationKernels& phi = kernels.activations[static_cast<std::size_t>(layer.activation)];
    for (Index i = 0; i < layer.n_units; ++i) {
      double* a = A.column(i);
      double* d = slopes_[static_cast<std::size_t>(l)].column(i);
      if (slopes == Slopes::none)
        phi.value(a, a, n_padded);
      else
        phi.value_and_derivative(a, a, d, n_padded, beside);
      next.fetch_some();
    }
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
