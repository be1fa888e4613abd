// The speed experiment on a small network, in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "run/result_folder.hpp"
#include "speed/speed_experiment.hpp"

namespace jacobench::testing {

using Options = std::map<std::string, std::string>;

// Short timings of one small network, as a config would ask for them.
inline harness::OptionTable configure(speed::SpeedExperiment& experiment, const Options& options) {
  harness::OptionTable table = experiment.options();
  Options all{{"network.inputs", "2"},     {"network.hidden", "3"},     {"data.rows", "10"},
              {"timing.repetitions", "3"}, {"timing.min_time", "1e-5"}, {"timing.cap", "100"},
              {"timing.arithmetic", "yes"}};
  for (const auto& [key, value] : options) all[key] = value;
  for (const auto& [key, value] : all) table.assign({key, value, "test: " + key});
  return table;
}

class Rows {
 public:
  explicit Rows(const Options& options, std::span<const StrategyInfo> strategies = strategy_table())
      : experiment_(strategies) {
    configure(experiment_, options);
    const std::vector<harness::Row> cells = experiment_.cells();
    for (std::size_t first = 0; first < cells.size(); first += experiment_.group_size(first)) {
      std::vector<std::size_t> group;
      for (std::size_t i = 0; i < experiment_.group_size(first); ++i) group.push_back(first + i);
      harness::NoRecords none;
      for (harness::Row& row : experiment_.run_cells(group, none)) rows_.push_back(std::move(row));
    }
    columns_ = experiment_.columns();
    harness::derive_columns(experiment_, columns_, rows_);
  }

  harness::Value value(const harness::Row& row, std::string_view name) const {
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (columns_[c].name == name) return row.values[c];
    ADD_FAILURE() << "no column " << name;
    return {};
  }

  const harness::Row& of(const std::string& work, const std::string& threads = "1") const {
    for (const harness::Row& row : rows_)
      if (value(row, "work") == harness::Value(work) &&
          value(row, "threads") == harness::Value(std::stol(threads)))
        return row;
    ADD_FAILURE() << "no row of " << work;
    return rows_.front();
  }

  const std::vector<harness::Row>& all() const { return rows_; }

 private:
  speed::SpeedExperiment experiment_;
  harness::ColumnList columns_;
  std::vector<harness::Row> rows_;
};

}  // namespace jacobench::testing
