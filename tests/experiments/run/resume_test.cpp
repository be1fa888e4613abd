// A run that is interrupted anywhere ends with the rows of an uninterrupted one; what is not its own it
// leaves alone.
#include <csignal>
#include <functional>
#include <regex>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "jacobench/base/names.hpp"

#include "report/check.hpp"
#include "report/table.hpp"
#include "run/manifest.hpp"
#include "study/cell_key.hpp"
#include "study/row_json.hpp"
#include "support/error_line.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

class Resume : public ::testing::Test {
 protected:
  // The rows of a run that nothing disturbed.
  std::string undisturbed_rows(const std::string& config = toy_config) {
    const TemporaryFolder folder;
    ToyRun toy(folder, config);
    toy.run();
    return contents_of(toy.rows_file());
  }

  // Runs the toy in a process of its own that is killed when it comes to this cell.
  void run_and_kill(ToyRun& toy, std::size_t cell) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const BeforeEachCell kill_self([&](std::size_t index) {
        if (index == cell) kill(getpid(), SIGKILL);
      });
      toy.run();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }

  std::string refusal(ToyRun& toy) {
    std::string line = error_line([&] { toy.run(); });
    const std::string prefix = toy.result.parent_path().string() + "/";
    return line.starts_with(prefix) ? line.substr(prefix.size()) : line;
  }

  TemporaryFolder folder_;
};

TEST_F(Resume, FromEveryByteOfTheRows) {
  const std::string config = "experiment = toy\n[toy]\nway = plain, throws, nan\n";
  const std::string rows = undisturbed_rows(config);
  ToyRun toy(folder_, config);
  toy.run();
  for (std::size_t n_bytes = 0; n_bytes <= rows.size(); ++n_bytes) {
    folder_.file("result/rows.jsonl", rows.substr(0, n_bytes));
    std::filesystem::remove(toy.result / "manifest.json");
    toy.said.str("");
    toy.run();
    ASSERT_EQ(contents_of(toy.rows_file()), rows) << "torn after " << n_bytes << " bytes";
    const bool is_torn = n_bytes > 0 && rows[n_bytes - 1] != '\n';
    ASSERT_EQ(toy.said.str().find("the last line is torn") != std::string::npos, is_torn) << n_bytes;
  }
}

TEST_F(Resume, AfterKillDashNine) {
  const std::string rows = undisturbed_rows();
  for (std::size_t cell = 0; cell < 6; ++cell) {
    const TemporaryFolder folder;
    ToyRun toy(folder);
    run_and_kill(toy, cell);
    const std::string left = contents_of(toy.rows_file());
    EXPECT_EQ(left, rows.substr(0, left.size()));
    EXPECT_EQ(std::count(left.begin(), left.end(), '\n'), static_cast<long>(cell));
    EXPECT_EQ(toy.run().n_earlier, cell);
    EXPECT_EQ(contents_of(toy.rows_file()), rows);
  }
}

TEST_F(Resume, FromAFolderThatWasOnlyJustClaimed) {
  ToyRun toy(folder_);
  std::filesystem::create_directory(toy.result);
  folder_.file("result/config.ini.partial", "experi");
  toy.run();
  EXPECT_EQ(contents_of(toy.rows_file()), undisturbed_rows());
  EXPECT_FALSE(std::filesystem::exists(toy.result / "config.ini.partial"));

  for (const std::string missing : {"rows.jsonl", "manifest.json"}) {
    folder_.file("result/rows.jsonl", "");
    std::filesystem::remove(toy.result / missing);
    folder_.file("result/manifest.json.partial", "{");
    toy.run();
    EXPECT_EQ(contents_of(toy.rows_file()), undisturbed_rows()) << missing;
    EXPECT_TRUE(std::filesystem::exists(toy.result / "manifest.json"));
    EXPECT_FALSE(std::filesystem::exists(toy.result / "manifest.json.partial"));
  }
}

TEST_F(Resume, IsNotedInTheManifest) {
  ToyRun toy(folder_);
  run_and_kill(toy, 2);
  toy.run();
  const auto manifest = nlohmann::json::parse(contents_of(toy.result / "manifest.json"));
  EXPECT_TRUE(manifest["run"]["ended"].is_null());
  ASSERT_EQ(manifest["resumed"].size(), 1u);
  EXPECT_EQ(manifest["resumed"][0]["outcome"], "complete");
}

