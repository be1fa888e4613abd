#include "jacobench/base/parallel.hpp"

#include <algorithm>
#include <exception>

#include <omp.h>

namespace jacobench::detail {

void parallel_for(Index n_tasks, Index n_threads, void (*run)(void* task, Index i, Index worker),
                  void* task) {
  if (std::min(n_tasks, n_threads) <= 1) {
    for (Index i = 0; i < n_tasks; ++i) run(task, i, 0);
    return;
  }
  std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(n_threads)) schedule(dynamic, 1)
  for (Index i = 0; i < n_tasks; ++i) {
    try {
      run(task, i, omp_get_thread_num());
    } catch (...) {
#pragma omp critical(jacobench_parallel_for_failure)
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace jacobench::detail
