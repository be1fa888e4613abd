#include <atomic>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "run/progress.hpp"

namespace jacobench::harness {
namespace {

struct CountingBuffer : std::stringbuf {
  int sync() override {
    ++n_flushes;
    return 0;
  }
  std::atomic<int> n_flushes = 0;
};

// The clock goes on by itself: it is drawn again although nothing is told.
TEST(StatusLineThreads, TickOnATerminal) {
  CountingBuffer buffer;
  std::ostream out(&buffer);
  {
    StatusLine line({.out = out, .is_terminal = true, .ticks = true});
    line.show("busy");
    while (buffer.n_flushes < 2) std::this_thread::yield();
  }
  EXPECT_TRUE(buffer.str().starts_with("\r\033[K0:00:00 busy\r0:00:0")) << buffer.str();
}

}  // namespace
}  // namespace jacobench::harness
