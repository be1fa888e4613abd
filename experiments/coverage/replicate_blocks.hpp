// The replicates of a scenario, block by block, until there are as many as are wanted; a journal keeps each block, from
// which an interrupted run goes on.
#pragma once

#include <optional>
#include <vector>

#include "coverage/coverage_options.hpp"
#include "study/record_journal.hpp"

namespace jacobench::coverage {

struct ReplicateRecords {
  std::vector<double> numbers;             // one record after the other
  std::optional<double> us_per_replicate;  // of those that were run just now
};

// The same records with any number of threads, and however often the run was interrupted.
// Errors: harness::Interrupted where the user wants the run to stop
ReplicateRecords run_replicates(const ReplicateContext& context, const ReplicateTarget& target,
                                harness::RecordJournal& journal);

}  // namespace jacobench::coverage
