#include "jacobench/network/forward_pass.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "support/scenarios.hpp"

namespace jacobench {
namespace {

using testing::Scenario;
using testing::scenarios;

class ForwardPassEveryScenario : public ::testing::TestWithParam<Scenario> {};

// One observation, unit and weight at a time, by the chain of fused multiply-adds of batch_product.hpp and
// the value of the activation alone: the whole pass is to give the same bits.
Vector naive_outputs(const Perceptron& network, const Vector& theta, const Matrix& X, Index n) {
  Vector below = X.row(n).transpose();
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    Vector above(layer.n_units);
    for (Index i = 0; i < layer.n_units; ++i) {
      double z = layer.has_bias() ? theta[layer.bias_at + i] : 0.0;
      for (Index j = 0; j < layer.n_inputs; ++j)
        z = std::fma(below[j], theta[layer.weights_at + i * layer.n_inputs + j], z);
      info(layer.activation).value(&z, &above[i], 1);
    }
    below = above;
  }
  return below;
}

TEST_P(ForwardPassEveryScenario, OutputsAreThoseOfNaiveLoops) {
  const Scenario& s = GetParam();
  const Matrix Y = evaluate(s.network, s.theta, s.X);
  ASSERT_EQ(Y.rows(), s.X.rows());
  ASSERT_EQ(Y.cols(), s.network.n_outputs());
  for (Index n = 0; n < s.X.rows(); ++n)
    ASSERT_EQ(Vector(Y.row(n).transpose()), naive_outputs(s.network, s.theta, s.X, n)) << "observation " << n;
}

TEST_P(ForwardPassEveryScenario, SlopesChangeNoValueAndAreThoseOfTheActivation) {
  const Scenario& s = GetParam();
  ForwardPass pass(s.network, s.X.rows());
  pass.run(s.theta, s.X, 0, s.X.rows(), Slopes::kept);
  ASSERT_EQ(Matrix(pass.outputs().rows(s.X.rows())), evaluate(s.network, s.theta, s.X));
  for (Index l = 0; l < s.network.n_layers(); ++l)
    for (Index n = 0; n < s.X.rows(); ++n) {
      // z again, from the layer below
      const Layer& layer = s.network.layer(l);
      for (Index i = 0; i < layer.n_units; ++i) {
        double z = layer.has_bias() ? s.theta[layer.bias_at + i] : 0.0, a = 0, d = 0;
        for (Index j = 0; j < layer.n_inputs; ++j)
          z = std::fma(pass.below(l).column(j)[n], s.network.weights(s.theta, l)(i, j), z);
        info(layer.activation).value_and_derivative(&z, &a, &d, 1);
        ASSERT_EQ(pass.activation(l).column(i)[n], a);
        ASSERT_EQ(pass.slope(l).column(i)[n], d);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Each, ForwardPassEveryScenario,
                         ::testing::ValuesIn(scenarios().begin(), scenarios().end()),
                         [](const auto& test) { return test.param.name; });

class ForwardPassOf : public ::testing::Test {
 protected:
  const Scenario& s_ = testing::scenario("mixed_activations");
};

TEST_F(ForwardPassOf, APartOfTheRowsGivesTheBitsOfThoseRows) {
  const Matrix Y = evaluate(s_.network, s_.theta, s_.X);
  for (Index max_rows : {1, 2, 3, 5, 8, 64})
    for (Index first = 0; first < s_.X.rows(); ++first)
      for (Index count = 1; count <= std::min(max_rows, s_.X.rows() - first); ++count) {
        ForwardPass pass(s_.network, max_rows);
        pass.run(s_.theta, s_.X, first, count, Slopes::kept);
        ASSERT_EQ(Matrix(pass.outputs().rows(count)), Matrix(Y.middleRows(first, count)));
      }
}

TEST_F(ForwardPassOf, TheFirstRowsMayComeAgainAfterTheOthers) {
  const Index N = s_.X.rows();
  const Matrix Y = evaluate(s_.network, s_.theta, s_.X);
  ForwardPass pass(s_.network, 5);
  pass.run(s_.theta, s_.X, N - 2, 2, Slopes::kept, nullptr, 3);
  EXPECT_EQ(Matrix(pass.outputs().rows(5).topRows(2)), Matrix(Y.bottomRows(2)));
  EXPECT_EQ(Matrix(pass.outputs().rows(5).bottomRows(3)), Matrix(Y.topRows(3)));
}

// What an earlier, longer batch has left in the padding must not matter.
TEST_F(ForwardPassOf, ANanInOneObservationStaysThere) {
  ForwardPass pass(s_.network, 8);
  Matrix X = s_.X;
  X.row(3).setConstant(std::nan(""));
  pass.run(s_.theta, X, 0, 8, Slopes::kept);
  const Matrix Y = evaluate(s_.network, s_.theta, s_.X);
  for (Index n = 0; n < 8; ++n) EXPECT_EQ(pass.outputs().rows(8).row(n).array().isNaN().any(), n == 3);
  pass.run(s_.theta, s_.X, 0, 2, Slopes::kept);
  EXPECT_EQ(Matrix(pass.outputs().rows(2)), Matrix(Y.topRows(2)));
}

TEST_F(ForwardPassOf, WrongShapesAreBrokenPreconditions) {
  ForwardPass pass(s_.network, 4);
  const Vector short_theta = s_.theta.head(s_.theta.size() - 1);
  EXPECT_THROW(pass.run(short_theta, s_.X, 0, 4, Slopes::none), std::logic_error);
  EXPECT_THROW(pass.run(s_.theta, Matrix::Zero(8, 2), 0, 4, Slopes::none), std::logic_error);
  EXPECT_THROW(pass.run(s_.theta, s_.X, 0, 5, Slopes::none), std::logic_error);  // more than max_rows
  EXPECT_THROW(pass.run(s_.theta, s_.X, 5, 4, Slopes::none), std::logic_error);  // past the end
  EXPECT_THROW(pass.run(s_.theta, s_.X, -1, 2, Slopes::none), std::logic_error);
  EXPECT_THROW(pass.run(s_.theta, s_.X, 0, -1, Slopes::none), std::logic_error);
  EXPECT_THROW(pass.run(s_.theta, s_.X, 4, 3, Slopes::none, nullptr, 2), std::logic_error);
  EXPECT_NO_THROW(pass.run(s_.theta, s_.X, 4, 4, Slopes::none));
}

TEST_F(ForwardPassOf, CountsLayersAndActivationsOfEachObservation) {
  ForwardPass pass(s_.network, 8);
  pass.run(s_.theta, s_.X, 0, 8, Slopes::none);
  pass.run(s_.theta, s_.X, 2, 3, Slopes::kept);
  EXPECT_EQ(pass.counts().layers, 11 * 5);
  EXPECT_EQ(pass.counts().activations, 11 * (5 + 4 + 4 + 3 + 2));
  EXPECT_EQ(pass.counts().slopes, 3 * (5 + 4 + 4 + 3 + 2));
}

TEST(Evaluate, NoObservationsGiveNoRows) {
  const Scenario& s = testing::scenario("several_outputs");
  const Matrix Y = evaluate(s.network, s.theta, Matrix(0, 3));
  EXPECT_EQ(Y.rows(), 0);
  EXPECT_EQ(Y.cols(), 4);
}

TEST(RowsPerBatch, FillTheCacheAndNoMore) {
  EXPECT_EQ(rows_per_batch(10, 5), 5);
  EXPECT_EQ(rows_per_batch(10, 0), 1);
  EXPECT_EQ(rows_per_batch(1, 1000000), 1024);
  EXPECT_EQ(rows_per_batch(1000000, 1000000), 32);
  for (Index columns : {200, 1000, 3000}) {
    const Index rows = rows_per_batch(columns, 1000000, 1 << 20);
    EXPECT_LE(rows * columns * 8, 1 << 20) << columns;
    EXPECT_GT((rows + 32) * columns * 8, 1 << 20) << columns;
  }
}

}  // namespace
}  // namespace jacobench
