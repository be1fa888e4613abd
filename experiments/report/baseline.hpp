// Baselines: the figures that a result is held against, as a JSON file that people can read and compare.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "run/result_folder.hpp"

namespace jacobench::harness {

// What a baseline says of one cell: its status, and its promise, gated, estimate and measure columns that are
// not null.
struct BaselineCell {
  std::string key;  // cell_key
  RowStatus status = RowStatus::ok;
  std::vector<std::pair<std::string, Value>> figures;  // by name of column

  std::optional<Value> figure(const std::string& column) const;
  bool operator==(const BaselineCell&) const = default;
};

struct Baseline {
  Config config;  // of the study that it was taken from
  std::vector<BaselineCell> cells;

  const BaselineCell* find(const std::string& key) const;

  // The names of all columns that any cell has a figure in; it may be older than the others.
  std::set<std::string> columns_with_figures() const;

  // These columns, those of the identity that no key of the baseline names made unknown: they were added after it was
  // written, and its keys are formed from the others.
  ColumnList columns_in_keys(ColumnList columns) const;
};

// The baseline that this result would make.
Baseline baseline_of(const StoredResult& result);

// Throws InputError where the file cannot be read or is not a baseline.
Baseline read_baseline(const std::filesystem::path& file);

// What read_baseline reads.
std::string to_baseline_text(const Baseline& baseline);

}  // namespace jacobench::harness