TEST_F(Resume, KeepsFailedRowsAsTheyAre) {
  ToyRun toy(folder_, "experiment = toy\n[toy]\nway = plain, fine\n");
  {
    const BeforeEachCell fail([](std::size_t index) {
      if (index == 0) throw std::runtime_error("once only");
    });
    toy.run();
  }
  EXPECT_EQ(toy.run().n_failed, 1u);
  EXPECT_EQ(toy.stored().rows[0].reason, "once only");
}

TEST_F(Resume, IsRefusedInTheFolderOfAnotherConfig) {
  ToyRun toy(folder_);
  toy.run();
  const auto before = snapshot(toy.result);
  ToyRun other(folder_, toy_config + "scale = 3\n");
  EXPECT_EQ(refusal(other),
            "result: belongs to another config (toy.scale is 1 there and 3 here); choose another --out, or "
            "remove that "
            "folder");
  ToyRun other_experiment(folder_, "experiment = toy_too\n");
  EXPECT_EQ(refusal(other_experiment),
            "result: belongs to another config (experiment is toy there and toy_too here); choose another "
            "--out, or "
            "remove that folder");
  EXPECT_EQ(snapshot(toy.result), before);
}

TEST_F(Resume, IsRefusedInAFolderOfSomethingElse) {
  ToyRun toy(folder_);
  std::filesystem::create_directory(toy.result);
  folder_.file("result/thesis.tex", "years of work");
  const auto before = snapshot(toy.result);
  EXPECT_EQ(refusal(toy), "result: is not empty and not a result of jacobench; choose another --out");
  EXPECT_EQ(snapshot(toy.result), before);
}

TEST_F(Resume, IsRefusedWhereNoFolderCanBe) {
  ToyRun toy(folder_);
  toy.result = folder_.file("result", "a file");
  EXPECT_EQ(refusal(toy), "result: the folder cannot be created (Not a directory)");
  toy.result /= "inside";
  EXPECT_EQ(error_line([&] { toy.run(); }),
            toy.result.string() + ": the folder cannot be created (Not a directory)");
  toy.result = "/proc/jacobench";
  EXPECT_EQ(error_line([&] { toy.run(); }),
            "/proc/jacobench: the folder cannot be created (No such file or directory)");
}

TEST_F(Resume, IsRefusedWhileAnotherProcessWritesThere) {
  ToyRun toy(folder_);
  std::string line;
  {
    const BeforeEachCell second_run([&](std::size_t index) {
      if (index != 1) return;
      ToyRun second(folder_);
      line = refusal(second);
    });
    toy.run();
  }
  EXPECT_EQ(line,
            "result: another jacobench is writing to this folder; wait for it, or choose another --out");
  EXPECT_EQ(contents_of(toy.rows_file()), undisturbed_rows());
}

TEST_F(Resume, IsRefusedWithACorruptRow) {
  ToyRun toy(folder_);
  toy.run();
  const std::string rows = contents_of(toy.rows_file());
  const auto refusal_with = [&](std::string contents) {
    folder_.file("result/rows.jsonl", contents);
    const std::string line = refusal(toy);
    EXPECT_EQ(contents_of(toy.rows_file()), contents);
    return line;
  };
  const auto with = [&](const std::string& old_text, const std::string& new_text) {
    return std::string(rows).replace(rows.find(old_text), old_text.size(), new_text);
  };
  EXPECT_EQ(refusal_with(with("{\"inputs\"", "\"inputs\"")),
            "result/rows.jsonl:1: the line is corrupt (not JSON)");
  EXPECT_EQ(refusal_with("{\"status\":\"ok\",\"reason\":\"\"}\n" + rows),
            "result/rows.jsonl:1: the row does not say which cell it is of");
  EXPECT_EQ(refusal_with(with("\"status\":\"ok\"", "\"status\":\"well\"")),
            "result/rows.jsonl:1: the row has no valid status");
  EXPECT_EQ(refusal_with(with("\"n_params\":1,", "\"n_params\":[1],")),
            "result/rows.jsonl:1: the row has a value that cannot stand in a row");
  EXPECT_EQ(refusal_with(with("\"hidden\":\"none\"", "\"hidden\":\"77\"")),
            "result: has a row for inputs=1 hidden=77 way=plain, which is no cell of this study; choose "
            "another --out");
  EXPECT_EQ(refusal_with(rows + rows.substr(0, rows.find('\n') + 1)),
            "result: has two rows for inputs=1 hidden=none way=plain; choose another --out");
}

