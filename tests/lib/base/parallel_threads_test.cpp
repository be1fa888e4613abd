#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "jacobench/base/parallel.hpp"

namespace jacobench {
namespace {

// Lets no task go on before there are as many as there are threads, each on one of its own. Relaxed, so that it puts
// nothing in order.
class Meeting {
 public:
  explicit Meeting(int n_threads) : n_threads_(n_threads) {}

  void wait_for_all() {
    n_arrived_.fetch_add(1, std::memory_order_relaxed);
    while (n_arrived_.load(std::memory_order_relaxed) < n_threads_) std::this_thread::yield();
  }

 private:
  const int n_threads_;
  std::atomic<int> n_arrived_{0};
};

TEST(ParallelFor, RunsEveryTaskOnceOnAnyNumberOfThreads) {
  for (const Index n_threads : {2, 3, 7})
    for (const Index n_tasks : {1, 2, 50}) {
      std::vector<int> n_runs(static_cast<std::size_t>(n_tasks), 0);
      parallel_for(n_tasks, n_threads, [&](Index i) { ++n_runs[static_cast<std::size_t>(i)]; });
      EXPECT_EQ(n_runs, std::vector<int>(static_cast<std::size_t>(n_tasks), 1)) << n_threads;
    }
}

TEST(ParallelFor, TheWorkspaceOfAWorkerIsItsAloneAmongThreads) {
  std::vector<Index> sums(3, 0);
  Meeting meeting(3);
  parallel_for_workers(2000, 3, [&](Index i, Index worker) {
    meeting.wait_for_all();
    sums.at(static_cast<std::size_t>(worker)) += i;
  });
  EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), Index{0}), 2000 * 1999 / 2);
}

// A task reads what its neighbour wrote in the loop before, most often on another thread.
TEST(ParallelFor, ThreadsSeeWhatTheLoopBeforeWrote) {
  constexpr std::size_t n = 20;
  std::vector<std::size_t> from(n), to(n);
  std::iota(from.begin(), from.end(), std::size_t{0});
  for (std::size_t loop = 0; loop < 200; ++loop) {
    parallel_for(n, 2 + static_cast<Index>(loop % 3), [&](Index i) {
      to[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>(i + 1) % n] + 1;
    });
    std::swap(from, to);
  }
  for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(from[i], (i + 200) % n + 200);
}

TEST(ParallelFor, RethrowsWhatTasksThrewOnThreadsAfterAllHaveEnded) {
  std::atomic<int> n_ended{0};
  std::string message;
  Meeting meeting(3);
  try {
    parallel_for(40, 3, [&](Index i) {
      meeting.wait_for_all();
      ++n_ended;
      if (i % 2 == 0) throw std::runtime_error("task " + std::to_string(i) + " of forty has failed");
    });
  } catch (const std::runtime_error& error) {
    message = error.what();
  }
  EXPECT_EQ(n_ended, 40);
  EXPECT_EQ(message.substr(0, 5), "task ");
}

}  // namespace
}  // namespace jacobench
