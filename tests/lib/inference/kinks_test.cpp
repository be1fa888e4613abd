#include "jacobench/inference/kinks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jacobench {
namespace {

using ::testing::ElementsAre;

// Units that bend at -1 and at 0.5, and one that bends at no observation.
Fit fit_of(Activation activation) {
  const Perceptron network(1, {{3, activation}, {1, Activation::identity}});
  const Vector theta{{2, -3, 1, 2, 1.5, 10, 1, 1, 1, 0}};
  const Matrix X{{-2}, {-1}, {0}, {0.5}, {0.5 + 1e-9}, {0.5 + 1e-3}};
  return {.network = network, .theta = theta, .data = {.X = X, .Y = X}};
}

TEST(Kinks, AreWhereObservationsLieAtThem) {
  for (const Activation activation : {Activation::relu, Activation::leaky_relu}) {
    const std::vector<Kink> kinks = kinks_at_data(fit_of(activation));
    ASSERT_EQ(kinks.size(), 2u);
    EXPECT_EQ(kinks[0].unit, 0);
    EXPECT_THAT(kinks[0].observations, ElementsAre(1));
    EXPECT_EQ(kinks[1].unit, 1);
    EXPECT_THAT(kinks[1].observations, ElementsAre(3, 4));
  }
  for (const Activation activation : {Activation::tanh, Activation::softplus, Activation::silu})
    EXPECT_TRUE(kinks_at_data(fit_of(activation)).empty());
}

// Of the second layer: 1 - relu(2 x) is 0 at 1/2.
TEST(Kinks, OfALayerAboveAreThoseOfItsOwnInputs) {
  const Perceptron network(1, {{1, Activation::relu}, {1, Activation::relu}, {1, Activation::identity}});
  const Matrix X{{0.25}, {0.5}, {1}};
  const std::vector<Kink> kinks =
      kinks_at_data({.network = network, .theta = Vector{{2, 0, -1, 1, 1, 0}}, .data = {.X = X, .Y = X}});
  ASSERT_EQ(kinks.size(), 1u);
  EXPECT_EQ(kinks[0].layer, 1);
  EXPECT_THAT(kinks[0].observations, ElementsAre(1));
}

}  // namespace
}  // namespace jacobench
