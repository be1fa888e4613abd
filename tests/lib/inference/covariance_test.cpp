// The kinds of covariance held to NIST's certified values, to one another and to exact identities.
#include "jacobench/inference/covariance.hpp"

#include <cmath>

#include <Eigen/LU>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/inference/diagnostics.hpp"
#include "jacobench/inference/undetermined.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"
#include "support/nist_problems.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::all_within_relative;
using testing::Fitted;
using testing::fitted_linear;
using testing::fitted_step;
using testing::NistProblem;

class NistCovariance : public ::testing::TestWithParam<NistProblem> {
 protected:
  const NistProblem& problem_ = GetParam();
  const Vector theta_ =
      fit(problem_.network, problem_.data, {.start = problem_.theta_of(problem_.start_b[1]), .n_starts = 0})
          .theta;
  const testing::Linearised at_ = testing::linearised(problem_.network, theta_, problem_.data);
  const Covariance cov_ = covariance(at_);
};

INSTANTIATE_TEST_SUITE_P(StRD, NistCovariance,
                         ::testing::ValuesIn(testing::nist_problems().begin(),
                                             testing::nist_problems().end()),
                         [](const auto& test) { return test.param.name; });

TEST_P(NistCovariance, MapsToTheCertifiedStandardErrors) {
  ASSERT_TRUE(cov_.ok()) << cov_.reason();
  const Vector se = cov_.standard_errors(problem_.J_b_theta(theta_));
  EXPECT_TRUE(all_within_relative(se, problem_.certified_sd_b, 1e-8)) << se.transpose();
  EXPECT_NEAR(cov_.sigma() / problem_.certified_residual_sd, 1, 1e-9);
}

TEST_P(NistCovariance, GivesTheStandardErrorOfTheFit) {
  const Index last = problem_.data.X.rows() - 1;
  const Matrix X0 = problem_.data.X({Index{0}, last}, Eigen::all);
  const Vector se = cov_.standard_errors(testing::gradients_at(problem_.network, theta_, X0));
  // Eckerle4's f there is 10^-35: exp(-80) carries 80 times the error of its argument.
  EXPECT_NEAR(se[0] / problem_.se_at_first_row, 1, 1e-7);
  EXPECT_NEAR(se[1] / problem_.se_at_last_row, 1, 1e-7);
  const Matrix f = evaluate(problem_.network, theta_, X0);
  EXPECT_NEAR(f(0, 0) / problem_.fit_at_first_row, 1, 1e-7);
  EXPECT_NEAR(f(1, 0) / problem_.fit_at_last_row, 1, 1e-7);
}

TEST_P(NistCovariance, LeveragesAddUpToTheRank) {
  EXPECT_NEAR(cov_.leverages().sum(), static_cast<double>(theta_.size()), 1e-12);
  EXPECT_NEAR(cov_.leverages().maxCoeff<Eigen::PropagateNaN>(), problem_.max_leverage, 1e-8);
  EXPECT_EQ(cov_.rank(), theta_.size());
  EXPECT_TRUE(undetermined_in_words(at_).empty());
}

TEST_P(NistCovariance, ControlRssOverNIsCaught) {
  const double wrong = std::sqrt(at_->rss() / static_cast<double>(at_->n_values()));
  EXPECT_GT(std::abs(wrong / problem_.certified_residual_sd - 1), 1e-2);
}

// ---- exact identities

TEST(Covariance, OfALinearFitIsThatOfLinearRegression) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  using LongMatrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  LongMatrix A(fitted.data.X.rows(), 3);
  A << fitted.data.X.cast<long double>(), LongMatrix::Ones(fitted.data.X.rows(), 1);
  const LongMatrix inverse = (A.transpose() * A).inverse();
  const long double s2 = static_cast<long double>(fitted.at->rss()) / (A.rows() - 3);
  const Vector expected = (s2 * inverse.diagonal()).cwiseSqrt().cast<double>();
  EXPECT_TRUE(all_within_relative(cov.standard_errors(Matrix::Identity(3, 3)), expected, 1e-12));
}

