// Products at one point against those of the formed J and of the formed second derivatives.
#include "jacobench/jacobian/held_products.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/network/second_derivatives.hpp"

#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using testing::Scenario;

Matrix drawn_numbers(Index n, Index p, std::uint32_t number) {
  RandomStream stream(7, 0, number, RandomPurpose::simulation);
  Matrix drawn(n, p);
  for (double& each : drawn.reshaped()) each = stream.normal();
  return drawn;
}

class HeldProductsAt : public ::testing::TestWithParam<Scenario> {
 protected:
  HeldProductsAt() : s_(GetParam()), products_(s_.network, N_), J_(N_ * K_, P_) {
    find_strategy("layerwise").make(s_.network, N_, {})->evaluate(s_.theta, s_.X, {.J_y_theta = &J_});
    products_.move_to(s_.theta, s_.X);
  }

  // Sums in another order than that of the formed J: where the terms of a pre-activation cancel, they lose as much as
  // they cancel.
  void expect_close(const Matrix& got, const Matrix& want) const {
    const double size = std::max(want.cwiseAbs().maxCoeff<Eigen::PropagateNaN>(), 1.0);
    EXPECT_LE((got - want).norm(), 1e-11 * size * std::sqrt(static_cast<double>(want.size())));
  }

  const Scenario s_;
  const Index N_ = s_.X.rows(), K_ = s_.network.n_outputs(), P_ = s_.network.n_params();
  HeldProducts products_;
  Matrix J_;
};

TEST_P(HeldProductsAt, AreThoseOfTheFormedJacobian) {
  const Vector v = drawn_numbers(P_, 1, 1);
  const Matrix u = drawn_numbers(N_, K_, 2);
  Matrix J_v, J_J_t;
  Vector J_t_u;
  products_.times(v, J_v);
  expect_close(J_v.reshaped(), J_ * v);
  products_.transposed_times(u, J_t_u);
  expect_close(J_t_u, J_.transpose() * u.reshaped());
  products_.outer_gram(unit_scales(s_.network), J_J_t);
  expect_close(J_J_t, J_ * J_.transpose());
  Vector sums;
  products_.squared_columns(u.cwiseAbs(), sums);
  expect_close(sums, J_.cwiseAbs2().transpose() * u.cwiseAbs().reshaped());
  Vector column(N_ * K_);
  for (Index p = 0; p < P_; ++p) {
    products_.get_column(s_.network.place_of(p), column);
    expect_close(column, J_.col(p));
  }
}

// Scales of their own for every input, unit and bias, some of these zero.
TEST_P(HeldProductsAt, TheOuterGramTakesScalesOfItsParameters) {
  std::vector<LayerScales> scales;
  Vector S(P_);
  std::uint32_t number = 10;
  for (const Layer& layer : s_.network.layers()) {
    LayerScales its{drawn_numbers(layer.n_units, 1, number).cwiseAbs(),
                    drawn_numbers(layer.n_inputs, 1, number + 1).cwiseAbs(),
                    drawn_numbers(layer.n_units, 1, number + 2).cwiseMax(0)};
    if (!layer.has_bias()) its.biases.setZero();
    number += 3;
    for (Index i = 0; i < layer.n_units; ++i)
      for (Index j = 0; j < layer.n_inputs; ++j)
        S[layer.weights_at + i * layer.n_inputs + j] = its.units[i] * its.inputs[j];
    if (layer.has_bias()) S.segment(layer.bias_at, layer.n_units) = its.biases;
    scales.push_back(its);
  }
  Matrix J_S_J_t;
  products_.outer_gram(scales, J_S_J_t);
  expect_close(J_S_J_t, J_ * S.asDiagonal() * J_.transpose());
  Vector diagonal;
  products_.outer_diagonal(scales, diagonal);
  expect_close(diagonal, J_S_J_t.diagonal());
  // With other observations, fewer than these and than a tile.
  const Index M = std::max<Index>(N_ / 2, 1);
  HeldProducts others(s_.network, M);
  others.move_to(s_.theta, s_.X.bottomRows(M));
  Matrix J_others(M * K_, P_);
  find_strategy("layerwise")
      .make(s_.network, M, {})
      ->evaluate(s_.theta, s_.X.bottomRows(M), {.J_y_theta = &J_others});
  products_.outer_gram(others, scales, J_S_J_t);
  expect_close(J_S_J_t, J_ * S.asDiagonal() * J_others.transpose());
  // They are found again in their product.
  const auto found = scales_of(s_.network, S);
  ASSERT_TRUE(found);
  products_.outer_gram(*found, J_S_J_t);
  expect_close(J_S_J_t, J_ * S.asDiagonal() * J_.transpose());
}

