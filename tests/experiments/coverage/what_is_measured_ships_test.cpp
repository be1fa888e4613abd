// A study's bounds are those that `jacobench fit` and `jacobench interval` give on the same data, to the bit.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/base/joined.hpp"
#include "jacobench/files/model_file.hpp"

#include "cli/command.hpp"
#include "cli/command_line.hpp"
#include "coverage/simulation.hpp"
#include "options/value_text.hpp"
#include "support/csv_column.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::coverage {
namespace {

using namespace jacobench::testing;

constexpr const char* teacher_file = "teacher.json";
constexpr Index n_refits = 60, n_simulations = 20'000;  // of sup_t, as the command has it

// Every method with each kind and each rule that there is for it.
ReplicatePlan everything(const Scenario& scenario, double level) {
  ReplicatePlan plan{.scenario = scenario, .strategies = {{}}, .methods = {}, .intervals = {}};
  const Fit like{.network = scenario.network, .theta = {}, .data = {}, .decay = scenario.decay};
  const IntervalOptions how{.n_simulations = n_simulations, .n_refits = n_refits};
  for (const IntervalMethod& method : interval_method_table())
    for (const IntervalKindInfo& kind : interval_kind_table())
      for (const SimultaneousInfo& rule : simultaneous_table()) {
        const IntervalRequest request{plan.methods.size(), rule.method, kind.kind, level};
        if (method.why_not(like, how, request.band())) continue;
        plan.intervals.push_back(request);
        plan.methods.push_back({&method, how});
      }
  return plan;
}

class Commands {
 public:
  explicit Commands(const Scenario& scenario) : scenario_(scenario), source_(scenario) {
    source_.draw(replicate);
    write_columns("data.csv", {"x", "y"}, {source_.data().X.col(0), source_.data().Y.col(0)});
    write_columns("points.csv", {"x"}, {source_.points().col(0)});
    write_model(path(teacher_file), {scenario.network, source_.teacher_parameters()});
  }

  static constexpr Index replicate = 7;

  const Vector& truth() const { return source_.truth_at_points(); }

  void fit(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"fit",
                                       path("data.csv"),
                                       "--outputs",
                                       "y",
                                       "--tolerance",
                                       harness::exact_text(scenario_.tolerance),
                                       "--max_iterations",
                                       std::to_string(scenario_.max_iterations),
                                       "--out",
                                       path("fit.json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::replace(arguments.begin(), arguments.end(), std::string(teacher_file), path(teacher_file));
    ASSERT_EQ(call(arguments), cli::all_well) << error_;
  }

  // The named column of the bands of one request.
  Vector bounds(const IntervalMethod& method, const IntervalRequest& request, const std::string& side) {
    const std::string kind(interval_kind_table()[static_cast<std::size_t>(request.kind)].name);
    const int code =
        call({"interval", path("fit.json"), "--at", path("points.csv"), "--method", method.name, "--kind",
              kind, "--simultaneous",
              std::string(simultaneous_table()[static_cast<std::size_t>(request.simultaneous)].name),
              "--level", harness::exact_text(request.level), "--replicates", std::to_string(n_refits),
              "--seed", std::to_string(interval_seed(scenario_, replicate)), "--out", path("bands.csv")});
    EXPECT_EQ(code, cli::all_well) << error_;
    return csv_column(path("bands.csv"), kind + "_" + side);
  }

 private:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  int call(const std::vector<std::string>& arguments) {
    std::ostringstream out, err;
    const harness::ProgressDisplay display{.out = err};
    const int code = cli::run_command_line(arguments, out, display, {});
    error_ = out.str() + err.str();
    return code;
  }

  void write_columns(const std::string& name, const std::vector<std::string>& names,
                     const std::vector<Vector>& columns) const {
    std::string text = joined(names, ",") + "\n";
    for (Index i = 0; i < columns[0].size(); ++i)
      for (std::size_t c = 0; c < columns.size(); ++c)
        text += harness::exact_text(columns[c][i]) + (c + 1 < columns.size() ? "," : "\n");
    folder_.file(name, text);
  }

  const Scenario scenario_;
  DataSource source_;
  const TemporaryFolder folder_;
  std::string error_;
};

void expect_the_same_bounds(const Scenario& scenario, const std::vector<std::string>& fit_arguments) {
  const ReplicateContext context(everything(scenario, 0.9));
  ReplicateRunner runner(context);
  Vector record(static_cast<Index>(context.layout.size()));
  std::vector<std::string> failures;
  runner.run(Commands::replicate, {record.data(), context.layout.size()}, &failures);
  ASSERT_EQ(failures, std::vector<std::string>{});
  Commands commands(scenario);
  commands.fit(fit_arguments);
  const Index M = context.layout.n_points();
  for (std::size_t i = 0; i < context.plan.intervals.size(); ++i) {
    const IntervalRequest& request = context.plan.intervals[i];
    const IntervalMethod& method = *context.plan.methods[request.method].method;
    SCOPED_TRACE(fmt::format("{} kind {} rule {}", method.name, static_cast<int>(request.kind),
                             static_cast<int>(request.simultaneous)));
    const Vector lower = commands.bounds(method, request, "lower") - commands.truth();
    const Vector upper = commands.bounds(method, request, "upper") - commands.truth();
    ASSERT_EQ(record.segment(static_cast<Index>(context.layout.lower(0, i)), M), lower);
    ASSERT_EQ(record.segment(static_cast<Index>(context.layout.upper(0, i)), M), upper);
    ASSERT_TRUE((lower.array() < upper.array()).all());
  }
}

Scenario scenario() {
  Scenario steep =
      linear_step({1, {1}, 1, Activation::tanh}, 60, 4, 3);  // so many that drawn pairs determine it
  steep.solver = Solver::least_squares;
  steep.noise_sd = 0.05;
  return steep;
}

TEST(WhatIsMeasuredShips, FromTheTruth) {
  expect_the_same_bounds(scenario(), {"--from", teacher_file, "--starts", "0"});
}

TEST(WhatIsMeasuredShips, WithADecay) {
  Scenario decayed = scenario();
  decayed.decay = equal_decay(decayed.network, 1e-3, DecayOf::weights_and_biases);
  expect_the_same_bounds(
      decayed, {"--from", teacher_file, "--starts", "0", "--decay", "0.001", "--decay_biases", "yes"});
}

TEST(WhatIsMeasuredShips, FromDrawnStarts) {
  Scenario drawn = scenario();
  drawn.start = Start::random;
  drawn.n_starts = 3;
  expect_the_same_bounds(drawn, {"--hidden", "1", "--starts", "3", "--seed", std::to_string(drawn.seed)});
}

}  // namespace
}  // namespace jacobench::coverage
