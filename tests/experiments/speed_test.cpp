// The speed experiment: what it counts and refuses. No test looks at a duration.
#include <map>

#include <gtest/gtest.h>

#include "harness/compare.hpp"
#include "harness/power_law.hpp"
#include "speed/speed_experiment.hpp"
#include "speed/write_limit.hpp"
#include "support/wrong_strategies.hpp"

namespace jacobench::speed {
namespace {

using harness::Row;
using harness::RowStatus;
using harness::Value;

using Options = std::map<std::string, std::string>;

// Short timings of one small network, as a config would ask for them.
harness::OptionTable configure(SpeedExperiment& experiment, const Options& options) {
  harness::OptionTable table = experiment.options();
  Options all{{"network.inputs", "2"},     {"network.hidden", "3"},     {"data.rows", "10"},
              {"timing.repetitions", "3"}, {"timing.min_time", "1e-5"}, {"timing.cap", "100"}};
  for (const auto& [key, value] : options) all[key] = value;
  for (const auto& [key, value] : all) table.assign({key, value, "test: " + key});
  return table;
}

class Rows {
 public:
  explicit Rows(const Options& options, std::span<const StrategyInfo> strategies = strategy_table())
      : experiment_(strategies) {
    configure(experiment_, options);
    const std::vector<Row> cells = experiment_.cells();
    for (std::size_t first = 0; first < cells.size(); first += experiment_.group_size(first)) {
      std::vector<std::size_t> group;
      for (std::size_t i = 0; i < experiment_.group_size(first); ++i) group.push_back(first + i);
      harness::MemoryJournal journal;
      for (Row& row : experiment_.run_cells(group, journal)) rows_.push_back(std::move(row));
    }
  }

  Value value(const Row& row, std::string_view name) const {
    const harness::ColumnList& columns = experiment_.columns();
    for (std::size_t c = 0; c < columns.size(); ++c)
      if (columns[c].name == name) return row.values[c];
    ADD_FAILURE() << "no column " << name;
    return {};
  }

  const Row& of(const std::string& work, const std::string& threads = "1") const {
    for (const Row& row : rows_)
      if (value(row, "work") == Value(work) && value(row, "threads") == Value(std::stol(threads))) return row;
    ADD_FAILURE() << "no row of " << work;
    return rows_.front();
  }

  const std::vector<Row>& all() const { return rows_; }

 private:
  SpeedExperiment experiment_;
  std::vector<Row> rows_;
};

// 2-3-1: 13 parameters; 10 rows.
TEST(Speed, CountsEvaluationsBytesAndAllocations) {
  const Rows rows(Options{});
  ASSERT_EQ(rows.all().size(), 2 + strategy_table().size());
  for (const Row& row : rows.all()) EXPECT_EQ(row.status, RowStatus::ok) << row.reason;
  const std::map<std::string, std::int64_t> evaluations{
      {"values", 1}, {"per_parameter", 1}, {"layerwise", 1}, {"ceres_forward", 14}, {"ceres_central", 27}};
  for (const auto& [work, count] : evaluations)
    EXPECT_EQ(rows.value(rows.of(work), "network_evaluations"), Value(count)) << work;
  for (const char* work : {"write_limit", "per_parameter", "layerwise", "ceres_forward"})
    EXPECT_EQ(rows.value(rows.of(work), "bytes_written"), Value(std::int64_t{10 * 13 * 8})) << work;
  EXPECT_EQ(rows.value(rows.of("values"), "bytes_written"), Value(std::int64_t{10 * 8}));
  for (const char* work : {"write_limit", "values", "per_parameter", "layerwise"})
    EXPECT_EQ(rows.value(rows.of(work), "allocations"), Value(std::int64_t{0})) << work;
  for (const Row& row : rows.all()) EXPECT_EQ(rows.value(row, "repetitions"), Value(std::int64_t{3}));
  EXPECT_EQ(rows.value(rows.of("write_limit"), "of_write_limit"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("values"), "over_values"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("layerwise"), "speedup_over_layerwise"), Value(1.0));
  EXPECT_EQ(rows.value(rows.of("values"), "speedup_over_layerwise"), Value());
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

TEST(Speed, StrategiesOfOneThreadAreSkippedOnTwo) {
  const Rows rows(Options{{"jacobian.threads", "1, 2"}});
  EXPECT_EQ(rows.of("per_parameter", "2").status, RowStatus::skipped);
  EXPECT_EQ(rows.of("layerwise", "2").status, RowStatus::ok);
  EXPECT_EQ(rows.of("write_limit", "2").status, RowStatus::ok);
}

TEST(Speed, AutomaticRowsFillTheConfiguredJacobian) {
  const Rows rows(
      Options{{"data.rows", "auto"}, {"data.jacobian_mib", "1"}, {"jacobian.strategies", "layerwise"}});
  // 2^17 doubles in rows of 13, in whole eights.
  EXPECT_EQ(rows.value(rows.of("layerwise"), "n_rows"), Value(std::int64_t{10'080}));
}

TEST(WriteLimit, FillsEveryEntryOnAnyNumberOfThreads) {
  for (Index size : {1, 7, 64, 1001, 5'000'001})
    for (Index n_threads : {1, 2, 3}) {
      Matrix target = Matrix::Zero(size, 1);
      fill_at_write_limit(target, n_threads);
      EXPECT_TRUE((target.array() == target(0, 0)).all() && target(0, 0) != 0) << size << " on " << n_threads;
    }
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
