#include "jacobench/network/second_derivatives.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"

namespace jacobench {

namespace {

// W_l' for the parameters in `direction`: row by row is column by column of the transposed.
Eigen::Map<const Matrix> transposed_weights(const Perceptron& network, const VectorView& direction, Index l) {
  const auto W = network.weights(direction, l);
  return {W.data(), W.cols(), W.rows()};
}

// A_below W' + 1 b' for the parameters of layer l in `direction`.
Matrix product_with(const Perceptron& network, const VectorView& direction, Index l, const Matrix& below) {
  Matrix Z(below.rows(), network.layer(l).n_units);
  blas::multiply(below, transposed_weights(network, direction, l), Z);
  if (network.layer(l).has_bias()) Z.rowwise() += network.bias(direction, l).transpose();
  return Z;
}

std::size_t at(Index l) { return static_cast<std::size_t>(l); }

}  // namespace

SecondDerivatives::SecondDerivatives(const Perceptron& network, const VectorView& theta, const MatrixView& X)
    : network_(network), theta_(theta), X_(X) {
  JB_EXPECT(theta.size() == network.n_params() && X.cols() == network.n_inputs(),
            "theta has {} entries and X {} columns, the network is {}", theta.size(), X.cols(),
            to_string(network));
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Matrix Z = product_with(network_, theta_, l, below(l));
    Matrix A(Z.rows(), Z.cols()), slope(Z.rows(), Z.cols()), bend(Z.rows(), Z.cols());
    info(network.layer(l).activation).all(Z.data(), A.data(), slope.data(), bend.data(), Z.size());
    A_.push_back(std::move(A));
    slope_.push_back(std::move(slope));
    bend_.push_back(std::move(bend));
  }
}

SecondDerivatives::Tangents SecondDerivatives::tangents(const VectorView& direction) const {
  Tangents all{direction, {}, {}};
  for (Index l = 0; l < network_.n_layers(); ++l) {
    Matrix Z = product_with(network_, direction, l, below(l));
    if (l > 0) blas::add_product(all.A.back(), transposed_weights(network_, theta_, l), Z);
    all.A.push_back(slope_[at(l)].cwiseProduct(Z));
    all.Z.push_back(std::move(Z));
  }
  return all;
}

Matrix SecondDerivatives::along(const Tangents& u, const Tangents& v) const {
  Matrix A_uv = bend_[0].array() * u.Z[0].array() * v.Z[0].array();
  for (Index l = 1; l < network_.n_layers(); ++l) {
    Matrix Z_uv(A_uv.rows(), network_.layer(l).n_units);
    blas::multiply(A_uv, transposed_weights(network_, theta_, l), Z_uv);
    blas::add_product(u.A[at(l - 1)], transposed_weights(network_, v.direction, l), Z_uv);
    blas::add_product(v.A[at(l - 1)], transposed_weights(network_, u.direction, l), Z_uv);
    A_uv =
        bend_[at(l)].array() * u.Z[at(l)].array() * v.Z[at(l)].array() + slope_[at(l)].array() * Z_uv.array();
  }
  return A_uv;
}

Matrix SecondDerivatives::weighted_sum(const MatrixView& C) const {
  JB_EXPECT(C.rows() == X_.rows() && C.cols() == network_.n_outputs(), "C is {} x {}, want {} x {}", C.rows(),
            C.cols(), X_.rows(), network_.n_outputs());
  std::vector<Matrix> G(at(network_.n_layers()));
  G.back() = C;
  for (Index l = network_.n_layers() - 1; l > 0; --l)
    G[at(l - 1)] = slope_[at(l)].cwiseProduct(G[at(l)]) * network_.weights(theta_, l);
  Matrix H(theta_.size(), theta_.size());
  for (Index p = 0; p < H.cols(); ++p) H.col(p) = column_of_sum(Vector::Unit(H.cols(), p), G);
  return (H + H.transpose()) / 2;
}

Vector SecondDerivatives::column_of_sum(const VectorView& direction, const std::vector<Matrix>& G) const {
  const Tangents dot = tangents(direction);
  Vector column(theta_.size());
  Matrix G_dot = Matrix::Zero(X_.rows(), network_.n_outputs());
  for (Index l = network_.n_layers() - 1; l >= 0; --l) {
    const Layer& layer = network_.layer(l);
    const Matrix delta = slope_[at(l)].cwiseProduct(G[at(l)]);
    const Matrix delta_dot =
        bend_[at(l)].cwiseProduct(dot.Z[at(l)]).cwiseProduct(G[at(l)]) + slope_[at(l)].cwiseProduct(G_dot);
    Eigen::Map<RowMajorMatrix> weights(column.data() + layer.weights_at, layer.n_units, layer.n_inputs);
    weights = delta_dot.transpose() * below(l);
    if (l > 0) weights += delta.transpose() * dot.A[at(l - 1)];
    if (layer.has_bias()) column.segment(layer.bias_at, layer.n_units) = delta_dot.colwise().sum();
    if (l > 0) G_dot = delta_dot * network_.weights(theta_, l) + delta * network_.weights(direction, l);
  }
  return column;
}

}  // namespace jacobench
