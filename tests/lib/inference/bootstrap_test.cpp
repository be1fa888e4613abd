#include "jacobench/inference/bootstrap.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

#include "support/entrywise.hpp"
#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::Fitted;
using testing::fitted_linear;
using testing::fitted_step;

const Matrix point = Matrix::Constant(1, 2, 2);

testing::BootstrapBands run(const Fitted& fitted, const Matrix& X0,
                            const testing::BootstrapOptions& options) {
  return testing::bootstrap(fitted.at, covariance(fitted.at), X0, options);
}

// Of a linear fit the residual bootstrap's variance is known: g' (J'J)^-1 g times the mean square of what it draws
// from. With B replicates a standard deviation has a relative standard error of 1 / sqrt(2 B), of which four are
// allowed.
TEST(Bootstrap, OfALinearFitHasTheVarianceOfItsErrors) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const double se = cov.standard_errors(testing::gradients_at(fitted.network, fitted.theta, point))[0];
  const double tolerance = 4 / std::sqrt(2.0 * 1999);
  const Vector corrected = fitted.at->r().array() / (1 - cov.leverages().array()).sqrt();
  const double drawn = std::sqrt((corrected.array() - corrected.mean()).square().mean());
  const testing::BootstrapBands residual = run(fitted, point, {.n_replicates = 1999});
  EXPECT_NEAR(residual.se(0, 0) / (se * drawn / cov.sigma()), 1, tolerance);
  const testing::BootstrapBands parametric =
      run(fitted, point, {.kind = BootstrapKind::parametric, .n_replicates = 1999});
  EXPECT_NEAR(parametric.se(0, 0) / se, 1, tolerance);
  // control: without the correction for leverage the variance is low by (n - p) / n = 0.88, beyond the tolerance
  const double uncorrected = std::sqrt(fitted.at->r().squaredNorm() / 25);
  EXPECT_GT(std::abs(se * uncorrected / cov.sigma() / (se * drawn / cov.sigma()) - 1), 0.04);
}

// Under normal errors the studentised interval of a linear fit is the t interval, but for the error of its quantiles:
// that of a 2.5 % quantile of t_22 from 1999 draws is about 0.06.
TEST(Bootstrap, StudentisedIsTheTIntervalUnderNormalErrors) {
  const Fitted& fitted = fitted_linear();
  const Covariance cov = covariance(fitted.at);
  const double se = cov.standard_errors(testing::gradients_at(fitted.network, fitted.theta, point))[0];
  const testing::BootstrapBands bands =
      run(fitted, point, {.kind = BootstrapKind::parametric, .n_replicates = 1999});
  EXPECT_NEAR((bands.studentised_upper(0, 0) - bands.fit(0, 0)) / se, 2.074, 4 * 0.06);
  EXPECT_NEAR((bands.fit(0, 0) - bands.studentised_lower(0, 0)) / se, 2.074, 4 * 0.06);
}

TEST(Bootstrap, EveryKindGivesBoundsAroundANonlinearFit) {
  const Fitted& fitted = fitted_step();
  const Matrix X0 = Vector::LinSpaced(3, -1, 1);
  const Vector se =
      covariance(fitted.at).standard_errors(testing::gradients_at(fitted.network, fitted.theta, X0));
  for (const BootstrapInfo& kind : bootstrap_table()) {
    const testing::BootstrapBands bands = run(fitted, X0, {.kind = kind.kind, .n_replicates = 199});
    EXPECT_EQ(bands.n_failed, 0) << kind.name;
    EXPECT_TRUE((bands.percentile_lower.array() < bands.fit.array()).all()) << kind.name;
    EXPECT_TRUE((bands.studentised_upper.array() > bands.fit.array()).all()) << kind.name;
    // 199 replicates: 5 %; beyond that the kinds differ by what they assume
    EXPECT_TRUE(
        testing::all_at_most((bands.se.col(0).array() / se.array()).log().abs().matrix(), std::log(2)))
        << kind.name;
  }
}

TEST(Bootstrap, DrawsAreCentredAndPairsStayTogether) {
  const Fitted& fitted = fitted_step();
  const Covariance cov = covariance(fitted.at);
  RandomStream stream(1, 0, 0, RandomPurpose::resampling);
  const Dataset pairs = testing::resample(fitted.at, cov, BootstrapKind::pairs, stream);
  for (Index n = 0; n < 30; ++n) {
    Index from = 0;
    while (fitted.data.X(from, 0) != pairs.X(n, 0)) ++from;
    EXPECT_EQ(pairs.Y(n, 0), fitted.data.Y(from, 0));
  }
  EXPECT_EQ(testing::resample(fitted.at, cov, BootstrapKind::residual, stream).X, fitted.data.X);
}

TEST(Bootstrap, RefusesTooFewReplicates) {
  EXPECT_THROW(run(fitted_step(), Matrix::Zero(1, 1), {.n_replicates = 20}), InputError);
  EXPECT_THROW(run(fitted_step(), Matrix::Zero(1, 1), {.level = 2}), InputError);
  EXPECT_THROW(run(fitted_step(), Matrix::Zero(1, 3), {}), InputError);
  EXPECT_THROW(find_interval_method("bootstrap_best_percentile"), InputError);
}

}  // namespace
}  // namespace jacobench
