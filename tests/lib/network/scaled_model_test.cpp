#include "jacobench/network/scaled_model.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/network/evaluation.hpp"

#include "support/entrywise.hpp"

namespace jacobench {
namespace {

using testing::all_within;

ScaledModel scaled_tanh(Activation output) {
  return {make_model({{Matrix{{0.5, -0.25}, {1, 0.125}}, {}, Activation::tanh},
                      {Matrix{{1, -1}}, Vector{{0.5}}, output}}),
          {.scale = Vector{{2, 0.25}}, .shift = Vector{{-1, 3}}},
          {.scale = Vector{{-8}}, .shift = Vector{{100}}}};
}

const Matrix rows_to_scale{{1, 2}, {-3, 4}, {0.5, -6}};

TEST(ScaledModel, IsTheNetworkBetweenItsMaps) {
  const ScaledModel scaled = scaled_tanh(Activation::identity);
  Matrix inside(3, 2);
  for (Index n = 0; n < 3; ++n) inside.row(n) << 2 * rows_to_scale(n, 0) - 1, 0.25 * rows_to_scale(n, 1) + 3;
  const Matrix f = evaluate(scaled.model.network, scaled.model.theta, inside);
  EXPECT_TRUE(all_within(evaluate(scaled, rows_to_scale), (100 - 8 * f.array()).matrix(), 0));
}

// Powers of two scale exactly; what is left are the roundings of two sums of terms below 8, and those times 8.
TEST(ScaledModel, FoldedIsTheSameFunction) {
  const ScaledModel scaled = scaled_tanh(Activation::identity);
  const Model one = folded(scaled);
  EXPECT_EQ(one.network.n_params(), scaled.model.network.n_params() + 2);  // the first layer gets a bias
  EXPECT_TRUE(
      all_within(evaluate(one.network, one.theta, rows_to_scale), evaluate(scaled, rows_to_scale), 1e-13));
}

TEST(ScaledModel, IsNotFoldedIntoAnActivation) {
  EXPECT_THROW(folded(scaled_tanh(Activation::logistic)), InputError);
}

TEST(AffineMap, IsInvertedByItsInverse) {
  const AffineMap map{.scale = Vector{{2, 0.25}}, .shift = Vector{{-1, 3}}};
  EXPECT_TRUE(all_within(map.inverse_of(map.of(rows_to_scale)), rows_to_scale, 0));
  EXPECT_TRUE(all_within(AffineMap{}.inverse_of(rows_to_scale), rows_to_scale, 0));
}

}  // namespace
}  // namespace jacobench
