#include <gtest/gtest.h>

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

}  // namespace
}  // namespace jacobench
