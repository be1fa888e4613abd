// What a report says of results: one section an experiment.
#pragma once

#include <span>
#include <vector>

#include "report/page.hpp"
#include "run/result_folder.hpp"

namespace jacobench::harness {

// First the results side by side, where they are of different experiments on networks; then for each experiment what
// was asked, how it was run, the figures that answer it, and the table. Results of one experiment share a table and
// figures; two that keep repeated timings are compared as well.
std::vector<PageSection> sections_of(std::vector<StoredResult> results,
                                     std::span<const ExperimentInfo> experiments);

}  // namespace jacobench::harness
