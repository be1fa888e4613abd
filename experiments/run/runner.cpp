#include "run/runner.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "run/hand_out.hpp"
#include "run/interrupt.hpp"
#include "run/manifest.hpp"
#include "run/record_file.hpp"
#include "run/result_folder.hpp"
#include "run/workers.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

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
void remove_records_of_done_groups(const std::filesystem::path& folder, Experiment& experiment,
                                   const std::vector<std::string>& keys, const std::set<std::string>& done) {
  for (const std::size_t first : groups_with_records(folder)) {
    if (first >= keys.size()) continue;
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = begin + static_cast<std::ptrdiff_t>(experiment.group_size(first));
    if (std::all_of(begin, end, [&](const std::string& key) { return done.contains(key); }))
      std::filesystem::remove(record_file_path(folder, first));
  }
}

void expect_spread(const Experiment& experiment, const RunOptions& options) {
  const std::string why_not_ranks =
      options.ranks && options.ranks->size() > 1 ? experiment.why_not_over(Spread::ranks) : "";
  if (!why_not_ranks.empty())
    throw InputError("run: the study cannot be spread over ranks: {}; run it without mpirun", why_not_ranks);
  const std::string why_no_shards = options.shard ? experiment.why_not_over(Spread::shards) : "";
  if (!why_no_shards.empty())
    throw InputError("run: --shard: the study cannot be cut into shards: {}", why_no_shards);
}

// What of the study is this run's to do.
std::vector<GroupWork> work_to_do(Experiment& experiment, const std::vector<std::string>& keys,
                                  const std::set<std::string>& done, const std::optional<Shard>& shard) {
  std::vector<GroupWork> groups;
  std::size_t n_without_records = 0;
  for (std::size_t first = 0, end = 0; first < keys.size(); first = end) {
    end = first + experiment.group_size(first);
    GroupWork work{.first = first, .cells = {}, .plan = experiment.records_of(first), .begin = 0, .end = 0};
    for (std::size_t i = first; i < end; ++i)
      if (!done.contains(keys[i])) work.cells.push_back(i);
    work.end = work.plan.number;
    if (shard && work.plan.size > 0)
      std::tie(work.begin, work.end) = shard->share_of_records(work.plan.number);
    const bool is_of_another = shard && work.plan.size == 0 && !shard->has_group(n_without_records++);
    if (!work.cells.empty() && !is_of_another) groups.push_back(std::move(work));
  }
  return groups;
}

// The rows of all of these, by the keys of their cells.
std::map<std::string, Row> rows_of_shards(const std::vector<std::filesystem::path>& folders,
                                          const ColumnList& columns) {
  std::map<std::string, Row> rows;
  for (const std::filesystem::path& folder : folders)
    for (Row& row : rows_in(folder, columns)) {
      std::string key = cell_key(columns, row);
      rows.emplace(std::move(key), std::move(row));
    }
  return rows;
}

std::size_t threads_of(const Experiment& experiment, const Ranks* ranks) {
  if (const std::optional<std::int64_t> threads = experiment.n_threads())
    return static_cast<std::size_t>(*threads);
  return ranks ? ranks->n_processors() : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

RunSummary run_study(Study& study, const std::filesystem::path& result_folder,
                     const std::string& command_line, const ProgressDisplay& display,
                     const RunOptions& options) {
  Experiment& experiment = *study.experiment;
  const ColumnList& columns = experiment.columns();
  const std::vector<Row> cells = experiment.cells();
  expect_spread(experiment, options);
  const CellFinder finder(columns, cells);
  const std::vector<std::string>& keys = finder.keys();
  const std::map<std::string, Row> merged = rows_of_shards(options.merged, columns);
  std::unique_ptr<Workers> workers =
      options.ranks ? options.ranks->workers(study, cells, threads_of(experiment, options.ranks), display.out)
                    : thread_workers(experiment, cells, threads_of(experiment, nullptr));
  ResultFolder folder(result_folder, study, display.out, options.shard);
  const std::set<std::string> done = keys_of_done_cells(folder, columns, finder);
  if (!options.shard) remove_records_of_done_groups(folder.path(), experiment, keys, done);

  RunSummary summary{.n_cells = cells.size(), .n_earlier = done.size()};
  for (const Row& row : folder.earlier_rows()) count(summary, row.status);
  if (done.size() == cells.size()) return summary;

  const std::vector<GroupWork> groups = work_to_do(experiment, keys, done, options.shard);
  Progress progress(display, cells.size(), done.size());
  const std::vector<std::string> names = names_in_few_words(columns, cells);
  const InterruptGuard interrupt;
  HandOut hand_out(
      experiment, cells, groups, *workers, folder.path(), options.merged, [&] { folder.expect_ours(); },
      options.seconds_unsaved, interrupt, progress);
  auto circumstances = experiment.circumstances();
  if (options.ranks)
    for (auto& circumstance : options.ranks->circumstances())
      circumstances.push_back(std::move(circumstance));
  if (options.shard) circumstances.emplace_back("shard", options.shard->text());
  if (!options.merged.empty())
    circumstances.emplace_back("merged_shards", std::to_string(options.merged.size()));
  record_run_start(folder.manifest_file(), study.config(), cells.size(), command_line, circumstances);

  const auto append = [&](const std::vector<std::size_t>& group, const std::vector<Row>& rows) {
    folder.append(rows);
    for (std::size_t i = 0; i < group.size(); ++i) {
      count(summary, rows[i].status);
      progress.cell_ends();
      if (rows[i].status == RowStatus::failed)
        progress.say(fmt::format("failed: {}: {}", keys[group[i]], rows[i].reason));
    }
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if ((summary.signal = hand_out.signal())) break;
    const std::vector<std::size_t>& group = groups[g].cells;
    const bool has_records = groups[g].plan.size > 0;
    progress.cell_starts(keys[group.front()], group.size(), names[group.front()]);
    try {
      if (options.shard && has_records) {
        const std::string failure = hand_out.make_records(g);
        for (std::size_t i = 0; i < group.size(); ++i) progress.cell_ends();
        if (failure.empty()) continue;
        summary.n_failed += group.size();
        progress.say(fmt::format("failed: {}: {}", keys[group.front()], failure));
      } else if (!has_records && !options.merged.empty()) {
        std::vector<Row> rows;
        rows.reserve(group.size());
        for (const std::size_t i : group) rows.push_back(merged.at(keys[i]));
        append(group, rows);
      } else {
        append(group, hand_out.rows_of(g));
        hand_out.forget(g);
      }
    } catch (const Interrupted&) {
      summary.signal = hand_out.signal();
      JB_EXPECT(summary.signal, "{} stopped without being asked to", keys[groups[g].first]);
      break;
    }
  }
  hand_out.save();
  summary.n_records = hand_out.n_wanted();
  summary.n_records_there = hand_out.n_there();
  progress.finish();
  const HandOut::Effort& effort = hand_out.effort();
  std::vector<std::pair<std::string, double>> figures;
  if (options.ranks && options.ranks->size() > 1)
    figures = {{"blocks", static_cast<double>(effort.n_blocks)},
               {"bytes_of_records", static_cast<double>(effort.n_bytes)},
               {"syncs", static_cast<double>(effort.n_syncs)},
               {"sync_s", effort.sync_seconds},
               {"hand_out_s", effort.seconds},
               {"hand_out_processor_s", effort.processor_seconds}};
  record_run_end(folder.manifest_file(), summary.signal ? "interrupted" : "complete", figures);
  return summary;
}

}  // namespace jacobench::harness
