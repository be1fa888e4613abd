// The one runner: what is not done of a study is run cell by cell, and each cell becomes a row.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "run/progress.hpp"
#include "study/study.hpp"

namespace jacobench::harness {

// What a run came to. The counts of rows include those of earlier runs.
struct RunSummary {
  std::size_t n_cells = 0;
  std::size_t n_earlier = 0;  // rows that earlier runs left
  std::size_t n_ok = 0, n_failed = 0, n_skipped = 0;
  std::optional<int> signal = std::nullopt;  // the signal that stopped the run before its last cell

  std::size_t n_rows() const { return n_ok + n_failed + n_skipped; }
};

// Runs those cells of the study that have no row in the result folder yet, in their order; appends each row
// as it completes. Whatever a cell throws becomes a failed row. SIGINT and SIGTERM stop the run after the
// present group of cells, or within it where it keeps its work in the journal. Rows of earlier runs are kept
// as they are, failed ones too. Progress and warnings go to the display. Throws InputError, with nothing
// written, where the cells cannot be had (Experiment::cells), the folder belongs to something else
// (ResultFolder) or has rows that are no cells of this study; and when the disk is full.
RunSummary run_study(Study& study, const std::filesystem::path& result_folder,
                     const std::string& command_line, const ProgressDisplay& display);

}  // namespace jacobench::harness
