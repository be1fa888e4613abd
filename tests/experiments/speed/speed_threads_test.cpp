#include <gtest/gtest.h>

#include "speed/speed_rows.hpp"
#include "speed/write_limit.hpp"

namespace jacobench::speed {
namespace {

using harness::RowStatus;
using testing::Options;
using testing::Rows;

TEST(Speed, StrategiesOfOneThreadAreSkippedOnTwoThreads) {
  const Rows rows(Options{{"jacobian.threads", "1, 2"}});
  EXPECT_EQ(rows.of("per_parameter", "2").status, RowStatus::skipped);
  EXPECT_EQ(rows.of("layerwise", "2").status, RowStatus::ok);
  EXPECT_EQ(rows.of("write_limit", "2").status, RowStatus::ok);
}

TEST(WriteLimit, FillsEveryEntryOnAnyNumberOfThreads) {
  for (Index size : {1, 7, 64, 1001, 5'000'001})
    for (Index n_threads : {1, 2, 3}) {
      Matrix target = Matrix::Zero(size, 1);
      fill_at_write_limit(target, n_threads);
      EXPECT_TRUE((target.array() == target(0, 0)).all() && target(0, 0) != 0) << size << " on " << n_threads;
    }
}

}  // namespace
}  // namespace jacobench::speed
