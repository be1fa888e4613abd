#include <atomic>
#include <csignal>
#include <stdexcept>

#include <gtest/gtest.h>

#include "run/workers.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

const std::string recorded_groups =
    "experiment = toy\n[toy]\nhidden = none, 3x2, 4, 5, 6\nway = recorded, plain\n";

std::string rows_on(std::int64_t n_threads) {
  const ToysAre threaded({.n_threads = n_threads});
  const TemporaryFolder folder;
  ToyRun toy(folder, recorded_groups);
  toy.run();
  EXPECT_TRUE(std::none_of(std::filesystem::directory_iterator(toy.result), {}, [](const auto& entry) {
    return entry.path().extension() == ".records";
  })) << "the records of every group are done with";
  return contents_of(toy.rows_file());
}

TEST(Workers, GiveTheSameRowsInTheirOrderOnAnyNumberOfThreads) {
  const std::string rows = rows_on(1);
  for (const std::int64_t n : {2, 3, 8}) EXPECT_EQ(rows_on(n), rows) << n;
}

TEST(Workers, GoOnFromAnInterruptionOnThreads) {
  const std::string rows = rows_on(1);
  const ToysAre threaded({.n_threads = 3});
  const TemporaryFolder folder;
  ToyRun toy(folder, recorded_groups);
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> is_raised = false;  // a second signal would end the process
    const BeforeEachBlock interrupt([&](std::size_t) {
      if (!is_raised.exchange(true)) std::raise(SIGINT);
    });
    toy.run();
  }
  toy.run();
  EXPECT_EQ(contents_of(toy.rows_file()), rows);
}

TEST(Workers, TellWhatAMakerOfRecordsThrowsOnThreads) {
  for (const std::int64_t n : {1, 3}) {
    const ToysAre threaded({.n_threads = n});
    const TemporaryFolder folder;
    ToyRun toy(folder, recorded_groups);
    const BeforeEachBlock fail([](std::size_t first) {
      if (first == 6) throw std::runtime_error("record 6\nfell over");
    });
    EXPECT_EQ(toy.run().n_failed, 5u) << "of each group with records";
    EXPECT_EQ(toy.stored().rows[0].reason, "record 6 fell over");
    EXPECT_EQ(toy.stored().rows[1].status, RowStatus::ok);
  }
}

}  // namespace
}  // namespace jacobench::harness
