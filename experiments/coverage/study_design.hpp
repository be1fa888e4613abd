// The design of a coverage study in words, under the headings aims, data, estimands, methods and performance measures.
// Source: Morris, White and Crowther (2019), Statistics in Medicine 38(11) (ADEMP)
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "coverage/coverage_options.hpp"

namespace jacobench::coverage {

// Heading and text.
std::vector<std::pair<std::string, std::string>> study_design(const CoverageOptions& options);

}  // namespace jacobench::coverage
