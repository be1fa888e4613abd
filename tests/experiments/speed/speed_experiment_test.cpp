// The speed experiment: what it counts and refuses. No test looks at a duration.
#include "speed/speed_experiment.hpp"

#include <map>

#include <gtest/gtest.h>

#include "report/compare.hpp"
#include "speed/speed_rows.hpp"
#include "study/power_law.hpp"
#include "support/wrong_strategies.hpp"

namespace jacobench::speed {
namespace {

using harness::Row;
using harness::RowStatus;
using harness::Value;
using testing::Options;
using testing::Rows;

// 2-3-1: 13 parameters; 10 rows.
TEST(Speed, CountsEvaluationsBytesAndAllocations) {
  const Rows rows(Options{});
  ASSERT_EQ(rows.all().size(), 3 + strategy_table().size());
  for (const Row& row : rows.all()) EXPECT_EQ(row.status, RowStatus::ok) << row.reason;
  const std::map<std::string, std::int64_t> evaluations{{"values", 1},         {"arithmetic", 1},
                                                        {"per_parameter", 1},  {"layerwise", 1},
                                                        {"ceres_forward", 14}, {"ceres_central", 27}};
  for (const auto& [work, count] : evaluations)
    EXPECT_EQ(rows.value(rows.of(work), "network_evaluations"), Value(count)) << work;
  for (const char* work : {"write_limit", "per_parameter", "layerwise", "ceres_forward"})
    EXPECT_EQ(rows.value(rows.of(work), "bytes_written"), Value(std::int64_t{10 * 13 * 8})) << work;
  EXPECT_EQ(rows.value(rows.of("values"), "bytes_written"), Value(std::int64_t{10 * 8}));
  for (const char* work : {"write_limit", "arithmetic", "values", "per_parameter", "layerwise"})
    EXPECT_EQ(rows.value(rows.of(work), "allocations"), Value(std::int64_t{0})) << work;
  for (const Row& row : rows.all()) EXPECT_EQ(rows.value(row, "repetitions"), Value(std::int64_t{3}));
  EXPECT_EQ(rows.value(rows.of("write_limit"), "of_write_limit"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("values"), "over_values"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("layerwise"), "speedup_over_layerwise"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("values"), "speedup_over_layerwise"), Value());
  for (const char* work : {"values", "arithmetic", "write_limit"})
    EXPECT_EQ(rows.value(rows.of(work), "no_promise"), Value(std::string("is no Jacobian")));
  EXPECT_EQ(rows.value(rows.of("layerwise"), "no_promise"), Value());
}

// The roof is the larger of its two parts.
TEST(Speed, OfRoofIsTheLargerPartOverTheTime) {
  const Rows rows(Options{});
  const auto median = [&](const char* work) {
    return std::get<double>(rows.value(rows.of(work), "median_us"));
  };
  const double roof = std::max(median("write_limit"), median("arithmetic"));
  EXPECT_DOUBLE_EQ(std::get<double>(rows.value(rows.of("layerwise"), "of_roof")), roof / median("layerwise"));
  EXPECT_EQ(rows.value(rows.of("values"), "of_roof"), Value());
}

// A peer is a cell like a strategy; for a network that it does not have, its cell has the reason.
TEST(Speed, PeersAreTimedOrLeftOutWithAReason) {
  const Rows rows(
      Options{{"jacobian.strategies", "layerwise, plain_loop, slicot"}, {"network.hidden", "3x3"}},
      peers::strategies_and_peers());
  EXPECT_EQ(rows.of("plain_loop").status, RowStatus::ok) << rows.of("plain_loop").reason;
  EXPECT_EQ(rows.of("slicot").status, RowStatus::skipped);
  EXPECT_FALSE(rows.of("slicot").reason.empty());
}

TEST(Speed, WithRespectToInputsTheJacobianIsThatSmall) {
  const Rows rows(Options{{"jacobian.wrt", "inputs"}});
  EXPECT_EQ(rows.value(rows.of("layerwise"), "bytes_written"), Value(std::int64_t{10 * 2 * 8}));
  EXPECT_EQ(rows.value(rows.of("ceres_forward"), "network_evaluations"), Value(std::int64_t{3}));
}

// A wrong Jacobian is a failed row without a time, however fast.
TEST(Speed, AWrongStrategyIsNotTimed) {
  for (const StrategyInfo& wrong : testing::wrong_strategies()) {
    const StrategyInfo with_the_right_one[] = {find_strategy("layerwise"), wrong};
    const Rows rows(Options{{"network.hidden", "3x3"}, {"network.outputs", "2"}}, with_the_right_one);
    EXPECT_EQ(rows.of("layerwise").status, RowStatus::ok);
    const Row& row = rows.of(std::string(wrong.name));
    EXPECT_EQ(row.status, RowStatus::failed) << wrong.name;
    EXPECT_FALSE(row.reason.empty());
    EXPECT_EQ(rows.value(row, "median_us"), Value()) << wrong.name;
  }
}

TEST(Speed, WhatTakesLongerThanTheCapIsSkippedAndSoIsAllThatIsLarger) {
  const Rows rows(
      Options{{"network.hidden", "3, 5"}, {"timing.cap", "1e-6"}, {"jacobian.strategies", "ceres_ridders"}});
  int n_skipped = 0;
  for (const Row& row : rows.all())
    if (rows.value(row, "work") == Value(std::string("ceres_ridders"))) {
      EXPECT_EQ(row.status, RowStatus::skipped);
      EXPECT_NE(row.reason.find("timing.cap"), std::string::npos) << row.reason;
      EXPECT_EQ(row.reason.find("already") != std::string::npos, ++n_skipped == 2) << row.reason;
    } else {
      EXPECT_EQ(row.status, RowStatus::ok);
    }
  EXPECT_EQ(n_skipped, 2);
}

TEST(Speed, AutomaticRowsFillTheConfiguredJacobian) {
  const Rows rows(
      Options{{"data.rows", "auto"}, {"data.jacobian_mib", "1"}, {"jacobian.strategies", "layerwise"}});
  // 2^17 doubles in rows of 13, in whole eights.
  EXPECT_EQ(rows.value(rows.of("layerwise"), "n_rows"), Value(std::int64_t{10'080}));
}

TEST(Timing, EveryWorkHasItsRepetitions) {
  int calls[2] = {0, 0};
  const auto timings =
      time_side_by_side({[&] { ++calls[0]; }, [&] { ++calls[1]; }}, {.repetitions = 5, .min_seconds = 1e-5});
  ASSERT_EQ(timings.size(), 2u);
  for (const Timing& timing : timings) {
    EXPECT_EQ(timing.repetitions.size(), 5u);
    EXPECT_LE(timing.min, timing.median);
    EXPECT_GT(timing.min, 0);
  }
  EXPECT_GE(calls[0], 5);
  EXPECT_GE(calls[1], 5);
  EXPECT_TRUE(time_side_by_side({}, {}).empty());
}

// Hollander, Wolfe and Chicken (2013), sec. 4.2: the estimate is the median of all ratios.
TEST(RatioOfSamples, IsTheMedianOfAllRatiosWithinItsInterval) {
  const auto ratio = harness::ratio_of_samples({1, 2, 4}, {2, 4, 8});
  EXPECT_EQ(ratio.ratio, 2);  // of 2, 4, 8, 1, 2, 4, 1/2, 1, 2
  EXPECT_LE(ratio.low, ratio.ratio);
  EXPECT_GE(ratio.high, ratio.ratio);
  const std::vector<double> a{1.0, 1.01, 1.02, 0.99, 1.03, 1.0, 0.98, 1.01, 1.0};
  std::vector<double> b = a;
  for (double& x : b) x *= 1.5;
  const auto slower = harness::ratio_of_samples(a, b);
  EXPECT_NEAR(slower.ratio, 1.5, 0.02);
  EXPECT_GT(slower.low, 1.4);
  EXPECT_LT(slower.high, 1.6);
  const auto swapped = harness::ratio_of_samples(b, a);
  EXPECT_NEAR(swapped.low, 1 / slower.high, 1e-15);
  EXPECT_NEAR(swapped.high, 1 / slower.low, 1e-15);
  const auto same = harness::ratio_of_samples(a, a);
  EXPECT_LE(same.low, 1);
  EXPECT_GE(same.high, 1);
}

}  // namespace
}  // namespace jacobench::speed
