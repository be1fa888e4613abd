// What an experiment must supply: its options, its cells, and how one cell is run. The runner does the rest.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/options.hpp"
#include "harness/row.hpp"

namespace jacobench::harness {

// An experiment is made fresh for each command, configured through its option table, and then asked for its
// cells. A cell is a row whose identity columns are filled in; running it fills in the rest.
class Experiment {
 public:
  virtual ~Experiment() = default;

  // The options of this experiment, each bound to a member of it, so that reading a config sets the members.
  virtual OptionTable options() = 0;

  // The columns of its rows, in the order of the tables.
  virtual const ColumnList& columns() const = 0;

  // The cells of the configured study, in the order in which they run; identity columns filled in, all else
  // null. Throws InputError where options that are fine one by one do not go together, or where a cell would
  // need more memory than the machine has (the message says how much).
  virtual std::vector<Row> cells() = 0;

  // Runs the cell at this index of `cells` and returns its complete row. Whatever it throws becomes a row
  // with status failed and the message as its reason (std::bad_alloc included).
  virtual Row run_cell(std::size_t index) = 0;
};

// One row of the experiment table.
struct ExperimentInfo {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Experiment> (*make)();
};

}  // namespace jacobench::harness
