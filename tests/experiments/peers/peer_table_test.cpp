// Peers give the matrix that the strategies give, or a reason.
#include "peers/peer_table.hpp"

#include <set>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/verification/promise.hpp"

namespace jacobench::peers {
namespace {

struct Problem {
  Perceptron network;
  Vector theta;
  Matrix X;
};

// 70 rows: more than two blocks that are written at once.
Problem problem_of(const Perceptron& network) {
  RandomStream stream(1, 2, 3, RandomPurpose::parameters);
  Problem problem{network, draw_parameters(network, 1, stream), Matrix(70, network.n_inputs())};
  for (double& x : problem.X.reshaped()) x = stream.normal();
  return problem;
}

const Perceptron& one_layer() {
  static const Perceptron network(3, {{4, Activation::tanh}, {1, Activation::identity}});
  return network;
}

const Perceptron& several_layers_and_outputs() {
  static const Perceptron network(
      3, {{4, Activation::tanh}, {3, Activation::logistic, Bias::none}, {2, Activation::tanh}});
  return network;
}

class Peers : public ::testing::TestWithParam<const StrategyInfo*> {};

std::vector<const StrategyInfo*> every_peer() {
  std::vector<const StrategyInfo*> rows;
  for (const StrategyInfo& row : peer_table()) rows.push_back(&row);
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Table, Peers, ::testing::ValuesIn(every_peer()),
                         [](const auto& row) { return std::string(row.param->name); });

TEST_P(Peers, KeepTheirPromise) {
  const StrategyInfo& peer = *GetParam();
  int n_networks = 0;
  for (const Perceptron& network : {one_layer(), several_layers_and_outputs()}) {
    if (!peer.why_not(network, Wrt::parameters).empty()) continue;
    ++n_networks;
    const auto [net, theta, X] = problem_of(network);
    const auto evaluator = peer.make(net, X.rows(), {});
    Matrix J = Matrix::Constant(X.rows() * net.n_outputs(), net.n_params(), std::nan("")), again = J,
           values(X.rows(), net.n_outputs());
    evaluator->evaluate(theta, X, {.J_y_theta = &J});
    const Reference reference = compute_reference(net, theta, X);
    const PromiseVerdict verdict = hold_to_promise({.strategy = peer,
                                                    .relative_step = {},
                                                    .steepness = 1,
                                                    .network = net,
                                                    .theta = theta,
                                                    .X = X,
                                                    .wrt = Wrt::parameters},
                                                   J, reference);
    EXPECT_EQ(verdict.outcome, PromiseOutcome::kept) << to_string(net);
    // Other parameters and back, in one evaluator, and with values beside: nothing is kept that should not be.
    evaluator->evaluate(-theta, X, {.J_y_theta = &again});
    evaluator->evaluate(theta, X, {.values = &values, .J_y_theta = &again});
    EXPECT_EQ(again, J);
    const Matrix f = evaluate(net, theta, X);
    for (Index i = 0; i < f.size(); ++i)
      EXPECT_NEAR(values.data()[i], f.data()[i], 1e-13 * (1 + std::abs(f.data()[i]))) << i;
  }
  if (n_networks == 0) GTEST_SKIP() << peer.why_not(one_layer(), Wrt::parameters);
}

TEST_P(Peers, SayWhyNot) {
  const StrategyInfo& peer = *GetParam();
  const Perceptron mish(3, {{4, Activation::mish}, {1, Activation::identity}});
  EXPECT_FALSE(peer.why_not(mish, Wrt::parameters).empty());
  EXPECT_FALSE(peer.why_not(one_layer(), Wrt::inputs).empty());
  EXPECT_EQ(peer.make == nullptr,
            peer.why_not(one_layer(), Wrt::parameters).find("scripts/setup peers") != std::string::npos);
}

TEST(PeerTable, FollowsTheStrategiesUnderNamesOfItsOwn) {
  std::set<std::string_view> names;
  for (const StrategyInfo& row : strategies_and_peers()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.summary.empty()) << row.name;
  }
  EXPECT_EQ(names.size(), strategy_table().size() + peer_table().size());
  EXPECT_EQ(strategies_and_peers().front().name, strategy_table().front().name);
}

}  // namespace
}  // namespace jacobench::peers
