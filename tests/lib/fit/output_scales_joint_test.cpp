// Joint noise of several outputs: Zellner's iterated estimator, held to closed forms, to figures found elsewhere and to
// what no change of basis between the outputs may alter.
#include <cmath>

#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/output_scales.hpp"
#include "jacobench/inference/bootstrap.hpp"
#include "jacobench/inference/curvature.hpp"
#include "jacobench/inference/decay_choice.hpp"
#include "jacobench/inference/diagnostics.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/entrywise.hpp"
#include "support/linearised.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::all_within_relative;

// A fit is at rest when its scales change by less than 1e-7, and what they enter by no more than that.
constexpr double at_rest = 1e-6;

const FitOptions joint{.n_starts = 5, .seed = 3, .output_noise = OutputNoise::joint};

// Two outputs of one hidden unit whose noise has correlation .9, in units that differ by 40.
Dataset one_unit_two_outputs() {
  Dataset data{Matrix(15, 1), Matrix(15, 2)};
  data.X << -2.0, -1.714, -1.429, -1.143, -0.857, -0.571, -0.286, 0.0, 0.286, 0.571, 0.857, 1.143, 1.429,
      1.714, 2.0;
  data.Y.col(0) << -1.223, -1.039, -0.589, -1.029, -0.513, -0.429, -0.422, 0.478, 1.061, 1.546, 2.03, 2.561,
      2.9, 2.391, 2.647;
  data.Y.col(1) << 93.78, 108.27, 120.4, 95.15, 117.46, 89.37, 77.72, 53.52, 29.99, 4.95, -8.36, -19.07,
      -13.43, -45.04, -39.43;
  return data;
}

const Perceptron shared_unit(1, {{1, Activation::tanh}, {2, Activation::identity}});

// Outputs that are lines and parabolas of the inputs, with noise A z.
Dataset noisy(const Matrix& A, Index N = 40) {
  RandomStream stream(77, 3, 0, RandomPurpose::noise);
  const Index K = A.rows();
  Dataset data{Matrix(N, 2), Matrix(N, K)};
  Vector z(K);
  for (Index n = 0; n < N; ++n) {
    const double x = 2 * stream.uniform() - 1, u = stream.normal();
    data.X.row(n) << x, u;
    for (double& each : z) each = stream.normal();
    const Vector noise = A * z;
    for (Index k = 0; k < K; ++k)
      data.Y(n, k) = 1 + (1 + 0.3 * static_cast<double>(k)) * std::tanh(2 * x - u) + 0.3 * noise[k];
  }
  return data;
}

const Matrix correlated{{1, 0}, {1.8, 0.6}};

// Zellner (1962): where all equations have the same regressors, joint estimation is least squares of each, to the last
// digits, and so are standard errors and degrees of freedom.
TEST(JointNoise, IsLeastSquaresWhereTheRegressorsAreTheSame) {
  const Dataset data = noisy(correlated);
  const Perceptron both(2, {{2, Activation::identity}}), one(2, {{1, Activation::identity}});
  const Fit fit = jacobench::fit(both, data, joint);
  ASSERT_TRUE(fit.has_settled());
  EXPECT_GT(fit.data.output_correlation(0, 1), 0.8);
  const Bands bands = bands_at(fit, data.X.topRows(5));
  for (Index k = 0; k < 2; ++k) {
    const Fit alone = jacobench::fit(one, {data.X, data.Y.col(k)});
    const Bands expected = bands_at(alone, data.X.topRows(5));
    EXPECT_TRUE(all_within_relative(fit.theta.segment(2 * k, 2), alone.theta.head(2), 1e-11));
    EXPECT_TRUE(all_within_relative(bands.mean.lower.col(k), expected.mean.lower, 1e-10));
    EXPECT_TRUE(all_within_relative(bands.prediction.upper.col(k), expected.prediction.upper, 1e-10));
  }
}

