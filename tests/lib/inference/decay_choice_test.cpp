// Scores of a decay against what they say in dense algebra, and the choice.
#include "jacobench/inference/decay_choice.hpp"

#include <cmath>
#include <numbers>

#include <Eigen/Cholesky>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::all_within;
using testing::all_within_relative;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::Linearised;
using testing::step_data;

// y = X B + N(0, 1), weighted, two outputs in units of their own; no hidden layer.
Dataset two_outputs(Index N, Index D) {
  RandomStream stream(7, 1, 1, RandomPurpose::noise);
  Dataset data{Matrix(N, D), Matrix(N, 2)};
  for (double& x : data.X.reshaped()) x = 3 + 2 * stream.normal();
  for (Index n = 0; n < N; ++n)
    data.Y.row(n) << data.X(n, 0) + stream.normal(), 50 * (data.X(n, 1) - data.X(n, 0) + stream.normal());
  data.weights = Vector::LinSpaced(N, 0.5, 3);
  data.output_scales = Vector{{1.0, 40.0}};
  return data;
}

Perceptron linear_network(const Dataset& data) {
  return Perceptron(data.X.cols(), {{data.Y.cols(), Activation::identity}});
}

Linearised fitted_at(const Dataset& data, const Vector& decay) {
  const Perceptron network = linear_network(data);
  return testing::linearised(network, fit(network, data, {.n_starts = 2, .decay = decay}).theta, data, decay);
}

Matrix dense_hat(const Linearised& at) {
  Matrix A = at->J().transpose() * at->J();
  A.diagonal() += at->decay();
  return at->J() * A.ldlt().solve(at->J().transpose());
}

double log_determinant(const Matrix& A) {
  return 2 * Matrix(A.llt().matrixL()).diagonal().array().log().sum();
}

// Leaving an observation out and fitting the rest, all its outputs at once. Rounding of a fit is about 1e-15 times its
// condition, below 1e3 here.
TEST(DecayScores, LeaveOneOutOfALinearModelIsThatOfRefits) {
  const Dataset data = two_outputs(12, 3);
  const Perceptron network = linear_network(data);
  for (const double k : {0.0, 0.7, 20.0}) {
    const Vector decay = k > 0 ? equal_decay(network, k, DecayOf::weights) : Vector();
    const Linearised at = fitted_at(data, decay);
    Vector refitted(12);
    for (Index n = 0; n < 12; ++n) {
      std::vector<Index> others;
      for (Index m = 0; m < 12; ++m)
        if (m != n) others.push_back(m);
      const Fit rest = fit(network, data.rows(others), {.n_starts = 2, .decay = decay});
      const Matrix error = data.Y.row(n) - evaluate(network, rest.theta, data.X.row(n));
      refitted[n] = error.cwiseProduct(data.row_factors().row(n)).squaredNorm();
    }
    EXPECT_TRUE(all_within_relative(leave_one_out_losses(at).value(), refitted, 1e-10)) << k;
    const DecayScore score = leave_one_out_score(at).value();
    EXPECT_NEAR(score.value, refitted.sum(), 1e-10 * refitted.sum());
    const double variance = (refitted.array() - refitted.mean()).square().sum() / 11;
    EXPECT_NEAR(score.standard_error.value(), std::sqrt(12 * variance), 1e-9 * score.value);
  }
}

TEST(DecayScores, GcvIsItsFormula) {
  const Dataset data = two_outputs(12, 3);
  const Linearised at = fitted_at(data, equal_decay(linear_network(data), 5, DecayOf::weights));
  const double left = 1 - dense_hat(at).trace() / 24;
  EXPECT_NEAR(gcv_score(at).value().value, at->rss() / (left * left), 1e-10 * at->rss() / (left * left));
  EXPECT_FALSE(gcv_score(at).value().standard_error.has_value());
}

