#include "run/group_rows.hpp"

#include <exception>
#include <new>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

void expect_row_of_cell(const ColumnList& columns, const Row& cell, const Row& row) {
  JB_EXPECT(row.values.size() == columns.size(), "the row has {} values, want {}", row.values.size(),
            columns.size());
  JB_EXPECT(cell_key(columns, row) == cell_key(columns, cell), "the row is that of {}",
            cell_key(columns, row));
  JB_EXPECT(row.reason.empty() == (row.status == RowStatus::ok), "status {} with reason {}",
            name_of(row.status), in_quotes(row.reason));
}

}  // namespace

std::string reason_of_current_exception() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return "out of memory";
  } catch (const std::exception& error) {
    const std::string reason = one_line(error.what());
    return reason.empty() ? "failed without a message" : reason;
  } catch (...) {
    return "threw something that is not a std::exception";
  }
}

std::vector<Row> rows_of_group(Experiment& experiment, const std::vector<Row>& all_cells,
                               const std::vector<std::size_t>& cells, Records& records) {
  try {
    std::vector<Row> rows = experiment.run_cells(cells, records);
    JB_EXPECT(rows.size() == cells.size(), "{} rows of {} cells", rows.size(), cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      expect_row_of_cell(experiment.columns(), all_cells[cells[i]], rows[i]);
    return rows;
  } catch (const Interrupted&) {
    throw;
  } catch (const RecordsNotKept&) {
    throw;
  } catch (...) {
    std::vector<Row> rows;
    rows.reserve(cells.size());
    for (const std::size_t i : cells) {
      rows.push_back(all_cells[i]);
      rows.back().status = RowStatus::failed;
      rows.back().reason = reason_of_current_exception();
    }
    return rows;
  }
}

}  // namespace jacobench::harness
