// What is shown of a fit, by a clock of the test's, and what ends it.
#include "cli/fit_watch.hpp"

#include <csignal>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>

namespace jacobench::cli {
namespace {

using namespace std::chrono_literals;

class WatchedFit : public ::testing::Test {
 protected:
  harness::ProgressDisplay display(bool is_terminal, std::size_t width = 80) {
    return {.out = out_, .is_terminal = is_terminal, .width = width, .plain_interval = 10s, .now = [this] {
              return time_;
            }};
  }

  bool tell(FitWatch& watch, std::chrono::steady_clock::duration passed) {
    time_ += passed;
    return watch.go_on({.n_starts_done = 3, .n_starts = 20, .n_iterations = 57, .objective = 1.25});
  }

  std::ostringstream out_;
  std::chrono::steady_clock::time_point time_ = std::chrono::steady_clock::time_point(1000s);
};

TEST_F(WatchedFit, IsOneRedrawnLineOnATerminalAfterHalfASecond) {
  const harness::ProgressDisplay shown = display(true);
  FitWatch watch(shown);
  EXPECT_TRUE(tell(watch, 400ms));
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(tell(watch, 2700ms));
  EXPECT_TRUE(tell(watch, 100ms));
  EXPECT_EQ(out_.str(),
            "\r\033[K0:00:03 fitting: [#---------] 3/20 starts, 58.1/min, 18 s left, 57 iterations, ");
  out_.str("");
  watch.finish();
  EXPECT_EQ(out_.str(), "\r\033[K");
}

TEST_F(WatchedFit, NeverWrapsOnATerminal) {
  const harness::ProgressDisplay shown = display(true, 20);
  FitWatch watch(shown);
  tell(watch, 4s);
  EXPECT_EQ(out_.str(), "\r\033[K0:00:04 fitting: 3/");
}

TEST_F(WatchedFit, IsAPlainLineNowAndThenElsewhere) {
  const harness::ProgressDisplay shown = display(false);
  FitWatch watch(shown);
  for (int i = 0; i < 6; ++i) tell(watch, 2s);
  watch.finish();
  EXPECT_EQ(out_.str(), "fitting: 3 of 20 starts, 4.0 s, 57 iterations, objective 1.25\n");
  tell(watch, 2s);
  EXPECT_EQ(out_.str(),
            "fitting: 3 of 20 starts, 4.0 s, 57 iterations, objective 1.25\n"
            "fitting: 3 of 20 starts, 14 s, 57 iterations, objective 1.25\n");
}

TEST_F(WatchedFit, EndsAtASignal) {
  const harness::ProgressDisplay shown = display(false);
  FitWatch watch(shown);
  EXPECT_TRUE(tell(watch, 1s));
  EXPECT_FALSE(watch.signal().has_value());
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_FALSE(tell(watch, 1s));
  EXPECT_EQ(watch.signal(), SIGTERM);
}

}  // namespace
}  // namespace jacobench::cli