// The closed marginal likelihood of z = J theta + e, by the dense covariance M = I + J_p K_p^-1 J_p' of the penalised
// part and with the others integrated over: with more observations than parameters, with fewer, and there by the dual
// route.
TEST(DecayScores, EvidenceIsTheNormalMarginalLikelihood) {
  for (const auto& [N, D] : {std::pair<Index, Index>{12, 3}, {8, 12}, {4, 30}})
    for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
      SCOPED_TRACE(fmt::format("{} x {}", N, D));
      const Dataset data = two_outputs(N, D);
      const Linearised at = fitted_at(data, equal_decay(linear_network(data), 5, of));
      const Index q = (at->decay().array() == 0).count(), n = at->n_values();
      Matrix M = Matrix::Identity(n, n), F(n, q);
      for (Index p = 0, column = 0; p < at->n_params(); ++p)
        if (const double k = at->decay()[p]; k > 0)
          M += at->J().col(p) * at->J().col(p).transpose() / k;
        else
          F.col(column++) = at->J().col(p);
      const Vector z = at->r() + at->J() * at->theta();
      const Eigen::LLT<Matrix> of_M(M);
      Vector rest = z;
      double log_det = log_determinant(M);
      if (q > 0) {
        const Matrix F_M_F = F.transpose() * of_M.solve(F);
        rest -= F * F_M_F.ldlt().solve(F.transpose() * of_M.solve(z));
        log_det += log_determinant(F_M_F);
      }
      const auto n_left = static_cast<double>(n - q);
      const double variance = rest.dot(of_M.solve(rest)) / n_left;
      const double closed = n_left * (std::log(2 * std::numbers::pi * variance) + 1) + log_det;
      EXPECT_NEAR(evidence_score(at).value().value, closed, 1e-10 * std::abs(closed));
    }
}

TEST(DecayScores, AreNotMadeUpWhereNothingIsLeft) {
  Tangent& at = testing::fitted_leverage_of_one().at;
  EXPECT_FALSE(leave_one_out_losses(at).has_value());
  EXPECT_FALSE(leave_one_out_score(at).has_value());
  EXPECT_FALSE(evidence_score(at).has_value());  // no decay
  Dataset two{Matrix(2, 1), Matrix(2, 1)};
  two.X << 1, 2;
  two.Y << 3, 5;
  const Linearised through_both = fitted_at(two, {});
  EXPECT_FALSE(gcv_score(through_both).has_value());
}

// Of the chosen fit, in the units of the data.
Matrix values(const DecayChoice& choice, const Matrix& X) {
  return evaluate(ScaledModel{{choice.fit.network, choice.fit.theta}, choice.inputs, choice.outputs}, X);
}

TEST(StandardisedDecay, IsKOnStandardisedDataAndFollowsTheUnits) {
  const Perceptron network(1, {{2, Activation::tanh}, {1, Activation::identity}});
  Dataset data = step_data(40);
  data.X.array() -= data.X.mean();
  data.X /= data.X.norm() / std::sqrt(40.0);
  data.Y.array() -= data.Y.mean();
  data.Y /= data.Y.norm() / std::sqrt(40.0);
  const Vector standard = standardised_decay(network, data, 0.3, DecayOf::weights_and_biases);
  EXPECT_TRUE(all_within(standard, Vector::Constant(7, 0.3), 1e-14));
  data.X *= 50;
  data.Y *= 1e-3;
  data.weights = Vector::Constant(40, 4);
  const Vector other = standardised_decay(network, data, 0.3, DecayOf::weights_and_biases);
  const Vector want = 0.3 * Vector{{2500 * 4e-6, 2500 * 4e-6, 4e-6, 4e-6, 4, 4, 4}};
  EXPECT_TRUE(all_within_relative(other, want, 1e-13));
}

TEST(DecayChoice, ItsPathHasTheEffectiveParametersAndScoresOfItsFits) {
  const Dataset data = two_outputs(12, 3);
  const Perceptron network = linear_network(data);
  const DecayChoice choice = choose_decay(network, data, {.n_starts = 2}, {.rule = &find_decay_rule("gcv")});
  ASSERT_GE(choice.path.size(), 16u);
  double lowest = choice.path.front().score.value().value;
  Dataset centred = data;
  centred.X.rowwise() -= data.X.colwise().mean();
  centred.Y.rowwise() -= data.Y.colwise().mean();
  for (const DecayPoint& point : choice.path) {
    const Vector decay =
        point.k > 0 ? standardised_decay(network, centred, point.k, DecayOf::weights_and_biases) : Vector();
    const Linearised at = testing::linearised(network, point.theta, point.k > 0 ? centred : data, decay);
    EXPECT_NEAR(point.effective_parameters, dense_hat(at).trace(), 1e-9) << point.k;
    EXPECT_NEAR(point.score.value().value, gcv_score(at).value().value, 1e-12 * lowest);
    lowest = std::min(lowest, point.score.value().value);
  }
  const Linearised chosen(choice.fit);
  EXPECT_EQ(gcv_score(chosen).value().value, lowest);
  EXPECT_TRUE(std::is_sorted(choice.path.begin(), choice.path.end(),
                             [](const auto& a, const auto& b) { return a.k > b.k; }));
}

