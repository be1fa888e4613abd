// Printed tables laid out as text, markdown or LaTeX.
#pragma once

#include <iosfwd>
#include <optional>
#include <vector>

#include "report/table.hpp"

namespace jacobench::harness {

// Columns under each other, numbers at their decimal points, a blank line between groups, repeated cells left
// out. With a width, lines above and below the table are wrapped at it, and one of the table that is longer is cut.
void lay_out_text(std::ostream& out, const PrintedTable& table, std::optional<std::size_t> width = {});

// Of each column, and of the table, in lay_out_text: characters.
std::vector<std::size_t> column_widths(const PrintedTable& table);
std::size_t text_width(const PrintedTable& table);

// A pipe table; its source is aligned too.
void lay_out_markdown(std::ostream& out, const PrintedTable& table);

// A tabular in the style of the booktabs package.
void lay_out_latex(std::ostream& out, const PrintedTable& table);

}  // namespace jacobench::harness
