// What an experiment must supply: its options, its cells, and how one cell is run. The runner does the rest.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/options.hpp"
#include "study/derived_column.hpp"
#include "study/figure.hpp"
#include "study/records.hpp"
#include "study/row.hpp"

namespace jacobench::harness {

// Which of several rows of a network stands for them.
enum class RowChoice {
  only,      // they must agree on the figure
  least,     // the one with the least figure
  greatest,  // the one with the greatest
};

// A figure of a network, identity columns `network` and `activation`, that `join` sets beside those of other
// experiments.
struct SummaryColumn {
  std::string name;     // in CSV
  std::string heading;  // for people
  std::string column;   // whose figure it is, with its role, unit, digits and standard error
  // The rows it is taken from have these values, as exact_text, in these columns.
  std::vector<std::pair<std::string, std::string>> where = {};
  RowChoice choice = RowChoice::only;
};

// What a study is spread over, beyond one process.
enum class Spread {
  ranks,   // processes that talk with each other
  shards,  // runs that do not know of each other
};

// An experiment is made fresh for each command, configured through its option table, and then asked for its
// cells. A cell is a row whose identity columns are filled in; running it fills in the rest.
class Experiment {
 public:
  virtual ~Experiment() = default;

  // The options of this experiment, each bound to a member of it, so that reading a config sets the members.
  virtual OptionTable options() = 0;

  // The columns of its rows, in the order of the tables.
  virtual const ColumnList& columns() const = 0;

  // Columns that tables, `join` and laws have after those, and that are not stored. A derived column may have the name
  // of one that rows stored once: there, what a row has stored stands.
  virtual std::vector<DerivedColumn> derived_columns() const { return {}; }

  // The cells of the configured study, in the order in which they run; identity columns filled in, all else
  // null. Throws InputError where options that are fine one by one do not go together, or where a cell would
  // need more memory than the machine has (the message says how much).
  virtual std::vector<Row> cells() = 0;

  // Runs the cell at this index of `cells` and returns its complete row. Whatever it throws becomes a row
  // with status failed and the message as its reason (std::bad_alloc included). Not asked where run_cells is
  // overridden.
  virtual Row run_cell(std::size_t index);

  // Cells that are measured against each other run side by side: the group that this cell opens, itself first, all
  // of them consecutive. run_cells takes those of one group that have no row yet, and returns a row for each.
  virtual std::size_t group_size([[maybe_unused]] std::size_t first) { return 1; }
  virtual std::vector<Row> run_cells(const std::vector<std::size_t>& cells,
                                     [[maybe_unused]] Records& records) {
    return {run_cell(cells.front())};
  }

  // The records that the group which this cell opens is made of, for run_cells to ask for; who makes them is not the
  // experiment's to know. A group without records is one piece of work.
  virtual RecordPlan records_of([[maybe_unused]] std::size_t first) { return {}; }

  // A workspace for them. Called from several threads at once; the makers work side by side.
  virtual std::unique_ptr<RecordMaker> record_maker(std::size_t first);

  // Threads of a process that make records; nothing: as many as it may use.
  virtual std::optional<std::int64_t> n_threads() const { return 1; }

  // Why the study cannot be spread so, as configured; empty where it can.
  virtual std::string why_not_over([[maybe_unused]] Spread spread) const { return {}; }

  // What `run --plan` prints of the configured study: a row for each of `cells`, in their order, and notes on
  // the whole. Here their identity alone. Throws as `cells` does.
  virtual RowTable plan();

  // Does one replicate of the cell at this index of `cells`, once more and to the bit, and says what came of
  // it: lines for people. Throws InputError where there is no such replicate; here always.
  virtual std::string replay(std::size_t index, std::int64_t replicate);

  // What can be said of the rows in general, as lines below the table: fitted laws with their intervals. The rows have
  // the values of `columns` first; whatever they lack is null.
  virtual std::vector<std::string> laws([[maybe_unused]] const std::vector<Row>& rows) const { return {}; }

  // The pictures that answer the question of the study; each is drawn of rows that have something to show in it.
  virtual std::vector<Figure> figures() const { return {}; }

  // What this experiment says of each network; nothing where its rows are not of networks.
  virtual std::vector<SummaryColumn> summary_columns() const { return {}; }

  // Name and value of what the manifest should say of the machine besides what it says of every run.
  virtual std::vector<std::pair<std::string, std::string>> circumstances() const { return {}; }
};

// One row of the experiment table.
struct ExperimentInfo {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Experiment> (*make)();
};

}  // namespace jacobench::harness
