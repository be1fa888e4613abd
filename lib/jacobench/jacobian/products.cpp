#include "jacobench/jacobian/products.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"
#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/jacobian/held_products.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

void copy_lower_to_upper(Matrix& M) { M.triangularView<Eigen::StrictlyUpper>() = M.transpose(); }

}  // namespace

Index rows_in_block(const Perceptron& network, Index max_rows) {
  constexpr Index doubles_in_cache = (Index{4} << 20) / static_cast<Index>(sizeof(double));
  const Index fitting = doubles_in_cache / (network.n_params() * network.n_outputs());
  return std::clamp<Index>(max_rows, 1, std::clamp<Index>(fitting, 32, 256));
}

// The passes over a block of rows that times and transposed_times work on.
struct JacobianProducts::BlockPasses {
  BlockPasses(const Perceptron& network, Index n_rows) : forward(network, n_rows), backward(network, n_rows) {
    for (const Layer& layer : network.layers()) tangents.emplace_back(n_rows, layer.n_units);
  }

  ForwardPass forward;
  BackwardPass backward;
  std::vector<Batch> tangents;  // dZ, then dA, of each layer
};

JacobianProducts::JacobianProducts(const Perceptron& network, Index max_rows, const JacobianChoice& jacobian)
    : network_(network),
      max_rows_(max_rows),
      block_rows_(rows_in_block(network, max_rows)),
      evaluator_(make_evaluator(jacobian, network, block_rows_)),
      passes_(std::make_unique<BlockPasses>(network, block_rows_)) {}

JacobianProducts::~JacobianProducts() = default;
JacobianProducts::JacobianProducts(JacobianProducts&&) noexcept = default;

void JacobianProducts::expect_shapes(const VectorView& theta, const MatrixView& X) const {
  network_.expect_shapes(theta, X);
  JB_EXPECT(X.rows() <= max_rows_, "X has {} rows, prepared for {}", X.rows(), max_rows_);
}

// Returns the number of rows in a block.
Index JacobianProducts::start_blocks(const VectorView& theta, const MatrixView& X) {
  expect_shapes(theta, X);
  const Index n_evaluated = std::min(block_rows_, X.rows());
  block_.resize(n_evaluated * network_.n_outputs(), network_.n_params());
  return n_evaluated;
}

// Returns how many of the block's first rows were in the block before.
Index JacobianProducts::evaluate_block(const VectorView& theta, const MatrixView& X, Index row,
                                       Matrix* values) {
  const Index n_evaluated = block_.rows() / network_.n_outputs();
  if (n_held_ == n_evaluated && n_held_ == X.rows()) return 0;
  const Index first = std::min(row, X.rows() - n_evaluated);
  evaluator_->evaluate(theta, X.middleRows(first, n_evaluated), {.values = values, .J_y_theta = &block_});
  return row - first;
}

void JacobianProducts::hold(const VectorView& theta, const MatrixView& X, Matrix& values) {
  values.resize(X.rows(), network_.n_outputs());
  n_held_ = 0;
  if (X.rows() == 0) return;
  const Index n_evaluated = start_blocks(theta, X);
  if (n_evaluated == X.rows()) {
    evaluate_block(theta, X, 0, &values);
    n_held_ = X.rows();
    return;
  }
  values_.resize(n_evaluated, network_.n_outputs());
  for (Index row = 0; row < X.rows(); row += n_evaluated) {
    const Index first = std::min(row, X.rows() - n_evaluated);
    evaluator_->evaluate(theta, X.middleRows(first, n_evaluated), {.values = &values_});
    values.middleRows(first, n_evaluated) = values_;
  }
}

void JacobianProducts::row_tangent_forms(const VectorView& theta, const MatrixView& X, const Matrix& T,
                                         const Matrix& M, Matrix& variance) {
  JB_EXPECT(
      T.rows() == network_.n_params() && (M.size() == 0 || (M.rows() == T.cols() && M.cols() == T.cols())),
      "T is {} x {}, M {} x {}", T.rows(), T.cols(), M.rows(), M.cols());
  const auto add_product = kernel::kernels().add_product;
  variance.setZero(X.rows(), network_.n_outputs());
  product_.resize(std::min(block_rows_, X.rows()), T.cols());
  if (M.size() > 0) second_product_.resize(product_.rows(), M.cols());
  for_each_block(theta, X, [&](const MatrixView& J, Index k, Index row) {
    auto J_T = product_.topRows(J.rows());
    blas::multiply(J, T, J_T);
    if (M.size() > 0) blas::multiply_symmetric(J_T, M, second_product_.topRows(J.rows()));
    const Matrix& other = M.size() > 0 ? second_product_ : product_;
    for (Index p = 0; p < T.cols(); ++p)
      add_product(product_.col(p).data(), other.col(p).data(), &variance(row, k), J.rows());
  });
}

void JacobianProducts::gram(const VectorView& theta, const MatrixView& X, Matrix& J_t_J) {
  J_t_J.setZero(network_.n_params(), network_.n_params());
  for_each_block(theta, X, [&](const MatrixView& J, Index, Index) { blas::add_gram(J, J_t_J); });
  copy_lower_to_upper(J_t_J);
}