TEST(Covariance, RepeatingAllRowsHalvesItButForTheDegreesOfFreedom) {
  const Fitted& fitted = fitted_step();
  std::vector<Index> twice;
  for (Index n = 0; n < 2 * fitted.data.n_observations(); ++n) twice.push_back(n / 2);
  const Covariance once = covariance(fitted.at);
  const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, fitted.data.rows(twice));
  const Covariance doubled = covariance(at);
  EXPECT_EQ(doubled.dof(), 2 * once.dof() + 4);
  EXPECT_NEAR(doubled.sigma(), once.sigma() * std::sqrt(2 * once.dof() / doubled.dof()), 1e-13);
  EXPECT_TRUE(all_within_relative(doubled.of_parameters() * 2 / std::pow(doubled.sigma(), 2),
                                  once.of_parameters() / std::pow(once.sigma(), 2), 1e-9));
}

TEST(Tangent, RefusesParametersWhereTheNetworkIsNotFinite) {
  const Perceptron network(1, {{1, exp}, {1, identity}});
  EXPECT_THROW(testing::linearised(network, Vector::Constant(4, 1e4), testing::step_data()), InputError);
  // f = exp(500) is finite, its derivative x f is not
  Dataset far{Matrix{{1e100}, {0}}, Matrix{{1}, {2}}, {}, {}};
  EXPECT_THROW(testing::linearised(Perceptron(1, {{1, exp, Bias::none}}), Vector{{5e-98}}, far), InputError);
}

double at_decay(const testing::Linearised& at, double k, CovarianceKind kind, const Matrix& G) {
  const testing::Linearised decayed =
      testing::linearised(at->network(), at->theta(), at->data(), Vector::Constant(at->n_params(), k));
  return covariance(decayed, {.kind = kind, .dof_rule = DofRule::known_sigma, .known_sigma = 1})
      .standard_errors(G)[0];
}

TEST(Covariance, RidgeTendsToDeltaAndStaysBelowLaplace) {
  const Fitted& fitted = fitted_step();
  const Matrix G = testing::gradients_at(fitted.network, fitted.theta, Matrix::Constant(1, 1, 0.3));
  const auto se = [&](double k, CovarianceKind kind) { return at_decay(fitted.at, k, kind, G); };
  const double delta = se(0, CovarianceKind::delta);
  // ridge = delta (1 + O(k / lambda)), lambda the smallest eigenvalue of J'J, of the order of one
  EXPECT_NEAR(se(1e-10, CovarianceKind::ridge), delta, 1e-8 * delta);
  for (const double k : {1e-10, 1e-3, 1.0, 1e3, 1e6}) {
    EXPECT_LE(se(k, CovarianceKind::ridge), se(k, CovarianceKind::laplace)) << k;
    EXPECT_LE(se(k, CovarianceKind::laplace), delta * (1 + 1e-12)) << k;
  }
}

// Under homoscedasticity E r^2 = s^2 (1 - h), with which hc2 must be delta: here r^2 is put equal to that.
TEST(Covariance, Hc2IsUnbiasedUnderHomoscedasticity) {
  const Fitted& fitted = fitted_step();
  const Covariance delta = covariance(fitted.at, {.dof_rule = DofRule::known_sigma, .known_sigma = 0.7});
  Dataset data = fitted.data;
  data.Y =
      evaluate(fitted.network, fitted.theta, data.X).array() + 0.7 * (1 - delta.leverages().array()).sqrt();
  const testing::Linearised at = testing::linearised(fitted.network, fitted.theta, data);
  const Covariance hc2 = covariance(at, {.kind = CovarianceKind::hc2});
  EXPECT_TRUE(all_within_relative(hc2.of_parameters(), delta.of_parameters(), 1e-11));
}

TEST(Covariance, Hc1IsHc2AtConstantLeverage) {
  const Perceptron mean_of_two(2, {{1, identity, Bias::none}});
  Dataset data{Matrix(4, 2), Matrix(4, 1), {}, {}};
  data.X << 1, 0, 1, 0, 0, 1, 0, 1;
  data.Y << 1, 4, 2, 7;
  const testing::Linearised at = testing::linearised(mean_of_two, fit(mean_of_two, data).theta, data);
  EXPECT_TRUE(all_within_relative(covariance(at, {.kind = CovarianceKind::hc1}).of_parameters().diagonal(),
                                  covariance(at, {.kind = CovarianceKind::hc2}).of_parameters().diagonal(),
                                  1e-13));
}