// Of the sum of outputs by weights, by the weights in and out of a unit that has neither: of phi'(0) alone.
TEST_P(HeldProductsAt, IdleSecondDerivativesAreThoseOfTheFormedSum) {
  const Matrix C = drawn_numbers(N_, K_, 6);
  for (Index l = 0; l + 1 < s_.network.n_layers(); ++l) {
    if (info(s_.network.layer(l).activation).slope_jump != 0) continue;
    Vector theta = s_.theta;
    s_.network.weights(theta, l).row(0).setZero();
    if (s_.network.layer(l).has_bias()) s_.network.bias(theta, l)[0] = 0;
    s_.network.weights(theta, l + 1).col(0).setZero();
    Matrix H = Matrix::Zero(P_, P_), Q;
    SecondDerivatives(s_.network, N_).add_weighted_sum(theta, s_.X, C, H);
    products_.move_to(theta, s_.X);
    products_.set_weights(C);
    products_.idle_second_derivatives(l, Q);
    const Layer &its = s_.network.layer(l), &next = s_.network.layer(l + 1);
    Matrix want(next.n_units, its.n_inputs + 1);
    for (Index i = 0; i < want.rows(); ++i) {
      const Index out = next.weights_at + i * next.n_inputs;
      want.row(i).head(its.n_inputs) = H.row(out).segment(its.weights_at, its.n_inputs);
      want(i, its.n_inputs) = its.has_bias() ? H(out, its.bias_at) : Q(i, its.n_inputs);
    }
    expect_close(Q, want);
  }
}

TEST_P(HeldProductsAt, SecondDerivativesAreThoseOfTheFormedSum) {
  const Vector v = drawn_numbers(P_, 1, 3);
  const Matrix C = drawn_numbers(N_, K_, 4), U = drawn_numbers(N_, K_, 5);
  SecondDerivatives second(s_.network, N_);
  Matrix H = Matrix::Zero(P_, P_), J_v, along, Y_vv;
  second.add_weighted_sum(s_.theta, s_.X, C, H);
  H.triangularView<Eigen::StrictlyUpper>() = H.transpose();
  products_.times(v, J_v);
  products_.set_weights(C);
  Vector product;
  products_.second_times(v, U, product);
  expect_close(product, J_.transpose() * U.reshaped() + H * v);
  products_.along(v, along);
  second.along(s_.theta, s_.X, v, Y_vv);
  expect_close(along.reshaped(), Y_vv);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, HeldProductsAt,
                         ::testing::ValuesIn(testing::scenarios().begin(), testing::scenarios().end()),
                         [](const auto& each) { return each.param.name; });

TEST(HeldProducts, ScalesThatAreNoProductsAreNone) {
  const Perceptron network(3, {{2, Activation::tanh}, {1, Activation::identity}});
  Vector of = Vector::Ones(network.n_params());
  EXPECT_TRUE(scales_of(network, of));
  of[1] = 2;
  EXPECT_FALSE(scales_of(network, of));
  of[4] = 2;  // the same input into the other unit
  EXPECT_TRUE(scales_of(network, of));
  of[0] = 0;
  EXPECT_FALSE(scales_of(network, of));
}

}  // namespace
}  // namespace jacobench
