// Bands of one fit by every form of (J'J + K)^-1.
#include "jacobench/inference/inverse_forms.hpp"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/matrix_free_factor.hpp"
#include "jacobench/inference/decay_choice.hpp"
#include "jacobench/inference/diagnostics.hpp"
#include "jacobench/inference/intervals.hpp"

namespace jacobench {
namespace {

Fit wide_fit(Index n_outputs, DecayOf of, OutputNoise noise = OutputNoise::shared) {
  const Perceptron network(
      3, {{7, Activation::tanh}, {6, Activation::logistic}, {n_outputs, Activation::identity}});
  RandomStream stream(4, 0, 0, RandomPurpose::noise);
  Dataset data{Matrix(25, 3), Matrix(25, n_outputs), Vector(25)};
  for (double& x : data.X.reshaped()) x = stream.normal();
  for (double& w : data.weights) w = 0.5 + stream.uniform();
  for (Index n = 0; n < 25; ++n)
    for (Index k = 0; k < n_outputs; ++k) data.Y(n, k) = std::sin(2 * data.X(n, k)) + 0.2 * stream.normal();
  // So many parameters leave no residuals that a correlation could be estimated from: it is given.
  const bool is_joint = noise == OutputNoise::joint;
  Fit fitted = fit(network, data,
                   {.n_starts = 2,
                    .decay = equal_decay(network, 0.01, of),
                    .output_noise = is_joint ? OutputNoise::shared : noise});
  if (is_joint) {
    fitted.data.output_noise = noise;
    fitted.data.output_scales = Vector{{0.8, 1.25}};
    fitted.data.output_correlation = Matrix{{1, 0.6}, {0.6, 1}};
  }
  // At a minimum units may be equal, and leave their free biases open.
  for (double& p : fitted.theta) p += 0.3 * stream.normal();
  return fitted;
}

Matrix three_hundred_points() {
  RandomStream stream(5, 0, 0, RandomPurpose::noise);
  Matrix X0(300, 3);
  for (double& x : X0.reshaped()) x = stream.normal();
  return X0;
}

void expect_same_band(const Band& got, const Band& want, double tolerance) {
  ASSERT_EQ(got.se.size(), want.se.size());
  for (Index i = 0; i < got.se.size(); ++i) {
    EXPECT_NEAR(got.se.reshaped()[i], want.se.reshaped()[i], tolerance * want.se.reshaped()[i]);
    EXPECT_NEAR(got.upper.reshaped()[i], want.upper.reshaped()[i],
                10 * tolerance * want.se.reshaped()[i] + 1e-12);
  }
}

// J'J + K has a condition of some 1e5 here, which the normal form keeps and the others square.
TEST(InverseForms, BandsAreThoseOfTheFormedJacobian) {
  const Matrix X0 = three_hundred_points();
  for (const auto& [K, noise] : {std::pair<Index, OutputNoise>{1, OutputNoise::shared},
                                 {2, OutputNoise::shared},
                                 {2, OutputNoise::joint}})
    for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
      Fit fitted = wide_fit(K, of, noise);
      for (const char* method : {"ridge", "laplace", "hc0", "hc1", "hc2", "hc3"}) {
        fitted.form = StepForm::normal;
        const Bands want = bands_at(fitted, X0, {.method = method});
        ASSERT_TRUE(want.ok()) << want.reason;
        for (const StepForm form : {StepForm::dual, StepForm::matrix_free}) {
          if (form == StepForm::matrix_free && of == DecayOf::weights) continue;  // takes a penalty on all
          SCOPED_TRACE(fmt::format("{} of {} outputs, form {}", method, K, static_cast<int>(form)));
          fitted.form = form;
          ASSERT_TRUE(linearise(fitted).forms());
          const Bands got =
              bands_at(fitted, X0.topRows(form == StepForm::dual ? 300 : 8), {.method = method});
          if (form == StepForm::matrix_free &&
              (method == std::string("hc2") || method == std::string("hc3"))) {
            EXPECT_FALSE(got.ok());
            EXPECT_NE(got.reason.find("leverages"), std::string::npos);
            continue;
          }
          ASSERT_TRUE(got.ok()) << got.reason;
          EXPECT_NEAR(got.dof, want.dof, 1e-8 * want.dof);
          Bands of_points = want;
          for (Band* band : {&of_points.mean, &of_points.prediction})
            for (Matrix* part : {&band->se, &band->lower, &band->upper})
              *part = Matrix(part->topRows(std::min(part->rows(), got.fit.rows())));
          const double tolerance = of == DecayOf::weights ? 1e-6 : 1e-7;
          expect_same_band(got.mean, of_points.mean, tolerance);
          expect_same_band(got.prediction, of_points.prediction, tolerance);
        }
      }
    }
}

TEST(InverseForms, WhatElseIsSaidOfAFitIsTheSame) {
  for (const auto& [K, noise] :
       {std::pair<Index, OutputNoise>{1, OutputNoise::own}, {2, OutputNoise::own}, {2, OutputNoise::joint}}) {
    Fit fitted = wide_fit(K, DecayOf::weights_and_biases, noise);
    fitted.form = StepForm::normal;
    Tangent formed = linearise(fitted);
    Fit again = fitted;
    again.form = StepForm::dual;
    Tangent dual = linearise(again);
    for (const CovarianceKind kind : {CovarianceKind::ridge, CovarianceKind::laplace, CovarianceKind::hc0}) {
      const Covariance want = covariance(formed, {.kind = kind}), got = covariance(dual, {.kind = kind});
      ASSERT_TRUE(want.ok() && got.ok());
      EXPECT_TRUE(got.forms() && !want.forms());
      EXPECT_LE((got.leverages() - want.leverages()).norm(), 1e-9);
      EXPECT_LE((got.output_sigmas() - want.output_sigmas()).norm(), 1e-8 * want.output_sigmas().norm());
      EXPECT_LE((got.standard_errors_of_parameters() - want.standard_errors_of_parameters()).norm(),
                1e-7 * want.standard_errors_of_parameters().norm());
      const Matrix G = formed.J().topRows(4);
      EXPECT_LE((got.of(G) - want.of(G)).norm(), 1e-7 * want.of(G).norm());
      EXPECT_EQ(parameter_intervals(dual, got, 0.9, 5).size(), 5u);
      EXPECT_LE((diagnose(dual, got).leverages - want.leverages()).norm(), 1e-9);
    }
    for (const DecayRule& rule : decay_rule_table()) {
      const auto want = rule.score(formed), got = rule.score(dual);
      ASSERT_TRUE(want && got) << rule.name;
      EXPECT_NEAR(got->value, want->value, 1e-7 * std::abs(want->value)) << rule.name;
    }
    const Covariance by_trace =
        covariance(dual, {.kind = CovarianceKind::ridge, .dof_rule = DofRule::n_minus_trace_2h_hh});
    EXPECT_NEAR(
        by_trace.dof(),
        covariance(formed, {.kind = CovarianceKind::ridge, .dof_rule = DofRule::n_minus_trace_2h_hh}).dof(),
        1e-8);
  }
}

// z'H z of random signs has the variance 2 sum of squares off the diagonal of H, at most 2 tr H.
TEST(InverseForms, TheTraceByRandomSignsIsWithinItsError) {
  const Fit fitted = wide_fit(1, DecayOf::weights_and_biases);
  const Tangent at = linearise(fitted);
  MatrixFreeFactor factor(fitted.network, fitted.decay, 25);
  const RowMap& rows = at.rows();
  factor.move_to(fitted.theta, fitted.data.X, rows);
  const HatTrace estimate = factor.estimate_trace(),
                 exact = trace_of_hat(fitted.network, fitted.decay, fitted.theta, fitted.data.X, rows);
  EXPECT_EQ(exact.standard_error, 0);
  EXPECT_GT(estimate.standard_error, 0);
  EXPECT_LE(std::abs(estimate.value - exact.value), 4 * estimate.standard_error);
  EXPECT_LE(estimate.standard_error, std::sqrt(2 * exact.value / 10) * 2);
}

}  // namespace
}  // namespace jacobench
