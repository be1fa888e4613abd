// What an evaluation costs, counted: each piece of work is done once.
#include <gtest/gtest.h>

#include "support/scenarios.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::Scenario;

class Counts : public ::testing::TestWithParam<const char*> {
 protected:
  const Scenario& s_ = testing::scenario(GetParam());
  const Index N_ = s_.X.rows(), K_ = s_.network.n_outputs(), P_ = s_.network.n_params(),
              D_ = s_.network.n_inputs();
  const std::int64_t L_ = s_.network.n_layers();
  const std::int64_t units_ = s_.network.n_hidden_units() + K_;
  Matrix values_{N_, K_}, J_y_theta_{N_ * K_, P_}, J_y_x_{N_ * K_, D_};

  // The passes over the whole network that one evaluation costs, counted per observation. The derivatives of the
  // activations are evaluated where they are used, and nowhere else.
  void expect_passes(const char* strategy, const Outputs& out, std::int64_t n_passes) {
    const auto evaluator = find_strategy(strategy).make(s_.network, N_, {});
    EXPECT_EQ(evaluator->counts().layers, 0);
    for (int time = 1; time <= 2; ++time) {
      evaluator->evaluate(s_.theta, s_.X, out);
      EXPECT_EQ(evaluator->counts().layers, time * n_passes * N_ * L_) << strategy;
      EXPECT_EQ(evaluator->counts().activations, time * n_passes * N_ * units_) << strategy;
      const bool by_slopes = !find_strategy(strategy).is_numeric() && (out.J_y_theta || out.J_y_x);
      EXPECT_EQ(evaluator->counts().slopes, by_slopes ? time * N_ * units_ : 0) << strategy;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Scenario, Counts,
                         ::testing::Values("several_outputs", "six_layer_mish", "no_hidden_layer",
                                           "more_outputs_than_inputs", "rows_in_two_batches"),
                         [](const auto& test) { return std::string(test.param); });

TEST_P(Counts, AnalyticStrategiesRunOnePassForWhateverIsWanted) {
  for (const char* strategy : {"per_parameter", "layerwise"}) {
    expect_passes(strategy, {.values = &values_}, 1);
    expect_passes(strategy, {.J_y_theta = &J_y_theta_}, 1);
    expect_passes(strategy, {.J_y_x = &J_y_x_}, 1);
    expect_passes(strategy, {.values = &values_, .J_y_x = &J_y_x_}, 1);
    expect_passes(strategy, {.values = &values_, .J_y_theta = &J_y_theta_, .J_y_x = &J_y_x_}, 1);
  }
}

TEST_P(Counts, ForwardDifferencesEvaluateOnceAndOnceAVariable) {
  expect_passes("ceres_forward", {.values = &values_}, 1);
  expect_passes("ceres_forward", {.J_y_theta = &J_y_theta_}, 1 + P_);
  expect_passes("ceres_forward", {.J_y_x = &J_y_x_}, 1 + D_);
}

TEST_P(Counts, CentralDifferencesEvaluateOnceAndTwiceAVariable) {
  expect_passes("ceres_central", {.J_y_theta = &J_y_theta_}, 1 + 2 * P_);
  expect_passes("ceres_central", {.J_y_x = &J_y_x_}, 1 + 2 * D_);
}

// The values are those of the point at which the differences are taken.
TEST_P(Counts, ValuesCostDifferencesNothingMore) {
  expect_passes("ceres_forward", {.values = &values_, .J_y_theta = &J_y_theta_}, 1 + P_);
  expect_passes("ceres_central", {.values = &values_, .J_y_theta = &J_y_theta_}, 1 + 2 * P_);
  expect_passes("ceres_forward", {.values = &values_, .J_y_x = &J_y_x_}, 1 + D_);
}

// Ridders takes up to ten central differences, and no fewer than two.
TEST_P(Counts, RiddersEvaluatesUpToTwentyTimesAVariable) {
  const auto evaluator = find_strategy("ceres_ridders").make(s_.network, N_, {});
  evaluator->evaluate(s_.theta, s_.X, {.J_y_theta = &J_y_theta_});
  EXPECT_LE(evaluator->counts().layers, (1 + 20 * P_) * N_ * L_);
  EXPECT_GE(evaluator->counts().layers, (1 + 4 * P_) * N_ * L_);
}

}  // namespace
}  // namespace jacobench