// Maximum likelihood of a matrix of coefficients of rank one, by the eigenvectors of Anderson (1951), Annals of
// Mathematical Statistics 22(3): with S the covariance of the least squares residuals, S^1/2 v v' S^-1/2 B, v the first
// eigenvector of S^-1/2 S_yx S_xx^-1 S_xy S^-1/2.
TEST(JointNoise, IsTheReducedRankRegressionOfAnderson) {
  const Dataset data = noisy(Matrix{{1, 0, 0}, {1.8, 0.6, 0}, {-0.4, 1, 2}});
  const Perceptron network(2, {{1, Activation::identity}, {3, Activation::identity}});
  const Fit fit = jacobench::fit(network, data, joint);
  ASSERT_TRUE(fit.has_settled());
  const Matrix X = data.X.rowwise() - data.X.colwise().mean(), Y = data.Y.rowwise() - data.Y.colwise().mean();
  const Matrix B = (X.transpose() * X).inverse() * (X.transpose() * Y);
  const Matrix E = Y - X * B;
  const Eigen::SelfAdjointEigenSolver<Matrix> S(E.transpose() * E);
  const Matrix root = S.operatorSqrt(), inverse_root = S.operatorInverseSqrt();
  const Eigen::SelfAdjointEigenSolver<Matrix> canonical(inverse_root * (Y.transpose() * X * B) *
                                                        inverse_root);
  const Vector v = canonical.eigenvectors().col(2);
  const Matrix fitted = (X * B * inverse_root * v * v.transpose() * root).rowwise() + data.Y.colwise().mean();
  EXPECT_TRUE(all_within(evaluate(network, fit.theta, data.X), fitted, at_rest));
  // control: outputs by themselves are fitted otherwise
  const Fit own = jacobench::fit(network, data, {.n_starts = 5});
  EXPECT_GT((evaluate(network, own.theta, data.X) - fitted).norm(), 1e-2);
}

// The least K det(R'R)^(1/K), by BFGS and then Newton steps in SciPy, where its gradient is 2e-14; standard errors by
// the dense (J'(S^-1 x I) J)^-1 with S = R'R / (15 - 6 / 2). R's systemfit 1.1, as iterated SUR of the linear model
// with J's columns as regressors and w1, b1 the same in both equations, has these coefficients, covariance and standard
// errors to 14 digits.
TEST(JointNoise, MaximisesTheNormalLikelihood) {
  const Fit fit = jacobench::fit(shared_unit, one_unit_two_outputs(), joint);
  ASSERT_TRUE(fit.has_settled());
  const double sign = fit.theta[0] > 0 ? 1 : -1;
  const Vector theta{{sign * 1.2331117829812703, sign * -0.28025187090554876, sign * 1.8748298243070578,
                      sign * -72.96951244711705, 0.8881212256689929, 36.69289602530397}};
  EXPECT_TRUE(all_within_relative(fit.theta, theta, at_rest));
  EXPECT_NEAR(fit.objective(), 29.426249281144894, 29 * at_rest);
  EXPECT_NEAR(fit.end->rss, fit.objective(), 1e-10);
  Tangent at = linearise(fit);
  const Covariance cov = covariance(at);
  ASSERT_TRUE(cov.ok());
  const Vector se{{0.06662829421713236, 0.030285597100818247, 0.07801188532188892, 3.568907582673213,
                   0.06080267198598238, 2.793227717470902}};
  EXPECT_TRUE(all_within_relative(cov.standard_errors_of_parameters(), se, at_rest));
  EXPECT_TRUE(all_within_relative(
      residual_covariance(at, cov),
      Matrix{{0.048059940112363475, 1.8854596600854123}, {1.8854596600854123, 105.24906873216372}}, at_rest));
  const Vector sd{{0.21922577428843415, 10.259096877024007}};
  EXPECT_TRUE(
      all_within_relative(Vector(cov.output_sigmas().cwiseProduct(fit.data.output_scales)), sd, at_rest));
  EXPECT_TRUE(all_within(cov.output_dofs(), Vector::Constant(2, 12), 1e-10));
  const Bands bands = bands_at(fit, Matrix{{0.5}});
  EXPECT_TRUE(all_within_relative(bands.mean.se, Matrix{{0.07320578512884295, 3.3059137511574495}}, at_rest));
  EXPECT_TRUE(
      all_within_relative(bands.prediction.se, Matrix{{0.23112556563196074, 10.778596126688097}}, at_rest));
}

// theta of a network with linear outputs in the basis A y.
Vector in_basis(const Perceptron& network, const Vector& theta, const Matrix& A) {
  Vector result = theta;
  network.weights(result, 1) = A * Matrix(network.weights(theta, 1));
  network.bias(result, 1) = A * Vector(network.bias(theta, 1));
  return result;
}

