// Which rows and columns of a table are wanted, and in what order; and what of it fits a terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/table.hpp"

namespace jacobench::harness {

// Columns are called by their names, as in CSV, or by their headings.
struct TableView {
  std::vector<std::string> columns = {};  // to show, in this order; empty: all
  // "network=5-10-1", "method=delta|hc3": the column has one of these values, as people or as files read it. All must
  // hold.
  std::vector<std::string> where = {};
  std::vector<std::string> sort = {};  // columns, "-coverage" from the largest down; empty: as the rows come
};

// The rows of the view under its columns; a standard error stays with its estimate. Null is last in either order.
// Errors: InputError where there is no such column, or no such row: the message names those that there are
RowTable in_view(RowTable table, const TableView& view);

// The table in at most so many columns of text, as far as one column of it may be: first what is the same in all lines
// goes to the preamble; then columns are left out, last those that tell lines apart, before them those that answer the
// question, before these all others. A note says what was left out.
PrintedTable fitted_to(PrintedTable table, std::size_t width);

}  // namespace jacobench::harness
