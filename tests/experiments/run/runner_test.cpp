#include "run/runner.hpp"

#include <csignal>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/error_line.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

TEST(Runner, WritesOneRowACellInTheirOrder) {
  const TemporaryFolder folder;
  ToyRun toy(folder);
  const RunSummary summary = toy.run();
  EXPECT_EQ(summary.n_cells, 6u);
  EXPECT_EQ(summary.n_ok, 6u);
  EXPECT_EQ(summary.n_earlier, 0u);
  EXPECT_EQ(summary.signal, std::nullopt);
  const std::string rows = contents_of(toy.rows_file());
  EXPECT_EQ(
      rows.substr(0, rows.find('\n')),
      R"({"inputs":1,"hidden":"none","way":"plain","step":null,"n_params":1,"error":1.5,"of_promise":0.25,)"
      R"("time_ns":1234.5,"remark":"a \"remark\", with comma","no_promise":null,"status":"ok","reason":""})");
  std::vector<std::string> ways;
  for (const Row& row : toy.stored().rows) ways.push_back(std::get<std::string>(row.values[2]));
  EXPECT_EQ(ways, (std::vector<std::string>{"plain", "fine", "digits", "plain", "fine", "digits"}));
}

TEST(Runner, KeepsDoublesToTheBit) {
  const TemporaryFolder folder;
  ToyRun toy(folder);
  toy.run();
  EXPECT_EQ(std::get<double>(toy.stored().rows[1].values[5]), 1.0 / 3.0);
}

TEST(Runner, MakesARowOfWhateverACellThrows) {
  const TemporaryFolder folder;
  ToyRun toy(folder,
             "experiment = toy\n[toy]\nway = throws, no_memory, throws_int, other_row, nan, skips, plain\n");
  const RunSummary summary = toy.run();
  EXPECT_EQ(summary.n_failed, 4u);
  EXPECT_EQ(summary.n_skipped, 1u);
  EXPECT_EQ(summary.n_ok, 2u);
  const std::vector<Row> rows = toy.stored().rows;
  ASSERT_EQ(rows.size(), 7u);
  EXPECT_EQ(rows[0].status, RowStatus::failed);
  EXPECT_EQ(rows[0].reason, "the cell fell over");
  EXPECT_EQ(std::get<std::string>(rows[0].values[2]), "throws");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(rows[0].values[5]));
  EXPECT_EQ(rows[1].reason, "out of memory");
  EXPECT_EQ(rows[2].reason, "threw something that is not a std::exception");
  EXPECT_NE(rows[3].reason.find("the row is that of inputs=1 hidden=9 way=other_row"), std::string::npos);
  EXPECT_EQ(rows[4].status, RowStatus::ok);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(rows[4].values[5]));
  EXPECT_EQ(rows[5].status, RowStatus::skipped);
  EXPECT_EQ(rows[5].reason, "past the time cap of 1 s");
  EXPECT_NE(toy.said.str().find("failed: inputs=1 hidden=3x2 way=throws: the cell fell over\n"),
            std::string::npos);
}

TEST(Runner, DoesNoWorkTwice) {
  const TemporaryFolder folder;
  ToyRun toy(folder, "experiment = toy\n[toy]\nway = plain, throws\n");
  toy.run();
  const auto before = snapshot(toy.result);
  const BeforeEachCell refuse([](std::size_t) { FAIL() << "a finished cell runs again"; });
  const RunSummary summary = toy.run();
  EXPECT_EQ(summary.n_earlier, 2u);
  EXPECT_EQ(summary.n_failed, 1u) << "a failed row stays, and the run still tells of it";
  EXPECT_EQ(snapshot(toy.result), before);
}

TEST(Runner, WritesNothingWhereTheCellsCannotBeHad) {
  const TemporaryFolder folder;
  ToyRun toy(folder, toy_config + "cell_limit = 5\n");
  EXPECT_EQ(error_line([&] { toy.run(); }), "toy.hidden: needs 6 GB, this machine has 8; take fewer");
  EXPECT_FALSE(std::filesystem::exists(toy.result));
}

TEST(Runner, StopsAfterThePresentCellOnASignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const TemporaryFolder folder;
    ToyRun toy(folder);
    {
      const BeforeEachCell interrupt([&](std::size_t index) {
        if (index == 2) std::raise(signal);
      });
      const RunSummary summary = toy.run();
      EXPECT_EQ(summary.signal, signal);
      EXPECT_EQ(summary.n_rows(), 3u);
    }
    const auto manifest = nlohmann::json::parse(contents_of(toy.result / "manifest.json"));
    EXPECT_EQ(manifest["run"]["outcome"], "interrupted");
    EXPECT_EQ(toy.run().n_rows(), 6u);
  }
}

}  // namespace
}  // namespace jacobench::harness
