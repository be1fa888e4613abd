// A run that is interrupted in mid-cell goes on from the records that it has kept, and ends with the same
// bits.
#include "run/record_file.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/interrupt.hpp"
#include "support/error_line.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

const std::string recorded_config = "experiment = toy\n[toy]\nhidden = none, 3x2\nway = recorded, fine\n";

class RecordsOfRun : public ::testing::Test {
 protected:
  static std::string undisturbed_rows(const std::string& config) {
    const TemporaryFolder folder;
    ToyRun toy(folder, config);
    toy.run();
    return contents_of(toy.rows_file());
  }

  static std::filesystem::path records_file(const ToyRun& toy) { return toy.result / "partial-1.records"; }

  // A run into the folder that stops of itself, with a signal, when it has so many records.
  static RunSummary run_until(ToyRun& toy, std::size_t n_records) {
    const BeforeEachBlock interrupt([&](std::size_t n) {
      if (n + 3 == n_records) std::raise(SIGINT);
    });
    return toy.run();
  }

  // The number of records with which a run takes up its first recorded cell.
  static std::size_t n_taken_up(ToyRun& toy) {
    std::size_t n_first = 12;
    bool is_first = true;
    const BeforeEachBlock note([&](std::size_t n) {
      if (is_first) n_first = n;
      is_first = false;
    });
    toy.run();
    return n_first;
  }

  // The folder as a run leaves it that is interrupted in its first cell, but for this file of records.
  static void leave_behind(ToyRun& toy, const TemporaryFolder& folder, const std::string& records) {
    run_until(toy, 6);
    folder.file("result/partial-1.records", records);
    toy.said.str("");
  }

  TemporaryFolder folder_;
};

TEST_F(RecordsOfRun, OfAnInterruptedCellAreTakenUp) {
  const std::string rows = undisturbed_rows(recorded_config);
  for (const std::size_t n_records : {3, 6, 9}) {
    const TemporaryFolder folder;
    ToyRun toy(folder, recorded_config);
    const RunSummary summary = run_until(toy, n_records);
    EXPECT_EQ(summary.signal, SIGINT);
    EXPECT_EQ(summary.n_rows(), 0u) << "an interrupted group has no row";
    EXPECT_EQ(contents_of(toy.rows_file()), "");
    EXPECT_EQ(n_taken_up(toy), n_records);
    EXPECT_EQ(contents_of(toy.rows_file()), rows);
    EXPECT_FALSE(std::filesystem::exists(records_file(toy)))
        << "the rows are there, the records are done with";
  }
}

TEST_F(RecordsOfRun, SurviveKillDashNine) {
  const std::string rows = undisturbed_rows(recorded_config);
  for (const std::size_t n_blocks : {1, 2, 4, 6, 8}) {  // of both recorded cells together
    const TemporaryFolder folder;
    ToyRun toy(folder, recorded_config);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::size_t block = 0;
      const BeforeEachBlock kill_self([&](std::size_t) {
        if (++block == n_blocks) kill(getpid(), SIGKILL);
      });
      toy.run();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(n_taken_up(toy), (n_blocks - 1) % 4 * 3);
    EXPECT_EQ(contents_of(toy.rows_file()), rows);
  }
}

// By default they wait for a tenth of a second of work, which the toy does not take.
TEST_F(RecordsOfRun, OfAGroupThatTakesNoSecondHaveNoFile) {
  ToyRun toy(folder_, recorded_config);
  const BeforeEachBlock look([&](std::size_t) { EXPECT_FALSE(std::filesystem::exists(records_file(toy))); });
  toy.run(RunOptions{});
  EXPECT_EQ(contents_of(toy.rows_file()), undisturbed_rows(recorded_config));
}

TEST_F(RecordsOfRun, ThatWaitAreSavedWhereTheRunIsInterrupted) {
  ToyRun toy(folder_, recorded_config);
  {
    const BeforeEachBlock interrupt([&](std::size_t n) {
      if (n == 6) std::raise(SIGINT);
    });
    EXPECT_EQ(toy.run(RunOptions{}).signal, SIGINT);
  }
  EXPECT_EQ(n_taken_up(toy), 9u);
  EXPECT_EQ(contents_of(toy.rows_file()), undisturbed_rows(recorded_config));
}

