#include "jacobench/fit/live_units.hpp"

#include <cmath>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <gtest/gtest.h>

#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/network/second_derivatives.hpp"

#include "support/two_outputs.hpp"

namespace jacobench {
namespace {

using testing::TwoOutputs;

Perceptron with_activation(Activation activation) {
  return {6, {{5, activation}, {4, activation}, {2, Activation::identity}}};
}

// Takes all weights of this unit away.
void make_idle(const Perceptron& network, Index l, Index unit, Vector& theta) {
  network.weights(theta, l).row(unit).setZero();
  network.bias(theta, l)[unit] = 0;
  network.weights(theta, l + 1).col(unit).setZero();
}

TEST(LiveUnits, HaveAllThatTheWholeNetworkComputes) {
  TwoOutputs many(9);
  many.network = with_activation(Activation::tanh);
  const Vector decay = equal_decay(many.network, 0.3, DecayOf::weights_and_biases);
  for (const Index unit : {1, 3}) make_idle(many.network, 0, unit, many.theta);
  make_idle(many.network, 1, 0, many.theta);
  const UnitsByLayer kept = units_with_share(many.network, many.theta, decay, 1e-12);
  EXPECT_EQ(kept, (UnitsByLayer{{0, 2, 4}, {1, 2, 3}}));
  const LiveUnits live(many.network, kept);
  EXPECT_EQ(to_string(live.network()), "6-3-3-2");
  Residuals whole(many.network, many.data, decay), of_live(live.network(), many.data, live.of_live(decay));
  Vector r(whole.n_rows()), r_live(of_live.n_rows());
  whole.evaluate(many.theta, r.data(), nullptr);
  of_live.evaluate(live.of_live(many.theta), r_live.data(), nullptr);
  EXPECT_LE((r.head(18) - r_live.head(18)).norm(), 1e-14 * r.norm());
  EXPECT_NEAR(r.squaredNorm(), r_live.squaredNorm(), 1e-14 * r.squaredNorm());
  Vector back(many.theta.size());
  live.put(live.of_live(many.theta), back);
  EXPECT_EQ(back, many.theta);
  // Fewer again, by their places among those.
  const LiveUnits fewer(many.network, live.in_whole({{0, 2}, {1}}));
  EXPECT_EQ(to_string(fewer.network()), "6-2-1-2");
  fewer.put(fewer.of_live(many.theta), back);
  EXPECT_EQ(many.network.weights(back, 1)(2, 4), many.network.weights(many.theta, 1)(2, 4));
  EXPECT_EQ((back.array() != 0).count(), fewer.network().n_params());
}

// What units add that have nothing but a bias and weights out moves to biases that cost nothing, those of idle units
// above included; where biases have a penalty it is lost with the weights.
TEST(LiveUnits, OthersLeaveWhatTheyAddToFreeBiases) {
  TwoOutputs many(9);
  many.network = with_activation(Activation::tanh);
  for (const Index unit : {1, 3}) many.network.weights(many.theta, 0).row(unit).setZero();
  many.network.weights(many.theta, 1).row(2).setZero();
  const UnitsByLayer kept{{0, 2, 4}, {0, 1, 3}};
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector decay = equal_decay(many.network, 0.3, of);
    Vector theta = many.theta;
    make_others_idle(many.network, decay, kept, theta);
    for (const Index unit : {1, 3}) {
      EXPECT_EQ(many.network.weights(theta, 1).col(unit).norm(), 0);
      EXPECT_EQ(many.network.bias(theta, 0)[unit], 0);
    }
    EXPECT_EQ(many.network.weights(theta, 2).col(2).norm(), 0);
    Residuals residuals(many.network, many.data, decay);
    Vector before(residuals.n_rows()), after(residuals.n_rows());
    residuals.evaluate(many.theta, before.data(), nullptr);
    residuals.evaluate(theta, after.data(), nullptr);
    const double moved = (before - after).head(18).norm(), rounding = 1e-14 * before.norm();
    if (of == DecayOf::weights)
      EXPECT_LE(moved, rounding);
    else
      EXPECT_GT(moved, 1e6 * rounding);
  }
}

// Units that are not zero at 0 serve as biases, a kink has no second derivative, and what has no penalty may be large.
TEST(LiveUnits, AreAllWhereNoneCanBeIdle) {
  TwoOutputs many(9);
  const auto n_kept = [&](Activation activation, const Vector& decay) {
    const Perceptron network = with_activation(activation);
    const UnitsByLayer kept = units_with_share(network, many.theta, decay, 1e-12);
    return Matrix{{static_cast<double>(kept[0].size()), static_cast<double>(kept[1].size())}};
  };
  make_idle(many.network, 0, 2, many.theta);
  make_idle(many.network, 1, 0, many.theta);
  const Vector all = equal_decay(many.network, 0.3, DecayOf::weights_and_biases);
  Vector none_on_biases = equal_decay(many.network, 0.3, DecayOf::weights), none_on_some = all;
  EXPECT_EQ(n_kept(Activation::tanh, all), (Matrix{{4, 3}}));
  EXPECT_EQ(n_kept(Activation::tanh, none_on_biases), (Matrix{{4, 3}}));
  EXPECT_EQ(n_kept(Activation::logistic, all), (Matrix{{5, 4}}));
  EXPECT_EQ(n_kept(Activation::relu, all), (Matrix{{5, 4}}));
  many.network.bias(none_on_some, 0).setZero();
  EXPECT_EQ(n_kept(Activation::tanh, none_on_some), (Matrix{{5, 3}}));
  EXPECT_EQ(n_kept(Activation::tanh, Vector::Zero(all.size())), (Matrix{{5, 4}}));
}

// S by its formed second derivatives, weighted by the residuals that the Gauss-Newton step leaves: a unit without
// weights has the curvature 1 - strength, in units of the penalty, in one direction and no less in any.
TEST(LiveUnits, AnIdleUnitIsPulledAsTheFormedHessianSays) {
  TwoOutputs many(9);
  many.network = with_activation(Activation::tanh);
  Vector decay = equal_decay(many.network, 0.3, DecayOf::weights_and_biases);
  many.network.weights(decay, 0).col(2) *= 5;
  many.network.bias(decay, 0) *= 3;
  many.network.weights(decay, 1).row(1) *= 7;
  for (const auto& [l, unit] : {std::pair<Index, Index>{0, 3}, {1, 2}}) {
    Vector theta = many.theta;
    make_idle(many.network, l, unit, theta);
    Residuals residuals(many.network, many.data, decay);
    DualEquations dual(residuals, decay);
    ASSERT_TRUE(dual.move_to(theta));
    const std::optional<double> fall = dual.weigh_along_bent_steps();
    ASSERT_TRUE(fall);
    Vector r(residuals.n_rows());
    Matrix J(residuals.n_rows(), decay.size());
    residuals.evaluate(theta, r.data(), J.data());
    const Matrix M = J.transpose() * J;
    const Vector g = J.transpose() * r, step = -M.llt().solve(g);
    EXPECT_NEAR(*fall, -g.dot(step), 1e-10 * *fall);
    Matrix weights = (r + J * step).head(18).reshaped(9, 2);
    residuals.rows().apply_transposed(weights);
    Matrix H = Matrix::Zero(M.rows(), M.cols());
    SecondDerivatives(many.network, 9).add_weighted_sum(theta, many.data.X, weights, H);
    H = Matrix(H.selfadjointView<Eigen::Lower>());
    H += decay.asDiagonal();

    const IdlePull pull = dual.pull_on_idle(l, unit);
    Vector along = Vector::Zero(decay.size());
    many.network.weights(along, l).row(unit) = pull.in.head(pull.in.size() - 1).transpose();
    many.network.bias(along, l)[unit] = pull.in[pull.in.size() - 1];
    many.network.weights(along, l + 1).col(unit) = pull.out;
    EXPECT_NEAR(along.dot(decay.cwiseProduct(along)), 1, 1e-14);
    EXPECT_NEAR(along.dot(H * along), 1 - pull.strength, 1e-4);
    // Of the parameters of that unit alone, in the norm of the penalty.
    std::vector<Index> its;
    for (Index p = 0; p < decay.size(); ++p) {
      const ParameterPlace at = many.network.place_of(p);
      if ((at.layer == l && at.unit == unit) || (at.layer == l + 1 && at.input == unit)) its.push_back(p);
    }
    const Vector root = decay(its).cwiseSqrt().cwiseInverse();
    const Matrix scaled = root.asDiagonal() * Matrix(H(its, its)) * root.asDiagonal();
    EXPECT_NEAR(Eigen::SelfAdjointEigenSolver<Matrix>(scaled).eigenvalues()[0], 1 - pull.strength, 1e-4);
  }
}

// Units of one layer have penalties of their own.
TEST(LiveUnits, TheLeastPenalisedIsThatOfTheLeastProduct) {
  const Perceptron network = with_activation(Activation::tanh);
  Vector decay = equal_decay(network, 0.3, DecayOf::weights_and_biases);
  network.weights(decay, 0).row(1) *= 0.5;
  network.weights(decay, 1).col(3) *= 0.1;
  EXPECT_EQ(least_penalised(network, decay, 0, {0, 1, 2}), 1);
  EXPECT_EQ(least_penalised(network, decay, 0, {0, 1, 3}), 3);
}

}  // namespace
}  // namespace jacobench
