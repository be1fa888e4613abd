// Memory that a cell or a fit would need, compared with what the machine has before any of it is taken.
#pragma once

#include <string>
#include <string_view>

namespace jacobench::harness {

// Throws InputError naming both figures where `bytes` is more than the machine's memory; `remedy` says what to do.
// Returns one line for people where it is much, and nothing where it is little.
std::string expect_memory_for(
    std::string_view what, double bytes,
    std::string_view remedy = "make network.hidden, network.outputs or data.rows smaller");

}  // namespace jacobench::harness
