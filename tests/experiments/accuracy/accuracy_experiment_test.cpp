// The accuracy experiment from its config to the check that rejects wrong strategies.
#include "accuracy/accuracy_experiment.hpp"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jacobench/base/errors.hpp"

#include "report/check.hpp"
#include "run/runner.hpp"
#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"
#include "support/wrong_strategies.hpp"

namespace jacobench::accuracy {
namespace {

using namespace harness;
using jacobench::testing::error_line;
using jacobench::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The library's strategies, and behind them the wrong ones and the one that they are spoiled from.
std::span<const StrategyInfo> all_strategies() {
  static const std::vector<StrategyInfo> strategies = [] {
    std::vector<StrategyInfo> all(strategy_table().begin(), strategy_table().end());
    const auto wrong = jacobench::testing::wrong_strategies();
    all.insert(all.end(), wrong.begin(), wrong.end());
    all.push_back(jacobench::testing::unspoiled_strategy());
    return all;
  }();
  return strategies;
}

std::unique_ptr<Experiment> make_with_all() { return std::make_unique<AccuracyExperiment>(all_strategies()); }

constexpr ExperimentInfo experiments[] = {{"accuracy", "", make_with_all}};

class Accuracy : public ::testing::Test {
 protected:
  StoredResult run(const std::string& name, const std::string& options) {
    const auto config = folder_.file(name + ".ini", "experiment = accuracy\n" + options);
    Study study = read_study(config, experiments);
    run_study(study, folder_.path() / name, "", {.out = said_});
    return read_result(folder_.path() / name, experiments, said_);
  }

  static Value value(const StoredResult& result, std::size_t row, std::string_view column) {
    const ColumnList& columns = result.columns();
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].name == column) return result.rows.at(row).values[i];
    throw std::logic_error("no such column");
  }
  static double number(const StoredResult& result, std::size_t row, std::string_view column) {
    const Value v = value(result, row, column);
    return std::holds_alternative<std::int64_t>(v) ? static_cast<double>(std::get<std::int64_t>(v))
                                                   : std::get<double>(v);
  }

  TemporaryFolder folder_;
  std::ostringstream said_;
};

constexpr const char* two_hidden_layers =
    "[network]\ninputs = 3\nhidden = 4x4\nactivation = logistic, mish\n[data]\nrows = "
    "8\n[jacobian]\nstrategies = ";

TEST_F(Accuracy, CheckRejectsEveryWrongStrategy) {
  for (const StrategyInfo& wrong : jacobench::testing::wrong_strategies()) {
    const StoredResult result =
        run(std::string(wrong.name), two_hidden_layers + std::string(wrong.name) + "\n");
    const std::vector<std::string> problems = problems_of(result);
    ASSERT_EQ(problems.size(), 2u) << wrong.name;  // one a network
    for (const std::string& problem : problems)
      EXPECT_THAT(problem, HasSubstr("which breaks the promise of at most 1"));
  }
}

TEST_F(Accuracy, CheckAcceptsWhatTheWrongOnesAreSpoiledFrom) {
  const StoredResult result =
      run("right", two_hidden_layers + std::string(jacobench::testing::unspoiled_strategy().name) +
                       ", layerwise, per_parameter, ceres_forward, ceres_central\n");
  EXPECT_THAT(problems_of(result), IsEmpty());
  EXPECT_EQ(result.rows.size(), 10u);
}

