// A result: a folder with config.ini (the resolved config), manifest.json (the circumstances) and rows.jsonl
// (one line a cell, appended when the cell is complete and never changed afterwards).
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <vector>

#include "options/settings.hpp"
#include "run/json_lines.hpp"
#include "study/experiment.hpp"
#include "study/row.hpp"
#include "study/study.hpp"

namespace jacobench::harness {

// A result folder that a run adds rows to. The folder is locked while the object lives.
class ResultFolder {
 public:
  // Creates the folder, or takes up the one that an earlier run of the same config left: a torn last row is
  // cut off with a warning, all others are kept. Throws InputError, with nothing written, where the folder
  // belongs to another config or to something else, is in use by another process, cannot be written, or has a
  // corrupt row.
  ResultFolder(const std::filesystem::path& folder, const Config& config, const ColumnList& columns,
               std::ostream& warnings);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path manifest_file() const { return path_ / "manifest.json"; }
  std::filesystem::path records_file() const { return path_ / "partial.records"; }  // of RecordFile

  // The rows that were there when the folder was opened.
  const std::vector<Row>& earlier_rows() const { return earlier_rows_; }

  // The row is on the disk when this returns. Throws InputError (disk full).
  void append(const Row& row);

 private:
  std::filesystem::path path_;
  FileDescriptor lock_;
  const ColumnList& columns_;
  std::vector<Row> earlier_rows_;
  std::optional<JsonLinesWriter> writer_;
};

// A result as `table` and `check` read it, finished or not.
struct StoredResult {
  std::filesystem::path folder;
  Study study;
  std::vector<Row> rows;
  std::optional<std::int64_t>
      n_cells;  // of the whole study; nothing where the run was killed before it said so

  const ColumnList& columns() const { return study.experiment->columns(); }
  bool is_complete() const { return n_cells == static_cast<std::int64_t>(rows.size()); }

  // "5 of 24", for people.
  std::string progress_text() const;
};

// Throws InputError where this is not a result folder of a known experiment, or has a corrupt row.
StoredResult read_result(const std::filesystem::path& folder, std::span<const ExperimentInfo> experiments,
                         std::ostream& warnings);

}  // namespace jacobench::harness
