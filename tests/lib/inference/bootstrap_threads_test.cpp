#include <gtest/gtest.h>

#include "jacobench/inference/bootstrap.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

using testing::Fitted;
using testing::fitted_step;

testing::BootstrapBands run(const Fitted& fitted, const Matrix& X0,
                            const testing::BootstrapOptions& options) {
  return testing::bootstrap(fitted.at, covariance(fitted.at), X0, options);
}

TEST(Bootstrap, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Matrix X0 = Vector::LinSpaced(3, -1, 1);
  const testing::BootstrapBands one = run(fitted_step(), X0, {.n_replicates = 99});
  EXPECT_EQ(one.percentile_lower,
            run(fitted_step(), X0, {.n_replicates = 99, .n_threads = 3}).percentile_lower);
  EXPECT_NE(one.percentile_lower, run(fitted_step(), X0, {.n_replicates = 99, .seed = 2}).percentile_lower);
}

}  // namespace
}  // namespace jacobench
