// The figures of a coverage study, and the columns that only they need.
#pragma once

#include <vector>

#include "study/derived_column.hpp"
#include "study/figure.hpp"

namespace jacobench::coverage {

// `nominal_lower` and `nominal_upper`: level -+ z sqrt(level (1 - level) / n), n the effective number of replicates and
// z that of 99.9%. A coverage outside is further from its level than chance takes it (distance_in_errors).
std::vector<harness::DerivedColumn> nominal_bounds();

// Coverage against each setting that the study sweeps, width against coverage, standard errors, coverage against
// curvature.
std::vector<harness::Figure> coverage_figures();

}  // namespace jacobench::coverage
