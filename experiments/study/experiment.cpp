#include "study/experiment.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

namespace jacobench::harness {

Row Experiment::run_cell(std::size_t index) {
  throw std::logic_error(fmt::format("cell {} of an experiment that runs neither cells nor groups", index));
}

std::unique_ptr<RecordMaker> Experiment::record_maker(std::size_t first) {
  throw std::logic_error(fmt::format("cell {} has no records to make", first));
}

RowTable Experiment::plan() {
  const std::vector<Row> all = cells();
  RowTable plan;
  for (const Column& column : columns())
    if (column.role == ColumnRole::identity) plan.columns.push_back(column);
  for (const Row& cell : all) {
    Row row;
    for (std::size_t c = 0; c < columns().size(); ++c)
      if (columns()[c].role == ColumnRole::identity) row.values.push_back(cell.values[c]);
    plan.rows.push_back(std::move(row));
  }
  return plan;
}

std::string Experiment::replay(std::size_t, std::int64_t) {
  throw InputError("this experiment has no replicates; run it without --replay");
}

}  // namespace jacobench::harness
