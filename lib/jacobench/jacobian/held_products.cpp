#include "jacobench/jacobian/held_products.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"
#include "jacobench/kernel/blas.hpp"
#include "jacobench/kernel/kernels.hpp"

namespace jacobench {
namespace {

constexpr Index tile = 128;  // rows and columns; three tiles stay in a core's own cache

void mirror_lower_triangle(Matrix& M) { M.triangularView<Eigen::StrictlyUpper>() = M.transpose(); }

// W_l row by row is W_l' column by column.
Eigen::Map<const Matrix> transposed_weights(const Layer& layer, const VectorView& of) {
  return {of.data() + layer.weights_at, layer.n_inputs, layer.n_units};
}

// The entries of one number of a layer that a diagonal matrix has, in the form of LayerScales; those of biases may be
// zero.
std::optional<LayerScales> scales_of_layer(const Layer& layer, const Vector& of) {
  const Eigen::Map<const Matrix> weights = transposed_weights(layer, of);
  if (!(weights.array() > 0).all()) return {};
  LayerScales scales{weights.row(0) / weights(0, 0), weights.col(0), Vector::Zero(layer.n_units)};
  if (layer.has_bias()) scales.biases = of.segment(layer.bias_at, layer.n_units);
  constexpr double rounding = 16 * unit_roundoff;
  const Matrix product = scales.inputs * scales.units.transpose();
  if (!((product - weights).array().abs() <= rounding * weights.array()).all()) return {};
  return scales;
}

// What a bias has over what a weight from 1 has, where that is the same for all units.
std::optional<double> share_of_biases(const LayerScales& scales) {
  const double share = scales.biases[0] / scales.units[0];
  const auto difference = (scales.biases - share * scales.units).array().abs();
  if (!(difference <= 4 * unit_roundoff * scales.biases.array()).all()) return {};
  return share;
}

}  // namespace

std::vector<LayerScales> unit_scales(const Perceptron& network) {
  std::vector<LayerScales> scales;
  for (const Layer& layer : network.layers())
    scales.push_back({Vector::Ones(layer.n_units), Vector::Ones(layer.n_inputs),
                      Vector::Constant(layer.n_units, layer.has_bias() ? 1 : 0)});
  return scales;
}

std::optional<std::vector<LayerScales>> scales_of(const Perceptron& network, const Vector& of) {
  network.expect_shapes(of);
  std::vector<LayerScales> scales;
  for (const Layer& layer : network.layers()) {
    const std::optional<LayerScales> its = scales_of_layer(layer, of);
    if (!its) return {};
    scales.push_back(*its);
  }
  return scales;
}

HeldProducts::HeldProducts(const Perceptron& network, Index max_rows, Index n_threads)
    : network_(network),
      max_rows_(max_rows),
      products_(n_threads),
      forward_(network, max_rows),
      units_(static_cast<std::size_t>(network.n_layers() + 1)),
      of_activations_(tile, tile),
      of_deltas_(tile, tile) {
  for (Units& units : units_) {
    units.delta.resize(static_cast<std::size_t>(network.n_outputs()));
    units.scaled_delta.resize(units.delta.size());
  }
}

// G = delta W_l, that of the layer below.
void HeldProducts::go_down(Index l, const Matrix& delta, Matrix& G) {
  G.resize(N_, network_.layer(l).n_inputs);
  products_.multiply_by_transposed(delta, transposed_weights(network_.layer(l), theta_), G);
}

// Z = A_{l-1} W' + 1 b' with the weights and biases of `of`.
void HeldProducts::set_affine(Index l, const VectorView& of, Matrix& Z) {
  const Layer& layer = network_.layer(l);
  Z.resize(N_, layer.n_units);
  products_.multiply(below(l).A, transposed_weights(layer, of), Z);
  if (layer.has_bias()) Z.rowwise() += network_.bias(of, l).transpose();
}

void HeldProducts::move_to(const VectorView& theta, const MatrixView& X) {
  network_.expect_shapes(theta, X);
  JB_EXPECT(X.rows() <= max_rows_, "X has {} rows, prepared for {}", X.rows(), max_rows_);
  N_ = X.rows();
  theta_ = theta;
  units_.front().A = X;
  forward_.run(theta, X, 0, N_, Slopes::kept);
  for (Index l = 0; l < n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    set_affine(l, theta, its.A);
    its.slope.resize(N_, layer.n_units);
    its.bend.resize(N_, layer.n_units);
    info(layer.activation).all(its.A.data(), its.A.data(), its.slope.data(), its.bend.data(), its.A.size());
    its.A = forward_.activation(l).rows(N_);
    its.slope = forward_.slope(l).rows(N_);
  }
  const Index top = n_layers() - 1;
  for (std::size_t k = 0; k < units_.back().delta.size(); ++k) {
    const auto output = static_cast<Index>(k);
    above(top).delta[k] = above(top).slope.col(output);
    for (Index l = top; l > 0; --l) {
      Matrix& delta = below(l).delta[k];
      if (l == top)
        delta.noalias() = above(l).delta[k] * network_.weights(theta, l).row(output);
      else
        go_down(l, above(l).delta[k], delta);
      delta.array() *= below(l).slope.array();
    }
  }
}

void HeldProducts::outer_gram(const std::vector<LayerScales>& scales, Matrix& J_S_J_t) {
  outer_gram(*this, scales, J_S_J_t);
  mirror_lower_triangle(J_S_J_t);
}

void HeldProducts::scale_deltas(Index l, const Vector& roots) {
  Units& its = above(l);
  for (std::size_t k = 0; k < its.delta.size(); ++k)
    if (l == n_layers() - 1)
      its.scaled_delta[k] = its.delta[k] * roots[static_cast<Index>(k)];
    else
      its.scaled_delta[k] = its.delta[k] * roots.asDiagonal();
}

// With itself, the lower triangle.
void HeldProducts::outer_gram(HeldProducts& others, const std::vector<LayerScales>& scales, Matrix& J_S_J_t) {
  JB_EXPECT(static_cast<Index>(scales.size()) == n_layers(), "scales of {} layers for {}", scales.size(),
            n_layers());
  const bool is_own = &others == this;
  const Index K = network_.n_outputs(), M = others.N_, top = n_layers() - 1;
  const auto add_product = kernel::kernels().add_product;
  J_S_J_t.setZero(N_ * K, M * K);
  for (Index l = 0; l < n_layers(); ++l) {
    const LayerScales& its = scales[static_cast<std::size_t>(l)];
    const std::optional<double> share = share_of_biases(its);
    for (HeldProducts* each : {this, &others})
      each->below(l).scaled_A = each->below(l).A * its.inputs.cwiseSqrt().asDiagonal();
    const Matrix &A_left = below(l).scaled_A, &A_right = others.below(l).scaled_A;
    // Of units, and then, where they have scales of their own, of biases.
    for (const bool of_biases : {false, true}) {
      if (of_biases && share) continue;
      const Vector roots = (of_biases ? its.biases : its.units).cwiseSqrt();
      for (HeldProducts* each : {this, &others}) each->scale_deltas(l, roots);
      // Tile by tile, of the product with itself those of the lower triangle; of a pair of equal outputs only tiles on
      // and below the diagonal.
      for (Index j = 0; j < M; j += tile)
        for (Index i = is_own && K == 1 ? j : 0; i < N_; i += tile) {
          const Index m = std::min(tile, N_ - i), n = std::min(tile, M - j);
          const bool is_symmetric = is_own && K == 1 && i == j;
          auto A = of_activations_.topLeftCorner(m, n);
          auto D = of_deltas_.topLeftCorner(m, n);
          if (!of_biases) {
            if (is_symmetric)
              blas::multiply_by_own_transposed(A_left.middleRows(i, m), A);
            else
              blas::multiply_by_transposed(A_left.middleRows(i, m), A_right.middleRows(j, n), A);
            A.array() += share.value_or(0);
          }
          for (Index k = 0; k < K; ++k)
            for (Index q = 0; q < (is_own ? k + 1 : K); ++q) {
              if ((l == top && q != k) || (is_own && q == k && i < j)) continue;
              const Matrix &left = above(l).scaled_delta[static_cast<std::size_t>(k)],
                           &right = others.above(l).scaled_delta[static_cast<std::size_t>(q)];
              if (is_symmetric)
                blas::multiply_by_own_transposed(left.middleRows(i, m), D);
              else
                blas::multiply_by_transposed(left.middleRows(i, m), right.middleRows(j, n), D);
              auto sum = J_S_J_t.block(k * N_ + i, q * M + j, m, n);
              if (of_biases)
                sum += D;
              else
                for (Index c = 0; c < n; ++c) add_product(&A(0, c), &D(0, c), &sum(0, c), m);
            }
        }
    }
  }
}

void HeldProducts::outer_diagonal(const std::vector<LayerScales>& scales, Vector& diagonal) const {
  JB_EXPECT(static_cast<Index>(scales.size()) == n_layers(), "scales of {} layers for {}", scales.size(),
            n_layers());
  const Index K = network_.n_outputs(), top = n_layers() - 1;
  diagonal.setZero(N_ * K);
  for (Index l = 0; l <= top; ++l) {
    const LayerScales& its = scales[static_cast<std::size_t>(l)];
    const Vector of_inputs = units_[static_cast<std::size_t>(l)].A.cwiseAbs2() * its.inputs;
    for (Index k = 0; k < K; ++k) {
      const Matrix& delta = above(l).delta[static_cast<std::size_t>(k)];
      // The only delta of an output is its own.
      const Index first = l == top ? k : 0, n = delta.cols();
      diagonal.segment(k * N_, N_) +=
          (delta.cwiseAbs2() * its.units.segment(first, n)).cwiseProduct(of_inputs) +
          delta.cwiseAbs2() * its.biases.segment(first, n);
    }
  }
}

void HeldProducts::squared_columns(const MatrixView& u, Vector& sums) {
  sums.setZero(network_.n_params());
  const Index top = n_layers() - 1;
  for (Index l = 0; l <= top; ++l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    its.d_delta.setZero(N_, layer.n_units);
    for (Index k = 0; k < u.cols(); ++k) {
      const Matrix& delta = its.delta[static_cast<std::size_t>(k)];
      its.d_delta.middleCols(l == top ? k : 0, delta.cols()) += u.col(k).asDiagonal() * delta.cwiseAbs2();
    }
    Eigen::Map<Matrix> of_weights(sums.data() + layer.weights_at, layer.n_inputs, layer.n_units);
    products_.add_transposed_product(below(l).A.cwiseAbs2(), its.d_delta, of_weights);
    if (layer.has_bias())
      sums.segment(layer.bias_at, layer.n_units) = its.d_delta.colwise().sum().transpose();
  }
}

void HeldProducts::get_column(const ParameterPlace& at, Eigen::Ref<Vector> column) const {
  for (Index k = 0; k < network_.n_outputs(); ++k) {
    const Matrix& delta = above(at.layer).delta[static_cast<std::size_t>(k)];
    auto rows = column.segment(k * N_, N_);
    if (at.layer < n_layers() - 1)
      rows = delta.col(at.unit);
    else if (k == at.unit)
      rows = delta.col(0);
    else
      rows.setZero();
    if (!at.is_bias()) rows.array() *= units_[static_cast<std::size_t>(at.layer)].A.col(at.input).array();
  }
}

void HeldProducts::times(const VectorView& v, Matrix& J_v) {
  network_.expect_shapes(v);
  for (Index l = 0; l < n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    set_affine(l, v, its.dZ);
    if (l > 0) products_.add_product(below(l).dA, transposed_weights(layer, theta_), its.dZ);
    its.dA = its.slope.cwiseProduct(its.dZ);
  }
  J_v = units_.back().dA;
}

void HeldProducts::transposed_times(const MatrixView& u, Vector& J_t_u) {
  JB_EXPECT(u.rows() == N_ && u.cols() == network_.n_outputs(), "u is {} x {}, want {} x {}", u.rows(),
            u.cols(), N_, network_.n_outputs());
  J_t_u.setZero(network_.n_params());
  for (Index l = 0; l < n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    if (l == n_layers() - 1) {
      its.d_delta = its.slope.cwiseProduct(u);
    } else {
      its.d_delta = u.col(0).asDiagonal() * its.delta[0];
      for (Index k = 1; k < u.cols(); ++k)
        its.d_delta += u.col(k).asDiagonal() * its.delta[static_cast<std::size_t>(k)];
    }
    Eigen::Map<Matrix> to_weights(J_t_u.data() + layer.weights_at, layer.n_inputs, layer.n_units);
    products_.add_transposed_product(below(l).A, its.d_delta, to_weights);
    if (layer.has_bias())
      J_t_u.segment(layer.bias_at, layer.n_units) = its.d_delta.colwise().sum().transpose();
  }
}

void HeldProducts::set_weights(const MatrixView& C) {
  JB_EXPECT(C.rows() == N_ && C.cols() == network_.n_outputs(), "C is {} x {}, want {} x {}", C.rows(),
            C.cols(), N_, network_.n_outputs());
  units_.back().G = C;
  for (Index l = n_layers() - 1; l >= 0; --l) {
    Units& its = above(l);
    its.weighted_delta = its.slope.cwiseProduct(its.G);
    if (l > 0) go_down(l, its.weighted_delta, below(l).G);
  }
}

void HeldProducts::second_times(const VectorView& v, const MatrixView& U, Vector& sum) {
  sum.setZero(network_.n_params());
  units_.back().dG = U;
  for (Index l = n_layers() - 1; l >= 0; --l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    Matrix& d_delta = its.d_delta;
    d_delta = its.bend.cwiseProduct(its.dZ).cwiseProduct(its.G) + its.slope.cwiseProduct(its.dG);
    Eigen::Map<Matrix> to_weights(sum.data() + layer.weights_at, layer.n_inputs, layer.n_units);
    products_.add_transposed_product(below(l).A, d_delta, to_weights);
    if (layer.has_bias()) sum.segment(layer.bias_at, layer.n_units) = d_delta.colwise().sum().transpose();
    if (l == 0) return;
    products_.add_transposed_product(below(l).dA, its.weighted_delta, to_weights);
    go_down(l, d_delta, below(l).dG);
    below(l).second.resize(N_, layer.n_inputs);
    products_.multiply_by_transposed(its.weighted_delta, transposed_weights(layer, v), below(l).second);
    below(l).dG += below(l).second;
  }
}

void HeldProducts::idle_second_derivatives(Index l, Matrix& Q) const {
  const Matrix &A = units_[static_cast<std::size_t>(l)].A, &delta = above(l + 1).weighted_delta;
  double zero = 0, value = 0, slope = 0;
  info(network_.layer(l).activation).value_and_derivative(&zero, &value, &slope, 1);
  Q.setZero(delta.cols(), A.cols() + 1);
  products_.add_transposed_product(delta, A, Q.leftCols(A.cols()));
  Q.col(A.cols()) = delta.colwise().sum().transpose();
  Q *= slope;
}

// Of the series in t at theta + t v, dA is the coefficient of t, and `second` that of t^2.
void HeldProducts::along(const VectorView& v, Matrix& Y_vv) {
  network_.expect_shapes(v);
  for (Index l = 0; l < n_layers(); ++l) {
    const Layer& layer = network_.layer(l);
    Units& its = above(l);
    its.second.resize(N_, layer.n_units);
    if (l == 0) {
      its.second.setZero();
    } else {
      products_.multiply(below(l).dA, transposed_weights(layer, v), its.second);
      products_.add_product(below(l).second, transposed_weights(layer, theta_), its.second);
      its.second.array() *= its.slope.array();
    }
    its.second += 0.5 * its.bend.cwiseProduct(its.dZ.cwiseAbs2());
  }
  Y_vv = 2 * units_.back().second;
}

}  // namespace jacobench
