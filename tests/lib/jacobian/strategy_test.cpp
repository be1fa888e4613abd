// What every evaluator owes its caller, whatever the method.
#include "jacobench/jacobian/strategy.hpp"

#include <gtest/gtest.h>

#include "jacobench/jacobian/layerwise.hpp"

#include "support/scenarios.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::Scenario;
using testing::scenario;

class EveryStrategy : public ::testing::TestWithParam<StrategyInfo> {
 protected:
  const StrategyInfo& strategy_ = GetParam();
  const Scenario& s_ = scenario("several_outputs");
  const Index N_ = s_.X.rows(), K_ = s_.network.n_outputs(), P_ = s_.network.n_params(),
              D_ = s_.network.n_inputs();
  Matrix values_{N_, K_}, J_y_theta_{N_ * K_, P_}, J_y_x_{N_ * K_, D_};

  std::unique_ptr<Evaluator> make(Index max_rows) const { return strategy_.make(s_.network, max_rows, {}); }
};

INSTANTIATE_TEST_SUITE_P(Table, EveryStrategy,
                         ::testing::ValuesIn(strategy_table().begin(), strategy_table().end()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST_P(EveryStrategy, WrongShapesAreBrokenPreconditions) {
  const auto evaluator = make(N_);
  const auto refuses = [&](const VectorView& theta, const MatrixView& X, const Outputs& out) {
    EXPECT_THROW(evaluator->evaluate(theta, X, out), std::logic_error);
  };
  Matrix wrong(N_, K_ + 1), transposed(P_, N_ * K_), wide(N_ * K_, D_ + 1), empty;
  refuses(s_.theta.head(P_ - 1), s_.X, {.values = &values_});
  refuses(s_.theta, s_.X.leftCols(D_ - 1), {.values = &values_});
  refuses(s_.theta, s_.X, {.values = &wrong});
  refuses(s_.theta, s_.X, {.J_y_theta = &transposed});
  refuses(s_.theta, s_.X, {.J_y_x = &wide});
  refuses(s_.theta, s_.X, {.values = &values_, .J_y_theta = &J_y_theta_, .J_y_x = &empty});
  refuses(s_.theta, s_.X.topRows(N_ - 1), {.values = &values_});
  const Matrix more = Matrix::Zero(N_ + 1, D_);
  Matrix more_values(N_ + 1, K_);
  refuses(s_.theta, more, {.values = &more_values});
  EXPECT_NO_THROW(evaluator->evaluate(s_.theta, s_.X, {}));
}

TEST_P(EveryStrategy, ValuesAreThoseOfThePlainForwardPassHoweverTheyAreAskedFor) {
  const Matrix Y = evaluate(s_.network, s_.theta, s_.X);
  const auto evaluator = make(N_);
  for (bool parameters : {false, true})
    for (bool inputs : {false, true}) {
      values_.setZero();
      evaluator->evaluate(s_.theta, s_.X,
                          {.values = &values_,
                           .J_y_theta = parameters ? &J_y_theta_ : nullptr,
                           .J_y_x = inputs ? &J_y_x_ : nullptr});
      EXPECT_EQ(values_, Y) << parameters << inputs;
    }
}

TEST_P(EveryStrategy, AJacobianIsTheSameWhateverElseIsWanted) {
  make(N_)->evaluate(s_.theta, s_.X, {.values = &values_, .J_y_theta = &J_y_theta_, .J_y_x = &J_y_x_});
  EXPECT_EQ(J_y_theta_, testing::jacobian_by(strategy_, {}, s_, Wrt::parameters));
  if (strategy_.name != "layerwise") {
    EXPECT_EQ(J_y_x_, testing::jacobian_by(strategy_, {}, s_, Wrt::inputs));
  } else {
    // with J_y_theta the deltas are there anyway, so that the way down is taken
    EXPECT_EQ(J_y_x_, testing::jacobian_by(strategy_, {.relative_step = {}, .direction = Direction::backward},
                                           s_, Wrt::inputs));
  }
}

TEST_P(EveryStrategy, AnEvaluatorMayBeUsedAgainWithOtherParametersAndFewerRows) {
  const auto evaluator = make(N_ + 5);
  evaluator->evaluate(2 * s_.theta, -s_.X, {.values = &values_, .J_y_theta = &J_y_theta_, .J_y_x = &J_y_x_});
  Matrix few(3 * K_, P_);
  evaluator->evaluate(s_.theta, s_.X.topRows(3), {.J_y_theta = &few});
  evaluator->evaluate(s_.theta, s_.X, {.values = &values_, .J_y_theta = &J_y_theta_});
  EXPECT_EQ(J_y_theta_, testing::jacobian_by(strategy_, {}, s_, Wrt::parameters));
  Scenario top = s_;
  top.X = s_.X.topRows(3);
  EXPECT_EQ(few, testing::jacobian_by(strategy_, {}, top, Wrt::parameters));
}

TEST_P(EveryStrategy, NoObservationsGiveNoRows) {
  Matrix values(0, K_), J_y_theta(0, P_), J_y_x(0, D_);
  make(N_)->evaluate(s_.theta, Matrix(0, D_), {.values = &values, .J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
  make(0)->evaluate(s_.theta, Matrix(0, D_), {.J_y_theta = &J_y_theta});
}

TEST_P(EveryStrategy, LeavesWhatIsNotWantedAlone) {
  J_y_x_.setConstant(7);
  values_.setConstant(7);
  make(N_)->evaluate(s_.theta, s_.X, {.J_y_theta = &J_y_theta_});
  EXPECT_TRUE((J_y_x_.array() == 7).all() && (values_.array() == 7).all());
}

// Views with gaps between their columns.
TEST_P(EveryStrategy, TakesViewsOfLargerMatrices) {
  Matrix large = Matrix::Random(N_ + 4, D_ + 3);
  large.block(2, 1, N_, D_) = s_.X;
  make(N_)->evaluate(s_.theta, large.block(2, 1, N_, D_), {.J_y_theta = &J_y_theta_});
  EXPECT_EQ(J_y_theta_, testing::jacobian_by(strategy_, {}, s_, Wrt::parameters));
}

// By hand, in multiply-adds an observation: up is D times the weights above the first layer, down is K times
// the weights below the last.
TEST(JacobianInOneCall, IsTheOneByLayerwise) {
  const Scenario& s = scenario("several_outputs");
  for (Wrt wrt : {Wrt::parameters, Wrt::inputs})
    EXPECT_EQ(jacobian(s.network, s.theta, s.X, wrt),
              testing::jacobian_by(find_strategy("layerwise"), {}, s, wrt));
  EXPECT_EQ(jacobian(s.network, s.theta, s.X.topRows(0)).rows(), 0);
  EXPECT_THROW(jacobian(s.network, s.theta.head(3), s.X), std::logic_error);
}

TEST(CheaperDirection, IsTheOneWithFewerOperations) {
  using enum Activation;
  const auto direction = [](Index n_inputs, const std::vector<LayerSpec>& layers) {
    return cheaper_input_direction(Perceptron(n_inputs, layers));
  };
  // 1-10-10-3: up 1 (100 + 30) = 130, down 3 (10 + 100) = 330
  EXPECT_EQ(direction(1, {{10, tanh}, {10, tanh}, {3, identity}}), Direction::forward);
  // 3-10-10-1: up 3 (100 + 10) = 330, down 1 (30 + 100) = 130
  EXPECT_EQ(direction(3, {{10, tanh}, {10, tanh}, {1, identity}}), Direction::backward);
  // 2-9-2-3: up 2 (18 + 6) = 48, down 3 (18 + 18) = 108
  EXPECT_EQ(direction(2, {{9, tanh}, {2, tanh}, {3, identity}}), Direction::forward);
  // 4-2-50-2: up 4 (100 + 100) = 800, down 2 (8 + 100) = 216
  EXPECT_EQ(direction(4, {{2, tanh}, {50, tanh}, {2, identity}}), Direction::backward);
  // 3-2-20-4: up 3 (40 + 80) = 360, down 4 (6 + 40) = 184: more outputs than inputs, and still backward
  EXPECT_EQ(direction(3, {{2, tanh}, {20, tanh}, {4, identity}}), Direction::backward);
}

TEST(CheaperDirection, IsTaken) {
  for (const char* name : {"more_outputs_than_inputs", "one_wide_layer", "six_layer_mish"}) {
    const Scenario& s = scenario(name);
    const StrategyInfo& layerwise = find_strategy("layerwise");
    const auto going = [&](Direction direction) {
      return testing::jacobian_by(layerwise, {.relative_step = {}, .direction = direction}, s, Wrt::inputs);
    };
    EXPECT_EQ(going(Direction::cheaper), going(cheaper_input_direction(s.network))) << name;
  }
  // the two ways round differently, so that the test above can tell them apart
  const Scenario& s = scenario("six_layer_mish");
  const auto going = [&](Direction direction) {
    return testing::jacobian_by(find_strategy("layerwise"), {.relative_step = {}, .direction = direction}, s,
                                Wrt::inputs);
  };
  EXPECT_NE(going(Direction::forward), going(Direction::backward));
}

TEST(DirectionForced, HoldsBesideTheParameterJacobian) {
  const Scenario& s = scenario("more_outputs_than_inputs");
  for (Direction direction : {Direction::forward, Direction::backward}) {
    const StrategyOptions options{.relative_step = {}, .direction = direction};
    const Index rows = s.X.rows() * s.network.n_outputs();
    Matrix J_y_theta(rows, s.network.n_params()), J_y_x(rows, s.network.n_inputs());
    find_strategy("layerwise")
        .make(s.network, s.X.rows(), options)
        ->evaluate(s.theta, s.X, {.J_y_theta = &J_y_theta, .J_y_x = &J_y_x});
    EXPECT_EQ(J_y_x, testing::jacobian_by(find_strategy("layerwise"), options, s, Wrt::inputs));
    EXPECT_EQ(J_y_theta, testing::jacobian_by(find_strategy("layerwise"), {}, s, Wrt::parameters));
  }
}

}  // namespace
}  // namespace jacobench
