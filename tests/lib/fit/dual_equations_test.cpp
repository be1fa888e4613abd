#include "jacobench/fit/dual_equations.hpp"

#include <cmath>

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

// The least squares problem of 12 observations of two outputs in its P x P form, formed.
struct Formed {
  Formed(const TwoOutputs& many, Residuals& residuals, const Vector& decay, const Vector& at)
      : network(many.network),
        data(many.data),
        rows(residuals.rows()),
        theta(at),
        r(residuals.n_rows()),
        J(residuals.n_rows(), decay.size()) {
    EXPECT_TRUE(residuals.evaluate(theta, r.data(), J.data()));
    M = J.transpose() * J;
    g = J.transpose() * r;
    norm = M;
    for (Index l = 0; l < network.n_layers(); ++l)
      for (Index i = 0; i < network.layer(l).n_units; ++i)
        if (const Index p = network.layer(l).bias_at + i; decay[p] == 0)
          norm(p, p) += network.weights(decay, l).row(i).mean();
  }

  Matrix J_data() const { return J.topRows(n_data_rows); }

  // M and the second derivatives of the residuals of the data, by these weights.
  Matrix hessian_by(const Vector& residuals_of_data) const {
    Matrix sum = Matrix::Zero(M.rows(), M.cols());
    Matrix weights = residuals_of_data.reshaped(12, 2);
    rows.apply_transposed(weights);
    SecondDerivatives(network, 12).add_weighted_sum(theta, data.X, weights, sum);
    return M + Matrix(sum.selfadjointView<Eigen::Lower>());
  }

  // a of the bent step d + a / 2:  M a = -J' r_dd, M that of the norm
  Vector bend_of(const Vector& d) const {
    Matrix r_dd;
    SecondDerivatives(network, 12).along(theta, data.X, d, r_dd);
    rows.apply_to_stacked(r_dd);
    return -norm.llt().solve(J_data().transpose() * r_dd);
  }

  static constexpr Index n_data_rows = 24;
  const Perceptron network;
  const Dataset data;
  const RowMap rows;
  const Vector theta;
  Vector r, g;
  Matrix J, M, norm;  // of a radius, in which free biases have the penalty of their unit's weights
};

// A step to where the gradient vanishes, and the quadratic that it predicts by, whatever the penalty; with the penalty
// on biases too, of outputs whose noise is correlated.
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
    const Formed formed(many, residuals, decay, theta);
    const Vector& g = formed.g;
    const auto left_by = [&](const Matrix& H, const Vector& d) {
      const Vector left = g + H * d;
      return std::sqrt(left.dot(formed.norm.llt().solve(left)) / g.dot(formed.norm.llt().solve(g)));
    };
    const auto fall = [&](const Matrix& H, const Vector& d) { return -(2 * g.dot(d) + d.dot(H * d)); };
    const Matrix H = formed.hessian_by(formed.r.head(Formed::n_data_rows));
    ASSERT_EQ(H.llt().info(), Eigen::Success);
    const Vector want = -H.llt().solve(g);

    Vector d(decay.size());
    const auto newton = dual.newton_step(d);
    ASSERT_TRUE(newton);
    EXPECT_LE(left_by(H, d), 1.001e-3);
    EXPECT_NEAR(newton->length, std::sqrt(d.dot(formed.M * d)), 1e-7 * newton->length);
    EXPECT_NEAR(newton->predicted_fall, fall(H, want), 1e-3 * fall(H, want));
    EXPECT_FALSE(newton->is_at_edge);

    // Along bent steps.
    const Vector left_by_gauss_newton =
        formed.r.head(Formed::n_data_rows) - formed.J_data() * formed.norm.llt().solve(g);
    const Matrix H_bent = formed.hessian_by(left_by_gauss_newton);
    const RegionStep whole = dual.solve_within(1e3, true, d);
    EXPECT_FALSE(whole.is_at_edge);
    EXPECT_LE(left_by(H_bent, d), 1.001e-3);
    dual.solve_within(1e3, false, d);
    EXPECT_LE(left_by(H_bent, d), 0.1);
    double nearer = 0;
    for (const double share : {0.1, 0.5, 0.9}) {
      const RegionStep step = dual.solve_within(share * whole.length, true, d);
      EXPECT_TRUE(step.is_at_edge);
      EXPECT_NEAR(step.predicted_fall, fall(H_bent, d), 1e-9 * fall(H_bent, d));
      EXPECT_NEAR(std::sqrt(d.dot(formed.norm * d)), step.length, 1e-7 * step.length);
      EXPECT_NEAR(step.length, share * whole.length, 1e-9 * step.length);
      EXPECT_GT(step.predicted_fall, nearer);
      nearer = step.predicted_fall;
    }

    const Vector straight = d, a = formed.bend_of(d);
    ASSERT_TRUE(dual.bend(d));
    EXPECT_LE((d - straight - a / 2).norm(), 1e-6 * a.norm());

    // Half as far along it, and from r as it might be there.
    const Vector r_there = formed.r.reverse(), before = d;
    dual.correct(0.5, r_there, d);
    const Vector correction = formed.norm.llt().solve(
        formed.J_data().transpose() *
        ((r_there - formed.r).head(Formed::n_data_rows) - 0.5 * formed.J_data() * straight));
    EXPECT_LE((d - before + correction).norm(), 1e-9 * correction.norm());
  }
}

