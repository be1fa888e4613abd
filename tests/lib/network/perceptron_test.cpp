#include "jacobench/network/perceptron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jacobench {
namespace {

Perceptron two_three_two() { return Perceptron(2, {{3, Activation::tanh}, {2, Activation::identity}}); }

// 2-3-2 with biases, written out: the order in which PyTorch flattens Linear(2, 3), Linear(3, 2).
TEST(OrderOfTheta, IsWeightsRowByRowThenBiasLayerByLayer) {
  const Perceptron network = two_three_two();
  const ParameterPlace written_out[] = {{0, 0, 0},  {0, 0, 1},  {0, 1, 0},  {0, 1, 1},  {0, 2, 0}, {0, 2, 1},
                                        {0, 0, -1}, {0, 1, -1}, {0, 2, -1}, {1, 0, 0},  {1, 0, 1}, {1, 0, 2},
                                        {1, 1, 0},  {1, 1, 1},  {1, 1, 2},  {1, 0, -1}, {1, 1, -1}};
  ASSERT_EQ(network.n_params(), 17);
  for (Index p = 0; p < 17; ++p) {
    const ParameterPlace place = network.place_of(p);
    EXPECT_EQ(place.layer, written_out[p].layer) << "parameter " << p;
    EXPECT_EQ(place.unit, written_out[p].unit) << "parameter " << p;
    EXPECT_EQ(place.input, written_out[p].input) << "parameter " << p;
    EXPECT_EQ(place.is_bias(), written_out[p].input < 0);
  }
}

TEST(OrderOfTheta, WeightsAndBiasAreWhereTheirPlacesAre) {
  const Perceptron network(3, {{4, Activation::tanh, Bias::none},
                               {2, Activation::relu},
                               {5, Activation::sin, Bias::none},
                               {1, Activation::identity}});
  ASSERT_EQ(network.n_params(), 12 + 8 + 2 + 10 + 5 + 1);
  const Vector theta = Vector::LinSpaced(network.n_params(), 0, static_cast<double>(network.n_params() - 1));
  Index n_seen = 0;
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    const auto W = network.weights(theta, l);
    const auto b = network.bias(theta, l);
    ASSERT_EQ(W.rows(), layer.n_units);
    ASSERT_EQ(W.cols(), layer.n_inputs);
    ASSERT_EQ(b.size(), layer.has_bias() ? layer.n_units : 0);
    for (Index i = 0; i < layer.n_units; ++i)
      for (Index j = 0; j < layer.n_inputs; ++j, ++n_seen) {
        const auto p = static_cast<Index>(W(i, j));
        EXPECT_EQ(p, layer.weights_at + i * layer.n_inputs + j);
        const ParameterPlace place = network.place_of(p);
        EXPECT_TRUE(place.layer == l && place.unit == i && place.input == j) << "parameter " << p;
      }
    for (Index i = 0; i < b.size(); ++i, ++n_seen) {
      const auto p = static_cast<Index>(b[i]);
      EXPECT_EQ(p, layer.bias_at + i);
      const ParameterPlace place = network.place_of(p);
      EXPECT_TRUE(place.layer == l && place.unit == i && place.is_bias()) << "parameter " << p;
    }
  }
  EXPECT_EQ(n_seen, network.n_params());
}

TEST(OrderOfTheta, WhatIsWrittenThroughAViewStandsInItsPlace) {
  const Perceptron network = two_three_two();
  Vector theta = Vector::Zero(network.n_params());
  network.weights(theta, 1)(1, 2) = 5;
  network.bias(theta, 0)[2] = 7;
  for (Index p = 0; p < theta.size(); ++p) EXPECT_EQ(theta[p], p == 14 ? 5 : p == 8 ? 7 : 0) << p;
}