TEST(Covariance, HcKindsAreOrderedAndHc0IsTheSandwich) {
  const Fitted& fitted = fitted_step();
  const auto V = [&](CovarianceKind kind) { return covariance(fitted.at, {.kind = kind}).of_parameters(); };
  const Matrix inverse = (fitted.at->J().transpose() * fitted.at->J()).inverse();
  const Matrix meat = fitted.at->J().transpose() * fitted.at->r().cwiseAbs2().asDiagonal() * fitted.at->J();
  EXPECT_TRUE(all_within_relative(V(CovarianceKind::hc0), inverse * meat * inverse, 1e-8));
  EXPECT_TRUE((V(CovarianceKind::hc0).diagonal().array() < V(CovarianceKind::hc2).diagonal().array()).all());
  EXPECT_TRUE((V(CovarianceKind::hc2).diagonal().array() < V(CovarianceKind::hc3).diagonal().array()).all());
}

// Half the Hessian of the sum of squares, by central differences of its gradient.
Matrix half_hessian(const testing::Linearised& at) {
  const Index P = at->n_params();
  constexpr double h = 1e-5;
  Matrix A(P, P);
  for (Index p = 0; p < P; ++p) {
    const auto gradient = [&](double step) -> Vector {
      const testing::Linearised there =
          testing::linearised(at->network(), at->theta() + step * Vector::Unit(P, p), at->data());
      return -there->J().transpose() * there->r();
    };
    A.col(p) = (gradient(h) - gradient(-h)) / (2 * h);
  }
  return A;
}

TEST(Covariance, HessianIsThatOfTheObjective) {
  const Fitted& fitted = fitted_step();
  const Matrix A = half_hessian(fitted.at);
  const Covariance cov = covariance(fitted.at, {.kind = CovarianceKind::hessian});
  ASSERT_TRUE(cov.ok()) << cov.reason();
  EXPECT_TRUE(all_within_relative(cov.of_parameters(), cov.sigma() * cov.sigma() * A.inverse(), 1e-6));
  const Matrix meat = fitted.at->J().transpose() * fitted.at->r().cwiseAbs2().asDiagonal() * fitted.at->J();
  EXPECT_TRUE(
      all_within_relative(covariance(fitted.at, {.kind = CovarianceKind::hessian_sandwich}).of_parameters(),
                          A.inverse() * meat * A.inverse(), 1e-6));
}

// y = exp(w) at w = 0 with y near 10: half the Hessian is n (1 - 9) < 0.
TEST(Covariance, AHessianThatIsNotPositiveDefiniteIsAnOutcome) {
  const Perceptron network(1, {{1, exp, Bias::none}});
  const Dataset data{Matrix::Ones(2, 1), Matrix{{9}, {11}}, {}, {}};
  const testing::Linearised at = testing::linearised(network, Vector::Zero(1), data);
  for (const CovarianceKind kind : {CovarianceKind::hessian, CovarianceKind::hessian_sandwich}) {
    const Covariance cov = covariance(at, {.kind = kind});
    EXPECT_EQ(cov.status(), CovarianceStatus::hessian_not_positive_definite);
    EXPECT_THAT(cov.reason(), ::testing::HasSubstr("an eigenvalue of -8 times"));
  }
}