// Far from a minimum, S at tau + t d + t^2 a / 2 is as predicted but for the third power of t: what is wrong falls by
// eight as t is halved, and would by four if the second derivatives had r as their weights.
TEST(DualEquations, ABentStepFallsAsPredictedUpToThirdOrder) {
  const TwoOutputs many(12);
  const Vector decay = equal_decay(many.network, 0.3, DecayOf::weights);
  Residuals residuals(many.network, many.data, decay);
  DualEquations dual(residuals, decay);
  ASSERT_TRUE(dual.move_to(many.theta));
  Vector d(decay.size()), r(residuals.n_rows());
  const RegionStep step = dual.solve_within(0.5, false, d);
  ASSERT_TRUE(step.is_at_edge);
  const Vector straight = d;
  ASSERT_TRUE(dual.bend(d));
  const Vector half_bend = d - straight;
  const double slope = -2 * dual.gradient().dot(straight);
  const auto wrong = [&](double t) {
    EXPECT_TRUE(residuals.evaluate(many.theta + t * straight + t * t * half_bend, r.data(), nullptr));
    return dual.objective() - t * (slope + t * (step.predicted_fall - slope)) - r.squaredNorm();
  };
  for (const double t : {0.02, 0.01}) EXPECT_NEAR(wrong(t) / wrong(t / 2), 8, 0.5) << t;
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

// Along curved valleys: 45 steps, 60 of them without corrections, and 97 with r as the weights of second derivatives.
TEST(DualEquations, AFitOfManyParametersSettlesInFewSteps) {
  const Perceptron network(8, {{40, Activation::tanh}, {40, Activation::tanh}, {1, Activation::identity}});
  RandomStream stream(3, 0, 0, RandomPurpose::inputs);
  Dataset data{.X = Matrix(100, 8), .Y = Matrix(100, 1)};
  for (double& x : data.X.reshaped()) x = stream.normal();
  for (Index n = 0; n < data.X.rows(); ++n)
    data.Y(n, 0) =
        std::sin(2 * data.X(n, 0)) + data.X(n, 1) * std::tanh(data.X(n, 2)) + 0.2 * stream.normal();
  const Fit fitted = fit(network, data,
                         {.n_starts = 1,
                          .n_redraws = 0,
                          .decay = equal_decay(network, 0.01, DecayOf::weights),
                          .form = StepForm::dual});
  EXPECT_TRUE(fitted.has_settled());
  EXPECT_LE(fitted.end->n_iterations, 80);
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
