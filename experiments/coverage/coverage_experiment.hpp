// The coverage experiment: Monte Carlo coverage of the intervals of fitted networks, over scenarios, methods and Jacobian
// strategies, with a standard error on every figure.
//
// Within a scenario all methods and strategies see the same replicates (common random numbers), and so do scenarios that
// differ in noise level, decay, network or start.
// Source: Morris, White and Crowther (2019), Statistics in Medicine 38(11), for the design of simulation studies
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coverage/coverage_row.hpp"
#include "coverage/expectation.hpp"
#include "coverage/replicate.hpp"
#include "networks/network_sweep.hpp"
#include "study/experiment.hpp"

namespace jacobench::coverage {

// A number of rows, or so many for each parameter.
struct RowCount {
  double number = 100;
  bool is_per_parameter = false;

  bool operator==(const RowCount&) const = default;
};

class CoverageExperiment final : public harness::Experiment {
 public:
  explicit CoverageExperiment(std::span<const IntervalMethod> methods = interval_method_table(),
                              std::span<const StrategyInfo> strategies = strategy_table());

  harness::OptionTable options() override;
  const harness::ColumnList& columns() const override { return coverage_schema().columns(); }
  std::vector<harness::Row> cells() override;
  harness::Row run_cell(std::size_t index) override;

  // All intervals of a scenario, from the same replicates.
  std::size_t group_size(std::size_t first) override;
  std::vector<harness::Row> run_cells(const std::vector<std::size_t>& cells,
                                      harness::RecordJournal& journal) override;

  // With the predicted time of each scenario, from counts of operations, and the standard error of a coverage.
  harness::RowTable plan() override;
  std::vector<harness::SummaryColumn> summary_columns() const override;

  // The design of the study under the headings aims, data, estimands, methods and performance measures (ADEMP).
  std::vector<std::pair<std::string, std::string>> circumstances() const override { return design(); }

  // The design, then: up to which curvature intervals hold; what other strategies' intervals differ by, against the condition number.
  std::vector<std::string> laws(const std::vector<harness::Row>& rows) const override;

  std::string replay(std::size_t index, std::int64_t replicate) override;

 private:
  std::vector<std::pair<std::string, std::string>> design() const;

  // What tells scenarios apart.
  struct ScenarioKey {
    std::string truth;
    std::size_t network;  // index into networks_
    RowCount rows;
    std::string noise;
    double noise_sd;
    double decay;
    std::string start;

    bool operator==(const ScenarioKey&) const = default;
  };
  struct Cell {
    ScenarioKey scenario;
    RowPlace place;
  };

  std::vector<ScenarioKey> scenario_keys() const;
  Scenario scenario_of(const ScenarioKey& key) const;
  harness::NetworkCase drawn_teacher(const ScenarioKey& key) const;
  Truth truth_of(const ScenarioKey& key) const;
  ReplicatePlan plan_of(const ScenarioKey& key) const;
  CoverageRow identity_of(const Cell& cell, const ReplicatePlan& plan) const;
  void check_options() const;
  void expect_memory(const ScenarioKey& key) const;
  void expect_possible(const ReplicatePlan& plan) const;
  std::vector<double> records_of(const ReplicateContext& context, harness::RecordJournal& journal,
                                 std::optional<double>& us_per_replicate) const;
  bool is_precise_enough(const ReplicateContext& context, const MatrixView& records) const;
  Index n_threads() const;

  std::span<const IntervalMethod> known_methods_;
  std::span<const StrategyInfo> known_strategies_;
  harness::NetworkSweep sweep_;
  std::vector<std::string> truths_{"teacher"};
  std::optional<std::string> truth_model_;
  std::optional<harness::Shape> truth_hidden_;
  bool truth_is_redrawn_ = false;
  std::string design_ = "uniform";
  double scale_ = 1;
  bool design_is_redrawn_ = false;
  std::vector<RowCount> rows_{{}};
  std::vector<std::string> noises_{"normal"};
  std::vector<double> noise_sds_{0.1};
  std::vector<double> decays_{0};
  std::string decay_of_ = "weights";
  std::vector<std::string> starts_{"truth"};
  std::int64_t n_starts_ = 10;
  std::string solver_ = "least_squares";
  double tolerance_ = 1e-5;
  std::int64_t max_iterations_ = 200;
  std::vector<std::string> methods_{"delta"};
  std::vector<std::string> kinds_{"mean", "prediction"};
  std::vector<double> levels_{0.95};
  std::vector<std::string> dof_rules_{"n_minus_rank"};
  std::vector<std::string> simultaneous_{"none"};
  std::string rank_policy_ = "refuse";
  std::int64_t n_bootstrap_ = 999;
  std::int64_t n_simulations_ = 2000;
  std::int64_t n_inside_ = 20, n_beyond_ = 0;
  std::vector<std::string> strategies_{"layerwise"};
  std::optional<double> relative_step_;
  std::int64_t n_replicates_ = 1000;
  std::optional<double> target_se_;
  std::int64_t most_replicates_ = 100'000;
  std::optional<std::int64_t> n_threads_;
  Expectations expectations_;

  std::vector<harness::NetworkCase> networks_;
  std::vector<Cell> cells_;
};

}  // namespace jacobench::coverage
