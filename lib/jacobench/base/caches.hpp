// The data caches of the processor, as the operating system reports them: what tiles and the choice of stores follow.
#pragma once

#include "jacobench/base/matrix.hpp"

namespace jacobench {

// In bytes; of the levels that a processor is usual to have where the system does not say.
struct Caches {
  Index first = Index{32} << 10;  // a core's first level
  Index second = Index{1} << 20;  // the largest that a core has for itself
  Index last = Index{32} << 20;   // the last level, shared or not
};

// Read once. On Linux from /sys/devices/system/cpu/cpu0/cache: sysconf reports, of a virtual machine, the last level of
// the whole socket.
const Caches& caches();

}  // namespace jacobench