// Other units of inputs and outputs, and weights that are all the same: the same function is chosen. Fits end within
// about 1e-8 of their minimum; powers of two round nothing, which could lead a descent to another minimum.
TEST(DecayChoice, IsTheSameInOtherUnits) {
  const Perceptron network(1, {{2, Activation::tanh}, {1, Activation::identity}});
  const Dataset data = step_data(20);
  Dataset other = data;
  other.X *= 1024;
  other.Y *= 0x1p-12;
  other.weights = Vector::Constant(20, 4);
  for (const char* rule : {"loo", "gcv", "evidence"}) {
    const DecayChoiceOptions how{.rule = &find_decay_rule(rule)};
    const DecayChoice a = choose_decay(network, data, {.n_starts = 4}, how);
    const DecayChoice b = choose_decay(network, other, {.n_starts = 4}, how);
    EXPECT_NEAR(b.k, a.k, 1e-12) << rule;
    EXPECT_GT(a.k, 0) << rule;
    EXPECT_TRUE(all_within(values(b, other.X) / 0x1p-12, values(a, data.X), 1e-6)) << rule;
  }
}

// Degrees of Kelvin for those of Celsius, and an offset of the outputs: the same function is chosen, with the same
// standard errors. A start that is given is the same function, too.
TEST(DecayChoice, IsTheSameWhereverZeroLies) {
  const Perceptron network(1, {{2, Activation::tanh}, {1, Activation::identity}});
  const Dataset data = step_data(20);
  Dataset other = data;
  other.X.array() += 273.15;
  other.Y.array() -= 1000;
  Vector start = Vector::LinSpaced(network.n_params(), -0.5, 1), other_start = start;
  network.bias(other_start, 0) -= 273.15 * network.weights(start, 0);
  network.bias(other_start, 1).array() -= 1000;
  for (const char* rule : {"loo", "gcv", "evidence"}) {
    const DecayChoiceOptions how{.rule = &find_decay_rule(rule)};
    const DecayChoice a = choose_decay(network, data, {.start = start, .n_starts = 1}, how);
    const DecayChoice b = choose_decay(network, other, {.start = other_start, .n_starts = 1}, how);
    EXPECT_GT(a.k, 0) << rule;
    EXPECT_NEAR(b.k, a.k, 1e-12) << rule;
    EXPECT_NEAR(b.effective_parameters, a.effective_parameters, 1e-6) << rule;
    EXPECT_TRUE(all_within(values(b, other.X).array() + 1000, values(a, data.X), 1e-6)) << rule;
    EXPECT_TRUE(all_within(b.fit.data.X, a.fit.data.X, 1e-12));
    EXPECT_TRUE(all_within(b.fit.data.Y, a.fit.data.Y, 1e-12));
    EXPECT_TRUE(all_within_relative(b.fit.decay, a.fit.decay, 1e-12)) << rule;
  }
}