// y = exp(w x) with x near 1e99 and y near 1e80: dy/dw is 1e179, d2 y / dw2 times a residual beyond the largest double.
TEST(Covariance, ASumOfSecondDerivativesThatOverflowsIsAnOutcome) {
  const Perceptron network(1, {{1, exp, Bias::none}});
  Dataset data{1e99 * Matrix{{1}, {1.4}, {1.8}}, Matrix{{1}, {1}, {1}}, {}, {}};
  const Vector theta = Vector::Constant(1, 1e-97);
  data.Y = evaluate(network, theta, data.X).cwiseProduct(Matrix{{1.1}, {0.9}, {1.1}});
  const testing::Linearised at = testing::linearised(network, theta, data);
  for (const CovarianceKind kind : {CovarianceKind::hessian, CovarianceKind::hessian_sandwich}) {
    const Covariance cov = covariance(at, {.kind = kind});
    EXPECT_EQ(cov.status(), CovarianceStatus::second_derivatives_overflow);
    EXPECT_THAT(cov.reason(),
                ::testing::HasSubstr("the second derivatives of the network at observation 2 are"));
  }
  EXPECT_TRUE(covariance(at).ok());
}

// Every kind by its formula in the header, with weights and with a decay that does not vanish.
TEST(Covariance, OfAWeightedAndDecayedFitEveryKindIsItsFormula) {
  Dataset data = fitted_step().data;
  data.weights = Vector::LinSpaced(30, 0.5, 4);
  const Perceptron& network = fitted_step().network;
  const Vector decay = equal_decay(network, 0.5, DecayOf::weights);
  const testing::Linearised at =
      testing::linearised(network, fit(network, data, {.decay = decay}).theta, data, decay);
  const Matrix K = decay.asDiagonal(), JtJ = at->J().transpose() * at->J(), bread = (JtJ + K).inverse();
  const Matrix A_inverse = (half_hessian(at) + K).inverse();
  const Vector r2 = at->r().cwiseAbs2(),
               left = 1 - (at->J() * bread * at->J().transpose()).diagonal().array();
  const auto meat = [&](const Vector& squares) -> Matrix {
    return at->J().transpose() * squares.asDiagonal() * at->J();
  };
  const auto expect_is = [&](CovarianceKind kind, const Matrix& expected, double tolerance = 1e-8) {
    const Covariance cov = covariance(at, {.kind = kind, .dof_rule = DofRule::n_minus_trace});
    ASSERT_TRUE(cov.ok()) << cov.reason();
    EXPECT_TRUE(all_within_relative(cov.of_parameters(), expected, tolerance)) << info(kind).name;
  };
  using enum CovarianceKind;
  const double trace = 30 - left.sum(), s2 = at->rss() / (30 - trace);
  expect_is(delta, at->rss() / (30 - 4) * JtJ.inverse());
  expect_is(ridge, s2 * bread * JtJ * bread);
  expect_is(laplace, s2 * bread);
  expect_is(hc0, bread * meat(r2) * bread);
  expect_is(hc1, 30 / left.sum() * bread * meat(r2) * bread);
  expect_is(hc2, bread * meat(r2.cwiseQuotient(left)) * bread);
  expect_is(hc3, bread * meat(r2.cwiseQuotient(left.cwiseAbs2())) * bread);
  // the differences of half_hessian are good to about 10^-8
  expect_is(hessian, s2 * A_inverse, 1e-6);
  expect_is(hessian_sandwich, A_inverse * meat(r2) * A_inverse, 1e-6);
}

// The outputs of an observation are one cluster: a_n = (I - H_nn)^-1 r_n, with the whole block of the hat matrix.
TEST(Covariance, Hc3OfTwoOutputsTakesTheBlocksOfTheHatMatrix) {
  const Perceptron network(1, {{1, tanh}, {2, identity}});
  Dataset data = testing::step_data();
  data.Y.conservativeResize(Eigen::NoChange, 2);
  data.Y.col(1) = 2 * data.Y.col(0) - 3 * testing::step_data(30, 9).Y.col(0);
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const Matrix bread = (at->J().transpose() * at->J()).inverse();
  Matrix meat = Matrix::Zero(6, 6);
  for (Index n = 0; n < 30; ++n) {
    const std::vector<Index> rows{n, 30 + n};
    const Matrix J_n = at->J()(rows, Eigen::all);
    const Matrix left = Matrix::Identity(2, 2) - J_n * bread * J_n.transpose();
    const Vector score = J_n.transpose() * left.inverse() * at->r()(rows);
    meat += score * score.transpose();
  }
  const Matrix V = covariance(at, {.kind = CovarianceKind::hc3}).of_parameters();
  EXPECT_LE((V - bread * meat * bread).norm(), 1e-9 * V.norm());
}

