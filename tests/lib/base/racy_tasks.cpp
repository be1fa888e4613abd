// Two tasks of one loop that write the same variable: what ThreadSanitizer must find.
#include <atomic>

#include "jacobench/base/parallel.hpp"

int main() {
  std::atomic<int> n_arrived{0};
  int shared = 0;
  jacobench::parallel_for(2, 2, [&](jacobench::Index) {
    // Each task waits for the other, so that they run on two threads; relaxed, so that this puts nothing in order.
    n_arrived.fetch_add(1, std::memory_order_relaxed);
    while (n_arrived.load(std::memory_order_relaxed) < 2) {
    }
    ++shared;
  });
  return shared == 0;
}