TEST_F(Accuracy, CountsEvaluationsAndUsesTheStep) {
  const StoredResult result = run("steps",
                                  "[network]\ninputs = 2\nhidden = 3\n[data]\nrows = 4\n[jacobian]\n"
                                  "strategies = layerwise, ceres_forward, ceres_central\n"
                                  "relative_step = auto, 1e-2, 1e-4\n");
  ASSERT_EQ(result.rows.size(), 1u + 2 * 3);
  const double P = number(result, 0, "n_params");
  EXPECT_EQ(P, 13);
  EXPECT_EQ(number(result, 0, "network_evaluations"), 1);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(value(result, 0, "relative_step")));
  for (const std::size_t row : {1u, 2u, 3u}) EXPECT_EQ(number(result, row, "network_evaluations"), 1 + P);
  for (const std::size_t row : {4u, 5u, 6u}) EXPECT_EQ(number(result, row, "network_evaluations"), 1 + 2 * P);
  // A hundredth of the step: a hundredth of the truncation error going forward, a ten-thousandth of it centrally;
  // within a factor of two, for the terms of next order.
  const double forward = number(result, 2, "max_relative_error") / number(result, 3, "max_relative_error");
  const double central = number(result, 5, "max_relative_error") / number(result, 6, "max_relative_error");
  EXPECT_GT(forward, 50);
  EXPECT_LT(forward, 200);
  EXPECT_GT(central, 5000);
  EXPECT_LT(central, 20000);
}

TEST_F(Accuracy, RepeatsToTheBitTimingsAside) {
  const std::string options =
      "[network]\nhidden = none, 3x2\noutputs = 2\nactivation = tanh, gelu\n[data]\nrows = 5\n"
      "[jacobian]\nwrt = parameters, inputs\nrelative_step = auto, 1e-3, 1e-8\n"
      "strategies = per_parameter, layerwise, ceres_forward, ceres_central\n";
  const StoredResult once = run("once", options), again = run("again", options);
  ASSERT_EQ(once.rows.size(), again.rows.size());
  // `none` comes once, without a hidden activation; 1e-8 is what auto stands for with ceres_forward.
  ASSERT_EQ(once.rows.size(), 3u * 2 * (2 + 2 + 3));
  for (std::size_t row = 0; row < once.rows.size(); ++row)
    for (std::size_t i = 0; i < once.columns().size(); ++i)
      if (once.columns()[i].role != ColumnRole::timing) {
        EXPECT_EQ(once.rows[row].values[i], again.rows[row].values[i])
            << "row " << row << ", " << once.columns()[i].name;
      }
}

TEST_F(Accuracy, SaysWhyNothingIsPromised) {
  const StoredResult result = run("kink",
                                  "[network]\nhidden = 3\nactivation = relu\n[data]\nrows = 4\n[jacobian]\n"
                                  "strategies = layerwise, ceres_central\n");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(value(result, 0, "no_promise")));
  EXPECT_TRUE(std::holds_alternative<std::string>(value(result, 1, "no_promise")));
  EXPECT_THAT(problems_of(result), IsEmpty());
}

// Saturated units make the sensitivities small beside the values, whose rounding the differences take over.
TEST_F(Accuracy, NumericPromisesHoldWhereUnitsSaturate) {
  const StoredResult result = run("saturated",
                                  "[network]\ninputs = 3\nhidden = 6x6\nactivation = tanh, logistic\n"
                                  "weight_scale = 0.1, 1, 8\n[data]\nrows = 16\n[jacobian]\n"
                                  "wrt = parameters, inputs\nrelative_step = auto, 1e-3, 1e-12\n"
                                  "strategies = layerwise, ceres_forward, ceres_central, ceres_ridders\n");
  EXPECT_THAT(problems_of(result), IsEmpty());
}

TEST_F(Accuracy, SaysHowMuchMemoryItWouldNeedBeforeTakingIt) {
  const auto config = folder_.file(
      "huge.ini", "experiment = accuracy\n[network]\nhidden = 5, 100000x100000\n[data]\nrows = 1000\n");
  Study study = read_study(config, experiments);
  EXPECT_THAT(
      error_line([&] { run_study(study, folder_.path() / "huge", "", {.out = said_}); }),
      ::testing::MatchesRegex("network 2-100000-100000-1: would need [0-9.]+ GiB of memory \\(this machine "
                              "has [0-9.]+\\); make network.hidden, network.outputs or data.rows smaller"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "huge"));
}

}  // namespace
}  // namespace jacobench::accuracy
