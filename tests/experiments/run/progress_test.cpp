#include "run/progress.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace jacobench::harness {
namespace {

using namespace std::chrono_literals;

class ShownProgress : public ::testing::Test {
 protected:
  ProgressDisplay display(bool is_terminal, std::size_t width = 80) {
    return {.out = out_, .is_terminal = is_terminal, .width = width, .plain_interval = 10s, .now = [this] {
              return time_;
            }};
  }
  void run_cell(Progress& progress, const std::string& cell, std::chrono::steady_clock::duration duration) {
    progress.cell_starts(cell);
    time_ += duration;
    progress.cell_ends();
  }

  std::ostringstream out_;
  std::chrono::steady_clock::time_point time_ = std::chrono::steady_clock::time_point(1000s);
};

TEST_F(ShownProgress, IsOneRedrawnLineOnATerminal) {
  Progress progress(display(true), 4, 1);
  run_cell(progress, "a=1", 30s);
  run_cell(progress, "a=2", 60s);
  progress.say("failed: a=2");
  progress.cell_starts("a=3");
  progress.finish();
  EXPECT_EQ(out_.str(),
            "\r\033[K[1/4] 0.0 s elapsed, now a=1"
            "\r\033[K[2/4] 30 s elapsed, about 1 min 0 s left, now a=2"
            "\r\033[Kfailed: a=2\n"
            "\r\033[K[3/4] 1 min 30 s elapsed, about 45 s left, now a=3"
            "\r\033[K3 of 4 cells done in 1 min 30 s (1 of them earlier)\n");
}

TEST_F(ShownProgress, NeverWrapsOnATerminal) {
  const auto line = [this](std::size_t width) {
    out_.str("");
    Progress(display(true, width), 4, 0).cell_starts("shape=10x5 way=1");
    return out_.str().substr(4);
  };
  EXPECT_EQ(line(42), "[0/4] 0.0 s elapsed, now shape=10x5 way=1");
  EXPECT_EQ(line(41), "[0/4] 0.0 s elapsed, now ...e=10x5 way=1");
  EXPECT_EQ(line(28), "[0/4] 0.0 s elapsed, now ");
  EXPECT_EQ(line(20), "[0/4] 0.0 s elapsed");
  EXPECT_EQ(line(1), "");
}

TEST_F(ShownProgress, IsAPlainLineNowAndThenElsewhere) {
  Progress progress(display(false), 5, 0);
  run_cell(progress, "a=1", 4s);
  run_cell(progress, "a=2", 4s);
  run_cell(progress, "a=3", 4s);
  run_cell(progress, "a=4", 4s);
  run_cell(progress, "a=5", 4s);
  progress.finish();
  EXPECT_EQ(out_.str(),
            "[0/5] 0.0 s elapsed, now a=1\n"
            "[3/5] 12 s elapsed, about 8.0 s left, now a=4\n"
            "5 of 5 cells done in 20 s\n");
}

TEST_F(ShownProgress, TellsHowMuchOfTheCellIsDone) {
  Progress progress(display(true), 4, 1);
  progress.cell_starts("a=1", 2);
  progress.show_fraction(0.25);  // by an earlier run, which says nothing of how fast this one is
  time_ += 10s;
  progress.show_fraction(0.5);  // half a cell in 10 s, two cells left
  time_ += 50ms;
  progress.show_fraction(0.6);  // too soon to redraw
  time_ += 50ms;
  progress.show_fraction(0.75);
  progress.cell_ends();
  progress.cell_ends();
  time_ += 4900ms;
  progress.cell_starts("a=3");
  EXPECT_EQ(out_.str(),
            "\r\033[K[1/4] 0.0 s elapsed, now a=1"
            "\r\033[K[1/4] 10 s elapsed, about 40 s left, now 50% of a=1"
            "\r\033[K[1/4] 10 s elapsed, about 15 s left, now 75% of a=1"
            "\r\033[K[3/4] 15 s elapsed, about 10 s left, now a=3");
}

TEST_F(ShownProgress, TellsItNowAndThenElsewhere) {
  Progress progress(display(false), 2, 0);
  progress.cell_starts("a=1");
  for (const double fraction : {0.0, 0.25, 0.5, 0.75}) {
    progress.show_fraction(fraction);
    time_ += 5s;
  }
  EXPECT_EQ(out_.str(),
            "[0/2] 0.0 s elapsed, now a=1\n"
            "[0/2] 10 s elapsed, about 30 s left, now 50% of a=1\n");
}

TEST(DurationText, HasTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(0.04s), "0.0 s");
  EXPECT_EQ(duration_text(9.94s), "9.9 s");
  EXPECT_EQ(duration_text(59.4s), "59 s");
  EXPECT_EQ(duration_text(59.6s), "1 min 0 s");
  EXPECT_EQ(duration_text(3599s), "59 min 59 s");
  EXPECT_EQ(duration_text(3h + 5min + 59s), "3 h 5 min");
}

}  // namespace
}  // namespace jacobench::harness
