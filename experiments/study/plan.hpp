// What a run would do, and one replicate of it done alone: neither writes anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "options/value_format.hpp"
#include "study/experiment.hpp"

namespace jacobench::harness {

// Experiment::plan under a leading column `cell` that numbers the cells from 1; how many there are is its
// last note.
RowTable numbered_plan(Experiment& experiment);

// One replicate of one cell.
struct CellReplicate {
  std::int64_t cell = 1;       // from 1, as numbered_plan counts
  std::int64_t replicate = 0;  // from 0
};

// CELL:REPLICATE, such as 3:17.
ValueFormat<CellReplicate> cell_replicate();

// Experiment::replay. Throws InputError where there is no such cell.
std::string replay(Experiment& experiment, const CellReplicate& which);

}  // namespace jacobench::harness
