// Relations between Jacobians that hold whatever the network computes, most of them to the bit.
#include <numeric>

#include <gtest/gtest.h>

#include "jacobench/network/forward_pass.hpp"
#include "jacobench/verification/error_bound.hpp"

#include "support/entrywise.hpp"
#include "support/verdict.hpp"

namespace jacobench {
namespace {

using testing::draw_scenario;
using testing::jacobian_by;
using testing::Scenario;
using testing::scenario;
using testing::scenarios;

class Symmetry : public ::testing::TestWithParam<const char*> {
 protected:
  const StrategyInfo& strategy_ = find_strategy(GetParam());

  Matrix J_y_theta(const Scenario& s) const { return jacobian_by(strategy_, {}, s, Wrt::parameters); }
  Matrix J_y_x(const Scenario& s, Direction direction = Direction::cheaper) const {
    return jacobian_by(strategy_, {.relative_step = {}, .direction = direction}, s, Wrt::inputs);
  }
};

INSTANTIATE_TEST_SUITE_P(Analytic, Symmetry, ::testing::Values("per_parameter", "layerwise"),
                         [](const auto& test) { return std::string(test.param); });

// s with the rows `chosen` of its X, in that order.
Scenario with_rows(const Scenario& s, const std::vector<Index>& chosen) {
  Scenario part = s;
  part.X = s.X(chosen, Eigen::all);
  return part;
}

Matrix rows_of_every_output(const Matrix& J, const std::vector<Index>& chosen, Index n_rows) {
  const Index n_outputs = J.rows() / n_rows;
  std::vector<Index> rows;
  for (Index k = 0; k < n_outputs; ++k)
    for (Index n : chosen) rows.push_back(k * n_rows + n);
  return J(rows, Eigen::all);
}

TEST_P(Symmetry, AnyPartOfTheRowsHasTheBitsOfThoseRows) {
  for (const char* name :
       {"several_outputs", "rows_in_no_whole_register", "rows_in_two_batches", "mixed_activations"}) {
    const Scenario& s = scenario(name);
    const Index N = s.X.rows();
    const Matrix J = J_y_theta(s), J_x = J_y_x(s), J_x_forward = J_y_x(s, Direction::forward);
    std::vector<std::vector<Index>> parts{{0}, {N - 1}, {2, 0, 5}, {1, 1, 1, 1, 1, 1, 1, 1, 1}};
    for (Index first : {Index{0}, Index{1}, N / 2})
      for (Index count : {1, 2, 3, 6, 8, 9, 100, 1025}) {
        if (first + count > N) continue;
        parts.emplace_back(static_cast<std::size_t>(count));
        std::iota(parts.back().begin(), parts.back().end(), first);
      }
    for (const auto& part : parts) {
      const Scenario some = with_rows(s, part);
      ASSERT_EQ(J_y_theta(some), rows_of_every_output(J, part, N)) << name << ", " << part.size() << " rows";
      ASSERT_EQ(J_y_x(some), rows_of_every_output(J_x, part, N)) << name << ", " << part.size() << " rows";
      ASSERT_EQ(J_y_x(some, Direction::forward), rows_of_every_output(J_x_forward, part, N)) << name;
    }
  }
}

// An evaluator prepared for more rows cuts its batches elsewhere.
TEST_P(Symmetry, TheNumberOfRowsPreparedForChangesNoBit) {
  const Scenario& s = scenario("several_outputs");
  const Matrix J = J_y_theta(s);
  for (Index max_rows : {7, 8, 9, 40, 5000}) {
    Matrix again(J.rows(), J.cols());
    strategy_.make(s.network, max_rows, {})->evaluate(s.theta, s.X, {.J_y_theta = &again});
    EXPECT_EQ(again, J) << max_rows;
  }
}

// Theta with the hidden units of layer l in the order of `order`.
Vector with_units_in_order(const Scenario& s, Index l, const std::vector<Index>& order,
                           std::vector<Index>& columns) {
  columns.resize(static_cast<std::size_t>(s.network.n_params()));
  std::iota(columns.begin(), columns.end(), Index{0});
  const Layer& layer = s.network.layer(l);
  const Layer& next = s.network.layer(l + 1);
  for (Index i = 0; i < layer.n_units; ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    for (Index j = 0; j < layer.n_inputs; ++j)
      columns[static_cast<std::size_t>(layer.weights_at + i * layer.n_inputs + j)] =
          layer.weights_at + from * layer.n_inputs + j;
    if (layer.has_bias()) columns[static_cast<std::size_t>(layer.bias_at + i)] = layer.bias_at + from;
    for (Index k = 0; k < next.n_units; ++k)
      columns[static_cast<std::size_t>(next.weights_at + k * next.n_inputs + i)] =
          next.weights_at + k * next.n_inputs + from;
  }
  return s.theta(columns);
}

// With one hidden layer and linear outputs no sum over its units enters J_y_theta: equal to the bit.
TEST_P(Symmetry, PermutedHiddenUnitsPermuteColumns) {
  const Scenario s = draw_scenario("permuted", 3, {{5, Activation::tanh}, {2, Activation::identity}}, 9);
  std::vector<Index> columns;
  Scenario permuted = s;
  permuted.theta = with_units_in_order(s, 0, {3, 0, 4, 1, 2}, columns);
  EXPECT_EQ(J_y_theta(permuted), Matrix(J_y_theta(s)(Eigen::all, columns)));
}

// Otherwise the order of a sum changes, and each of the two is within its own bound of the same truth.
TEST_P(Symmetry, PermutedUnitsOfADeepNetworkPermuteColumnsWithinTheBounds) {
  const Scenario& s = scenario("six_layer_mish");
  for (Index l = 0; l + 1 < s.network.n_layers(); ++l) {
    std::vector<Index> columns;
    Scenario permuted = s;
    permuted.theta = with_units_in_order(s, l, {7, 2, 5, 0, 1, 6, 3, 4}, columns);
    const auto bound = [&](const Scenario& of) {
      return error_scales(of.network, of.theta, of.X, strategy_.summation, Wrt::parameters).bound;
    };
    const Matrix allowed = bound(permuted) + Matrix(bound(s)(Eigen::all, columns));
    EXPECT_TRUE(testing::all_within(J_y_theta(permuted), J_y_theta(s)(Eigen::all, columns), allowed))
        << "layer " << l;
  }
}

// tanh is odd: the signs of all weights into and out of a unit may be turned, and its columns turn with them.
TEST_P(Symmetry, AnOddUnitWithAllItsSignsTurnedTurnsItsColumns) {
  const Scenario s =
      draw_scenario("odd", 3, {{4, Activation::tanh}, {4, Activation::tanh}, {2, Activation::logistic}}, 9);
  for (Index unit = 0; unit < 4; ++unit)
    for (Index l : {0, 1}) {
      Vector signs = Vector::Ones(s.network.n_params());
      const Layer& layer = s.network.layer(l);
      signs.segment(layer.weights_at + unit * layer.n_inputs, layer.n_inputs).setConstant(-1);
      signs[layer.bias_at + unit] = -1;
      const Layer& next = s.network.layer(l + 1);
      for (Index k = 0; k < next.n_units; ++k) signs[next.weights_at + k * next.n_inputs + unit] = -1;
      Scenario turned = s;
      turned.theta = s.theta.cwiseProduct(signs);
      EXPECT_EQ(J_y_theta(turned), Matrix(J_y_theta(s) * signs.asDiagonal()))
          << "layer " << l << ", unit " << unit;
      EXPECT_EQ(J_y_x(turned), J_y_x(s));
    }
}

// Powers of two scale without rounding: with W_l and b_l times 2^l of a linear network, dy / dW_l falls by
// 2^l and J as a whole grows by the product of all.
TEST_P(Symmetry, ALinearNetworkScalesByPowersOfTwo) {
  using enum Activation;
  const Scenario s = draw_scenario(
      "linear", 3, {{4, identity, Bias::none}, {5, identity, Bias::none}, {2, identity, Bias::none}}, 7);
  Scenario scaled = s;
  Vector factor(s.network.n_params());
  const double of_layer[] = {0x1p3, 0x1p-5, 0x1p7};
  for (Index l = 0; l < 3; ++l)
    factor.segment(s.network.layer(l).weights_at, s.network.layer(l).n_weights()).setConstant(of_layer[l]);
  scaled.theta = s.theta.cwiseProduct(factor);
  const double all = of_layer[0] * of_layer[1] * of_layer[2];
  EXPECT_EQ(J_y_theta(scaled), Matrix(J_y_theta(s) * (all / factor.array()).matrix().asDiagonal()));
  EXPECT_EQ(J_y_x(scaled), all * J_y_x(s));
}

// dy / dW_l(i, j) = dy / db_l(i) a_{l-1}(j), and the path sums down to the inputs, dy / dx_d = sum_i dy /
// db_1(i) W_1(i, d).
TEST_P(Symmetry, BiasColumnsAreTheDeltasOfTheOtherColumns) {
  for (const Scenario& s : scenarios()) {
    const Matrix J = J_y_theta(s), J_x = J_y_x(s, Direction::backward);
    const Index N = s.X.rows();
    ForwardPass pass(s.network, N);
    pass.run(s.theta, s.X, 0, N, Slopes::kept);
    const EntryScales scales = error_scales(s.network, s.theta, s.X, strategy_.summation, Wrt::parameters);
    for (Index l = 0; l < s.network.n_layers(); ++l) {
      const Layer& layer = s.network.layer(l);
      if (!layer.has_bias()) continue;
      for (Index i = 0; i < layer.n_units; ++i)
        for (Index j = 0; j < layer.n_inputs; ++j) {
          const Vector a = Vector(pass.below(l).rows(N).col(j)).replicate(s.network.n_outputs(), 1);
          const Index column = layer.weights_at + i * layer.n_inputs + j;
          const Vector product = J.col(layer.bias_at + i).cwiseProduct(a);
          if (strategy_.name == "layerwise") {
            ASSERT_EQ(Vector(J.col(column)), product) << s.name << ", " << l << ", " << i << ", " << j;
          } else {
            // the product is one more rounding than each side's own error
            const Vector bound =
                scales.bound.col(column) + scales.bound.col(layer.bias_at + i).cwiseProduct(a.cwiseAbs());
            ASSERT_TRUE(((J.col(column) - product).array().abs() <=
                         bound.array() + unit_roundoff * product.array().abs() + 0x1p-1000)
                            .all())
                << s.name << ", " << l << ", " << i << ", " << j;
          }
        }
    }
    const Layer& bottom = s.network.layer(0);
    if (!bottom.has_bias() || strategy_.name != "layerwise" || s.network.n_layers() == 1) continue;
    for (Index row = 0; row < J.rows(); ++row)
      for (Index d = 0; d < s.network.n_inputs(); ++d) {
        double sum = 0;
        for (Index i = 0; i < bottom.n_units; ++i)
          sum = std::fma(J(row, bottom.bias_at + i), s.network.weights(s.theta, 0)(i, d), sum);
        ASSERT_EQ(J_x(row, d), sum) << s.name << ", row " << row << ", x" << d;
      }
  }
}

// Output k has no derivative by the parameters that lead into the other outputs, and none is exactly none.
TEST_P(Symmetry, OutputsDoNotDependOnEachOthersParameters) {
  for (const char* name : {"several_outputs", "nonlinear_outputs", "no_hidden_layer_logistic"}) {
    const Scenario& s = scenario(name);
    const Matrix J = J_y_theta(s);
    const Layer& top = s.network.layers().back();
    const Index N = s.X.rows();
    for (Index k = 0; k < top.n_units; ++k)
      for (Index i = 0; i < top.n_units; ++i) {
        const auto weights = J.block(k * N, top.weights_at + i * top.n_inputs, N, top.n_inputs);
        const auto bias = J.col(top.bias_at + i).segment(k * N, N);
        EXPECT_EQ((weights.array() == 0).all() && (bias.array() == 0).all(), i != k) << name;
      }
  }
}

}  // namespace
}  // namespace jacobench
