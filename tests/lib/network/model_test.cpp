#include "jacobench/network/model.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/network/forward_pass.hpp"

namespace jacobench {
namespace {

using ::testing::HasSubstr;

const Matrix W1{{1, 2}, {3, 4}, {5, 6}};
const Vector b1{{7, 8, 9}};
const Matrix W2{{10, 11, 12}};
const Vector b2{{13}};

TEST(ModelOfWeights, HasThemInTheOrderOfTheta) {
  const auto [network, theta] = make_model({{W1, b1, Activation::tanh}, {W2, b2}});
  EXPECT_EQ(to_string(network), "2-3-1");
  EXPECT_EQ(theta, Vector::LinSpaced(13, 1, 13));
  EXPECT_EQ(network.layer(0).activation, Activation::tanh);
  EXPECT_EQ(network.layer(1).activation, Activation::identity);
}

TEST(ModelOfWeights, HasNoBiasWhereNoneIsGiven) {
  const auto [network, theta] = make_model({{W1, {}, Activation::relu}, {W2, b2}});
  EXPECT_FALSE(network.layer(0).has_bias());
  EXPECT_TRUE(network.layer(1).has_bias());
  EXPECT_EQ(theta, (Vector{{1, 2, 3, 4, 5, 6, 10, 11, 12, 13}}));
  EXPECT_EQ(make_model({{W2}}).theta, W2.row(0).transpose());
}

// W2 tanh(W1 x + b1) + b2 by hand, within the rounding of four terms of size 40 at most and of tanh.
TEST(ModelOfWeights, ComputesWhatTheWeightsSay) {
  const auto [network, theta] = make_model({{0.1 * W1, -0.1 * b1, Activation::tanh}, {W2, b2}});
  const Vector x{{0.5, -0.25}};
  const Vector a = (0.1 * (W1 * x - b1)).array().tanh();
  EXPECT_NEAR(evaluate(network, theta, x.transpose())(0, 0), W2.row(0).dot(a) + 13, 40 * 16 * unit_roundoff);
}

std::string complaint_of(const std::vector<LayerWeights>& layers) {
  try {
    make_model(layers);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "none";
}

TEST(ModelOfWeights, WrongShapesAreNamedWithTheirLayer) {
  EXPECT_THAT(complaint_of({{W1, b1}, {Matrix::Ones(1, 2), b2}}),
              HasSubstr("layer 2: W is 1 x 2, the layer below has 3 units"));
  EXPECT_THAT(complaint_of({{W1, b2}, {W2, b2}}), HasSubstr("layer 1: W is 3 x 2, b has 1 entries"));
  EXPECT_THAT(complaint_of({{W1, b1}, {Matrix(0, 3), {}}}), HasSubstr("layer 2: W is 0 x 3"));
  EXPECT_THAT(complaint_of({{Matrix(3, 0), b1}}), HasSubstr("layer 1: W is 3 x 0"));
  EXPECT_THAT(complaint_of({}), HasSubstr("at least one layer"));
}

TEST(ModelOfWeights, WhatIsNotFiniteIsNamedWithItsLayer) {
  for (const double wrong : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    Matrix W = W2;
    W(0, 1) = wrong;
    EXPECT_THAT(complaint_of({{W1, b1}, {W, b2}}),
                HasSubstr("layer 2: W, 1 x 3, has an entry that is not finite"));
    Vector b = b1;
    b[2] = wrong;
    EXPECT_THAT(complaint_of({{W1, b}, {W2, b2}}),
                HasSubstr("layer 1: b, of 3 entries, has one that is not finite"));
  }
}

}  // namespace
}  // namespace jacobench