// Whatever basis the outputs are given in, the fit is the same function, and so are all covariances of it, weights
// included.
TEST(JointNoise, NoBasisOfTheOutputsAltersAnything) {
  const Matrix A{{2, -1}, {30, 50}};
  const Perceptron network(2, {{1, Activation::tanh}, {2, Activation::identity}});
  Dataset data = noisy(correlated), other = data;
  data.weights = other.weights = Vector::LinSpaced(40, 0.5, 2);
  other.Y = data.Y * A.transpose();
  const Fit fit = jacobench::fit(network, data, joint);
  const Fit in_A = jacobench::fit(
      network, other,
      {.start = in_basis(network, fit.theta, A), .n_starts = 0, .output_noise = OutputNoise::joint});
  ASSERT_TRUE(fit.has_settled() && in_A.has_settled());
  const Matrix values = evaluate(network, fit.theta, data.X) * A.transpose();
  EXPECT_TRUE(all_within(evaluate(network, in_A.theta, data.X), values, 1e2 * at_rest));
  Tangent at = linearise(fit), at_A = linearise(in_A);
  EXPECT_TRUE(all_within(at_A.errors(), at.errors() * A.transpose(), 1e2 * at_rest));
  const Vector x0{{0.3, -0.2}};
  for (const CovarianceInfo& kind : covariance_table()) {
    if (kind.decay == Decay::needed) continue;
    SCOPED_TRACE(kind.name);
    const Covariance cov = covariance(at, {.kind = kind.kind}), cov_A = covariance(at_A, {.kind = kind.kind});
    ASSERT_TRUE(cov.ok() && cov_A.ok()) << cov.reason() << cov_A.reason();
    const Matrix expected = A * joint_covariance(at, cov, x0) * A.transpose();
    EXPECT_TRUE(all_within(joint_covariance(at_A, cov_A, x0), expected, 10 * at_rest * expected.norm()));
    EXPECT_NEAR(cov_A.dof(), cov.dof(), 1e-4);
    EXPECT_TRUE(all_within_relative(cov_A.output_dofs(), cov.output_dofs(), at_rest));
  }
  const Covariance cov = covariance(at), cov_A = covariance(at_A);
  const Curvature bend = curvature(at, cov), bend_A = curvature(at_A, cov_A);
  EXPECT_NEAR(bend_A.intrinsic / bend.intrinsic, 1, 10 * at_rest);
  EXPECT_NEAR(bend_A.parameter_effects / bend.parameter_effects, 1, 10 * at_rest);
  EXPECT_TRUE(all_within(diagnose(at, cov).residuals, at.errors().reshaped(), 0));
}