TEST_F(RecordsOfRun, AreTakenUpFromEveryByte) {
  const std::string rows = undisturbed_rows(recorded_config);
  ToyRun toy(folder_, recorded_config);
  run_until(toy, 6);
  const std::string records = contents_of(records_file(toy));
  const std::string header = "jacobench-records 2 2 inputs=1 hidden=none way=recorded\n";
  ASSERT_EQ(records.substr(0, header.size()), header);
  ASSERT_EQ(records.size(), header.size() + 6 * 32);
  for (std::size_t n_bytes = 0; n_bytes <= records.size(); ++n_bytes) {
    std::filesystem::remove_all(toy.result);
    leave_behind(toy, folder_, records.substr(0, n_bytes));
    const std::size_t n_whole = n_bytes < header.size() ? 0 : (n_bytes - header.size()) / 32;
    ASSERT_EQ(n_taken_up(toy), n_whole) << n_bytes;
    ASSERT_EQ(contents_of(toy.rows_file()), rows) << n_bytes;
    ASSERT_EQ(toy.said.str().find("warning"), std::string::npos) << n_bytes;
  }
}

TEST_F(RecordsOfRun, OfSomethingElseAreDiscardedWithAWarning) {
  const std::string rows = undisturbed_rows(recorded_config);
  const std::string own = " 2 inputs=1 hidden=none way=recorded\n", numbers(48, 'n');
  const std::pair<std::string, std::string> cases[] = {
      {"jacobench-records 2 2 inputs=1 hidden=3x2 way=recorded\n" + numbers,
       "has the records of inputs=1 hidden=3x2 way=recorded; they are discarded"},
      {"jacobench-records 2 3 inputs=1 hidden=none way=recorded\n" + numbers,
       "has records of 3 numbers, want 2; they are discarded"},
      {"jacobench-records 1" + own + numbers, "is not a file of records; they are discarded"},
      {"jacobench-records 2 x" + own + numbers, "is not a file of records; they are discarded"},
      {"jacobench-records 2 0" + own + numbers, "is not a file of records; they are discarded"},
      {"\n" + numbers, "is not a file of records; they are discarded"},
      {"jacobench-records 2 2 inputs=1 hidden=3x2 way=recorded\n", ""},  // nothing is lost
  };
  for (const auto& [records, warning] : cases) {
    const TemporaryFolder folder;
    ToyRun toy(folder, recorded_config);
    leave_behind(toy, folder, records);
    EXPECT_EQ(n_taken_up(toy), 0u) << records;
    EXPECT_EQ(contents_of(toy.rows_file()), rows) << records;
    const bool is_said = toy.said.str().find(": warning: " + warning) != std::string::npos;
    EXPECT_EQ(is_said, !warning.empty()) << toy.said.str();
    EXPECT_EQ(toy.said.str().find("warning") != std::string::npos, !warning.empty()) << toy.said.str();
  }
}

TEST_F(RecordsOfRun, OfAFinishedGroupAreRemoved) {
  ToyRun toy(folder_, recorded_config);
  toy.run();
  folder_.file("result/partial-1.records", "jacobench-records 2 2 inputs=1 hidden=none way=recorded\n");
  toy.said.str("");
  toy.run();
  EXPECT_FALSE(std::filesystem::exists(records_file(toy)));
  EXPECT_EQ(toy.said.str(), "");
}

// The records are those of the group: where some of its rows were written already, the others use them still.
TEST_F(RecordsOfRun, AreThoseOfTheWholeGroup) {
  const std::string config = "experiment = toy\n[toy]\nway = fine, recorded\ngroup = 2\n";
  const std::string rows = undisturbed_rows(config);
  ToyRun toy(folder_, config);
  run_until(toy, 9);
  folder_.file("result/rows.jsonl", rows.substr(0, rows.find('\n') + 1));
  EXPECT_EQ(n_taken_up(toy), 9u) << "one row of two does not end the group";
  EXPECT_EQ(contents_of(toy.rows_file()), rows);
}

