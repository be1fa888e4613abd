// The experiments that this executable knows.
#pragma once

#include <span>

#include "study/experiment.hpp"

namespace jacobench::harness {

// In the order in which they are listed. A new experiment is one more row of it.
std::span<const ExperimentInfo> experiment_table();

}  // namespace jacobench::harness