// The mean of 29 times 0.3 is not 0.3: what is left of a rounding error would be a column with a weight of 10^16.
TEST(DecayChoice, AColumnThatNeverVariesChangesNothing) {
  const Perceptron network(1, {{2, Activation::tanh}, {1, Activation::identity}}),
      wider(2, {{2, Activation::tanh}, {1, Activation::identity}});
  const Dataset data = step_data(29);
  const DecayChoice without = choose_decay(network, data, {.start = Vector::Ones(7), .n_starts = 0},
                                           {.rule = &find_decay_rule("loo")});
  for (const double constant : {0.0, 0.3, 0.5, 2.2, 33.3}) {
    Dataset with = data;
    with.X.conservativeResize(Eigen::NoChange, 2);
    with.X.col(1).setConstant(constant);
    Vector start = Vector::Ones(9);
    wider.weights(start, 0).col(1).setZero();
    wider.bias(start, 0).setConstant(1);
    const DecayChoice choice =
        choose_decay(wider, with, {.start = start, .n_starts = 0}, {.rule = &find_decay_rule("loo")});
    EXPECT_EQ(choice.k, without.k) << constant;
    EXPECT_NEAR(choice.effective_parameters, without.effective_parameters, 1e-6) << constant;
    EXPECT_EQ(choice.fit.network.weights(choice.fit.theta, 0).col(1), Vector::Zero(2)) << constant;
    EXPECT_TRUE(all_within(values(choice, with.X), values(without, data.X), 1e-6)) << constant;
    const Linearised at(choice.fit);
    const Vector se = covariance(at, {.kind = CovarianceKind::ridge}).standard_errors_of_parameters();
    EXPECT_EQ(wider.weights(se, 0).col(1), Vector::Zero(2)) << constant;
  }
}

// Where biases have no penalty a shift makes no difference, and there is nothing between the data and the network.
TEST(DecayChoice, OfWeightsAloneIsOfTheDataAsTheyAre) {
  const Perceptron network(1, {{2, Activation::tanh}, {1, Activation::identity}});
  const Dataset data = step_data(20);
  const DecayChoice choice = choose_decay(network, data, {.n_starts = 2},
                                          {.rule = &find_decay_rule("loo"), .decay_of = DecayOf::weights});
  EXPECT_GT(choice.k, 0);
  EXPECT_TRUE(choice.inputs.is_identity() && choice.outputs.is_identity());
  EXPECT_EQ(choice.fit.data.X, data.X);
}

// A fit that the data determine is what it is without any choice, to the bit.
TEST(DecayChoice, AutoKeepsWhatTheDataDetermine) {
  for (const testing::Fitted* fitted : {&testing::fitted_step(), &testing::fitted_linear()}) {
    const FitOptions options{};
    const DecayChoice choice = choose_decay(fitted->network, fitted->data, options);
    EXPECT_EQ(choice.k, 0);
    EXPECT_FALSE(choice.fit.has_decay());
    EXPECT_EQ(choice.fit.theta, fit(fitted->network, fitted->data, options).theta);
    EXPECT_FALSE(choice.undecayed.has_value());
    EXPECT_EQ(choice.reasons.size(), 1u);
  }
}

// With many observations a parameter, no decay can lower the score: leave-one-out is at least the residual sum of
// squares.
TEST(DecayChoice, AutoTriesNoDecayThatCannotHelp) {
  const testing::Fitted& step = testing::fitted_step();
  const DecayChoice choice = choose_decay(step.network, step_data(400), {.n_starts = 4});
  EXPECT_EQ(choice.k, 0);
  EXPECT_TRUE(choice.path.empty());
  EXPECT_THAT(choice.reasons.at(0), HasSubstr("no decay can lower"));
}

// From 0 to 1 between 7 and 8, where the observations are still further apart: no finite weight is the best.
Dataset jump_data() {
  Dataset data{Vector::LinSpaced(20, 0, 19), Matrix(20, 1)};
  for (Index n = 0; n < 20; ++n) data.Y(n, 0) = (n < 8 ? 0 : 1) + (n % 2 == 0 ? 0.05 : -0.05);
  return data;
}

// A jump between two observations is fitted ever better by ever steeper units.
TEST(DecayChoice, AutoTakesADecayWhereAUnitRunsToInfinity) {
  const Perceptron network(1, {{1, Activation::tanh}, {1, Activation::identity}});
  const DecayChoice choice =
      choose_decay(network, jump_data(), {.n_starts = 4}, {.names = {.inputs = {"dose"}}});
  EXPECT_GT(choice.k, 0);
  EXPECT_TRUE(choice.fit.has_decay());
  EXPECT_TRUE(choice.fit.has_settled());
  ASSERT_TRUE(choice.undecayed.has_value());
  EXPECT_FALSE(choice.undecayed->has_decay());
  EXPECT_THAT(choice.reasons, Contains(HasSubstr("step at dose between 7 and 8")));
  Tangent at = linearise(choice.fit);
  EXPECT_TRUE(covariance(at, {.kind = CovarianceKind::ridge}).ok());
}

