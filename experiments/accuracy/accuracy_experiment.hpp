// The accuracy experiment: how exact each strategy's Jacobian is over a sweep of networks, and what that
// took.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jacobench/jacobian/strategy.hpp"
#include "jacobench/verification/comparison.hpp"

#include "networks/network_sweep.hpp"
#include "study/experiment.hpp"

namespace jacobench::accuracy {

// One strategy on one network.
struct AccuracyCell {
  harness::SharedNetwork network;
  Wrt wrt = Wrt::parameters;
  const StrategyInfo* strategy = nullptr;
  std::optional<double> relative_step;  // numeric strategies

  bool operator==(const AccuracyCell&) const = default;
};

// Errors are those of ErrorSummary (verification/comparison.hpp).
struct AccuracyRow {
  AccuracyCell cell;
  double max_scaled_error = 0;
  double mean_scaled_error = 0;
  double p99_scaled_error = 0;
  double max_relative_error = 0;
  double correct_digits = 0;
  std::string worst_entry;  // observation and names of the entry, e.g. "row 3, y0:w1[2,0]"
  std::optional<double>
      error_bound;  // analytic: max of bound over condition scale; numeric: what is promised
  std::optional<double> error_over_promise;  // null where nothing is promised
  std::optional<std::string> no_promise;     // why nothing is promised
  std::int64_t network_evaluations = 0;      // of all observations
  double time_us = 0;                        // fastest of a few evaluations of the Jacobian
  double cost_over_values = 0;    // time of values and Jacobian in one call over that of the values alone
  double cost_over_separate = 0;  // the same over the sum of the two calls
};

class AccuracyExperiment final : public harness::Experiment {
 public:
  // The strategies to choose from: where none are given those of the library, their peers, and the formulas on trial,
  // which are measured where they are named.
  explicit AccuracyExperiment(std::span<const StrategyInfo> strategies = all_strategies());
  static std::span<const StrategyInfo> all_strategies();

  harness::OptionTable options() override { return table_; }
  const harness::ColumnList& columns() const override { return schema_.columns(); }
  std::vector<harness::Row> cells() override;
  harness::Row run_cell(std::size_t index) override;
  std::vector<std::string> laws(const std::vector<harness::Row>& rows) const override;
  std::vector<harness::Figure> figures() const override;
  std::vector<harness::SummaryColumn> summary_columns() const override;

 private:
  // A network's random numbers and its reference, shared by the cells of that network, which follow one
  // another.
  struct Prepared {
    harness::SharedNetwork network;
    harness::Problem problem;
    Reference reference;
  };

  const Prepared& prepared(const harness::SharedNetwork& network);

  harness::OptionTable table_;
  harness::NetworkSweep networks_{table_};
  harness::Sweep<AccuracyCell> sweep_;
  std::int64_t n_rows_ = 32;

  harness::RowSchema<AccuracyRow> schema_;
  std::vector<AccuracyCell> cells_;
  std::optional<Prepared> prepared_;
};

}  // namespace jacobench::accuracy
