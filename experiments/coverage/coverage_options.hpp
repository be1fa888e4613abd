// The options of a coverage study, and the two sweeps that they declare: over scenarios, and over the intervals of
// each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coverage/expectation.hpp"
#include "coverage/replicate.hpp"
#include "networks/network_sweep.hpp"
#include "options/options.hpp"
#include "study/sweep.hpp"

namespace jacobench::coverage {

// A number of rows, or so many for each parameter.
struct RowCount {
  double number = 100;
  bool is_per_parameter = false;

  // A whole number, which may be too large for an integer.
  double of(const Perceptron& network) const;

  bool operator==(const RowCount&) const = default;
};

// 100, or 30p: so many for each parameter.
harness::ValueFormat<RowCount> row_count();

// What scenarios of a study differ in.
struct ScenarioPoint {
  const TruthInfo* truth = nullptr;
  harness::SharedNetwork network = {};
  RowCount rows = {};
  const NoiseLawInfo* noise = nullptr;
  double noise_sd = 0;
  double decay = 0;
  Start start = Start::truth;
};

// What the intervals of a scenario differ in, besides the strategy and the region.
struct IntervalPoint {
  const IntervalMethod* method = nullptr;
  DofRule dof_rule = DofRule::n_minus_trace;
  Simultaneous simultaneous = Simultaneous::none;
  IntervalKind kind = IntervalKind::mean;
  double level = 0;
};

// How many replicates are made: `number`, or from there on up to `most` until every coverage has the standard error.
struct ReplicateTarget {
  std::int64_t number = 1000;
  std::optional<double> se;
  std::int64_t most = 100'000;
  std::optional<std::int64_t> n_threads;  // empty: all

  std::int64_t at_most() const { return se ? most : number; }
  Index threads() const;
};

struct CoverageOptions {
  // The methods and strategies to choose from.
  CoverageOptions(std::span<const IntervalMethod> methods, std::span<const StrategyInfo> strategies);

  // Throws InputError where options that are fine one by one do not go together at these points.
  void check(const std::vector<ScenarioPoint>& points) const;

  harness::OptionTable table;
  harness::NetworkSweep networks{table};
  harness::Sweep<ScenarioPoint> scenarios;
  harness::Sweep<IntervalPoint> intervals;

  std::optional<std::string> truth_model;
  std::optional<harness::Shape> truth_hidden;
  bool truth_is_redrawn = false;
  Design design = Design::uniform;
  double scale = 1;
  bool design_is_redrawn = false;
  DecayOf decay_of = DecayOf::weights;
  std::int64_t n_starts = 10;
  Solver solver = Solver::least_squares;
  double tolerance = 1e-5;
  std::int64_t max_iterations = 200;
  RankPolicy rank_policy = RankPolicy::refuse;
  std::int64_t n_bootstrap = 999;
  std::int64_t n_simulations = 2000;
  std::int64_t n_inside = 20, n_beyond = 0;
  std::vector<const StrategyInfo*> strategies;
  std::optional<double> relative_step;
  ReplicateTarget replicates;
  Expectations expectations;

 private:
  void add_scenarios();
  void add_intervals(std::span<const IntervalMethod> methods);
  void add_replicates(std::span<const StrategyInfo> known_strategies);
  void add_expectations();
};

}  // namespace jacobench::coverage