// Draws of the parametric bootstrap have the covariance sigma^2 D C D / w. Of n draws the mean of a product of two
// errors has a standard error of at most sqrt(2 / n) of their variances; five of them.
TEST(JointNoise, IsDrawnByTheBootstrap) {
  const Fit fit = jacobench::fit(shared_unit, one_unit_two_outputs(), joint);
  Tangent at = linearise(fit);
  const Covariance cov = covariance(at);
  const Matrix fitted = evaluate(shared_unit, fit.theta, fit.data.X);
  const auto covariance_of_draws = [&](BootstrapKind kind, Index n_draws) {
    const Resampler resampler(at, cov, kind);
    Dataset drawn = fit.data;
    Matrix sum = Matrix::Zero(2, 2);
    for (Index b = 0; b < n_draws; ++b) {
      RandomStream stream(1, 0, static_cast<std::uint32_t>(b), RandomPurpose::resampling);
      resampler.draw(stream, drawn);
      sum += (drawn.Y - fitted).transpose() * (drawn.Y - fitted);
    }
    return Matrix(sum / static_cast<double>(15 * n_draws));
  };
  const Matrix D = cov.sigma() * fit.data.output_scales.asDiagonal().toDenseMatrix();
  const Matrix expected = D * fit.data.output_correlation * D;
  const Vector sd = expected.diagonal().cwiseSqrt();
  const Matrix parametric = covariance_of_draws(BootstrapKind::parametric, 4000);
  EXPECT_TRUE(all_within(parametric, expected, 5 * std::sqrt(2.0 / 60'000) * sd * sd.transpose()));
  // residuals that are corrected by leverages and centred: about the same
  const Matrix residual = covariance_of_draws(BootstrapKind::residual, 400);
  EXPECT_TRUE(all_within(residual, expected, 0.15 * sd * sd.transpose()));
}

// Many more parameters than observations: the n x n route stands where the gradient of S vanishes, which the rows of J
// say without it.
TEST(JointNoise, IsFittedByBothRoutes) {
  const Dataset data = noisy(correlated, 20);
  const Perceptron network(2, {{60, Activation::tanh}, {2, Activation::identity}});
  const Vector decay = equal_decay(network, 0.05, DecayOf::weights_and_biases);
  const Fit fit =
      jacobench::fit(network, data, {.n_starts = 1, .decay = decay, .output_noise = OutputNoise::joint});
  ASSERT_TRUE(fit.has_settled());
  EXPECT_GT(std::abs(fit.data.output_correlation(0, 1)), 0.5);
  Residuals residuals(network, fit.data, decay);
  Vector r(residuals.n_rows());
  Matrix J(residuals.n_rows(), network.n_params());
  ASSERT_TRUE(residuals.evaluate(fit.theta, r.data(), J.data()));
  EXPECT_LE((J.transpose() * r).norm(), 1e-5 * J.norm() * r.norm());
  EXPECT_LE(output_scales_of(fit)->change, 1e-7);
}

TEST(JointNoise, ADecayIsChosenWithIt) {
  const Perceptron network(2, {{2, Activation::tanh}, {2, Activation::identity}});
  const DecayChoice choice =
      choose_decay(network, noisy(correlated), joint, {.rule = &find_decay_rule("loo")});
  EXPECT_EQ(choice.fit.data.output_noise, OutputNoise::joint);
  EXPECT_GT(choice.fit.data.output_correlation(0, 1), 0.8);
  EXPECT_LE(output_scales_of(choice.fit)->change, 1e-7);
}

// Leave-one-out by leverages is the fit without the observation, with the covariance as it is.
TEST(JointNoise, ConformalMethodsLeaveOutObservations) {
  const Dataset data = noisy(correlated, 25);
  const Perceptron linear(2, {{2, Activation::identity}});
  const Fit fit = jacobench::fit(linear, data, joint);
  const Bands joint_bands = bands_at(fit, data.X.topRows(3), {.method = "jackknife_plus"});
  ASSERT_TRUE(joint_bands.no_prediction.empty()) << joint_bands.no_prediction;
  const Fit alone = jacobench::fit(Perceptron(2, {{1, Activation::identity}}), {data.X, data.Y.col(1)});
  const Bands expected = bands_at(alone, data.X.topRows(3), {.method = "jackknife_plus"});
  EXPECT_TRUE(all_within_relative(joint_bands.prediction.upper.col(1), expected.prediction.upper, 1e-9));
}

TEST(JointNoise, IsRefusedWhereItsCovarianceIsSingular) {
  Dataset twice = one_unit_two_outputs();
  twice.Y.col(1) = 3 - 2 * twice.Y.col(0).array();
  const auto message_of = [&](const Perceptron& network, const Dataset& data) -> std::string {
    try {
      jacobench::fit(network, data, joint);
    } catch (const InputError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_THAT(message_of(shared_unit, twice), ::testing::HasSubstr("output noise joint: output 2 of 2 is"));
  // outputs that differ, and whose noise is the same
  Dataset same_noise = one_unit_two_outputs();
  same_noise.Y.col(1) = same_noise.Y.col(0) + 3 * same_noise.X.col(0);
  const Perceptron line(1, {{2, Activation::identity}});
  EXPECT_THAT(message_of(line, same_noise), ::testing::HasSubstr("the residual of output 2 of 2 is"));
  // two observations leave no covariance of three outputs
  EXPECT_THAT(message_of(Perceptron(1, {{3, Activation::identity}}),
                         {Matrix{{0}, {1}}, Matrix{{0, 1, 2}, {3, 5, 9}}}),
              ::testing::HasSubstr("singular"));
}

TEST(JointNoise, OfOneOutputIsItsNoise) {
  const Dataset data{one_unit_two_outputs().X, one_unit_two_outputs().Y.col(0)};
  const Fit fit =
      jacobench::fit(Perceptron(1, {{1, Activation::tanh}, {1, Activation::identity}}), data, joint);
  EXPECT_EQ(fit.data.output_noise, OutputNoise::shared);
  EXPECT_EQ(fit.data.output_correlation.size(), 0);
}

}  // namespace
}  // namespace jacobench
