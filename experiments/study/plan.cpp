#include "study/plan.hpp"

#include <limits>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"

namespace jacobench::harness {

RowTable numbered_plan(Experiment& experiment) {
  RowTable plan = experiment.plan();
  plan.columns.insert(plan.columns.begin(),
                      {.name = "cell", .heading = "cell", .role = ColumnRole::identity});
  std::int64_t n_cells = 0;
  for (Row& row : plan.rows) row.values.insert(row.values.begin(), ++n_cells);
  plan.notes.push_back(fmt::format("{} cells", n_cells));
  return plan;
}

ValueFormat<CellReplicate> cell_replicate() {
  const std::string allowed =
      "CELL:REPLICATE, cells from 1 as --plan numbers them, replicates from 0, such as 3:17";
  auto parse = [allowed](std::string_view text) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::size_t colon = std::min(text.find(':'), text.size());
    try {
      return CellReplicate{whole_number(1, most).parse(text.substr(0, colon)),
                           whole_number(0, most).parse(text.substr(std::min(colon + 1, text.size())))};
    } catch (const InputError&) {
      throw InputError("{} is not a replicate of a cell; allowed: {}", in_quotes(text), allowed);
    }
  };
  return {allowed, parse,
          [](const CellReplicate& which) { return fmt::format("{}:{}", which.cell, which.replicate); }};
}

std::string replay(Experiment& experiment, const CellReplicate& which) {
  const auto n_cells = static_cast<std::int64_t>(experiment.cells().size());
  if (which.cell > n_cells)
    throw InputError("run: there is no cell {}; the cells of this study are 1 to {}, see --plan", which.cell,
                     n_cells);
  try {
    return experiment.replay(static_cast<std::size_t>(which.cell - 1), which.replicate);
  } catch (const InputError& problem) {
    throw InputError("run: {}", problem.what());
  }
}

}  // namespace jacobench::harness