TEST(Covariance, PenaltyRowsAreNotData) {
  Fitted fitted = fitted_step(equal_decay(fitted_step().network, 0.5, DecayOf::weights));
  const Covariance cov =
      covariance(fitted.at, {.kind = CovarianceKind::ridge, .dof_rule = DofRule::n_minus_trace});
  ASSERT_TRUE(cov.ok()) << cov.reason();
  const Vector r = (fitted.data.Y - evaluate(fitted.network, fitted.theta, fitted.data.X)).col(0);
  EXPECT_NEAR(cov.sigma() * cov.sigma() * cov.dof(), r.squaredNorm(), 1e-12 * r.squaredNorm());
  EXPECT_EQ(cov.leverages().size(), fitted.data.n_observations());
  const Matrix JtJ = fitted.at->J().transpose() * fitted.at->J();
  const Matrix inverse = (JtJ + Matrix(fitted.at->decay().asDiagonal())).inverse();
  EXPECT_NEAR(cov.trace_h(), (inverse * JtJ).trace(), 1e-10);
  EXPECT_LT(cov.trace_h(), 4 - 0.01);
  // control: with the penalty among the residuals both figures are others
  EXPECT_GT(r.squaredNorm() + 0.5 * fitted.theta.cwiseAbs2()[0], 1.01 * r.squaredNorm());
}

TEST(Covariance, EffectiveDegreesOfFreedomAreThoseOfTheHatMatrix) {
  const Fitted fitted = fitted_step(equal_decay(fitted_step().network, 0.5, DecayOf::weights));
  const Matrix& J = fitted.at->J();
  const Matrix H =
      J * (J.transpose() * J + Matrix(fitted.at->decay().asDiagonal())).inverse() * J.transpose();
  const auto dof = [&](DofRule rule) {
    return covariance(fitted.at, {.kind = CovarianceKind::ridge, .dof_rule = rule}).dof();
  };
  const auto n = static_cast<double>(H.rows());
  EXPECT_NEAR(dof(DofRule::n_minus_rank), n - 4, 0);
  EXPECT_NEAR(dof(DofRule::n_minus_trace), n - H.trace(), 1e-9);
  EXPECT_NEAR(dof(DofRule::n_minus_trace_2h_hh), n - (2 * H - H * H.transpose()).trace(), 1e-9);
}

TEST(Diagnostics, LeaveOneOutIsTheResidualOfARefitOfALinearNetwork) {
  const Fitted& fitted = fitted_linear();
  const Diagnostics diagnostics = diagnose(fitted.at, covariance(fitted.at));
  for (Index left_out : {0, 7, 24}) {
    std::vector<Index> others;
    for (Index n = 0; n < fitted.data.n_observations(); ++n)
      if (n != left_out) others.push_back(n);
    const Vector theta = fit(fitted.network, fitted.data.rows(others)).theta;
    const double residual =
        fitted.data.Y(left_out, 0) - evaluate(fitted.network, theta, fitted.data.X.row(left_out))(0, 0);
    EXPECT_NEAR(diagnostics.leave_one_out[static_cast<std::size_t>(left_out)].value(), residual, 1e-11);
  }
}

TEST(Diagnostics, StudentisedResidualsHaveTheirTextbookForm) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const Diagnostics diagnostics = diagnose(fitted.at, cov);
  const double r = fitted.at->r()[3], h = cov.leverages()[3];
  EXPECT_NEAR(diagnostics.studentised[3].value(), r / (cov.sigma() * std::sqrt(1 - h)), 1e-13);
  const double s2_deleted = (cov.dof() * cov.sigma() * cov.sigma() - r * r / (1 - h)) / (cov.dof() - 1);
  EXPECT_NEAR(diagnostics.deleted_studentised[3].value(), r / std::sqrt(s2_deleted * (1 - h)), 1e-12);
}

