#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/fit/fit.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using enum Activation;
using testing::step_data;

TEST(Fit, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Perceptron network(1, {{3, tanh}, {1, identity}});
  const Fit one = fit(network, step_data(), {.n_starts = 8, .n_threads = 1});
  const Fit three = fit(network, step_data(), {.n_starts = 8, .n_threads = 3});
  EXPECT_EQ(one.theta, three.theta);
  EXPECT_EQ(one.end->starts.highest, three.end->starts.highest);
  EXPECT_NE(one.theta, fit(network, step_data(), {.n_starts = 8, .seed = 2}).theta);
}

// Threads that starts leave take part in the products of a step.
TEST(Fit, OfOneStartGivesTheSameBitsOnAnyNumberOfThreads) {
  const Perceptron network(1, {{300, tanh}, {300, tanh}, {1, identity}});
  FitOptions options{.n_starts = 1,
                     .n_redraws = 0,
                     .decay = equal_decay(network, 0.1, DecayOf::weights),
                     .max_iterations = 12,
                     .form = StepForm::dual};
  const Fit one = fit(network, step_data(), options);
  options.n_threads = 3;
  EXPECT_EQ(one.theta, fit(network, step_data(), options).theta);
}

// Rounds are as long as they are with one thread, and each search is one thread's.
TEST(Fit, OnNoThreadsIsRefused) {
  const Perceptron network(1, {{3, tanh}, {1, identity}});
  EXPECT_THROW(fit(network, step_data(), {.n_threads = 0}), InputError);
}

TEST(Fit, SearchesTheSameOnAnyNumberOfThreads) {
  const Perceptron network(1, {{3, tanh}, {1, identity}});
  const FitOptions options{.n_starts = 30, .n_wanted_at_best = 4, .decay = Vector::Constant(10, 1e-3)};
  FitOptions on_three = options;
  on_three.n_threads = 3;
  const Fit one = fit(network, step_data(), options), three = fit(network, step_data(), on_three);
  EXPECT_EQ(one.theta, three.theta);
  EXPECT_EQ(one.end->starts.n_starts, three.end->starts.n_starts);
  EXPECT_EQ(one.end->starts.n_at_best, three.end->starts.n_at_best);
  EXPECT_EQ(one.end->starts.n_redraws, three.end->starts.n_redraws);
  EXPECT_EQ(one.end->starts.highest, three.end->starts.highest);
}

}  // namespace
}  // namespace jacobench
