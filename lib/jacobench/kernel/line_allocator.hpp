// An allocator for std::vector whose arrays begin on a cache line, so that no pack of the widest registers stands on
// two.
#pragma once

#include <cstddef>
#include <new>

namespace jacobench::kernel {

template <class T>
struct LineAllocator {
  using value_type = T;

  LineAllocator() = default;
  template <class U>
  explicit LineAllocator(const LineAllocator<U>&) {}

  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  void deallocate(T* data, std::size_t) { ::operator delete(data, line); }

  friend bool operator==(const LineAllocator&, const LineAllocator&) { return true; }

 private:
  static constexpr std::align_val_t line{64};
};

}  // namespace jacobench::kernel
