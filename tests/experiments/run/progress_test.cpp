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
  progress.cell_starts("a=3", 1, "three");
  progress.finish();
  EXPECT_EQ(out_.str(),
            "\r\033[K0:00:00 [##--------] 1/4 cells, a=1"
            "\r\033[K0:00:30 [#####-----] 2/4 cells, 2.0/min, 1 min 0 s left, a=2"
            "\r\033[Kfailed: a=2\n"
            "\r\033[K0:01:30 [#######---] 3/4 cells, 1.3/min, 45 s left, three"
            "\r\033[K"
            "\r\033[K3 of 4 cells done in 1 min 30 s (1 of them earlier)\n");
}

// One column is left free, as a terminal wraps when its last is written.
TEST_F(ShownProgress, NeverWrapsOnATerminal) {
  const auto line = [this](std::size_t width) {
    out_.str("");
    Progress(display(true, width), 4, 0).cell_starts("shape=10x5 way=1");
    return out_.str().substr(4);
  };
  EXPECT_EQ(line(120), "0:00:00 [--------------------] 0/4 cells, shape=10x5 way=1");
  EXPECT_EQ(line(60), "0:00:00 [----------] 0/4 cells, shape=10x5 way=1");
  EXPECT_EQ(line(30), "0:00:00 0/4 cells, ...5 way=1");
  for (std::size_t width = 1; width < 70; ++width) EXPECT_LT(line(width).size(), width) << width;
}

TEST_F(ShownProgress, IsSilentWhereItIsToBeQuiet) {
  for (const bool is_terminal : {false, true}) {
    ProgressDisplay quiet = display(is_terminal);
    quiet.is_quiet = true;
    Progress progress(quiet, 2, 0);
    run_cell(progress, "a=1", 30s);
    progress.cell_starts("a=2");
    progress.show_fraction(0.5);
    progress.finish();
    EXPECT_EQ(out_.str(), "");
  }
}

TEST(CountedText, SaysRateAndTimeLeft) {
  EXPECT_EQ(counted_text("refits", 250, 1000, 0, 10s, 200),
            "[#####---------------] 250/1000 refits, 25/s, 30 s left");
  EXPECT_EQ(counted_text("refits", 0, 1000, 0, 10s, 40), "0/1000 refits");
  EXPECT_EQ(counted_text("cells", 2, 3, 1, 2h, 40), "2/3 cells, 0.5/h, 2 h 0 min left");
  EXPECT_EQ(counted_text("cells", 0, 0, 0, 1s, 60), "[----------] 0/0 cells");
}

TEST(NamesInFewWords, SayWhatTellsCellsApart) {
  const ColumnList columns{{.name = "truth", .role = ColumnRole::identity},
                           {.name = "network", .role = ColumnRole::identity},
                           {.name = "n", .role = ColumnRole::measure},
                           {.name = "step", .role = ColumnRole::identity}};
  const auto row = [](const char* network, std::int64_t n, const Value& step) {
    return Row{RowStatus::ok, {}, {"teacher", network, n, step}};
  };
  EXPECT_EQ(names_in_few_words(columns, {row("2-1", 1, {}), row("2-4-1", 2, 1e-8)}),
            (std::vector<std::string>{"2-1", "2-4-1 1e-8"}));
  EXPECT_EQ(names_in_few_words(columns, {row("2-1", 1, {})}), std::vector<std::string>{""});
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
            "\r\033[K0:00:00 [##--------] 1/4 cells, a=1"
            "\r\033[K0:00:10 [#####-----] 2/4 cells, 3.0/min, 40 s left, 50% of a=1"
            "\r\033[K0:00:10 [######----] 2/4 cells, 5.9/min, 15 s left, 75% of a=1"
            "\r\033[K0:00:15 [#######---] 3/4 cells, 6.0/min, 10 s left, a=3");
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