// Residuals are in the units of y, studentised ones in none, whatever the weights.
TEST(Diagnostics, OfAWeightedFitAreInTheUnitsOfY) {
  Dataset data = fitted_linear().data;
  data.weights = Vector::LinSpaced(25, 0.5, 4);
  const Perceptron& network = fitted_linear().network;
  const testing::Linearised at = testing::linearised(network, fit(network, data).theta, data);
  const Covariance cov = covariance(at);
  const Diagnostics diagnostics = diagnose(at, cov);
  const double residual = data.Y(7, 0) - evaluate(network, at->theta(), data.X)(7, 0);
  EXPECT_NEAR(diagnostics.residuals[7], residual, 1e-14);
  const double sd = cov.sigma() / std::sqrt(data.weights[7]);
  EXPECT_NEAR(diagnostics.studentised[7].value(), residual / (sd * std::sqrt(1 - cov.leverages()[7])), 1e-13);
  const Covariance known = covariance(at, {.dof_rule = DofRule::known_sigma, .known_sigma = 2});
  EXPECT_TRUE(diagnose(at, known).studentised[7].has_value());
  EXPECT_FALSE(diagnose(at, known).deleted_studentised[7].has_value());
}

TEST(Diagnostics, OneDegreeOfFreedomLeavesNoneWithoutAnObservation) {
  const Perceptron line(1, {{1, identity}});
  const Dataset data{Matrix{{1}, {2}, {4}}, Matrix{{3}, {5}, {7}}, {}, {}};
  const testing::Linearised at = testing::linearised(line, fit(line, data).theta, data);
  const Diagnostics diagnostics = diagnose(at, covariance(at));
  EXPECT_TRUE(diagnostics.studentised[1].has_value());
  for (const std::size_t n : {0, 1, 2}) EXPECT_FALSE(diagnostics.deleted_studentised[n].has_value());
}

TEST(Diagnostics, ResidualsOfZeroAreZeroOfAKnownSigma) {
  const Perceptron line(1, {{1, identity}});
  const Dataset data{Matrix{{1}, {2}, {3}, {5}}, Matrix{{3}, {5}, {7}, {11}}, {}, {}};
  const testing::Linearised at = testing::linearised(line, Vector{{2, 1}}, data);
  EXPECT_EQ(covariance(at).status(), CovarianceStatus::residuals_are_rounding);
  const Diagnostics diagnostics =
      diagnose(at, covariance(at, {.dof_rule = DofRule::known_sigma, .known_sigma = 1}));
  EXPECT_EQ(diagnostics.leave_one_out[2].value(), 0);
  EXPECT_EQ(diagnostics.studentised[2].value(), 0);
}

TEST(Diagnostics, AnObservationThatTheFitMustPassThroughHasNone) {
  const testing::Linearised& at = testing::fitted_leverage_of_one().at;
  const Diagnostics diagnostics = diagnose(at, covariance(at));
  EXPECT_FALSE(diagnostics.leave_one_out[3].has_value());
  EXPECT_FALSE(diagnostics.studentised[3].has_value());
  EXPECT_TRUE(diagnostics.deleted_studentised[0].has_value());
}

// Two outputs that are copies of one another are one observation each: the clustered sandwich of both is that of one.
TEST(Covariance, HcOfCopiedOutputsIsThatOfOne) {
  const Fitted& fitted = fitted_linear();
  Dataset twice = fitted.data;
  twice.Y = fitted.data.Y.replicate(1, 2);
  const Perceptron two_outputs(2, {{1, identity}, {2, identity, Bias::none}});
  const Perceptron one_output(2, {{1, identity}, {1, identity, Bias::none}});
  const Vector& t = fitted.theta;
  const Matrix X0 = Matrix::Constant(1, 2, 3);
  const CovarianceOptions hc0{.kind = CovarianceKind::hc0, .policy = RankPolicy::pseudo_inverse};
  const Vector theta_2{{t[0], t[1], t[2], 1, 1}}, theta_1{{t[0], t[1], t[2], 1}};
  const auto se = [&](const Perceptron& network, const Vector& theta, const Dataset& data) -> Vector {
    const testing::Linearised at = testing::linearised(network, theta, data);
    return covariance(at, hc0).standard_errors(testing::gradients_at(network, theta, X0));
  };
  const Vector both = se(two_outputs, theta_2, twice), one = se(one_output, theta_1, fitted.data);
  EXPECT_NEAR(both[0], one[0], 1e-11 * one[0]);
  EXPECT_NEAR(both[1], one[0], 1e-11 * one[0]);
}

