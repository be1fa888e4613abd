// The one runner: what is not done of a study is run cell by cell, and each cell becomes a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "run/progress.hpp"
#include "run/ranks.hpp"
#include "run/shard.hpp"
#include "study/study.hpp"

namespace jacobench::harness {

// What a run came to. The counts of rows include those of earlier runs.
struct RunSummary {
  std::size_t n_cells = 0;
  std::size_t n_earlier = 0;  // rows that earlier runs left
  std::size_t n_ok = 0, n_failed = 0, n_skipped = 0;
  std::optional<int> signal = std::nullopt;         // the signal that stopped the run before its last cell
  std::int64_t n_records = 0, n_records_there = 0;  // of a shard: of its share, and of those there now

  std::size_t n_rows() const { return n_ok + n_failed + n_skipped; }
};

// How a run differs from that of one process for the whole study.
struct RunOptions {
  Ranks* ranks = nullptr;           // who works, besides this process; none
  std::optional<Shard> shard = {};  // the share that is run; all
  // Folders of shards that are all there: their records and rows are taken, and nothing is computed but what is made of
  // them.
  std::vector<std::filesystem::path> merged = {};
  double seconds_unsaved = 0.1;  // work of each thread whose records are put on the disk together
};

// Runs those cells of the study that have no row in the result folder yet, in their order; appends the rows
// of each group as it completes. Whatever a cell throws becomes a failed row. SIGINT and SIGTERM stop the run after the
// present group of cells, or after the present block of records where it is made of such. Rows of earlier runs are kept
// as they are, failed ones too. Progress and warnings go to the display. A shard makes its records, and rows only of
// groups without records. Throws InputError, with nothing
// written, where the cells cannot be had (Experiment::cells), the study cannot be spread so (Experiment::why_not_over),
// the folder belongs to something else (ResultFolder) or has rows that are no cells of this study; and when the disk is
// full.
RunSummary run_study(Study& study, const std::filesystem::path& result_folder,
                     const std::string& command_line, const ProgressDisplay& display,
                     const RunOptions& options = {});

}  // namespace jacobench::harness
