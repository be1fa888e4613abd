// The rows of a group, whatever becomes of it.
#pragma once

#include <vector>

#include "study/experiment.hpp"

namespace jacobench::harness {

// Runs these cells of a group, indices into `all_cells`; what it throws becomes the reason of failed rows. Throws
// Interrupted and RecordsNotKept.
std::vector<Row> rows_of_group(Experiment& experiment, const std::vector<Row>& all_cells,
                               const std::vector<std::size_t>& cells, Records& records);

// What was thrown, as the reason of a row; to be called where something was caught.
std::string reason_of_current_exception();

}  // namespace jacobench::harness
