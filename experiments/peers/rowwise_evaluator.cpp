#include "peers/rowwise_evaluator.hpp"

#include <algorithm>

namespace jacobench::peers {
namespace {

constexpr Index rows_in_block = 32;

}  // namespace

RowwiseEvaluator::RowwiseEvaluator(const Perceptron& network, Index max_rows)
    : Evaluator(network, max_rows),
      theta_(network.n_params()),
      x_(network.n_inputs()),
      y_(network.n_outputs()),
      block_(rows_in_block * network.n_outputs(), network.n_params()) {}

void RowwiseEvaluator::compute(const VectorView& theta, const MatrixView& X, const Outputs& out) {
  theta_ = theta;
  begin(theta_.data());
  const Index N = X.rows(), K = network().n_outputs();
  for (Index first = 0; first < N; first += rows_in_block) {
    const Index n = std::min(rows_in_block, N - first);
    for (Index i = 0; i < n; ++i) {
      x_ = X.row(first + i);
      evaluate_row(x_.data(), y_.data(), out.J_y_theta ? block_.row(i * K).data() : nullptr);
      if (out.values) out.values->row(first + i) = y_;
    }
    if (!out.J_y_theta) continue;
    for (Index k = 0; k < K; ++k)
      for (Index p = 0; p < network().n_params(); ++p)
        for (Index i = 0; i < n; ++i) (*out.J_y_theta)(k * N + first + i, p) = block_(i * K + k, p);
  }
  counts_.layers += N * network().n_layers() * (out.J_y_theta ? evaluations() : 1);
}

}  // namespace jacobench::peers
