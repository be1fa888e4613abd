// Counts the allocations made by the code linked into an executable: malloc and its kin, and operator new.
//
// The linker sends their calls to allocation_count.cpp (option --wrap, which comes with the CMake target
// jacobench_allocation_count). Calls made inside shared libraries are not seen: the analytic strategies make none
// there but for the elementary functions, which take no memory.
#pragma once

#include <cstddef>

namespace jacobench {

// Since the program began.
std::size_t n_allocations();

template <class Work>
std::size_t allocations_of(const Work& work) {
  const std::size_t before = n_allocations();
  work();
  return n_allocations() - before;
}

}  // namespace jacobench
