#include "jacobench/fit/approach.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
#include "jacobench/fit/fitter.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::step_data;

const Perceptron one_tanh(1, {{1, Activation::tanh}, {1, Activation::identity}});
const Vector near_the_step{{1.2, 0.1, 1.5, 2.5}};

// What is lost of r in the tangent plane, as fit/approach.hpp states it, as a part of the relative offset.
double lost_of_offset(const Residuals& residuals) {
  return 1e-10 *
         std::sqrt(static_cast<double>(residuals.n_rows()) / static_cast<double>(residuals.n_params()));
}

// Where it arrives, orthogonal factorisation says the same of the fit, and has nothing left to do.
TEST(Approach, ArrivesWhereOrthogonalFactorisationSaysTheSame) {
  for (const double k : {0.0, 0.3}) {
    const Vector decay = equal_decay(one_tanh, k, DecayOf::weights);
    Residuals residuals(one_tanh, step_data(), decay);
    const PolishOptions options{.relative_offset = 1e-2};
    Vector tau = near_the_step;
    Approach approach(residuals);
    const Approach::Result result = approach.approach(tau, options);
    ASSERT_TRUE(result.has_arrived);
    EXPECT_GE(result.n_iterations, 1);
    EXPECT_LE(result.relative_offset, options.relative_offset);

    Polisher by_factorisation(residuals);
    Vector same = tau;
    const Polished there = by_factorisation.polish(same, {.max_iterations = 0});
    EXPECT_EQ(same, tau);
    EXPECT_NEAR(result.objective, there.objective, 1e-14 * there.objective);
    EXPECT_NEAR(result.relative_offset, there.relative_offset.value(), lost_of_offset(residuals));
    EXPECT_EQ(approach.residuals(), by_factorisation.residuals());
    Vector gradient(4), its_gradient(4);
    approach.get_gradient(gradient);
    by_factorisation.get_gradient(its_gradient);
    const double size = static_cast<double>(residuals.n_rows()) * std::sqrt(there.objective);
    EXPECT_LE((gradient - its_gradient).norm(), 1e-15 * size);
    const Remaining remaining = approach.remaining().value();
    const Remaining its_remaining = by_factorisation.remaining(tau).value();
    EXPECT_GT(its_remaining.move, negligible_move);
    EXPECT_NEAR(remaining.move, its_remaining.move, 1e-6 * its_remaining.move);
    EXPECT_NEAR(remaining.fall, its_remaining.fall, 1e-6 * its_remaining.fall);
  }
}

// A unit that is saturated everywhere; two units that are nearly the same.
TEST(Approach, TakesNoStepWhereNormalEquationsCannotResolveIt) {
  const Perceptron two_units(1, {{2, Activation::tanh}, {1, Activation::identity}});
  Residuals residuals(two_units, step_data(), {});
  for (const Vector& start :
       {Vector{{1.2, 0, 0.1, 40, 1.5, 0.5, 2}}, Vector{{1.2, 1.2 + 1e-3, 0.1, 0.1, 0.7, 0.8, 2.5}}}) {
    Vector tau = start;
    EXPECT_FALSE(Approach(residuals).approach(tau, {.relative_offset = 1e-5}).has_arrived);
    EXPECT_EQ(tau, start);
  }
}

// With inputs about 1e4 the columns of a weight and its bias are the same to 1e-4: whether a point is the minimum is
// not to be seen by normal equations, be it the minimum or not.
TEST(Approach, DoesNotSayThatItArrivesWhereColumnsAreNearlyTheSame) {
  Dataset data = step_data();
  data.X.array() += 1e4;
  const Fit whole = fit(one_tanh, data, {.n_starts = 5});
  Residuals residuals(one_tanh, data, {});
  Vector tau = whole.theta;
  EXPECT_FALSE(Approach(residuals).approach(tau, {.relative_offset = 1e-2}).has_arrived);
}

TEST(Approach, LeavesDataOnTheNetworkToOthers) {
  Dataset data = step_data();
  data.Y = evaluate(one_tanh, near_the_step, data.X);
  Residuals residuals(one_tanh, data, {});
  Vector tau = near_the_step;
  EXPECT_FALSE(Approach(residuals).approach(tau, {.relative_offset = 1e-5}).has_arrived);
  EXPECT_EQ(fit(one_tanh, data, {.start = near_the_step, .n_starts = 0, .relative_offset = 1e-5}).end->stop,
            Stop::exact);
}

TEST(Approach, ResolvesNoOffsetNearRounding) {
  const Residuals residuals(one_tanh, step_data(), {});
  EXPECT_TRUE(can_resolve(1e-5, residuals));
  EXPECT_FALSE(can_resolve(1e-9, residuals));
  EXPECT_FALSE(can_resolve(0, residuals));
  const Residuals no_row_left(one_tanh, step_data(4), {});
  EXPECT_FALSE(can_resolve(1e-5, no_row_left));
}

// A fit to a tolerance is as far from the minimum as its offset says: |J d| = s sqrt(P) offset, of d the step that is
// left, but for terms of the next order.
TEST(Approach, EndsAsNearTheMinimumAsItsOffsetSays) {
  const Dataset data = step_data();
  const Fit whole = fit(one_tanh, data, {.start = near_the_step, .n_starts = 0});
  for (const double offset : {1e-2, 1e-4, 1e-6}) {
    const Fit to_tolerance =
        fit(one_tanh, data, {.start = near_the_step, .n_starts = 0, .relative_offset = offset});
    EXPECT_EQ(to_tolerance.end->stop, Stop::converged);
    EXPECT_LE(*to_tolerance.end->relative_offset, offset);
    const double distance =
        (evaluate(one_tanh, to_tolerance.theta, data.X) - evaluate(one_tanh, whole.theta, data.X)).norm();
    EXPECT_LE(distance, 2 * std::sqrt(4.0) * offset * *whole.sigma());
  }
}

}  // namespace
}  // namespace jacobench
