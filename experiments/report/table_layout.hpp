// Printed tables laid out as text, markdown or LaTeX.
#pragma once

#include <iosfwd>

#include "report/table.hpp"

namespace jacobench::harness {

// Columns under each other, numbers at their decimal points, a blank line between groups, repeated cells left
// out.
void lay_out_text(std::ostream& out, const PrintedTable& table);

// A pipe table; its source is aligned too.
void lay_out_markdown(std::ostream& out, const PrintedTable& table);

// A tabular in the style of the booktabs package.
void lay_out_latex(std::ostream& out, const PrintedTable& table);

}  // namespace jacobench::harness
