#include "run/memory.hpp"

#include <unistd.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::harness {

void expect_memory_for(std::string_view what, double bytes, std::string_view remedy) {
  constexpr double gibibyte = 1 << 30;
  const double available =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  if (bytes > available)
    throw InputError("{}: would need {:.1f} GiB of memory (this machine has {:.1f}); {}", what,
                     bytes / gibibyte, available / gibibyte, remedy);
}

}  // namespace jacobench::harness
