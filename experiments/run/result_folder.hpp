// A result: a folder with config.ini (the resolved config), manifest.json (the circumstances) and rows.jsonl
// (one line a cell, appended when the cell is complete and never changed afterwards).
#pragma once

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "options/settings.hpp"
#include "run/json_lines.hpp"
#include "run/shard.hpp"
#include "study/experiment.hpp"
#include "study/row.hpp"
#include "study/study.hpp"

namespace jacobench::harness {

// A result folder that a run adds rows to. The folder is locked while the object lives.
class ResultFolder {
 public:
  // Creates the folder, or takes up the one that an earlier run of the same config left, perhaps one of another
  // version: a setting that was added since counts as the same at its default. A torn last row is cut off with a
  // warning, all others are kept to the byte. Throws InputError, with nothing written, where the folder belongs to
  // another config, another shard or to something else, is in use by another process, cannot be written, or has a
  // corrupt row.
  ResultFolder(const std::filesystem::path& folder, const Study& study, std::ostream& warnings,
               const std::optional<Shard>& shard = {});
  ~ResultFolder();
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path manifest_file() const { return path_ / "manifest.json"; }

  // The rows that were there when the folder was opened, in the columns of the study.
  const std::vector<Row>& earlier_rows() const { return earlier_rows_; }

  // The rows are on the disk when this returns. Throws InputError (disk full), and as expect_ours.
  void append(const std::vector<Row>& rows);

  // Where the file system does not hold locks, as between the nodes of a cluster, a run that comes later takes the
  // folder over. Throws InputError, which names node and process of that run, where one has.
  void expect_ours() const;

 private:
  std::filesystem::path path_;
  FileDescriptor lock_;
  std::string writer_mark_;
  const ColumnList& columns_;
  std::vector<Row> earlier_rows_;
  std::optional<JsonLinesWriter> writer_;
};

// The rows that are in a folder, in these columns. Throws InputError where one is corrupt.
std::vector<Row> rows_in(const std::filesystem::path& folder, const ColumnList& columns);

// A result as `table` and `check` read it, finished or not, and written by whatever version: a column that its rows
// were written before is null in them, and one that this version does not know is there.
struct StoredResult {
  std::filesystem::path folder;
  Study study;
  Config config;  // that of StoredStudy
  // Whether this version knows all of it: only then are the cells of the study those of the result.
  bool config_is_known = true;
  // Of the rows: those of the experiment, its derived ones, then those that only the stored rows have.
  ColumnList row_columns;
  std::vector<Row> rows;
  std::optional<std::int64_t>
      n_cells;  // of the whole study; nothing where the run was killed before it said so

  const ColumnList& columns() const { return row_columns; }
  bool is_complete() const { return n_cells == static_cast<std::int64_t>(rows.size()); }

  // "5 of 24", for people.
  std::string progress_text() const;
};

// Warns of a torn last row, of settings that this version does not know and of a later schema version. Throws
// InputError where this is not a result folder of a known experiment, or has a corrupt row.
StoredResult read_result(const std::filesystem::path& folder, std::span<const ExperimentInfo> experiments,
                         std::ostream& warnings);

// Fills in the derived columns of the rows, whose columns are those of the experiment and then whatever else was
// stored: they are put between the two, and where a row has stored a value under the name of one, that value stands.
void derive_columns(const Experiment& experiment, ColumnList& columns, std::vector<Row>& rows);

// The rows of a result with the identity columns that they lack as the cell has them that each is of, where that is one
// alone (CellFinder).
std::vector<Row> rows_of_cells(const StoredResult& result);

}  // namespace jacobench::harness