// Invariance: the same function in other parameters has the same standard errors and leverages.
TEST(Covariance, DoesNotDependOnHowTheNetworkIsWritten) {
  const Fitted& fitted = fitted_step();
  const Matrix X0 = Vector::LinSpaced(9, -2.5, 2.5);
  const auto se = [&](const Perceptron& network, const Vector& theta) -> Vector {
    const testing::Linearised at = testing::linearised(network, theta, fitted.data);
    return covariance(at).standard_errors(testing::gradients_at(network, theta, X0));
  };
  const Vector expected = se(fitted.network, fitted.theta);
  const Vector& t = fitted.theta;
  EXPECT_TRUE(all_within_relative(se(fitted.network, Vector{{-t[0], -t[1], -t[2], t[3]}}), expected, 1e-12));
  // tanh z = 2 logistic(2 z) - 1
  const Perceptron in_logistic(1, {{1, logistic}, {1, identity}});
  EXPECT_TRUE(all_within_relative(se(in_logistic, Vector{{2 * t[0], 2 * t[1], 2 * t[2], t[3] - t[2]}}),
                                  expected, 1e-11));
}

// y = 1 - 2 x at the seconds of a day of 2022: what the straight line leaves is the rounding of w x, 1e16 times larger
// than y.
TEST(Covariance, ResidualsOfRoundingTellNothingOfTheNoise) {
  const Perceptron line(1, {{1, Activation::identity}});
  Dataset data{Matrix(5, 1), Matrix(5, 1)};
  data.X << 1.66e9, 1.66e9 + 20000, 1.66e9 + 40000, 1.66e9 + 60000, 1.66e9 + 80000;
  data.Y << 1, 2, 3, 4, 5;
  const testing::Linearised at = testing::linearised(line, fit(line, data).theta, data);
  const Covariance unknown = covariance(at);
  EXPECT_EQ(unknown.status(), CovarianceStatus::residuals_are_rounding);
  EXPECT_NE(unknown.reason().find("rounding errors"), std::string::npos);
  EXPECT_TRUE(covariance(at, {.dof_rule = DofRule::known_sigma, .known_sigma = 1}).ok());
  for (const CovarianceKind kind : {CovarianceKind::hc0, CovarianceKind::hc1})
    EXPECT_EQ(covariance(at, {.kind = kind, .dof_rule = DofRule::known_sigma, .known_sigma = 1}).status(),
              CovarianceStatus::residuals_are_rounding)
        << "its scores are the residuals, whatever sigma is";
  for (const ParameterInterval& parameter : parameter_intervals(at, unknown))
    EXPECT_FALSE(parameter.se.has_value());
  // noise of a millionth is noise
  data.Y(2, 0) += 1e-6;
  const testing::Linearised noisy = testing::linearised(line, fit(line, data).theta, data);
  EXPECT_TRUE(covariance(noisy).ok());
}

// n - tr H is the default of every kind, and n - rank J where nothing is penalised.
TEST(Covariance, DegreesOfFreedomAreOfTheKindsOwnHatMatrix) {
  const Vector decay = equal_decay(testing::fitted_step().network, 2, DecayOf::weights_and_biases);
  const testing::Fitted decayed = testing::fitted_step(decay);
  const Matrix& J = decayed.at->J();
  const Matrix JtJ = J.transpose() * J;
  const double trace = ((JtJ + Matrix(decay.asDiagonal())).inverse() * JtJ).trace();
  for (const CovarianceInfo& kind : covariance_table()) {
    const double dof = covariance(decayed.at, {.kind = kind.kind}).dof();
    EXPECT_NEAR(dof, kind.decay == Decay::ignored ? 26 : 30 - trace, 1e-10) << kind.name;
  }
  EXPECT_EQ(covariance(testing::fitted_step().at, {.kind = CovarianceKind::hc0}).dof(), 26);
}

}  // namespace
}  // namespace jacobench
