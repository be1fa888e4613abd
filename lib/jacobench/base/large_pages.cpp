#include "jacobench/base/large_pages.hpp"

#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace jacobench {

void prefer_large_pages([[maybe_unused]] const void* begin, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::size_t page = 4096;
  const std::size_t to_page = -reinterpret_cast<std::uintptr_t>(begin) % page;
  if (bytes < to_page + page) return;
  std::byte* first = static_cast<std::byte*>(const_cast<void*>(begin)) + to_page;
  madvise(first, (bytes - to_page) / page * page, MADV_HUGEPAGE);
#endif
}

void resize_in_large_pages(std::vector<double>& numbers, std::size_t n) {
  if (n > numbers.capacity()) {
    numbers.reserve(n);
    prefer_large_pages(numbers.data() + numbers.size(), sizeof(double) * (n - numbers.size()));
  }
  numbers.resize(n);
}

}  // namespace jacobench
