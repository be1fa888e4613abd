// A loop over independent tasks on several threads (OpenMP's, which are kept from one loop to the next).
#pragma once

#include <type_traits>

#include "jacobench/base/matrix.hpp"

namespace jacobench {

namespace detail {
void parallel_for(Index n_tasks, Index n_threads, void (*run)(void* task, Index i, Index worker), void* task);
}

// task(0, w), ..., task(n_tasks - 1, w), in any order, each on one of n_threads threads; with one thread in this order,
// on the caller's own. w < n_threads is the number of the thread, by which a task finds a workspace that is its alone.
// Rethrows one of the exceptions that tasks threw, after all have ended.
// Cost: some microseconds where n_threads > 1; no allocation once the threads exist
template <class Task>
void parallel_for_workers(Index n_tasks, Index n_threads, Task&& task) {
  detail::parallel_for(
      n_tasks, n_threads,
      [](void* self, Index i, Index worker) {
        (*static_cast<std::remove_reference_t<Task>*>(self))(i, worker);
      },
      &task);
}

// The same for tasks that need no workspace: task(0), ..., task(n_tasks - 1).
template <class Task>
void parallel_for(Index n_tasks, Index n_threads, Task&& task) {
  parallel_for_workers(n_tasks, n_threads, [&task](Index i, Index) { task(i); });
}

}  // namespace jacobench
