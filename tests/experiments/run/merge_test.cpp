// Shards that are put together give the rows of an unsharded run; what is not the whole study is refused, by name.
#include "run/merge.hpp"

#include <csignal>
#include <random>
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/shard.hpp"
#include "support/error_line.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;
using ::testing::HasSubstr;

const std::string both_kinds =
    "experiment = toy\n[toy]\nhidden = none, 3x2, 4\nway = recorded, fine, throws, skips\n";

class Merge : public ::testing::Test {
 protected:
  std::filesystem::path folder_of(const Shard& shard) const {
    return folder_.path() / fmt::format("part{}of{}", shard.number, shard.of);
  }

  RunSummary run(const Shard& shard, const std::string& config = both_kinds) {
    ToyRun toy(folder_, config);
    toy.result = folder_of(shard);
    return toy.run({.shard = shard});
  }

  std::vector<std::filesystem::path> run_all(std::int64_t of, const std::string& config = both_kinds) {
    std::vector<std::filesystem::path> folders;
    for (std::int64_t number = 1; number <= of; ++number) {
      run({number, of}, config);
      folders.push_back(folder_of({number, of}));
    }
    return folders;
  }

  std::string merged_rows(const std::vector<std::filesystem::path>& folders) {
    const TemporaryFolder result;
    Study study = study_of_shards(folders, toy_experiments(), said_);
    run_study(study, result.path() / "result", "jacobench merge", {.out = said_}, {.merged = folders});
    return contents_of(result.path() / "result/rows.jsonl");
  }

  static std::string unsharded_rows(const std::string& config = both_kinds) {
    const TemporaryFolder folder;
    ToyRun toy(folder, config);
    toy.run();
    return contents_of(toy.rows_file());
  }

  std::string refusal(const std::vector<std::filesystem::path>& folders) {
    const std::string line = error_line([&] { study_of_shards(folders, toy_experiments(), said_); });
    return std::regex_replace(line, std::regex(folder_.path().string() + "/"), "");
  }

  TemporaryFolder folder_;
  std::ostringstream said_;
};

TEST_F(Merge, GivesTheRowsOfAnUnshardedRun) {
  for (const std::int64_t of : {1, 2, 4, 16}) EXPECT_EQ(merged_rows(run_all(of)), unsharded_rows()) << of;
}

TEST_F(Merge, MakesNoRecordAgain) {
  const auto folders = run_all(3);
  const std::string rows = unsharded_rows();
  const BeforeEachBlock refuse([](std::size_t) { FAIL() << "a record is made that a shard has"; });
  EXPECT_EQ(merged_rows(folders), rows);
}

TEST_F(Merge, TakesShardsInAnyOrderThatWereInterruptedAndRunTwice) {
  std::vector<std::filesystem::path> folders;
  for (const std::int64_t number : {3, 1, 4, 2}) {
    const Shard shard{number, 4};
    {
      const BeforeEachBlock interrupt([](std::size_t) { std::raise(SIGTERM); });
      EXPECT_EQ(run(shard).signal, SIGTERM);
    }
    EXPECT_THAT(refusal({folder_of(shard)}), HasSubstr("missing"));
    run(shard);
    EXPECT_EQ(run(shard).n_records_there, run(shard).n_records);
    folders.push_back(folder_of(shard));
  }
  EXPECT_EQ(merged_rows(folders), unsharded_rows());
}