// A result written by a version with other columns or settings.
class OtherVersion : public Resume {
 protected:
  // The result of the toy config, of which this has been done to the rows; with so many rows left.
  void write_rows(const std::function<std::string(std::string)>& change, std::size_t n_rows) {
    std::filesystem::remove_all(toy_.result);
    toy_.run();
    std::istringstream lines(contents_of(toy_.rows_file()));
    rows_.clear();
    std::string line;
    for (std::size_t i = 0; i < n_rows && std::getline(lines, line); ++i) rows_ += change(line) + '\n';
    folder_.file("result/rows.jsonl", rows_);
  }

  static std::string replaced(std::string text, const std::string& pattern, const std::string& by) {
    return std::regex_replace(text, std::regex(pattern), by);
  }

  static Value value(const StoredResult& result, std::size_t row, std::string_view column) {
    return result.rows.at(row).values.at(column_index(result.columns(), column));
  }

  ToyRun toy_{folder_};
  std::string rows_;
};

TEST_F(OtherVersion, OfRowsThatLackAColumnIsContinuedAndNullThere) {
  write_rows([](const std::string& row) { return replaced(row, R"("n_params":\d+,)", ""); }, 4);
  EXPECT_EQ(toy_.run().n_earlier, 4u);
  EXPECT_TRUE(contents_of(toy_.rows_file()).starts_with(rows_)) << "rows that are there stay to the byte";
  const StoredResult result = toy_.stored();
  EXPECT_TRUE(result.is_complete());
  EXPECT_EQ(value(result, 3, "n_params"), Value());
  EXPECT_EQ(value(result, 3, "time_ns"), Value(4938.0));
  EXPECT_EQ(value(result, 4, "n_params"), Value(std::int64_t{6}));
}

TEST_F(OtherVersion, OfRowsWithUnknownColumnsIsContinuedAndShowsThemLast) {
  write_rows(
      [](const std::string& row) {
        return replaced(row, R"("status")", R"("peer":"x,y","list":[1,2],"status")");
      },
      4);
  EXPECT_EQ(toy_.run().n_earlier, 4u);
  EXPECT_TRUE(contents_of(toy_.rows_file()).starts_with(rows_));
  std::vector<StoredResult> results;
  results.push_back(toy_.stored());
  EXPECT_EQ(value(results[0], 0, "list"), Value(std::string("[1,2]")));
  EXPECT_EQ(value(results[0], 5, "peer"), Value());
  std::ostringstream csv, text;
  find_by_name(table_format_table(), "csv", "format").write(csv, table_of(results), {});
  EXPECT_NE(csv.str().find(",no_promise,peer,list,status,reason\n"), std::string::npos) << csv.str();
  EXPECT_NE(csv.str().find(",\"x,y\",\"[1,2]\",ok,\n"), std::string::npos) << csv.str();
  write_text(text, table_of(results));
  EXPECT_EQ(text.str().find("peer"), std::string::npos) << text.str();
}

// Inputs are the same in all cells, so that each row is still of one; the ways are not.
TEST_F(OtherVersion, OfRowsThatLackAnIdentityColumnIsContinuedWhereOneCellAgrees) {
  write_rows([](const std::string& row) { return replaced(row, R"("inputs":1,)", ""); }, 4);
  EXPECT_EQ(toy_.run().n_earlier, 4u);
  EXPECT_TRUE(contents_of(toy_.rows_file()).starts_with(rows_));
  EXPECT_EQ(cell_key(toy_.stored().columns(), toy_.stored().rows[0]), "hidden=none way=plain");
  EXPECT_EQ(cell_key(toy_.stored().columns(), toy_.stored().rows[4]), "inputs=1 hidden=3x2 way=fine");
  EXPECT_TRUE(problems_of(toy_.stored()).empty()) << problems_of(toy_.stored()).front();
  EXPECT_TRUE(problems_to_the_bit(baseline_of(toy_.stored()), toy_.stored()).empty());
  folder_.file("result/rows.jsonl", rows_ + rows_.substr(0, rows_.find('\n') + 1));
  EXPECT_EQ(refusal(toy_), "result: has two rows for inputs=1 hidden=none way=plain; choose another --out");

  write_rows([](const std::string& row) { return replaced(row, R"("way":"\w+",)", ""); }, 1);
  EXPECT_EQ(
      refusal(toy_),
      "result: has a row for inputs=1 hidden=none, which was stored before there were cells such as inputs=1 "
      "hidden=none way=plain and inputs=1 hidden=none way=fine and can be of either; choose another --out");
  EXPECT_EQ(contents_of(toy_.rows_file()), rows_);
}

