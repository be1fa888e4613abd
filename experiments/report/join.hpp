// Results of different experiments side by side: one line a network.
#pragma once

#include <vector>

#include "run/result_folder.hpp"

namespace jacobench::harness {

// Columns: network, n_params, activation, then the summary columns of each result in their order. Rows: every
// network and activation of which a result has a row, in the order in which they come. A figure is null, and
// a note says so, where a result has no row that is ok for it, or several that disagree. Throws InputError
// where two results are of the same experiment, or one is of an experiment that says nothing of networks.
RowTable joined_table(const std::vector<StoredResult>& results);

}  // namespace jacobench::harness
