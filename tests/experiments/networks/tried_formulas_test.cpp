#include "networks/tried_formulas.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/names.hpp"

#include "support/entrywise.hpp"
#include "support/wrong_strategies.hpp"

namespace jacobench::harness {
namespace {

using jacobench::testing::all_within_relative;

constexpr double rounding = 1e-13;  // some hundred sums and products of a few terms each

struct Case {
  explicit Case(const std::vector<Index>& hidden, Index n_outputs = 1)
      : network(make_perceptron({3, hidden, n_outputs, Activation::logistic})) {
    RandomStream stream(1, 7, 0, RandomPurpose::parameters);
    theta = draw_parameters(network, 1, stream);
  }
  Matrix wrong() const { return product_of_sums_jacobian(network, theta, X); }
  Matrix right() const { return jacobian(network, theta, X); }

  Perceptron network;
  Vector theta;
  Matrix X{{0.3, -1, 0.5}, {1.2, 0.4, -0.1}, {-0.7, 0.1, 2}};
};

// As the question has it, written out for a weight of the first of two hidden layers; the right sum beside it.
TEST(ProductOfSums, IsTheFormulaOfTheQuestion) {
  const Case c({2, 3});
  const auto W2 = c.network.weights(c.theta, 1), W3 = c.network.weights(c.theta, 2);
  const auto phi = [](const Matrix& Z) -> Matrix { return 1 / (1 + (-Z.array()).exp()); };
  const Matrix A1 = phi((c.X * c.network.weights(c.theta, 0).transpose()).rowwise() +
                        c.network.bias(c.theta, 0).transpose());
  const Matrix A2 = phi((A1 * W2.transpose()).rowwise() + c.network.bias(c.theta, 1).transpose());
  const Matrix J = c.wrong(), right = c.right();
  for (Index i = 0; i < 2; ++i)
    for (Index j = 0; j < 3; ++j)
      for (Index n = 0; n < 3; ++n) {
        double sum_of_weights = 0, sum_of_slopes = 0, sum_of_products = 0;
        for (Index g = 0; g < 3; ++g) {
          const double slope = A2(n, g) * (1 - A2(n, g)) * W3(0, g);
          sum_of_weights += W2(g, i);
          sum_of_slopes += slope;
          sum_of_products += W2(g, i) * slope;
        }
        const double own = c.X(n, j) * A1(n, i) * (1 - A1(n, i));
        EXPECT_NEAR(J(n, 3 * i + j), own * sum_of_weights * sum_of_slopes, rounding);
        EXPECT_NEAR(right(n, 3 * i + j), own * sum_of_products, rounding);
      }
}

TEST(ProductOfSums, IsExactWhereOnePathLeadsFromAWeightToTheOutput) {
  for (const std::vector<Index>& hidden : {std::vector<Index>{}, {5}, {4, 1}, {4, 1, 1}})
    EXPECT_TRUE(all_within_relative(Case(hidden).wrong(), Case(hidden).right(), rounding));
  EXPECT_TRUE(all_within_relative(Case({5}, 2).wrong(), Case({5}, 2).right(), rounding));
}

TEST(ProductOfSums, IsExactForTheLastTwoLayersAndForNoOther) {
  const Case c({4, 3, 2}, 2);
  const Index below = c.network.layer(2).weights_at;
  const Matrix J = c.wrong(), right = c.right();
  EXPECT_TRUE(all_within_relative(Matrix(J.rightCols(J.cols() - below)),
                                  Matrix(right.rightCols(J.cols() - below)), rounding));
  for (Index p = 0; p < below; ++p)
    EXPECT_GT((J.col(p) - right.col(p)).norm(), 0.01 * right.col(p).norm()) << p;
}

// What the tests of the library keep as a strategy that is to be refused.
TEST(ProductOfSums, IsTheNegativeControlOfTheTests) {
  const Case c({3, 4, 2}, 2);
  const StrategyInfo& control =
      find_by_name(jacobench::testing::wrong_strategies(), "product_of_sums", "strategy");
  const StrategyInfo& tried = find_by_name(tried_formula_table(), "product_of_sums", "formula");
  Matrix J[2], J_x[2], Y[2];
  for (int s = 0; s < 2; ++s) {
    J[s].resize(6, c.network.n_params());
    J_x[s].resize(6, 3);
    Y[s].resize(3, 2);
    (s == 0 ? control : tried)
        .make(c.network, 3, {})
        ->evaluate(c.theta, c.X, {.values = &Y[s], .J_y_theta = &J[s], .J_y_x = &J_x[s]});
  }
  EXPECT_TRUE(all_within_relative(J[1], J[0], rounding));
  EXPECT_TRUE(all_within_relative(J_x[1], J_x[0], rounding));
  EXPECT_TRUE(all_within_relative(Y[1], Y[0], rounding));
}

TEST(ProductOfSums, IsOfTheStudiesAlone) {
  for (const StrategyInfo& formula : tried_formula_table()) {
    EXPECT_TRUE(is_on_trial(formula));
    EXPECT_THROW(find_strategy(formula.name), InputError);
  }
  for (const StrategyInfo& strategy : strategy_table()) EXPECT_FALSE(is_on_trial(strategy));
}

}  // namespace
}  // namespace jacobench::harness
