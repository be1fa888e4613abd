#include "jacobench/fit/dual_equations.hpp"

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"
#include "jacobench/fit/solvers.hpp"
#include "jacobench/network/second_derivatives.hpp"

#include "support/two_outputs.hpp"

namespace jacobench {
namespace {

using testing::TwoOutputs;

// (J'J + K)^-1 by the P x P form: both lose the condition of J'J + K, here below 1e4.
TEST(DualEquations, AStepIsThatOfTheNormalEquations) {
  const TwoOutputs many(12);
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

// As many as there are biases, which are hardly damped: 1e-12 of the mean of diag J_F'J_F.
TEST(DualEquations, AStepOfFreeBiasesIsThatOfTheNormalEquations) {
  const TwoOutputs many(12);
  const Vector decay = equal_decay(many.network, 0.3, DecayOf::weights);
  Residuals residuals(many.network, many.data, decay);
  DualEquations dual(residuals, decay);
  ASSERT_TRUE(dual.move_to(many.theta));
  Vector r(residuals.n_rows()), d(decay.size());
  Matrix J(residuals.n_rows(), decay.size());
  ASSERT_TRUE(residuals.evaluate(many.theta, r.data(), J.data()));
  const Matrix M = J.transpose() * J, J_data = J.topRows(residuals.n_data_rows());
  const Vector want = -M.llt().solve(J.transpose() * r);
  ASSERT_TRUE(dual.solve(0, d));
  EXPECT_LE((d - want).norm(), 1e-7 * want.norm());
  EXPECT_NEAR(dual.effective_parameters(), (J_data * M.llt().solve(J_data.transpose())).trace(), 1e-6);
}

// Half the Hessian of S, formed: a step to where the gradient vanishes, and the quadratic that it predicts by, whatever the penalty;
// with the penalty on biases too, of outputs whose noise is correlated.
TEST(DualEquations, StepsOfConjugateGradientsAreThoseOfTheFormedHessian) {
  TwoOutputs many(12);
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    if (of == DecayOf::weights_and_biases) many.data.output_correlation = Matrix{{1, 0.8}, {0.8, 1}};
    const Vector decay = equal_decay(many.network, 0.5, of);
    Vector theta =
        fit(many.network, many.data, {.n_starts = 2, .decay = decay, .output_noise = OutputNoise::shared})
            .theta;
    theta += 1e-3 * many.theta;
    Residuals residuals(many.network, many.data, decay);
    DualEquations dual(residuals, decay);
    ASSERT_TRUE(dual.move_to(theta));
    const Index P = decay.size();
    Vector r(residuals.n_rows()), d(P);
    Matrix J(residuals.n_rows(), P);
    ASSERT_TRUE(residuals.evaluate(theta, r.data(), J.data()));
    const Matrix M = J.transpose() * J;
    const Vector g = J.transpose() * r;
    Matrix H = Matrix::Zero(P, P);
    Matrix weights = r.head(24).reshaped(12, 2);
    residuals.rows().apply_transposed(weights);
    SecondDerivatives(many.network, 12).add_weighted_sum(theta, many.data.X, weights, H);
    H = M + Matrix(H.selfadjointView<Eigen::Lower>());
    const auto fall = [&](const Vector& step) { return -(2 * g.dot(step) + step.dot(H * step)); };
    const Vector want = -H.llt().solve(g);
    ASSERT_EQ(H.llt().info(), Eigen::Success);
    // The norm of a radius damps what has no penalty by 1e-4 of the mean of its diag J'J.
    Matrix norm = M;
    const Vector is_free = (decay.array() == 0).cast<double>();
    if (is_free.any()) norm.diagonal() += 1e-4 * is_free.dot(M.diagonal()) / is_free.sum() * is_free;

    const auto newton = dual.newton_step(d);
    ASSERT_TRUE(newton);
    const double left = (g + H * d).dot(norm.llt().solve(g + H * d)), whole = g.dot(norm.llt().solve(g));
    EXPECT_LE(std::sqrt(left / whole), 1.001e-3);
    EXPECT_NEAR(newton->length, std::sqrt(d.dot(M * d)), 1e-7 * newton->length);
    EXPECT_NEAR(newton->predicted_fall, fall(want), 1e-3 * fall(want));
    EXPECT_FALSE(newton->is_at_edge);

    double nearer = 0;
    for (const double share : {0.1, 0.5, 0.9}) {
      const RegionStep step = dual.solve_within(share * newton->length, d);
      EXPECT_NEAR(step.predicted_fall, fall(d), 1e-9 * fall(d));
      EXPECT_NEAR(std::sqrt(d.dot(norm * d)), step.length, 1e-7 * step.length);
      EXPECT_LE(step.length, share * newton->length * (1 + 1e-9));
      EXPECT_GT(step.predicted_fall, nearer);
      nearer = step.predicted_fall;
    }
    const RegionStep near = dual.solve_within(0.1 * newton->length, d);
    EXPECT_TRUE(near.is_at_edge);
    EXPECT_NEAR(near.length, 0.1 * newton->length, 1e-9 * near.length);

    // d + a / 2,  M a = -J' r_dd, M that of the norm
    const Vector straight = d;
    Matrix r_dd;
    SecondDerivatives(many.network, 12).along(theta, many.data.X, d, r_dd);
    residuals.rows().apply_to_stacked(r_dd);
    const Vector a = -norm.llt().solve(J.topRows(24).transpose() * r_dd);
    ASSERT_TRUE(dual.bend(d));
    EXPECT_LE((d - straight - a / 2).norm(), 1e-6 * a.norm());
  }
}

// Of a penalty that suits the units of every input and output, as it is chosen from data.
TEST(DualEquations, TakePenaltiesThatAreProductsOfInputsAndUnits) {
  const TwoOutputs many(12);
  Vector decay = equal_decay(many.network, 0.3, DecayOf::weights_and_biases);
  const Layer &first = many.network.layer(0), &last = many.network.layer(2);
  for (Index p = 0; p < first.n_weights(); ++p) decay[p] *= 1 + static_cast<double>(p % first.n_inputs);
  decay.segment(last.weights_at + last.n_inputs, last.n_inputs) *= 7;
  decay[last.bias_at] = 0.1;
  Residuals residuals(many.network, many.data, decay);
  DualEquations dual(residuals, decay);
  ASSERT_TRUE(dual.move_to(many.theta));
  Vector r(residuals.n_rows()), d(decay.size());
  Matrix J(residuals.n_rows(), decay.size());
  ASSERT_TRUE(residuals.evaluate(many.theta, r.data(), J.data()));
  const Vector want = -(J.transpose() * J).llt().solve(J.transpose() * r);
  ASSERT_TRUE(dual.solve(0, d));
  EXPECT_LE((d - want).norm(), 1e-11 * want.norm());
}

TEST(DualEquations, ArePreferredOnlyWhereTheyArePossibleAndWorthIt) {
  const Perceptron wide(300, {{4, Activation::logistic}, {1, Activation::identity}});
  const Vector all = equal_decay(wide, 0.01, DecayOf::weights_and_biases);
  const auto form = [&](const Vector& decay, Index n_values, StepForm wanted = StepForm::automatic) {
    return form_of_steps(wide, decay, n_values, wanted);
  };
  EXPECT_EQ(form(all, 60), StepForm::dual);
  EXPECT_EQ(form(equal_decay(wide, 0.01, DecayOf::weights), 60), StepForm::dual);
  EXPECT_EQ(form(all, 1000), StepForm::normal);
  EXPECT_EQ(form({}, 60), StepForm::normal);
  Vector uneven = all;
  uneven[0] = 0.02;
  EXPECT_EQ(form(uneven, 60), StepForm::normal);
  EXPECT_THROW(form(uneven, 60, StepForm::dual), InputError);
  EXPECT_EQ(form(uneven, 60, StepForm::matrix_free), StepForm::matrix_free);
}

// A fit by the n x n form stands at a minimum of the P x P form, for penalties with and without the biases.
TEST(DualEquations, AFitEndsWhereTheNormalFormEndsToo) {
  TwoOutputs many(12);
  many.network = Perceptron(40, {{3, Activation::tanh}, {2, Activation::identity}});
  RandomStream stream(5, 0, 0, RandomPurpose::inputs);
  many.data.X = Matrix(12, 40);
  for (double& x : many.data.X.reshaped()) x = stream.normal();
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector decay = equal_decay(many.network, 0.5, of);
    ASSERT_EQ(form_of_steps(many.network, decay, many.data.n_values(), StepForm::automatic), StepForm::dual);
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