void JacobianProducts::gram(const VectorView& theta, const MatrixView& X, const MatrixView& r, Matrix& J_t_J,
                            Vector& J_t_r) {
  JB_EXPECT(r.rows() == X.rows() && r.cols() == network_.n_outputs(), "r is {} x {}, want {} x {}", r.rows(),
            r.cols(), X.rows(), network_.n_outputs());
  J_t_J.setZero(network_.n_params(), network_.n_params());
  J_t_r.setZero(network_.n_params());
  for_each_block(theta, X, [&](const MatrixView& J, Index k, Index row) {
    blas::add_gram(J, J_t_J);
    J_t_r.noalias() += J.transpose() * r.col(k).segment(row, J.rows());
  });
  copy_lower_to_upper(J_t_J);
}

void JacobianProducts::outer_gram(const VectorView& theta, const MatrixView& X,
                                  const std::vector<LayerScales>& scales, Matrix& J_S_J_t) {
  expect_shapes(theta, X);
  if (!all_rows_) all_rows_ = std::make_unique<HeldProducts>(network_, max_rows_);
  all_rows_->move_to(theta, X);
  all_rows_->outer_gram(scales, J_S_J_t);
  if (J_S_J_t.allFinite()) return;
  // Doubles overflow on the way: J has what a double can hold (jacobian/overflow.hpp).
  Matrix J(X.rows() * network_.n_outputs(), network_.n_params());
  for_each_block(theta, X, [&](const MatrixView& block, Index k, Index row) {
    J.middleRows(k * X.rows() + row, block.rows()) = block;
  });
  Vector S(network_.n_params());
  for (Index p = 0; p < network_.n_params(); ++p) {
    const ParameterPlace place = network_.place_of(p);
    const LayerScales& its = scales[static_cast<std::size_t>(place.layer)];
    S[p] = place.is_bias() ? its.biases[place.unit] : its.units[place.unit] * its.inputs[place.input];
  }
  J_S_J_t = J * S.asDiagonal() * J.transpose();
}

void JacobianProducts::times(const VectorView& theta, const MatrixView& X, const VectorView& v, Matrix& J_v) {
  expect_shapes(theta, X);
  JB_EXPECT(v.size() == network_.n_params(), "v has {} entries, want {}", v.size(), network_.n_params());
  J_v.resize(X.rows(), network_.n_outputs());
  const auto product = kernel::kernels().product;
  for (Index row = 0; row < X.rows(); row += block_rows_) {
    const Index n = std::min(block_rows_, X.rows() - row);
    passes_->forward.run(theta, X, row, n, Slopes::kept);
    for (Index l = 0; l < network_.n_layers(); ++l) {
      Batch& tangent = passes_->tangents[static_cast<std::size_t>(l)];
      const double* v_b = network_.layer(l).has_bias() ? network_.bias(v, l).data() : nullptr;
      multiply_by_weights(passes_->forward.below(l).view(), network_.weights(v, l), v_b, tangent.buffer(), n);
      if (l > 0)
        add_product_with_weights(passes_->tangents[static_cast<std::size_t>(l - 1)].view(),
                                 network_.weights(theta, l), tangent.buffer(), n);
      for (Index i = 0; i < network_.layer(l).n_units; ++i)
        product(tangent.column(i), passes_->forward.slope(l).column(i), tangent.column(i), n);
    }
    J_v.middleRows(row, n) = passes_->tangents.back().rows(n);
  }
  if (J_v.allFinite()) return;
  for_each_block(theta, X, [&](const MatrixView& J, Index k, Index row) {
    J_v.col(k).segment(row, J.rows()).noalias() = J * v;
  });
}

void JacobianProducts::transposed_times(const VectorView& theta, const MatrixView& X, const MatrixView& u,
                                        Vector& J_t_u) {
  expect_shapes(theta, X);
  JB_EXPECT(u.rows() == X.rows() && u.cols() == network_.n_outputs(), "u is {} x {}, want {} x {}", u.rows(),
            u.cols(), X.rows(), network_.n_outputs());
  J_t_u.setZero(network_.n_params());
  for (Index row = 0; row < X.rows(); row += block_rows_) {
    const Index n = std::min(block_rows_, X.rows() - row);
    passes_->forward.run(theta, X, row, n, Slopes::kept);
    passes_->backward.run_from(u.middleRows(row, n), theta, passes_->forward, n);
    for (Index l = 0; l < network_.n_layers(); ++l) {
      const Layer& layer = network_.layer(l);
      // W_l row by row is W_l' column by column: d W_l' = A_{l-1}' delta_l.
      Eigen::Map<Matrix> to_weights(J_t_u.data() + layer.weights_at, layer.n_inputs, layer.n_units);
      blas::add_transposed_product(passes_->forward.below(l).rows(n), passes_->backward.delta(l).rows(n),
                                   to_weights);
      if (layer.has_bias())
        J_t_u.segment(layer.bias_at, layer.n_units) +=
            passes_->backward.delta(l).rows(n).colwise().sum().transpose();
    }
  }
  if (J_t_u.allFinite()) return;
  J_t_u.setZero();
  for_each_block(theta, X, [&](const MatrixView& J, Index k, Index row) {
    J_t_u.noalias() += J.transpose() * u.col(k).segment(row, J.rows());
  });
}

}  // namespace jacobench