TEST_F(OtherVersion, OfAConfigWithoutANewSettingIsContinuedAtItsDefault) {
  write_rows([](const std::string& row) { return row; }, 2);
  folder_.file("result/config.ini", replaced(contents_of(toy_.result / "config.ini"), "scale = 1\n", ""));
  ToyRun other(folder_, toy_config + "scale = 3\n");
  EXPECT_EQ(refusal(other),
            "result: belongs to another config (toy.scale is 3 here and not set there); choose another "
            "--out, or remove "
            "that folder");
  EXPECT_EQ(ToyRun(folder_).run().n_earlier, 2u);
  EXPECT_TRUE(contents_of(toy_.rows_file()).starts_with(rows_));
  EXPECT_EQ(value_of(toy_.stored().config, "toy.scale"), "1");
}

// Its cells cannot be had, but its rows can, and the manifest says how many there are.
TEST_F(OtherVersion, OfSettingsThatAreNotKnownIsReadAndNotContinued) {
  write_rows([](const std::string& row) { return replaced(row, "plain", "peculiar"); }, 4);
  const std::string config =
      replaced(contents_of(toy_.result / "config.ini"), "plain", "peculiar") + "peers = some\n";
  folder_.file("result/config.ini", config);
  toy_.said.str("");
  const StoredResult result = toy_.stored();
  const std::string file = (toy_.result / "config.ini").string();
  EXPECT_EQ(toy_.said.str(), file +
                                 ":7: toy.way: warning: this version knows no such setting, or not this "
                                 "value; it is kept as text\n" +
                                 file +
                                 ":12: toy.peers: warning: this version knows no such setting, or not this "
                                 "value; it is kept as text\n");
  EXPECT_EQ(value_of(result.config, "toy.way"), "peculiar, fine, digits");
  EXPECT_EQ(value_of(result.config, "toy.peers"), "some");
  EXPECT_EQ(value(result, 0, "way"), Value(std::string("peculiar")));
  EXPECT_EQ(problems_of(result), std::vector<std::string>{"4 of 6 cells have been run"});
  EXPECT_EQ(problems_against(baseline_of(result), result, 2), problems_of(result));
  EXPECT_EQ(refusal(toy_),
            "result: belongs to another config (toy.way is peculiar, fine, digits there and plain, fine, "
            "digits here); "
            "choose another --out, or remove that folder");
}

TEST_F(OtherVersion, OfALaterSchemaIsReadAndContinuedWithAWarning) {
  write_rows([](const std::string& row) { return row; }, 4);
  const std::filesystem::path manifest = toy_.result / "manifest.json";
  folder_.file("result/manifest.json",
               replaced(contents_of(manifest), R"("schema_version": \d+)", R"("schema_version": 99)"));
  const std::string warning = fmt::format(
      "{}: warning: is of schema version 99, later than this program's {}; what is new in it is kept as "
      "text\n",
      manifest.string(), schema_version);
  toy_.said.str("");
  EXPECT_EQ(toy_.stored().rows.size(), 4u);
  EXPECT_EQ(toy_.said.str(), warning);
  EXPECT_EQ(toy_.run().n_earlier, 4u);
  EXPECT_NE(toy_.said.str().find(warning, 1), std::string::npos) << toy_.said.str();
  EXPECT_EQ(recorded_schema_version(manifest), 99);
}

TEST(RowJson, ReplacesWhatIsNotUtf8) {
  const ColumnList columns = {{.name = "a", .heading = "", .unit = "", .role = ColumnRole::identity}};
  const Row row{RowStatus::failed, "bad \xff byte", {std::string("x")}};
  EXPECT_EQ(row_to_json_line(columns, row),
            "{\"a\":\"x\",\"status\":\"failed\",\"reason\":\"bad \xef\xbf\xbd byte\"}");
}

TEST(RowJson, ReadsBackEveryKindOfValue) {
  ColumnList columns;
  for (const char* name : {"a", "b", "c", "d", "e", "f"})
    columns.push_back({.name = name, .heading = "", .unit = "", .role = ColumnRole::measure});
  const Row row{RowStatus::ok, "", {Value(), true, std::int64_t{-7}, 3.0, 0.1 + 0.2, std::string("\"q\"\n")}};
  const Row read = row_from_json(columns, nlohmann::ordered_json::parse(row_to_json_line(columns, row)));
  EXPECT_EQ(read.values, row.values);
}

}  // namespace
}  // namespace jacobench::harness