// The start leads nowhere, and the path leads to the minimum without a decay.
TEST(DecayChoice, TheEndOfThePathIsAStartWithoutADecay) {
  const testing::Fitted& step = testing::fitted_step();
  const Vector flat{{300.0, -3000.0, 1.0, 3.0}};
  const FitOptions from_flat{.start = flat, .n_starts = 0};
  ASSERT_GT(fit(step.network, step.data, from_flat).objective(), 2 * step.at.fit().objective());
  const DecayChoice choice = choose_decay(step.network, step.data, from_flat);
  EXPECT_EQ(choice.k, 0);
  EXPECT_NEAR(choice.fit.objective(), step.at.fit().objective(), 1e-9);
}

TEST(DecayChoice, AnInterruptLeavesTheBestSoFarAsNotSettled) {
  const Perceptron network(1, {{1, Activation::tanh}, {1, Activation::identity}});
  for (const Index most : {0, 12}) {
    FitOptions options{.n_starts = 4};
    options.go_on = [most](const FitProgress& now) {
      EXPECT_LE(now.n_starts_done, now.n_starts);
      return now.n_starts_done <= most;
    };
    const DecayChoice choice = choose_decay(network, jump_data(), options);
    EXPECT_TRUE(choice.was_interrupted);
    EXPECT_EQ(choice.fit.end->stop, Stop::interrupted);
    EXPECT_FALSE(choice.fit.has_settled());
    EXPECT_TRUE(choice.fit.theta.allFinite());
    EXPECT_EQ(choice.path.empty(), most == 0);
    EXPECT_LT(choice.path.size(), 6u);
  }
}

// y = sin 3 x_1 cos 3 x_2 + noise, N observations.
Dataset waves(Index N, double noise) {
  RandomStream stream(11, 0, 0, RandomPurpose::noise);
  Dataset data{Matrix(N, 2), Matrix(N, 1)};
  for (double& x : data.X.reshaped()) x = 2 - 4 * stream.uniform();
  for (Index n = 0; n < N; ++n)
    data.Y(n, 0) = std::sin(3 * data.X(n, 0)) * std::cos(3 * data.X(n, 1)) + noise * stream.normal();
  return data;
}

// Where a decay is so large that all weights vanish, a path that only follows its fits would stay: they are stationary
// for every decay. Nor may what has settled by itself, in a few steps, win because the better fits further down the
// path need more.
TEST(DecayChoice, AWidePathComesAwayFromTheMeanAndSettlesWhatIsBetter) {
  const double noise = 0.1;
  const Dataset data = waves(120, noise);
  const Perceptron network(2, {{40, Activation::tanh}, {40, Activation::tanh}, {1, Activation::identity}});
  const DecayChoice choice =
      choose_decay(network, data, {.n_starts = 20, .n_wanted_at_best = 5, .form = StepForm::dual});
  ASSERT_FALSE(choice.path.empty());
  EXPECT_LT(choice.path.front().effective_parameters, 1) << "there the weights vanish";
  EXPECT_TRUE(choice.fit.has_settled());
  EXPECT_GT(choice.effective_parameters, 10);
  const double s = std::sqrt(choice.fit.end->rss / (120 - choice.effective_parameters));
  EXPECT_LT(s, 2 * noise);
}

// Vapour pressure of mercury in mm over temperature in degrees Celsius, without noise to speak of (Weast 1973, Handbook
// of Chemistry and Physics). The fit without a decay bends between two observations and never arrives: a decay is
// better than no bands.
TEST(DecayChoice, ADecayIsBetterThanAFitThatDoesNotSettle) {
  const std::vector<double> pressure{0.0002, 0.0012, 0.006, 0.03, 0.09, 0.27, 0.75, 1.85, 4.2, 8.8,
                                     17.3,   32.1,   57,    96,   157,  247,  376,  558,  806};
  Dataset data{Vector::LinSpaced(19, 0, 360), Eigen::Map<const Vector>(pressure.data(), 19)};
  const Perceptron network(1, {{4, Activation::tanh}, {1, Activation::identity}});
  const DecayChoice choice = choose_decay(network, data, {.n_starts = 20, .n_wanted_at_best = 5});
  EXPECT_GT(choice.k, 0);
  EXPECT_TRUE(choice.fit.has_settled());
  Tangent at = linearise(choice.fit);
  EXPECT_TRUE(covariance(at, {.kind = CovarianceKind::ridge}).ok());
  ASSERT_TRUE(choice.undecayed.has_value());
  EXPECT_FALSE(choice.undecayed->has_settled());
}

