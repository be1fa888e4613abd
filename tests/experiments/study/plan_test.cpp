#include "study/plan.hpp"

#include <gtest/gtest.h>

#include "support/error_line.hpp"
#include "support/table_text.hpp"
#include "support/toy_run.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

Study toy_study(const TemporaryFolder& folder, const std::string& config = toy_config) {
  return read_study(folder.file("toy.ini", config), toy_experiments());
}

TEST(Plan, NumbersTheCells) {
  const TemporaryFolder folder;
  const Study study = toy_study(folder);
  EXPECT_EQ("\n" + text_of(numbered_plan(*study.experiment)), R"(
inputs 1

cell  hidden  way
--------------------
   1  none    plain
   2  none    fine
   3  none    digits

   4  3x2     plain
   5  3x2     fine
   6  3x2     digits

6 cells
)");
}

// The replicate is of the cell that the plan has at this number.
TEST(Replay, IsOfTheCellOfThatNumber) {
  const TemporaryFolder folder;
  const Study study = toy_study(folder, "experiment = toy\n[toy]\nway = plain, recorded\n");
  EXPECT_EQ(replay(*study.experiment, {2, 11}), "record 11 of way recorded: 11 0.07142857142857142");
  EXPECT_EQ(error_line([&] {
              replay(*study.experiment, {2, 12});
            }),
            "run: there is no replicate 12; those of this cell are 0 to 11");
  EXPECT_EQ(error_line([&] {
              replay(*study.experiment, {1, 0});
            }),
            "run: this experiment has no replicates; run it without --replay");
  EXPECT_EQ(error_line([&] {
              replay(*study.experiment, {3, 0});
            }),
            "run: there is no cell 3; the cells of this study are 1 to 2, see --plan");
}

TEST(Replay, IsOfAWholeCellAndReplicate) {
  const auto format = cell_replicate();
  EXPECT_EQ(format.parse("3:17").cell, 3);
  EXPECT_EQ(format.parse("3:17").replicate, 17);
  EXPECT_EQ(format.write({3, 17}), "3:17");
  for (const std::string text : {"", "3", "3:", ":17", "0:17", "-1:17", "3:-1", "3:1.5", "a:b", "3:17:1",
                                 "3: 17", "3:99999999999999999999"})
    EXPECT_EQ(
        error_line([&] { format.parse(text); }),
        "\"" + text +
            "\" is not a replicate of a cell; allowed: CELL:REPLICATE, cells from 1 as --plan numbers them, "
            "replicates from 0, such as 3:17");
}

}  // namespace
}  // namespace jacobench::harness
