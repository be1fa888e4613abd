#include "jacobench/fit/dual_equations.hpp"

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/solvers.hpp"

namespace jacobench {
namespace {

// 12 observations of two outputs with weights, 6-5-4-2: 24 rows and 69 parameters.
struct ManyParameters {
  Perceptron network{6, {{5, Activation::tanh}, {4, Activation::logistic}, {2, Activation::identity}}};
  Dataset data{Matrix(12, 6), Matrix(12, 2), Vector(12)};
  Vector theta = Vector(network.n_params());

  ManyParameters() {
    RandomStream stream(3, 0, 0, RandomPurpose::parameters);
    for (double& x : data.X.reshaped()) x = stream.normal();
    for (double& y : data.Y.reshaped()) y = stream.normal();
    for (double& w : data.weights) w = 0.5 + stream.uniform();
    for (double& p : theta) p = 0.5 * stream.normal();
  }
};

// (J'J + K)^-1 by the P x P form: both lose the condition of J'J + K, here below 1e4.
TEST(DualEquations, AStepIsThatOfTheNormalEquations) {
  const ManyParameters many;
  Vector decay = equal_decay(many.network, 0.3, DecayOf::weights);
  for (const Layer& layer : many.network.layers())
    decay.segment(layer.bias_at, layer.n_units).setConstant(0.7);
  Residuals residuals(many.network, many.data, decay);
  DualEquations dual(residuals, decay);
  ASSERT_TRUE(dual.move_to(many.theta));
  Vector r(residuals.n_rows()), d(decay.size());
  Matrix J(residuals.n_rows(), decay.size());
  ASSERT_TRUE(residuals.evaluate(many.theta, r.data(), J.data()));
  const Matrix M = J.transpose() * J;
  const Vector g = J.transpose() * r, want = -M.llt().solve(g);
  EXPECT_LE((dual.gradient() - g).norm(), 1e-13 * J.norm() * r.norm());
  ASSERT_TRUE(dual.solve(0, d));
  EXPECT_LE((d - want).norm(), 1e-11 * want.norm());
  EXPECT_NEAR(dual.predicted_fall(0, d), -g.dot(want), 1e-11 * -g.dot(want));
  const Matrix J_data = J.topRows(residuals.n_data_rows());
  EXPECT_NEAR(dual.effective_parameters(), (J_data * M.llt().solve(J_data.transpose())).trace(), 1e-11);
  // Damped, it predicts -(2 g'd + d'M d) of its own step.
  ASSERT_TRUE(dual.solve(0.2, d));
  EXPECT_LT(d.norm(), want.norm());
  EXPECT_NEAR(dual.predicted_fall(0.2, d), -(2 * g.dot(d) + d.dot(M * d)), 1e-11 * -g.dot(want));
}

// Parameters without a penalty are damped by 1e-5 of the mean of their diag J'J. Both forms lose the condition, some 1e8 here.
TEST(DualEquations, AStepOfFreeBiasesIsThatOfTheNormalEquationsHardlyDamped) {
  const ManyParameters many;
  const Vector decay = equal_decay(many.network, 0.3, DecayOf::weights);
  Residuals residuals(many.network, many.data, decay);
  DualEquations dual(residuals, decay);
  ASSERT_TRUE(dual.move_to(many.theta));
  Vector r(residuals.n_rows()), d(decay.size());
  Matrix J(residuals.n_rows(), decay.size());
  ASSERT_TRUE(residuals.evaluate(many.theta, r.data(), J.data()));
  Matrix M = J.transpose() * J;
  const Vector is_free = (decay.array() == 0).cast<double>();
  const double damping = 1e-5 * is_free.dot(M.diagonal()) / is_free.sum();
  M.diagonal() += damping * is_free;
  const Vector want = -M.llt().solve(J.transpose() * r);
  ASSERT_TRUE(dual.solve(0, d));
  EXPECT_LE((d - want).norm(), 1e-6 * want.norm());
}

TEST(DualEquations, ArePreferredOnlyWhereTheyArePossibleAndWorthIt) {
  const Perceptron wide(300, {{4, Activation::logistic}, {1, Activation::identity}});
  const Vector all = equal_decay(wide, 0.01, DecayOf::weights_and_biases);
  EXPECT_TRUE(prefer_dual(wide, all, 60));
  EXPECT_TRUE(prefer_dual(wide, equal_decay(wide, 0.01, DecayOf::weights), 60));
  EXPECT_FALSE(prefer_dual(wide, all, 1000));
  EXPECT_FALSE(prefer_dual(wide, {}, 60));
  Vector uneven = all;
  uneven[0] = 0.02;
  EXPECT_FALSE(prefer_dual(wide, uneven, 60));
}

// A fit by the n x n form stands at a minimum of the P x P form, for penalties with and without the biases.
TEST(DualEquations, AFitEndsWhereTheNormalFormEndsToo) {
  ManyParameters many;
  many.network = Perceptron(40, {{3, Activation::tanh}, {2, Activation::identity}});
  RandomStream stream(5, 0, 0, RandomPurpose::inputs);
  many.data.X = Matrix(12, 40);
  for (double& x : many.data.X.reshaped()) x = stream.normal();
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector decay = equal_decay(many.network, 0.5, of);
    ASSERT_TRUE(prefer_dual(many.network, decay, many.data.n_values()));
    const Fit fitted =
        fit(many.network, many.data, {.n_starts = 3, .decay = decay, .output_noise = OutputNoise::shared});
    EXPECT_TRUE(fitted.has_settled());
    EXPECT_TRUE(fitted.has_converged()) << explanation(fitted.end->stop);
    Residuals residuals(many.network, many.data, decay);
    Vector theta = fitted.theta;
    const Polished polished = Polisher(residuals).polish(theta);
    EXPECT_NEAR(fitted.objective(), polished.objective, 1e-8 * polished.objective);
    EXPECT_LE((fitted.theta - theta).norm(), 1e-4 * theta.norm());
  }
}

}  // namespace
}  // namespace jacobench