// Where leave-one-out is lowest as nearly all values are taken up, nothing would be left for sigma: a quantile of t on
// less than one degree of freedom is of the order of a hundred and more.
TEST(DecayChoice, LeavesADegreeOfFreedom) {
  const Index N = 9;
  Dataset data{Vector::LinSpaced(N, -1.5, 1.5), {}};
  data.Y = (2 * data.X.array()).sin();
  const Perceptron network(1, {{6, Activation::tanh}, {1, Activation::identity}});
  const DecayChoice choice = choose_decay(network, data, {.n_starts = 3}, {.rule = &find_decay_rule("loo")});
  const auto lowest =
      std::min_element(choice.path.begin(), choice.path.end(), [](const DecayPoint& a, const DecayPoint& b) {
        return (a.score ? a.score->value : 1e300) < (b.score ? b.score->value : 1e300);
      });
  EXPECT_LT(static_cast<double>(N) - lowest->effective_parameters, 1) << "otherwise nothing is tested";
  EXPECT_GE(static_cast<double>(N) - choice.effective_parameters, 1);
  Tangent at = linearise(choice.fit);
  EXPECT_TRUE(covariance(at, {.kind = CovarianceKind::ridge}).ok());
}

// That more parameters than observations pass through these is no news, however few directions of them the data
// determine. Which of the fits that pass through is found, rounding decides.
TEST(DecayChoice, PassingThroughFewerDataThanParametersSaysNothingOfNoise) {
  Dataset plane{Matrix(6, 2), Matrix(6, 1)};
  for (Index n = 0; n < 6; ++n) plane.X.row(n) << static_cast<double>(n % 2), static_cast<double>(n / 2);
  plane.Y = 1 + plane.X.col(0).array() - 0.5 * plane.X.col(1).array();
  const Perceptron network(2, {{3, Activation::relu}, {1, Activation::identity}});
  int n_of_few_directions = 0;
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    const DecayChoice choice = choose_decay(network, plane, {.n_starts = 5, .seed = seed});
    ASSERT_TRUE(choice.undecayed.has_value());
    Tangent at = linearise(*choice.undecayed);
    EXPECT_TRUE(at.residuals_are_rounding()) << seed;
    EXPECT_GT(choice.k, 0) << seed;
    n_of_few_directions += at.rank() < 6 ? 1 : 0;
  }
  EXPECT_GT(n_of_few_directions, 0) << "otherwise nothing is tested";
}

// A curve of the network itself, which a fit passes through, and a line, to which a unit of tanh comes ever closer as
// its weight vanishes: what residuals a decay leaves is its own, and no standard errors are made of it. With noise one
// is chosen.
TEST(DecayChoice, DataWithoutNoiseHaveNone) {
  const Perceptron network(1, {{1, Activation::tanh}, {1, Activation::identity}});
  Dataset curve{Vector::LinSpaced(12, -2, 2), {}}, line = curve;
  curve.Y = evaluate(network, Vector{{1.5, 0.4, 2, -1}}, curve.X);
  line.Y = 3 + line.X.array();
  for (const char* rule : {"auto", "loo"})
    for (const Dataset& data : {curve, line}) {
      const DecayChoice choice =
          choose_decay(network, data, {.n_starts = 3}, {.rule = &find_decay_rule(rule)});
      EXPECT_EQ(choice.k, 0);
      EXPECT_FALSE(choice.fit.has_decay());
      ASSERT_EQ(choice.reasons.size(), 1U);
      EXPECT_NE(choice.reasons[0].find("there is no noise for it to balance"), std::string::npos);
      Tangent at = linearise(choice.fit);
      EXPECT_FALSE(covariance(at).ok() && choice.fit.has_settled());
    }
  RandomStream stream(5, 0, 0, RandomPurpose::noise);
  for (double& y : line.Y.reshaped()) y += 0.5 * stream.normal();
  EXPECT_GT(choose_decay(network, line, {.n_starts = 3}, {.rule = &find_decay_rule("loo")}).k, 1e-3);
}

}  // namespace
}  // namespace jacobench
