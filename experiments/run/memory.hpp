// Memory that a cell would need, compared with what the machine has before any of it is taken.
#pragma once

#include <string_view>

namespace jacobench::harness {

// Throws InputError naming both figures where `bytes` is more than the machine's memory.
void expect_memory_for(std::string_view what, double bytes);

}  // namespace jacobench::harness
