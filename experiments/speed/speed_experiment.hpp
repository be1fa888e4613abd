// The speed experiment: what each strategy's Jacobian costs over a sweep of networks, against one evaluation of the
// network, against each other, and against the time that writing so many bytes takes on this machine.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "jacobench/jacobian/strategy.hpp"

#include "networks/network_sweep.hpp"
#include "peers/peer_table.hpp"
#include "speed/timing.hpp"
#include "study/experiment.hpp"

namespace jacobench::speed {

// What is timed side by side, on one network.
struct SpeedGroup {
  harness::SharedNetwork network;
  std::optional<std::int64_t> rows;  // as the config has it: a number, or auto
  std::int64_t n_rows = 0;
  Wrt wrt = Wrt::parameters;
  std::int64_t n_threads = 1;
};

// One kind of work on it: a strategy's Jacobian, the values of the network, or a part of the roof: the plain fill, and
// the arithmetic without it. Times are medians over
// the repetitions. How strategies compare is computed from the rows of a group, not stored.
struct SpeedRow {
  SpeedGroup group;
  std::string work;  // a strategy, values, arithmetic, or write_limit
  double ns_per_row = 0;
  double median_us = 0;
  double min_us = 0;
  double spread = 0;
  bool noisy = false;
  std::int64_t repetitions = 0;
  std::int64_t bytes_written = 0;
  std::int64_t network_evaluations = 0;  // of all observations
  std::int64_t allocations = 0;
  std::optional<double> over_promise;  // error of the timed Jacobian over what the strategy promises
  std::optional<std::string> no_promise = std::nullopt;  // of what is no Jacobian
  std::optional<double> over_values;                     // time over that of the values of the network
  std::optional<double> of_write_limit;  // time of the plain fill of the same bytes over this time
  std::optional<double> of_roof;  // the larger of the plain fill's time and the arithmetic's over this time
  std::string repetition_us;
};

class SpeedExperiment final : public harness::Experiment {
 public:
  explicit SpeedExperiment(std::span<const StrategyInfo> strategies = peers::strategies_and_peers());

  harness::OptionTable options() override { return table_; }
  const harness::ColumnList& columns() const override { return schema_.columns(); }

  // Of a strategy's row: the time of each strategy of the library over its own.
  std::vector<harness::DerivedColumn> derived_columns() const override;
  std::vector<harness::Row> cells() override;

  // All work on one network with as many rows and threads, side by side.
  std::size_t group_size(std::size_t first) override;
  std::vector<harness::Row> run_cells(const std::vector<std::size_t>& cells,
                                      harness::Records& records) override;

  // Timings of one machine that does nothing else.
  std::string why_not_over(harness::Spread) const override {
    return "its cells are timed against each other, on one machine that does nothing else";
  }

  // Time a row against P, strategy by strategy, and over that of `layerwise`.
  std::vector<std::string> laws(const std::vector<harness::Row>& rows) const override;

  std::vector<harness::Figure> figures() const override;

  // Of `layerwise`, the slowest where a network was timed with several numbers of rows or threads.
  std::vector<harness::SummaryColumn> summary_columns() const override;

  std::vector<std::pair<std::string, std::string>> circumstances() const override {
    return benchmark_context();
  }

 private:
  struct Cell {
    std::size_t group;  // index into groups_
    std::string work;
    const StrategyInfo* strategy;  // null: values, arithmetic or write_limit
  };

  harness::RowSchema<SpeedRow> make_schema() const;
  SpeedRow identity_of(const Cell& cell) const;
  std::int64_t rows_for(const SpeedGroup& group) const;
  bool times_arithmetic(const SpeedGroup& group) const {
    return has_arithmetic_ && group.wrt == Wrt::parameters;
  }

  std::span<const StrategyInfo> known_strategies_;
  harness::OptionTable table_;
  harness::NetworkSweep networks_{table_};
  harness::Sweep<SpeedGroup> sweep_;
  std::int64_t jacobian_mib_ = 128;
  std::vector<const StrategyInfo*> strategies_;
  TimingOptions timing_;
  double cap_seconds_ = 1;
  bool has_arithmetic_ = false;

  harness::RowSchema<SpeedRow> schema_;
  std::vector<SpeedGroup> groups_;
  std::vector<Cell> cells_;
  // The fewest parameters at which a strategy was over the cap.
  using Series =
      std::tuple<const StrategyInfo*, std::optional<std::int64_t>, Wrt>;  // strategy, configured rows, wrt
  std::map<Series, Index> capped_at_;
};

}  // namespace jacobench::speed