std::string complaint_of(const Perceptron& network, const Vector& theta, const Matrix& X) {
  try {
    network.expect_shapes(theta, X);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "none";
}

TEST(Perceptron, SaysWhatWasPassedAndWhatIsWanted) {
  const Perceptron network = two_three_two();
  EXPECT_EQ(complaint_of(network, Vector::Zero(17), Matrix::Zero(5, 2)), "none");
  EXPECT_THAT(complaint_of(network, Vector::Zero(16), Matrix::Zero(5, 2)),
              ::testing::HasSubstr(
                  "theta has 16 entries and X is 5 x 2; the network 2-3-2 has 17 parameters and 2 inputs"));
  EXPECT_THAT(complaint_of(network, Vector::Zero(17), Matrix::Zero(2, 5)),
              ::testing::HasSubstr("X is 2 x 5"));
  EXPECT_NO_THROW(network.expect_shapes(Vector::Zero(17)));
  EXPECT_THROW(network.expect_shapes(Vector::Zero(18)), std::logic_error);
}

TEST(Perceptron, KnowsItsSizes) {
  const Perceptron network = two_three_two();
  EXPECT_EQ(network.n_inputs(), 2);
  EXPECT_EQ(network.n_outputs(), 2);
  EXPECT_EQ(network.n_layers(), 2);
  EXPECT_EQ(network.n_hidden_units(), 3);
  EXPECT_EQ(to_string(network), "2-3-2");
  EXPECT_EQ(Perceptron(5, {{1, Activation::tanh}}).n_hidden_units(), 0);
}

TEST(Perceptron, RefusesShapesThatAreNone) {
  EXPECT_THROW(Perceptron(0, {{1, Activation::tanh}}), std::logic_error);
  EXPECT_THROW(Perceptron(-1, {{1, Activation::tanh}}), std::logic_error);
  EXPECT_THROW(Perceptron(2, {}), std::logic_error);
  EXPECT_THROW(Perceptron(2, {{1, Activation::tanh}, {0, Activation::identity}}), std::logic_error);
  EXPECT_THROW(Perceptron(2, {{-3, Activation::tanh}}), std::logic_error);
  EXPECT_THROW(two_three_two().place_of(-1), std::logic_error);
  EXPECT_THROW(two_three_two().place_of(17), std::logic_error);
}

class DrawnParameters : public ::testing::Test {
 protected:
  static Vector draw(const Perceptron& network, double scale, std::uint64_t seed) {
    RandomStream stream(seed, 1, 0, RandomPurpose::parameters);
    return draw_parameters(network, scale, stream);
  }
};

TEST_F(DrawnParameters, AreTheSameForTheSameStreamAndProportionalToTheScale) {
  const Perceptron network = two_three_two();
  EXPECT_EQ(draw(network, 1, 9), draw(network, 1, 9));
  EXPECT_NE(draw(network, 1, 9), draw(network, 1, 10));
  EXPECT_EQ(draw(network, 4, 9), 4 * draw(network, 1, 9));
}

// The variance of n normal draws of variance s^2 is s^2 up to 5 of its standard deviations, s^2 sqrt(2 / n);
// their mean is 0 up to 5 s / sqrt(n).
TEST_F(DrawnParameters, HaveTheStatedVariances) {
  const double scale = 3;
  const Perceptron network(50,
                           {{400, Activation::tanh}, {1000, Activation::tanh}, {900, Activation::identity}});
  const Vector theta = draw(network, scale, 4);
  const auto expect_normal = [](const auto& draws, double sd) {
    const auto n = static_cast<double>(draws.size());
    EXPECT_NEAR(draws.mean(), 0, 5 * sd / std::sqrt(n));
    EXPECT_NEAR(draws.squaredNorm() / n, sd * sd, 5 * sd * sd * std::sqrt(2 / n));
  };
  for (Index l = 0; l < network.n_layers(); ++l) {
    const Layer& layer = network.layer(l);
    expect_normal(theta.segment(layer.weights_at, layer.n_weights()),
                  scale / std::sqrt(static_cast<double>(layer.n_inputs)));
    expect_normal(network.bias(theta, l), scale / 2);
  }
}

TEST(Perceptron, UniformLayersAreHiddenOnesOfOneKindBelowTheOutputs) {
  const Perceptron network = make_perceptron({.n_inputs = 3,
                                              .hidden = {5, 4},
                                              .n_outputs = 2,
                                              .activation = Activation::tanh,
                                              .output_activation = Activation::logistic,
                                              .bias = Bias::none});
  EXPECT_EQ(to_string(network), "3-5-4-2");
  EXPECT_EQ(network.n_params(), 3 * 5 + 5 * 4 + 4 * 2);
  EXPECT_EQ(network.layer(0).activation, Activation::tanh);
  EXPECT_EQ(network.layer(1).activation, Activation::tanh);
  EXPECT_EQ(network.layer(2).activation, Activation::logistic);
  const Perceptron linear =
      make_perceptron({.n_inputs = 3, .hidden = {}, .n_outputs = 1, .activation = Activation::tanh});
  EXPECT_EQ(linear.n_params(), 4);
  EXPECT_EQ(linear.layer(0).activation, Activation::identity);
}

}  // namespace
}  // namespace jacobench
