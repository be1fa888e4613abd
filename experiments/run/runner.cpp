#include "run/runner.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"
#include "run/interrupt.hpp"
#include "run/manifest.hpp"
#include "run/record_file.hpp"
#include "run/result_folder.hpp"
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

Row failed_row(const Row& cell, std::string_view reason) {
  Row row = cell;
  row.status = RowStatus::failed;
  row.reason = reason.empty() ? "failed without a message" : one_line(reason);
  return row;
}

std::vector<Row> run_to_rows(Experiment& experiment, const std::vector<std::size_t>& group,
                             const std::vector<Row>& cells, RecordFile& journal) {
  const auto all_failed = [&](std::string_view reason) {
    std::vector<Row> rows;
    rows.reserve(group.size());
    for (const std::size_t i : group) rows.push_back(failed_row(cells[i], reason));
    return rows;
  };
  try {
    std::vector<Row> rows = experiment.run_cells(group, journal);
    JB_EXPECT(rows.size() == group.size(), "{} rows of {} cells", rows.size(), group.size());
    for (std::size_t i = 0; i < group.size(); ++i)
      expect_row_of_cell(experiment.columns(), cells[group[i]], rows[i]);
    return rows;
  } catch (const Interrupted&) {
    throw;
  } catch (const std::bad_alloc&) {
    return all_failed("out of memory");
  } catch (const std::exception& error) {
    if (journal.has_failed()) throw;
    return all_failed(error.what());
  } catch (...) {
    return all_failed("threw something that is not a std::exception");
  }
}

void count(RunSummary& summary, RowStatus status) {
  switch (status) {
    case RowStatus::ok:
      ++summary.n_ok;
      break;
    case RowStatus::failed:
      ++summary.n_failed;
      break;
    case RowStatus::skipped:
      ++summary.n_skipped;
      break;
  }
}

// The keys of the cells that have a row; every row must be of one cell of the study, none of the same.
std::set<std::string> keys_of_done_cells(const ResultFolder& folder, const ColumnList& columns,
                                         const CellFinder& cells) {
  std::set<std::string> keys;
  for (const Row& row : folder.earlier_rows()) {
    const std::vector<std::size_t> its = cells.cells_of(row);
    if (its.empty())
      throw InputError("{}: has a row for {}, which is no cell of this study; choose another --out",
                       folder.path().string(), cell_key(columns, row));
    if (its.size() > 1)
      throw InputError(
          "{}: has a row for {}, which was stored before there were cells such as {} and {} and can be of "
          "either; "
          "choose another --out",
          folder.path().string(), cell_key(columns, row), cells.keys()[its[0]], cells.keys()[its[1]]);
    const std::string& key = cells.keys()[its.front()];
    if (!keys.insert(key).second)
      throw InputError("{}: has two rows for {}; choose another --out", folder.path().string(), key);
  }
  return keys;
}

// A run that was killed between the last row of a group and the removal of its records leaves them behind.
void remove_records_of_done_group(const std::filesystem::path& file, Experiment& experiment,
                                  const std::vector<std::string>& keys, const std::set<std::string>& done) {
  const std::optional<std::string> group_key = group_key_of_records(file);
  const auto first = group_key ? std::find(keys.begin(), keys.end(), *group_key) : keys.end();
  if (first == keys.end()) return;
  const std::size_t n_cells = experiment.group_size(static_cast<std::size_t>(first - keys.begin()));
  const auto is_done = [&](const std::string& key) { return done.contains(key); };
  if (std::all_of(first, first + static_cast<std::ptrdiff_t>(n_cells), is_done))
    std::filesystem::remove(file);
}

}  // namespace

RunSummary run_study(Study& study, const std::filesystem::path& result_folder,
                     const std::string& command_line, const ProgressDisplay& display) {
  Experiment& experiment = *study.experiment;
  const ColumnList& columns = experiment.columns();
  const std::vector<Row> cells = experiment.cells();
  const CellFinder finder(columns, cells);
  const std::vector<std::string>& keys = finder.keys();
  ResultFolder folder(result_folder, study, display.out);
  const std::set<std::string> done = keys_of_done_cells(folder, columns, finder);

  remove_records_of_done_group(folder.records_file(), experiment, keys, done);

  RunSummary summary{.n_cells = cells.size(), .n_earlier = done.size()};
  for (const Row& row : folder.earlier_rows()) count(summary, row.status);
  if (done.size() == cells.size()) return summary;

  record_run_start(folder.manifest_file(), study.config(), cells.size(), command_line,
                   experiment.circumstances());
  Progress progress(display, cells.size(), done.size());
  const std::vector<std::string> names = names_in_few_words(columns, cells);
  const InterruptGuard interrupt;
  for (std::size_t first = 0, end = 0; first < cells.size(); first = end) {
    end = first + experiment.group_size(first);
    std::vector<std::size_t> group;
    for (std::size_t i = first; i < end; ++i)
      if (!done.contains(keys[i])) group.push_back(i);
    if (group.empty()) continue;
    if ((summary.signal = interrupt.signal())) break;
    progress.cell_starts(keys[group.front()], group.size(), names[group.front()]);
    RecordFile journal(folder.records_file(), keys[first], interrupt, progress);
    std::vector<Row> rows;
    try {
      rows = run_to_rows(experiment, group, cells, journal);
    } catch (const Interrupted&) {
      summary.signal = interrupt.signal();
      JB_EXPECT(summary.signal, "{} stopped without being asked to", keys[first]);
      break;
    }
    for (std::size_t g = 0; g < group.size(); ++g) {
      folder.append(rows[g]);
      count(summary, rows[g].status);
      progress.cell_ends();
      if (rows[g].status == RowStatus::failed)
        progress.say(fmt::format("failed: {}: {}", keys[group[g]], rows[g].reason));
    }
    journal.remove();
  }
  progress.finish();
  record_run_end(folder.manifest_file(), summary.signal ? "interrupted" : "complete");
  return summary;
}

}  // namespace jacobench::harness
