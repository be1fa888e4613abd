#include "run/memory.hpp"

#include "jacobench/base/errors.hpp"
#include "jacobench/base/machine_memory.hpp"

namespace jacobench::harness {

std::string expect_memory_for(std::string_view what, double bytes, std::string_view remedy) {
  constexpr double gibibyte = 1 << 30;
  const double available = machine_memory();
  if (bytes > available)
    throw InputError("{}: would need {:.1f} GiB of memory (this machine has {:.1f}); {}", what,
                     bytes / gibibyte, available / gibibyte, remedy);
  return bytes > gibibyte ? fmt::format("{}: takes {:.1f} GiB of memory\n", what, bytes / gibibyte) : "";
}

}  // namespace jacobench::harness
