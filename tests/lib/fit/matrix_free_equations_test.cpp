#include "jacobench/fit/matrix_free_equations.hpp"

#include <Eigen/Cholesky>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/dual_equations.hpp"
#include "jacobench/fit/fitter.hpp"

#include "support/two_outputs.hpp"

namespace jacobench {
namespace {

using testing::TwoOutputs;

// A hundredth of the fall of the damped problem is left at most where no singular value is below one, of free biases
// more; what is predicted is of the step as it is.
TEST(MatrixFreeEquations, StepsComeNearThoseOfTheDualForm) {
  const TwoOutputs any(20);
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    const Vector decay = equal_decay(any.network, 0.3, of);
    Residuals residuals(any.network, any.data, decay);
    MatrixFreeEquations free(residuals, decay);
    DualEquations dual(residuals, decay);
    ASSERT_TRUE(free.move_to(any.theta) && dual.move_to(any.theta));
    EXPECT_LE((free.gradient() - dual.gradient()).norm(), 1e-12 * dual.gradient().norm());
    Vector d, want;
    const bool has_free = of == DecayOf::weights;
    for (const double mu : {0.0, 0.1, 10.0}) {
      ASSERT_TRUE(free.solve(mu, d) && dual.solve(mu, want));
      EXPECT_GE(free.predicted_fall(mu, d), (has_free ? 0.8 : 0.95) * dual.predicted_fall(mu, want)) << mu;
      Vector r(residuals.n_rows());
      Matrix J(residuals.n_rows(), decay.size());
      ASSERT_TRUE(residuals.evaluate(any.theta, r.data(), J.data()));
      EXPECT_NEAR(free.predicted_fall(mu, d), r.squaredNorm() - (r + J * d).squaredNorm(),
                  1e-11 * r.squaredNorm());
    }
    Vector bent = d, bent_dual = d;
    ASSERT_EQ(free.bend(bent), dual.bend(bent_dual));
    EXPECT_LE((bent - bent_dual).norm(), 0.05 * (bent_dual - d).norm());
    const auto fall = free.fall_to_minimum(d), its = dual.fall_to_minimum(want);
    ASSERT_TRUE(fall && its);
    EXPECT_NEAR(*fall, *its, (has_free ? 1e-4 : 2e-6) * *its);
    EXPECT_NEAR(free.effective_parameters(), dual.effective_parameters(), 1e-9);
  }
}

// All go down to where the gradient vanishes; the objective is then known to the square of what is left of it.
TEST(MatrixFreeEquations, FitsOfAllFormsEndAtOneMinimum) {
  const TwoOutputs any(20);
  for (const DecayOf of : {DecayOf::weights, DecayOf::weights_and_biases}) {
    FitOptions options{.start = any.theta,
                       .n_starts = 0,
                       .decay = equal_decay(any.network, 0.3, of),
                       .output_noise = OutputNoise::shared};
    options.form = StepForm::normal;
    const Fit normal = fit(any.network, any.data, options);
    ASSERT_TRUE(normal.has_settled());
    for (const StepForm form : {StepForm::dual, StepForm::matrix_free}) {
      options.form = form;
      options.start = normal.theta + 0.01 * any.theta;
      const Fit its = fit(any.network, any.data, options);
      EXPECT_EQ(its.form, form);
      EXPECT_TRUE(its.has_settled()) << its.end->remaining->move;
      EXPECT_NEAR(its.objective(), normal.objective(), 1e-8 * normal.objective());
      EXPECT_LE(
          (evaluate(its.network, its.theta, any.data.X) - evaluate(its.network, normal.theta, any.data.X))
              .norm(),
          1e-4 * any.data.Y.norm());
    }
  }
}

TEST(MatrixFreeEquations, TakeAnyPenaltyAndNone) {
  const TwoOutputs any(20);
  Vector decay = Vector::LinSpaced(any.network.n_params(), 0.1, 1);
  EXPECT_THROW(fit(any.network, any.data, {.n_starts = 1, .decay = decay, .form = StepForm::dual}),
               InputError);
  const Fit its = fit(any.network, any.data, {.n_starts = 1, .decay = decay, .form = StepForm::matrix_free});
  EXPECT_TRUE(its.has_settled());
  Residuals residuals(any.network, any.data, {});
  MatrixFreeEquations none(residuals, {});
  ASSERT_TRUE(none.move_to(any.theta));
  Vector d;
  ASSERT_TRUE(none.solve(1, d));
  EXPECT_GT(none.predicted_fall(1, d), 0);
}

}  // namespace
}  // namespace jacobench
