#include "jacobench/fit/refitter.hpp"

#include <gtest/gtest.h>

#include "jacobench/base/allocation_count.hpp"
#include "jacobench/base/random.hpp"
#include "jacobench/fit/fit.hpp"

namespace jacobench {
namespace {

// A 1-3-1 tanh network with noise of 1 %, and as many data sets as are asked for.
class Refits : public ::testing::Test {
 protected:
  Refits() : network_(1, {{3, Activation::tanh}, {1, Activation::identity}}) {
    RandomStream stream(4, 0, 0, RandomPurpose::parameters);
    theta_ = draw_parameters(network_, 2, stream);
  }

  Dataset data(std::uint32_t number) const {
    RandomStream stream(4, 0, number, RandomPurpose::noise);
    Dataset data{Vector::LinSpaced(60, -2, 2), {}, {}, {}};
    data.Y = evaluate(network_, theta_, data.X);
    for (double& y : data.Y.reshaped()) y += 0.01 * stream.normal();
    return data;
  }

  Perceptron network_;
  Vector theta_;
};

// The objective is quadratic at its minimum, so that half the digits of the relative offset are its own.
TEST_F(Refits, ReachTheMinimumThatAFitReaches) {
  const Vector decay = equal_decay(network_, 1e-4, DecayOf::weights);
  Refitter refitter(network_, data(0), {.decay = decay});
  for (const std::uint32_t number : {0u, 1u, 2u}) {
    const Refit& again = refitter.refit(data(number), theta_);
    const FitResult whole = fit(network_, data(number), {.start = theta_, .n_starts = 0, .decay = decay});
    EXPECT_NEAR(again.objective, whole.rss + whole.penalty, 1e-12 * again.objective);
    EXPECT_TRUE(is_minimum(again.stop));
    EXPECT_LE(
        (evaluate(network_, again.theta, data(0).X) - evaluate(network_, whole.theta, data(0).X)).norm(),
        1e-6 * *whole.sigma);
  }
}

TEST_F(Refits, KeepTheLowestOfSeveralStarts) {
  Refitter refitter(network_, data(0));
  Matrix starts(theta_.size(), 3);
  starts << Vector::Zero(theta_.size()), theta_, 1e-3 * theta_;
  Vector objectives(3);
  for (Index s = 0; s < 3; ++s) objectives[s] = refitter.refit(data(0), starts.col(s)).objective;
  EXPECT_EQ(refitter.refit(data(0), starts).objective, objectives.minCoeff<Eigen::PropagateNaN>());
  EXPECT_GT(objectives[0], 2 * objectives[1]);  // from zero all units stay equal
}

TEST_F(Refits, DoNotDependOnWhatWasFittedBefore) {
  Refitter refitter(network_, data(0)), fresh(network_, data(0));
  refitter.refit(data(1), 3 * theta_);
  refitter.refit(data(2), theta_);
  const Vector theta = refitter.refit(data(3), theta_).theta;
  EXPECT_EQ(theta, fresh.refit(data(3), theta_).theta);
}

TEST_F(Refits, AllocateNothing) {
  const Dataset first = data(0), second = data(1);
  const Vector far = 5 * theta_;  // far enough for damped steps
  Refitter refitter(network_, first, {.decay = equal_decay(network_, 1e-3, DecayOf::weights)});
  refitter.refit(first, theta_);
  EXPECT_EQ(allocations_of([&] {
              refitter.refit(second, theta_);
              refitter.refit(first, far);
            }),
            0u);
}

}  // namespace
}  // namespace jacobench
