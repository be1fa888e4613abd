// The coverage experiment: Monte Carlo coverage of the intervals of fitted networks, over scenarios, methods and
// Jacobian strategies, with a standard error on every figure.
//
// Within a scenario all methods and strategies see the same replicates (common random numbers), and so do scenarios
// that differ in noise level, decay, network or start.
// Source: Morris, White and Crowther (2019), Statistics in Medicine 38(11), for the design of simulation studies
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "coverage/coverage_figures.hpp"
#include "coverage/coverage_options.hpp"
#include "coverage/coverage_row.hpp"
#include "coverage/other_packages.hpp"
#include "coverage/study_design.hpp"
#include "study/experiment.hpp"

namespace jacobench::coverage {

class CoverageExperiment final : public harness::Experiment {
 public:
  explicit CoverageExperiment(std::span<const IntervalMethod> methods = study_method_table(),
                              std::span<const StrategyInfo> strategies = strategy_table())
      : options_(methods, strategies), schema_(coverage_schema(options_)) {}

  harness::OptionTable options() override { return options_.table; }
  const harness::ColumnList& columns() const override { return schema_.columns(); }
  std::vector<harness::Row> cells() override;

  // All intervals of a scenario, from the same replicates.
  std::size_t group_size(std::size_t first) override;
  std::vector<harness::Row> run_cells(const std::vector<std::size_t>& cells,
                                      harness::Records& records) override;

  // A record is a replicate of the scenario.
  harness::RecordPlan records_of(std::size_t first) override;
  std::unique_ptr<harness::RecordMaker> record_maker(std::size_t first) override;
  std::optional<std::int64_t> n_threads() const override { return options_.replicates.n_threads; }
  std::string why_not_over(harness::Spread spread) const override;

  // With the predicted time of each scenario, from counts of operations, and the standard error of a coverage.
  harness::RowTable plan() override;
  std::vector<harness::SummaryColumn> summary_columns() const override;

  // The design of the study.
  std::vector<std::pair<std::string, std::string>> circumstances() const override {
    return study_design(options_);
  }

  // The design, then: up to which curvature intervals hold; what other strategies' intervals differ by, against the
  // condition number.
  std::vector<std::string> laws(const std::vector<harness::Row>& rows) const override;

  std::vector<harness::Figure> figures() const override { return coverage_figures(); }

  // Where a coverage lies, with probability 0.999, if its level holds.
  std::vector<harness::DerivedColumn> derived_columns() const override { return nominal_bounds(); }

  std::string replay(std::size_t index, std::int64_t replicate) override;

 private:
  struct Cell {
    std::size_t scenario;  // index into scenarios_
    RowPlace place;
  };

  // One for all who work on the scenario at a time.
  std::shared_ptr<const ReplicateContext> context_of(std::size_t first);

  CoverageRow identity_of(const Cell& cell, const ReplicatePlan& plan) const;
  void hold_to_expectations(CoverageRow& row) const;

  CoverageOptions options_;
  harness::RowSchema<CoverageRow> schema_;
  std::vector<ScenarioPoint> scenarios_;
  std::vector<Cell> cells_;
  std::mutex contexts_mutex_;
  std::map<std::size_t, std::weak_ptr<const ReplicateContext>> contexts_;  // by scenario
};

}  // namespace jacobench::coverage
