// The negative controls: what the scenario suite accepts and what it must reject.
#include "support/wrong_strategies.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::judge;
using testing::Scenario;
using testing::scenarios;
using testing::unspoiled_strategy;
using testing::wrong_strategies;

const StrategyInfo& wrong(std::string_view name) {
  return *std::find_if(wrong_strategies().begin(), wrong_strategies().end(),
                       [&](const StrategyInfo& row) { return row.name == name; });
}

// Where a mistake can show: whether J of this network changes by it at all, for almost every theta.
bool shows(std::string_view mistake, const Scenario& s, Wrt wrt) {
  const auto& layers = s.network.layers();
  if (mistake == "dropped_bias") return wrt == Wrt::parameters && layers[0].has_bias();
  for (std::size_t l = 1; l < layers.size(); ++l) {
    if (mistake == "slope_for_activation" && wrt == Wrt::parameters &&
        layers[l - 1].activation != Activation::exp)
      return true;
    if (mistake == "transposed_weights" && layers[l].n_units == layers[l].n_inputs && layers[l].n_units > 1)
      return true;
  }
  // the sum over some layer on the way, for inputs from the first one up, has more than one term
  for (std::size_t l = wrt == Wrt::inputs ? 0 : 1; l + 1 < layers.size(); ++l)
    if (mistake == "product_of_sums" && layers[l].n_units > 1) return true;
  return false;
}

class WrongStrategy : public ::testing::TestWithParam<StrategyInfo> {};

INSTANTIATE_TEST_SUITE_P(NegativeControl, WrongStrategy,
                         ::testing::ValuesIn(wrong_strategies().begin(), wrong_strategies().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(WrongStrategy, IsRejectedWhereverItsMistakeShows) {
  int n_rejected = 0;
  for (const Scenario& s : scenarios())
    for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
      // At theta = 0 transposed and summed weights are all zero; at a kink the rounding error may be as large
      // as J. Where e^z is nothing beside 1, phi' and phi of the logistic are the same number.
      if (!shows(GetParam().name, s, wrt) || s.name == "all_parameters_zero" || s.on_kink) continue;
      if (GetParam().name == "slope_for_activation" && s.name == "logistic_at_minus_600") continue;
      const auto verdict = judge(GetParam(), {}, s, wrt);
      EXPECT_FALSE(verdict.kept()) << s.name << ": " << verdict.text;
      // by far: an error that only just exceeds the bound would be no control
      EXPECT_GT(verdict.error_over_promise, 1e3) << s.name << ": " << verdict.text;
      ++n_rejected;
    }
  EXPECT_GE(n_rejected, 5);
}

TEST_P(WrongStrategy, IsAcceptedWhereItsMistakeMakesNoDifference) {
  for (const Scenario& s : scenarios())
    for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
      if (shows(GetParam().name, s, wrt) || s.on_kink) continue;
      const auto verdict = judge(GetParam(), {}, s, wrt);
      EXPECT_TRUE(verdict.kept()) << s.name << ": " << verdict.text;
    }
}

TEST(UnspoiledStrategy, IsAcceptedEverywhere) {
  for (const Scenario& s : scenarios())
    for (Wrt wrt : {Wrt::parameters, Wrt::inputs}) {
      const auto verdict = judge(unspoiled_strategy(), {}, s, wrt);
      EXPECT_TRUE(verdict.kept()) << s.name << ": " << verdict.text;
    }
}

// It is the same computation as `layerwise`, written one observation at a time.
TEST(UnspoiledStrategy, GivesTheBitsOfLayerwise) {
  for (const Scenario& s : scenarios()) {
    EXPECT_EQ(testing::jacobian_by(unspoiled_strategy(), {}, s, Wrt::parameters),
              testing::jacobian_by(find_strategy("layerwise"), {}, s, Wrt::parameters))
        << s.name;
    EXPECT_EQ(testing::jacobian_by(unspoiled_strategy(), {}, s, Wrt::inputs),
              testing::jacobian_by(find_strategy("layerwise"),
                                   {.relative_step = {}, .direction = Direction::backward}, s, Wrt::inputs))
        << s.name;
  }
}

// The column formula that was proposed for the first document's network, y = sigma(sigma(X alpha) beta)
// gamma, written out: sum_g sigma'(z2_g) gamma_g times sum_g sigma'(z1_i) beta_ig times x. It is what
// product_of_sums computes there.
TEST(ProductOfSums, IsTheFormulaThatWasProposed) {
  const Scenario& s = testing::scenario("two_hidden_no_biases");
  const Matrix J = testing::jacobian_by(wrong("product_of_sums"), {}, s, Wrt::parameters);
  const auto alpha = s.network.weights(s.theta, 0), beta = s.network.weights(s.theta, 1),
             gamma = s.network.weights(s.theta, 2);
  const auto logistic = [](const Matrix& z) { return Matrix(1 / (1 + (-z.array()).exp())); };
  const Matrix a1 = logistic(s.X * alpha.transpose()), a2 = logistic(a1 * beta.transpose());
  const Matrix d1 = a1.array() * (1 - a1.array()), d2 = a2.array() * (1 - a2.array());
  for (Index n = 0; n < s.X.rows(); ++n)
    for (Index i = 0; i < alpha.rows(); ++i)
      for (Index j = 0; j < alpha.cols(); ++j) {
        const double proposed = d2.row(n).dot(gamma.row(0)) * (d1(n, i) * beta.col(i).sum()) * s.X(n, j);
        EXPECT_NEAR(J(n, i * alpha.cols() + j), proposed, 1e-12 * std::abs(proposed));
      }
}

TEST(WrongStrategies, AreNamedLikeStrategiesAndAreNone) {
  std::set<std::string_view> names;
  for (const StrategyInfo& row : strategy_table()) names.insert(row.name);
  for (const StrategyInfo& row : wrong_strategies()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_EQ(wrong_strategies().size(), 4u);
}

}  // namespace
}  // namespace jacobench
