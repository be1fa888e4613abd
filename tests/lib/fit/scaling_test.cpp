// Standardised and unstandardised, a network is the same function.
#include "jacobench/fit/scaling.hpp"

#include <gtest/gtest.h>

#include "jacobench/network/forward_pass.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using testing::all_above;
using testing::all_at_most;
using testing::all_within;

using enum Activation;

struct Shape {
  std::string name;
  Perceptron network;
};

const Shape shapes[] = {
    {"biases", Perceptron(2, {{3, tanh}, {2, logistic}, {2, identity}})},
    {"no_bias_at_inputs", Perceptron(2, {{3, tanh, Bias::none}, {2, identity}})},
    {"no_bias_at_outputs", Perceptron(2, {{3, tanh}, {2, identity, Bias::none}})},
    {"no_bias", Perceptron(2, {{3, exp, Bias::none}, {2, identity, Bias::none}})},
    {"logistic_outputs", Perceptron(2, {{3, tanh}, {2, logistic}})},
    {"no_hidden_layer", Perceptron(2, {{2, identity}})},
    {"no_hidden_layer_no_bias", Perceptron(2, {{2, identity, Bias::none}})},
};

class EveryShape : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    X_.col(0) = X_.col(0).array() * 700 + 1000;
    X_.col(1) *= 1e-3;
    Y_.col(0) = Y_.col(0).array() * 0.01 - 3;
    RandomStream stream(1, 2, 3, RandomPurpose::parameters);
    tau_ = draw_parameters(network_, 1, stream);
  }

  const Perceptron& network_ = GetParam().network;
  Matrix X_ = Matrix::Random(20, 2), Y_ = Matrix::Random(20, 2);
  Vector tau_;
};

INSTANTIATE_TEST_SUITE_P(Shapes, EveryShape, ::testing::ValuesIn(shapes),
                         [](const auto& test) { return test.param.name; });

// Of the outputs, centred ones: the centre 3 over the scale 2^-8 is where the rounding is largest, some 10^3.
constexpr double tolerance = 1e-11;

TEST_P(EveryShape, GivesTheSameFunctionInBothUnits) {
  const Scaling scaling(network_, X_, Y_);
  const Matrix in_user_units = scaling.scaled_outputs(evaluate(network_, scaling.to_user(tau_), X_));
  const Matrix in_scaled_units = evaluate(network_, tau_, scaling.scaled_inputs(X_));
  EXPECT_TRUE(all_within(in_user_units, in_scaled_units, tolerance));
}

TEST_P(EveryShape, ThereAndBackIsTheSame) {
  const Scaling scaling(network_, X_, Y_);
  EXPECT_TRUE(all_within(scaling.to_scaled(scaling.to_user(tau_)), tau_, tolerance));
}

TEST_P(EveryShape, TheRowsAreThoseOfTheAffineMap) {
  const Scaling scaling(network_, X_, Y_);
  const Vector offset = scaling.to_user(Vector::Zero(tau_.size()));
  const Vector theta = scaling.to_user(tau_);
  for (Index p = 0; p < tau_.size(); ++p) {
    double by_row = offset[p];
    scaling.for_each_in_row(p, [&](Index q, double entry) { by_row += entry * tau_[q]; });
    EXPECT_NEAR(by_row, theta[p], 1e-13 * (std::abs(theta[p]) + 1000));
  }
}

TEST(Scaling, StandardisesWhatCanBeMappedBack) {
  Matrix X = Matrix::Random(50, 2), Y = Matrix::Random(50, 1);
  X.col(0) = X.col(0).array() * 1e12 + 3e12;
  const auto scaled = [&](const Perceptron& network) { return Scaling(network, X, Y).scaled_inputs(X); };
  const Matrix centred = scaled(Perceptron(2, {{3, tanh}, {1, identity}}));
  EXPECT_NEAR(centred.col(0).mean(), 0, 1e-12);
  EXPECT_TRUE(all_at_most(centred.cwiseAbs(), 4));
  const Matrix not_centred = scaled(Perceptron(2, {{3, tanh, Bias::none}, {1, identity}}));
  EXPECT_TRUE(all_above(not_centred.col(0), 0));
  const Perceptron logistic_top(2, {{1, logistic}});
  EXPECT_EQ(Scaling(logistic_top, X, Y).scaled_outputs(Y), Y);
}

TEST(Scaling, AConstantColumnIsScaledAndNotCentred) {
  Matrix X(4, 2), Y = Matrix::Random(4, 1);
  X << 3, 0, 3, 0, 3, 0, 3, 0;
  const Matrix scaled = Scaling(Perceptron(2, {{2, tanh}, {1, identity}}), X, Y).scaled_inputs(X);
  EXPECT_EQ(scaled.col(0), Vector::Constant(4, 0.75));
  EXPECT_EQ(scaled.col(1), Vector::Zero(4));
}

}  // namespace
}  // namespace jacobench
