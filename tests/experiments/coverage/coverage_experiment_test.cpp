#include "coverage/coverage_experiment.hpp"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coverage/simulation.hpp"
#include "options/value_text.hpp"
#include "support/error_line.hpp"
#include "support/memory_records.hpp"

namespace jacobench::coverage {
namespace {

using namespace jacobench::testing;

harness::Config with(harness::Config base, const harness::Config& more) {
  for (const harness::ConfigEntry& entry : more) base.push_back(entry);
  return base;
}

// A network and 15 observations: fits of some microseconds.
harness::Config small_study(const harness::Config& more = {}) {
  return with({{"network.inputs", "1"},
               {"network.hidden", "2"},
               {"data.rows", "15"},
               {"points.inside", "4"},
               {"noise.sd", "0.05"},
               {"replicates.threads", "1"},
               {"replicates.number", "50"}},
              more);
}

std::vector<double> records_of(CoverageExperiment& study, MemoryRecords& records) {
  study.cells();
  study.run_cells({0}, records);
  return records.numbers();
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

harness::Value value_in(const CoverageExperiment& study, const harness::Row& row, const std::string& column) {
  return row.values[harness::column_index(study.columns(), column)];
}

std::vector<harness::Value> without_timings(const CoverageExperiment& study, const harness::Row& row) {
  std::vector<harness::Value> values;
  for (std::size_t i = 0; i < row.values.size(); ++i)
    if (study.columns()[i].role != harness::ColumnRole::timing) values.push_back(row.values[i]);
  return values;
}

TEST(CoverageExperiment, SaysWhatEachColumnMeans) {
  CoverageExperiment experiment;
  for (const harness::Column& column : experiment.columns()) EXPECT_NE(column.meaning, "") << column.name;
}

TEST(CoverageExperiment, GoesOnWhereItWasInterrupted) {
  const auto study = coverage_study(small_study());
  MemoryRecords at_once(*study);
  const std::vector<double> numbers = records_of(*study, at_once);
  const auto rows = study->run_cells({0, 1}, at_once);
  const auto size = static_cast<std::ptrdiff_t>(study->records_of(0).size);
  for (const std::ptrdiff_t n_earlier : {1, 17, 49}) {
    MemoryRecords resumed(*study, {numbers.begin(), numbers.begin() + n_earlier * size});
    const auto resumed_rows = study->run_cells({0, 1}, resumed);
    EXPECT_TRUE(same_bits(resumed.numbers(), numbers));
    for (std::size_t i = 0; i < rows.size(); ++i)
      EXPECT_EQ(without_timings(*study, resumed_rows[i]), without_timings(*study, rows[i]));
  }
}

// The records of a group are the scenario's, whichever of its cells are asked for.
TEST(CoverageExperiment, TakesTheIntervalsOfAScenarioFromTheSameReplicates) {
  const auto study =
      coverage_study(small_study({{"intervals.levels", "0.5, 0.9"}, {"noise.sd", "0.05, 0.1"}}));
  ASSERT_EQ(study->cells().size(), 8u);
  EXPECT_EQ(study->group_size(0), 4u);
  EXPECT_EQ(study->group_size(4), 4u);
  EXPECT_EQ(study->group_size(6), 2u);
  MemoryRecords all(*study), last(*study);
  const auto rows = study->run_cells({0, 1, 2, 3}, all);
  const harness::Row alone = study->run_cells({3}, last).front();
  EXPECT_TRUE(same_bits(all.numbers(), last.numbers()));
  EXPECT_EQ(value_in(*study, alone, "coverage"), value_in(*study, rows[3], "coverage"));
  EXPECT_EQ(value_in(*study, rows[0], "empirical_se"), value_in(*study, rows[1], "empirical_se"));
}

// 25 scores and level 0.95 cover 25 of 26 new observations, of a line fitted to a sine too, with noise that is skewed:
// nominal for theory, though above the level, which 400 replicates tell.
TEST(CoverageExperiment, HoldsSplitConformalToWhatTheoryKnows) {
  const auto study =
      coverage_study(small_study({{"network.hidden", "none"},
                                  {"truth.function", "sine"},
                                  {"noise.law", "skewed"},
                                  {"noise.sd", "0.5"},
                                  {"design.redrawn", "yes"},
                                  {"data.rows", "50"},
                                  {"points.inside", "40"},
                                  {"replicates.number", "400"},
                                  {"intervals.methods", "delta, split_conformal, laplace_diagonal"},
                                  {"intervals.kinds", "prediction"},
                                  {"expect.nominal", "method=split_conformal"}}));
  ASSERT_EQ(study->cells().size(), 3u);
  MemoryRecords records(*study);
  const auto rows = study->run_cells({0, 1, 2}, records);
  EXPECT_EQ(value_in(*study, rows[1], "method"), harness::Value(std::string("split_conformal")));
  EXPECT_EQ(value_in(*study, rows[1], "verdict"), harness::Value(std::string("over")));
  EXPECT_LE(std::get<double>(value_in(*study, rows[1], "over_expectation")), 1);
  EXPECT_NEAR(std::get<double>(value_in(*study, rows[1], "coverage")), 25.0 / 26, 0.01);
}

TEST(CoverageExperiment, ReplaysAReplicateToTheBit) {
  const auto study = coverage_study(small_study({{"points.beyond", "2"}}));
  MemoryRecords records(*study);
  const std::vector<double> numbers = records_of(*study, records);
  const std::size_t size = numbers.size() / 50;
  const double* record = &numbers[17 * size];
  // Cell 1 is of the mean beyond: points 4 and 5 of 6; after the fits the se, the lower and the upper bounds.
  const std::string text = study->replay(1, 17);
  const std::size_t fit = RecordLayout::n_figures + 1;  // after s2/sigma2 of the one method
  for (std::size_t m = 4; m < 6; ++m) {
    const auto exact = [&](std::size_t at) { return harness::exact_text(record[at]); };
    const std::string line =
        "  " + exact(fit + m) + "  " + exact(fit + 12 + m) + "  " + exact(fit + 18 + m) + "\n";
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(error_line([&] { study->replay(0, 50); }),
            "--replay: replicate 50 is not in the study; it has 0 to 49");
}

TEST(CoverageExperiment, StopsAtTheTargetStandardError) {
  const auto study = coverage_study(small_study(
      {{"replicates.number", "20"}, {"replicates.target_se", "0.01"}, {"replicates.most", "5000"}}));
  study->cells();
  MemoryRecords records(*study);
  const auto rows = study->run_cells({0, 1}, records);
  const auto n_replicates = std::get<std::int64_t>(value_in(*study, rows[0], "replicates"));
  EXPECT_GT(n_replicates, 20);
  EXPECT_LT(n_replicates, 5000);
  for (const harness::Row& row : rows)
    EXPECT_LE(std::get<double>(value_in(*study, row, "coverage_se")), 0.01);
}

// What was precise enough by chance between two stages does not end the study where it was not looked at. From every
// replicate, so that R of them are made R / 2 times: one step a fit.
TEST(CoverageExperiment, ResumesToTheReplicatesThatATargetAsksFor) {
  const auto study = coverage_study(small_study({{"fit.solver", "linear_step"},
                                                 {"replicates.number", "20"},
                                                 {"replicates.target_se", "0.02"},
                                                 {"replicates.most", "5000"}}));
  MemoryRecords records(*study);
  const std::vector<double> whole = records_of(*study, records);
  const auto rows = study->run_cells({0}, records);
  const std::size_t size =
      whole.size() /
      static_cast<std::size_t>(std::get<std::int64_t>(value_in(*study, rows[0], "replicates")));
  for (auto end = whole.begin(); end != whole.end(); end += static_cast<std::ptrdiff_t>(size)) {
    MemoryRecords resumed(*study, {whole.begin(), end});
    EXPECT_TRUE(same_bits(records_of(*study, resumed), whole)) << end - whole.begin();
  }
}

// Where all of R replicates are covered the Wilson interval is z^2 / (R + z^2) long: 2 z 0.01 at R = 94.2.
TEST(CoverageExperiment, IsNotContentWithFewReplicatesThatAgree) {
  const std::vector<IntervalMethod> methods{
      method_from("wide", [](Tangent&, NewPoints& points, std::uint64_t, Errors& errors) {
        errors = {Vector::Constant(points.n_points(), 1e6), 1, 10};
        return static_cast<const char*>(nullptr);
      })};
  CoverageExperiment study(methods);
  harness::OptionTable options = study.options();
  for (const auto& [key, value] : small_study({{"intervals.methods", "wide"},
                                               {"intervals.kinds", "mean"},
                                               {"replicates.number", "10"},
                                               {"replicates.target_se", "0.01"}}))
    options.assign({key, value, key});
  study.cells();
  MemoryRecords records(study);
  const harness::Row row = study.run_cells({0}, records).front();
  EXPECT_EQ(std::get<double>(value_in(study, row, "coverage")), 1);
  EXPECT_GE(std::get<std::int64_t>(value_in(study, row, "replicates")), 95);
}

TEST(CoverageExperiment, CountsRowsForEachParameter) {
  const auto study = coverage_study(
      small_study({{"data.rows", "3p, 2.5p, 40"}, {"network.hidden", "2, 3"}, {"intervals.kinds", "mean"}}));
  const auto cells = study->cells();
  const harness::RowTable plan = study->plan();
  std::vector<std::int64_t> n_rows;
  for (const harness::Row& row : plan.rows)
    n_rows.push_back(std::get<std::int64_t>(row.values[harness::column_index(plan.columns, "n_rows")]));
  EXPECT_EQ(n_rows, (std::vector<std::int64_t>{21, 18, 40, 30, 25, 40}));  // of 7 and 10 parameters
  EXPECT_EQ(std::get<std::string>(value_in(*study, cells[1], "rows")), "2.5p");
  const std::string allowed =
      " is no number of rows; allowed: a number of rows, or with a p behind it of rows for each parameter: "
      "100, 30p";
  for (const std::string wrong : {"1", "2.5", "p", "-3p", "3q"})
    EXPECT_EQ(error_line([&] {
                coverage_study({{"data.rows", wrong}});
              }),
              "data.rows: \"" + wrong + "\"" + allowed);
}

// Replicates that are guessed to take long are not run for it.
TEST(CoverageExperiment, PlansByTheFirstReplicates) {
  const auto plan_of = [](const harness::Config& more) {
    const auto study = coverage_study(small_study(more));
    study->cells();
    return study->plan();
  };
  const harness::RowTable of_short = plan_of({{"data.rows", "30, 40"}});
  EXPECT_TRUE(of_short.notes.front().ends_with(", by the first replicates")) << of_short.notes.front();
  EXPECT_GT(std::get<double>(of_short.rows[0].values[harness::column_index(of_short.columns, "seconds")]), 0);
  const harness::RowTable of_long =
      plan_of({{"data.rows", "40, 20000"}, {"intervals.methods", "bootstrap_pairs_percentile"}});
  EXPECT_NE(of_long.notes.front().find("of 1 of 2 scenarios; the others"), std::string::npos)
      << of_long.notes.front();
}

TEST(CoverageExperiment, MakesTheIntervalsThatThereAre) {
  const auto n_cells = [](const harness::Config& more) {
    return coverage_study(small_study(more))->cells().size();
  };
  EXPECT_EQ(n_cells({{"intervals.methods", "delta, profile"}}), 3u) << "profiles are of the mean";
  EXPECT_EQ(n_cells({{"intervals.simultaneous", "none, scheffe"}}), 3u) << "Scheffe's too";
  EXPECT_EQ(n_cells({{"points.beyond", "2"}}), 4u);
  EXPECT_EQ(n_cells({{"intervals.simultaneous", "none, sup_t"}, {"fit.solver", "linear_step"}}), 3u);
}

std::string refusal(const harness::Config& more) {
  return error_line([&] { coverage_study(small_study(more))->cells(); });
}

TEST(CoverageExperiment, RefusesOptionsThatDoNotGoTogether) {
  EXPECT_EQ(refusal({}), "no InputError was thrown");
  EXPECT_EQ(refusal({{"network.outputs", "2"}}),
            "network.outputs: is 2; coverage is measured for one output");
  const std::string prior =
      "truth.redrawn: the prior is that of a decay on all parameters; set fit.decay above 0 and "
      "fit.decay_of = weights_and_biases";
  EXPECT_EQ(refusal({{"truth.redrawn", "yes"}}), prior);
  EXPECT_EQ(refusal({{"truth.redrawn", "yes"}, {"fit.decay", "0.1"}}), prior);
  const harness::Config redrawn{
      {"truth.redrawn", "yes"}, {"fit.decay", "0.1"}, {"fit.decay_of", "weights_and_biases"}};
  EXPECT_EQ(refusal(redrawn), "no InputError was thrown");
  EXPECT_EQ(refusal(with(redrawn, {{"truth.function", "sine"}})),
            "truth.redrawn: is for a teacher that is the fitted network; leave truth.* out");
  EXPECT_EQ(refusal({{"network.inputs", "2"}, {"design.x", "grid"}}),
            "design: a grid of 2 inputs has k^2 points, not 15; the nearest number of points is 16");
  EXPECT_EQ(refusal({{"fit.solver", "linear_step"}, {"intervals.methods", "hessian"}}),
            "fit.solver: linear_step does not go with the method hessian; take least_squares");
  EXPECT_EQ(refusal({{"fit.solver", "linear_step"}, {"intervals.rank_policy", "pseudo_inverse"}}),
            "fit.solver: linear_step does not go with the method delta and rank_policy pseudo_inverse; take "
            "least_squares");
  EXPECT_EQ(refusal({{"fit.solver", "linear_step"}, {"fit.start", "random"}, {"fit.starts", "3"}}),
            "fit.solver: linear_step starts from the truth; take random out of fit.start");
  const std::string no_interval =
      "intervals.methods: with these kinds, simultaneous methods and decays there is no interval to make; "
      "change one of them";
  EXPECT_EQ(refusal({{"intervals.methods", "profile"}, {"intervals.kinds", "prediction"}}), no_interval);
  EXPECT_EQ(refusal({{"intervals.methods", "ridge"}}), no_interval);
  EXPECT_EQ(refusal({{"intervals.methods", "ridge"}, {"fit.decay", "0.1"}}), "no InputError was thrown");
  EXPECT_EQ(refusal({{"intervals.methods", "bootstrap_pairs_percentile"},
                     {"intervals.bootstrap", "39"},
                     {"intervals.levels", "0.95, 0.96"}}),
            "intervals.bootstrap: 39 refits are too few for level 0.96; 999 are usual");
  EXPECT_EQ(
      refusal({{"truth.model", "some.json"}, {"truth.hidden", "2"}}),
      "truth.model: says all of the teacher; leave truth.hidden out, and name the teacher in truth.function");
  EXPECT_EQ(refusal({{"truth.hidden", "2"}, {"truth.function", "sine"}}),
            "truth.hidden: is of a teacher; name it in truth.function, or leave truth.hidden out");
  EXPECT_EQ(refusal({{"replicates.target_se", "0.01"}, {"replicates.most", "49"}}),
            "replicates.most: 49 is fewer than replicates.number = 50; make it more");
  EXPECT_EQ(
      refusal({{"expect.nominal", "colour=blue"}}),
      "expect.nominal: \"colour\" is not a column that tells cells apart; see jacobench run CONFIG --plan");
}

// What the config expects stands in the row, and `check` fails where over_expectation exceeds 1.
TEST(CoverageExperiment, HoldsRowsToWhatIsExpected) {
  const auto study =
      coverage_study(small_study({{"expect.nominal", "interval=mean"}, {"expect.over", "interval=mean"}}));
  study->cells();
  MemoryRecords records(*study);
  const auto rows = study->run_cells({0, 1}, records);
  EXPECT_EQ(std::get<std::string>(value_in(*study, rows[0], "expected")), "nominal, over");
  for (const std::string column : {"over_expectation", "no_expectation"})
    EXPECT_EQ(value_in(*study, rows[0], column), harness::Value())
        << "it is not over, and nothing excuses that";
  EXPECT_EQ(std::get<std::string>(value_in(*study, rows[1], "no_expectation")),
            "the config expects nothing of this row");
}

// More parameters than observations: every replicate fails, and the row says which and why.
TEST(CoverageExperiment, SaysWhatFailed) {
  const auto study = coverage_study(small_study({{"data.rows", "5"}, {"replicates.number", "12"}}));
  study->cells();
  MemoryRecords records(*study);
  const harness::Row row = study->run_cells({0}, records).front();
  EXPECT_EQ(row.status, harness::RowStatus::ok);
  EXPECT_EQ(std::get<std::int64_t>(value_in(*study, row, "failed")), 12);
  EXPECT_EQ(std::get<double>(value_in(*study, row, "coverage")), 0);
  EXPECT_EQ(std::get<std::string>(value_in(*study, row, "verdict")), "no claim");
  EXPECT_EQ(std::get<std::string>(value_in(*study, row, "failed_replicates")), "0 1 2 3 4 5 6 7 8 9 10 11");
  const std::string failure = std::get<std::string>(value_in(*study, row, "failure"));
  EXPECT_EQ(failure.substr(0, 31), "replicate 0: layerwise: delta: ");
}

// With a generalised inverse there are standard errors, but no bound at points that the data leave open.
TEST(CoverageExperiment, SaysWhyAPointWasLeftOpen) {
  const auto study = coverage_study(small_study({{"data.rows", "5"},
                                                 {"replicates.number", "10"},
                                                 {"intervals.rank_policy", "pseudo_inverse"},
                                                 {"intervals.dof", "known_sigma"}}));
  study->cells();
  MemoryRecords records(*study);
  const harness::Row row = study->run_cells({0}, records).front();
  EXPECT_THAT(std::get<std::string>(value_in(*study, row, "failure")),
              ::testing::StartsWith("replicate 0: layerwise: delta: the data do not determine f here"));
}

// Fits that one step from a drawn start is too few for: the table says so in the place of a verdict, and no rule about
// the coverage is met.
TEST(CoverageExperiment, MakesNoClaimOfFitsThatHaveNotSettled) {
  const auto study = coverage_study(small_study({{"fit.start", "random"},
                                                 {"fit.starts", "1"},
                                                 {"fit.iterations", "1"},
                                                 {"replicates.number", "20"},
                                                 {"expect.nominal", "interval=mean"},
                                                 {"expect.no_claim", "interval=prediction"}}));
  study->cells();
  MemoryRecords records(*study);
  const auto rows = study->run_cells({0, 1}, records);
  for (const harness::Row& row : rows) {
    EXPECT_EQ(row.status, harness::RowStatus::ok);
    EXPECT_EQ(std::get<std::string>(value_in(*study, row, "verdict")), "no claim");
    EXPECT_THAT(std::get<std::string>(value_in(*study, row, "why_no_claim")),
                ::testing::HasSubstr("% of the fits have not settled"));
    EXPECT_LT(std::get<double>(value_in(*study, row, "settled")), 0.95);
    EXPECT_GE(std::get<std::int64_t>(value_in(*study, row, "most_steps")), 1);
  }
  EXPECT_EQ(value_in(*study, rows[0], "over_expectation"), harness::Value()) << "infinite: `check` fails";
  EXPECT_EQ(value_in(*study, rows[1], "over_expectation"), harness::Value(0.0));
  EXPECT_THAT(study->replay(0, 0), ::testing::HasSubstr("it has not settled, and could move by "));
}

}  // namespace
}  // namespace jacobench::coverage
