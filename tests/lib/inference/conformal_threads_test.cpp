#include <gtest/gtest.h>

#include "jacobench/inference/conformal.hpp"
#include "jacobench/inference/intervals.hpp"

#include "support/fitted.hpp"

namespace jacobench {
namespace {

TEST(Conformal, ThreadsChangeNoBit) {
  const Fit& fit = testing::fitted_step().at.fit();
  for (const char* method : {"split_conformal", "jackknife_plus", "cv_plus"}) {
    const auto bands = [&](Index n_threads) {
      return bands_at(fit, Vector::LinSpaced(5, -2, 2),
                      {.method = method, .level = 0.9, .how = {.n_threads = n_threads}});
    };
    const Bands one = bands(1), three = bands(3);
    ASSERT_EQ(one.prediction.lower.size(), 5) << method;
    EXPECT_EQ(three.prediction.lower, one.prediction.lower) << method;
    EXPECT_EQ(three.prediction.upper, one.prediction.upper) << method;
  }
}

}  // namespace
}  // namespace jacobench
