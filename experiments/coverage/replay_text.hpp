// What came of one replicate of one row, in lines for people.
#pragma once

#include <string>

#include "coverage/coverage_row.hpp"

namespace jacobench::coverage {

// Runs the replicate once more, to the bit.
std::string replay_text(const ReplicateContext& context, const RowPlace& place, Index replicate);

}  // namespace jacobench::coverage
