// What can be said of the rows of a coverage study in general.
#pragma once

#include <string>
#include <vector>

#include "study/row.hpp"

namespace jacobench::coverage {

// What the verdicts are worth together; up to which curvature intervals are nominal and from which on they are not;
// how the widths that numeric strategies give differ with the condition number, and from which one on their coverage
// does.
std::vector<std::string> coverage_laws(const harness::ColumnList& columns,
                                       const std::vector<harness::Row>& rows);

}  // namespace jacobench::coverage
