#include "jacobench/base/parallel.hpp"

#include <algorithm>
#include <exception>
#include <mutex>

#include <omp.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace jacobench::detail {
namespace {

// ThreadSanitizer does not see how OpenMP's threads wait for each other. It is told here all that a loop promises: its
// tasks come after what the caller did before, and what the caller does next comes after them. Nothing is said of the
// order between tasks, so that a race between two of them is reported.
struct Point {
#ifdef __SANITIZE_THREAD__
  void passed() { __tsan_release(this); }
  void waited_for() { __tsan_acquire(this); }
#else
  void passed() {}
  void waited_for() {}
#endif
};

}  // namespace

// The variables that the loop itself shares stand in memory which OpenMP hands to its threads before they can wait for
// `begin`: they are left out of what ThreadSanitizer watches, and the tasks, which are functions apart, are not.
__attribute__((no_sanitize("thread"))) void parallel_for(Index n_tasks, Index n_threads,
                                                         void (*run)(void* task, Index i, Index worker),
                                                         void* task) {
  if (std::min(n_tasks, n_threads) <= 1) {
    for (Index i = 0; i < n_tasks; ++i) run(task, i, 0);
    return;
  }
  std::exception_ptr failure;
  std::mutex failure_mutex;
  Point begin, end;
  begin.passed();
#pragma omp parallel num_threads(static_cast <int>(n_threads))
  {
    begin.waited_for();
#pragma omp for schedule(dynamic, 1) nowait
    for (Index i = 0; i < n_tasks; ++i) {
      try {
        run(task, i, omp_get_thread_num());
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        failure = std::current_exception();
      }
    }
    end.passed();
  }
  end.waited_for();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace jacobench::detail
