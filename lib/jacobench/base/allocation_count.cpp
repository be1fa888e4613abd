#include "jacobench/base/allocation_count.hpp"

#include <atomic>
#include <new>

namespace {

std::atomic<std::size_t> n{0};

}  // namespace

// NOLINTBEGIN(bugprone-reserved-identifier): these names are the linker's.
// The linker's names for the function itself (__real_) and for what is called in its place (__wrap_).
extern "C" {

void* __real_malloc(std::size_t size);
void* __real_calloc(std::size_t count, std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
int __real_posix_memalign(void** memory, std::size_t alignment, std::size_t size);
void* __real__Znwm(std::size_t size);
void* __real__Znam(std::size_t size);
void* __real__ZnwmSt11align_val_t(std::size_t size, std::align_val_t alignment);
void* __real__ZnamSt11align_val_t(std::size_t size, std::align_val_t alignment);

void* __wrap_malloc(std::size_t size) {
  ++n;
  return __real_malloc(size);
}
void* __wrap_calloc(std::size_t count, std::size_t size) {
  ++n;
  return __real_calloc(count, size);
}
void* __wrap_realloc(void* memory, std::size_t size) {
  ++n;
  return __real_realloc(memory, size);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++n;
  return __real_aligned_alloc(alignment, size);
}
int __wrap_posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  ++n;
  return __real_posix_memalign(memory, alignment, size);
}
void* __wrap__Znwm(std::size_t size) {
  ++n;
  return __real__Znwm(size);
}
void* __wrap__Znam(std::size_t size) {
  ++n;
  return __real__Znam(size);
}
void* __wrap__ZnwmSt11align_val_t(std::size_t size, std::align_val_t alignment) {
  ++n;
  return __real__ZnwmSt11align_val_t(size, alignment);
}
void* __wrap__ZnamSt11align_val_t(std::size_t size, std::align_val_t alignment) {
  ++n;
  return __real__ZnamSt11align_val_t(size, alignment);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)

namespace jacobench {

std::size_t n_allocations() { return n; }

}  // namespace jacobench