TEST_F(RecordsOfRun, AreRefusedInTheFolderOfAnotherConfig) {
  ToyRun toy(folder_, recorded_config);
  run_until(toy, 6);
  const auto before = snapshot(toy.result);
  ToyRun other(folder_, recorded_config + "scale = 3\n");
  EXPECT_NE(error_line([&] { other.run(); }).find("belongs to another config"), std::string::npos);
  EXPECT_EQ(snapshot(toy.result), before);
}

// A full disk ends the run, as it does where a row cannot be written: it is no failure of the cell.
TEST_F(RecordsOfRun, ThatCannotBeWrittenEndTheRun) {
  const std::string rows = undisturbed_rows(recorded_config);
  ToyRun toy(folder_, recorded_config);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlim_t header = 56, three_records_and_a_half = 112;
  const BeforeEachBlock fill_disk([&](std::size_t n) {
    const rlimit full{.rlim_cur = header + three_records_and_a_half, .rlim_max = limit.rlim_max};
    if (n == 3) setrlimit(RLIMIT_FSIZE, &full);
  });
  const std::string line = error_line([&] { toy.run(); });
  setrlimit(RLIMIT_FSIZE, &limit);
  static_cast<void>(std::signal(SIGXFSZ, old_handler));
  EXPECT_EQ(line, records_file(toy).string() + ": cannot be written (File too large)");
  EXPECT_EQ(contents_of(toy.rows_file()), "");
  EXPECT_EQ(n_taken_up(toy), 3u);
  EXPECT_EQ(contents_of(toy.rows_file()), rows);
}

TEST_F(RecordsOfRun, AreWhole) {
  RecordFile file(folder_.path() / "partial-1.records", {"a=1", 2}, 0);
  EXPECT_THROW(file.append(0, std::vector<double>{1, 2, 3}), std::logic_error);
}

// A file system that loses part of a write, or lets two processes write at once, leaves bytes that are no record:
// neither they nor what follows them is believed.
TEST_F(RecordsOfRun, ThatAreDamagedAreMadeAgain) {
  const std::string rows = undisturbed_rows(recorded_config);
  ToyRun toy(folder_, recorded_config);
  run_until(toy, 6);
  const std::string records = contents_of(records_file(toy));
  for (std::size_t record = 0; record < 6; ++record)
    for (const std::size_t byte : {0, 9, 17, 31}) {
      std::string damaged = records;
      damaged[56 + 32 * record + byte] ^= 1;
      std::filesystem::remove_all(toy.result);
      leave_behind(toy, folder_, damaged);
      ASSERT_EQ(n_taken_up(toy), record) << byte;
      ASSERT_NE(toy.said.str().find("is damaged from byte " + std::to_string(56 + 32 * record)),
                std::string::npos);
      ASSERT_EQ(contents_of(toy.rows_file()), rows);
    }
}

TEST_F(RecordsOfRun, MayBeInAnyOrderAndTwice) {
  const auto at = [](std::int64_t number) { return std::vector<double>{static_cast<double>(number), 0.5}; };
  const std::filesystem::path path = folder_.path() / "partial-7.records";
  const RecordsOf whose{"a=1", 2};
  {
    RecordFile file(path, whose, 0);
    for (const std::int64_t number : {5, 2, 5}) file.append(number, at(number));
    file.sync();
  }
  std::vector<std::int64_t> numbers;
  const std::size_t n_bytes = read_records(
      path, whose,
      [&](std::int64_t number, std::span<const double> record) {
        numbers.push_back(number);
        EXPECT_EQ(std::vector<double>(record.begin(), record.end()), at(number));
      },
      [](const std::string& warning) { ADD_FAILURE() << warning; });
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{5, 2, 5}));
  EXPECT_EQ(n_bytes, std::filesystem::file_size(path));
  EXPECT_EQ(groups_with_records(folder_.path()), std::vector<std::size_t>{6});
}

}  // namespace
}  // namespace jacobench::harness