TEST_F(Merge, NamesWhatIsMissingDoubledOrAnothers) {
  const auto folders = run_all(4);
  EXPECT_EQ(refusal({folders[0], folders[3]}), "merge: shards 2/4, 3/4 are missing");
  EXPECT_EQ(refusal({folders[0], folders[1], folders[2]}), "merge: shard 4/4 is missing");
  EXPECT_EQ(refusal({folders[0], folders[1], folders[2], folders[1], folders[3]}),
            "merge: shard 2/4 is there twice, in part2of4 and part2of4");
  run({1, 3});
  EXPECT_EQ(
      refusal({folders[0], folders[1], folders[2], folders[3], folder_of({1, 3})}),
      "merge: part1of3 is shard 1/3, and part1of4 is shard 1/4; shard 1/3 is there twice, in part1of4 and "
      "part1of3");
  std::filesystem::remove_all(folders[1]);
  run({2, 4}, both_kinds + "scale = 3\n");
  EXPECT_EQ(refusal(folders),
            "merge: part2of4 is of another config than part1of4 (toy.scale is 3 there and 1 here)");
  ToyRun whole(folder_, both_kinds);
  whole.run();
  EXPECT_EQ(refusal({whole.result}),
            "result: is not the folder of a shard (jacobench run CONFIG --shard I/N)");
  EXPECT_EQ(refusal({"nowhere"}), "nowhere: is not a folder; name the folders of all shards");
}

TEST_F(Merge, NamesAnotherVersion) {
  const auto folders = run_all(2);
  const std::filesystem::path manifest = folders[1] / "manifest.json";
  const std::string text = contents_of(manifest);
  folder_.file("part2of2/manifest.json",
               std::regex_replace(text, std::regex(R"("version": "[^"]+")"), R"("version": "9.9.9")"));
  EXPECT_THAT(refusal(folders), HasSubstr("shard 2/2 in part2of2 was made by jacobench 9.9.9"));
  folder_.file("part2of2/manifest.json",
               std::regex_replace(text, std::regex(R"("OpenBLAS": "[^"]+")"), R"("OpenBLAS": "1 Other")"));
  EXPECT_EQ(merged_rows(folders), unsharded_rows());
  EXPECT_THAT(said_.str(), HasSubstr("last digits may differ"));
}

TEST_F(Merge, NamesWhatAShardHasNotDone) {
  const auto folders = run_all(2);
  std::filesystem::remove(folders[1] / "partial-1.records");
  EXPECT_EQ(
      refusal(folders),
      "merge: shard 2/2 in part2of2 is unfinished: 6 of its 18 records are missing; its own command goes on "
      "from there");
  run({2, 2});
  const std::string rows = contents_of(folders[1] / "rows.jsonl");
  folder_.file("part2of2/rows.jsonl", rows.substr(0, rows.find('\n') + 1));
  EXPECT_THAT(refusal(folders), HasSubstr("3 of its rows are missing"));
  run({2, 2});
  EXPECT_EQ(merged_rows(folders), unsharded_rows());
}

TEST_F(Merge, AShardKeepsToItsFolder) {
  run({1, 2});
  ToyRun toy(folder_, both_kinds);
  toy.result = folder_of({1, 2});
  const auto before = snapshot(toy.result);
  EXPECT_THAT(error_line([&] {
                toy.run({.shard = Shard{2, 2}});
              }),
              HasSubstr("is shard 1/2 of this study; give --shard 1/2, or choose another --out"));
  EXPECT_THAT(error_line([&] { toy.run(); }), HasSubstr("is shard 1/2 of this study"));
  EXPECT_EQ(snapshot(toy.result), before);
  toy.result = folder_.path() / "whole";
  toy.run();
  EXPECT_THAT(error_line([&] {
                toy.run({.shard = Shard{2, 2}});
              }),
              HasSubstr("is a run of the whole study; leave --shard out, or choose another --out"));
}

TEST_F(Merge, AStudyThatIsTimedHasNoShards) {
  const ToysAre timed({.why_not_over = "it is timed"});
  ToyRun toy(folder_, both_kinds);
  EXPECT_EQ(error_line([&] {
              toy.run({.shard = Shard{1, 2}});
            }),
            "run: --shard: the study cannot be cut into shards: it is timed");
  EXPECT_FALSE(std::filesystem::exists(toy.result));
}

}  // namespace
}  // namespace jacobench::harness
