#include "jacobench/base/machine_memory.hpp"

#include <unistd.h>

namespace jacobench {

double machine_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace jacobench
