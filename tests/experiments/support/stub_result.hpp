// A result as if it had been read from a folder: of an experiment that knows its columns and its rows, and
// runs nothing.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "run/result_folder.hpp"

namespace jacobench::testing {

class StubExperiment : public harness::Experiment {
 public:
  StubExperiment(harness::ColumnList columns, std::vector<harness::Row> cells,
                 std::vector<harness::SummaryColumn> summary)
      : columns_(std::move(columns)), cells_(std::move(cells)), summary_(std::move(summary)) {}

  harness::OptionTable options() override { return {}; }
  const harness::ColumnList& columns() const override { return columns_; }
  std::vector<harness::Row> cells() override { return cells_; }
  harness::Row run_cell(std::size_t index) override { return cells_.at(index); }
  std::vector<harness::SummaryColumn> summary_columns() const override { return summary_; }

 private:
  harness::ColumnList columns_;
  std::vector<harness::Row> cells_;
  std::vector<harness::SummaryColumn> summary_;
};

inline harness::StoredResult stub_result(const std::string& experiment, const harness::ColumnList& columns,
                                         const std::vector<harness::Row>& rows,
                                         const std::vector<harness::SummaryColumn>& summary = {}) {
  harness::Study study{experiment, std::make_unique<StubExperiment>(columns, rows, summary), {}};
  harness::Config config = study.config();
  return {.folder = experiment + "_result",
          .study = std::move(study),
          .config = std::move(config),
          .row_columns = columns,
          .rows = rows,
          .n_cells = static_cast<std::int64_t>(rows.size())};
}

}  // namespace jacobench::testing
