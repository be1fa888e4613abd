#include "run/result_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

// What a run on another node does to the folder where the file system does not hold locks: its mark is there now.
TEST(ResultFolder, IsLeftToTheRunThatTakesItOver) {
  for (const std::string config : {"experiment = toy\n[toy]\nway = recorded, fine\n", toy_config.c_str()}) {
    const TemporaryFolder folder;
    ToyRun toy(folder, config);
    std::string rows;
    {
      const auto take_over = [&](std::size_t) { folder.file("result/writer.txt", "node07 4711 abc\n"); };
      const BeforeEachBlock block(take_over);
      const BeforeEachCell cell(take_over);
      EXPECT_EQ(error_line([&] { toy.run(); }), toy.result.string() +
                                                    ": another jacobench has taken this folder over (process "
                                                    "4711 on node07), as the file system does "
                                                    "not hold locks; that one goes on from what is here");
      EXPECT_EQ(contents_of(toy.rows_file()), "");
      EXPECT_EQ(contents_of(toy.result / "writer.txt"), "node07 4711 abc\n") << "it is that run's";
    }
    EXPECT_EQ(toy.run().n_failed, 0u);
    EXPECT_FALSE(std::filesystem::exists(toy.result / "writer.txt"));
  }
}

}  // namespace
}  // namespace jacobench::harness
