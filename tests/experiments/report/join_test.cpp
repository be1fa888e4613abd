#include "report/join.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "options/value_text.hpp"
#include "report/point_series.hpp"
#include "report/table.hpp"
#include "study/experiment_table.hpp"
#include "support/error_line.hpp"
#include "support/stub_result.hpp"
#include "support/table_text.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

const ColumnList error_columns = {
    {.name = "network", .role = ColumnRole::identity},
    {.name = "n_params", .role = ColumnRole::measure},
    {.name = "activation", .role = ColumnRole::identity},
    {.name = "strategy", .role = ColumnRole::identity},
    {.name = "step", .role = ColumnRole::identity},
    {.name = "max_error", .heading = "max", .unit = "u", .role = ColumnRole::gated},
};

Row error_row(const std::string& network, std::int64_t P, const std::string& strategy, double step,
              double error) {
  return {RowStatus::ok, "", {network, P, std::string("tanh"), strategy, step, to_value(error)}};
}

const ColumnList coverage_columns = {
    {.name = "network", .role = ColumnRole::identity},
    {.name = "activation", .role = ColumnRole::identity},
    {.name = "n_params", .role = ColumnRole::measure},
    {.name = "n", .role = ColumnRole::identity},
    {.name = "coverage", .role = ColumnRole::estimate, .standard_error = "coverage_se"},
    {.name = "coverage_se", .role = ColumnRole::measure},
    {.name = "verdict", .role = ColumnRole::measure},
};

Row coverage_row(const std::string& network, std::int64_t P, double coverage, const std::string& verdict,
                 std::int64_t n = 100) {
  return {RowStatus::ok, "", {network, std::string("tanh"), P, n, coverage, 0.0041, verdict}};
}

// Two results that share a network, each with one of its own besides.
std::vector<StoredResult> two_results() {
  const auto worst = [](const std::string& strategy) {
    return SummaryColumn{.name = strategy + "_error",
                         .heading = strategy + " error",
                         .column = "max_error",
                         .where = {{"strategy", strategy}},
                         .choice = RowChoice::greatest};
  };
  std::vector<StoredResult> results;
  results.push_back(stub_result("errors", error_columns,
                                {error_row("1-2-1", 7, "good", 1, 2.5), error_row("1-2-1", 7, "bad", 1, 1e7),
                                 error_row("1-2-1", 7, "bad", 2, 1e9), error_row("1-2-1", 7, "bad", 3, 1e8),
                                 error_row("1-4-1", 13, "good", 1, 3.5)},
                                {worst("good"), worst("bad")}));
  results.push_back(
      stub_result("coverage", coverage_columns,
                  {coverage_row("1-9-1", 28, 0.912, "under"), coverage_row("1-2-1", 7, 0.9483, "nominal")},
                  {{.name = "covers", .heading = "coverage", .column = "coverage"},
                   {.name = "verdict", .heading = "verdict", .column = "verdict"}}));
  return results;
}

std::string joined(const std::vector<StoredResult>& results, const std::string& format = "text") {
  return "\n" + text_of(joined_table(results), format);
}

TEST(Join, SetsResultsSideBySideByNetwork) {
  EXPECT_EQ(joined(two_results()), R"(
errors_result: errors, 5 of 5 cells
coverage_result: coverage, 2 of 2 cells
activation tanh

network   P  good error  bad error          coverage  verdict
                      u          u
-------------------------------------------------------------
1-2-1     7        2.50     1.00e9  0.9483 +- 0.0041  nominal
1-4-1    13        3.50
1-9-1    28                         0.9120 +- 0.0041  under

errors_result: no figure of 1-4-1 tanh: bad error
coverage_result: no figure of 1-4-1 tanh: coverage, verdict
errors_result: no figure of 1-9-1 tanh: good error, bad error
)");
}

TEST(Join, HasAllDigitsInCsv) {
  EXPECT_EQ(joined(two_results(), "csv"), R"(
network,n_params,activation,good_error,bad_error,covers,covers_standard_error,verdict
1-2-1,7,tanh,2.5,1e+09,0.9483,0.0041,nominal
1-4-1,13,tanh,3.5,,,,
1-9-1,28,tanh,,,0.912,0.0041,under
)");
}

TEST(Join, ChoosesAmongSeveralRowsAsItIsTold) {
  const auto figure = [](RowChoice choice, std::vector<Row> rows) {
    std::vector<StoredResult> results;
    const SummaryColumn summary{.name = "c", .heading = "c", .column = "coverage", .choice = choice};
    results.push_back(stub_result("coverage", coverage_columns, rows, {summary}));
    const RowTable table = joined_table(results);
    EXPECT_EQ(table.rows.size(), 1u);
    return std::pair(number_in(table.rows[0].values[3]), table.notes);
  };
  const std::vector<Row> differing = {coverage_row("1-2-1", 7, 0.94, "", 10),
                                      coverage_row("1-2-1", 7, 0.96, "", 20),
                                      coverage_row("1-2-1", 7, 0.95, "", 30)};
  using Notes = std::vector<std::string>;
  EXPECT_EQ(figure(RowChoice::least, differing), std::pair(std::optional(0.94), Notes{}));
  EXPECT_EQ(figure(RowChoice::greatest, differing), std::pair(std::optional(0.96), Notes{}));
  EXPECT_EQ(figure(RowChoice::only, differing),
            std::pair(std::optional<double>(), Notes{"coverage_result: several figures of 1-2-1 tanh: c"}));
  std::vector<Row> agreeing = {differing[0], differing[0]};
  EXPECT_EQ(figure(RowChoice::only, agreeing), std::pair(std::optional(0.94), Notes{}));
}

// What has failed is no figure of the network, but the network is there.
TEST(Join, TakesFiguresFromRowsThatAreOkAlone) {
  std::vector<StoredResult> results = two_results();
  for (Row& row : results[1].rows) row.status = RowStatus::failed;
  const RowTable table = joined_table(results);
  EXPECT_EQ(table.rows.size(), 3u);
  for (const Row& row : table.rows) EXPECT_EQ(row.values[5], Value());
  EXPECT_EQ(table.rows[2].values[1], Value()) << "no row that is ok tells its size";
}

TEST(Join, RefusesResultsThatItCannotSetSideBySide) {
  std::vector<StoredResult> results = two_results();
  results.push_back(std::move(two_results()[0]));
  EXPECT_EQ(error_line([&] { joined_table(results); }),
            "errors_result: is a result of experiment errors, as errors_result is; give one of each, or see "
            "jacobench "
            "table");
  results.pop_back();
  results.push_back(stub_result("activations", error_columns, {}));
  EXPECT_EQ(error_line([&] { joined_table(results); }),
            "activations_result: experiment activations says nothing of networks; leave this result out");
}

// The figures that an experiment says of its networks are in its rows, with their standard errors.
TEST(SummaryColumns, AreOfTheExperiment) {
  for (const ExperimentInfo& info : experiment_table()) {
    const auto experiment = info.make();
    ColumnList columns = experiment->columns();
    std::vector<Row> no_rows;
    derive_columns(*experiment, columns, no_rows);
    for (const SummaryColumn& summary : experiment->summary_columns()) {
      const Column& figure = columns[column_index(columns, summary.column)];
      if (figure.role == ColumnRole::estimate) {
        EXPECT_NO_THROW(column_index(columns, figure.standard_error));
      }
      for (const auto& [column, value] : summary.where) EXPECT_NO_THROW(column_index(columns, column));
      for (const char* column : {"network", "activation", "n_params"}) {
        EXPECT_NO_THROW(column_index(columns, column)) << info.name;
      }
    }
  }
}

// Of the committed quick study: the error of each strategy on each network stands in the join as in its row.
TEST(SummaryColumns, OfAccuracyAreTheErrorsOfItsRows) {
  std::ostringstream warnings;
  std::vector<StoredResult> results;
  results.push_back(read_result(JACOBENCH_SOURCE "/results/quick", experiment_table(), warnings));
  const RowsByColumn rows(results[0].columns(), results[0].rows);
  const RowTable table = joined_table(results);
  std::size_t n_found = 0;
  for (const Row& row : rows.rows())
    for (const Row& line : table.rows)
      for (const std::string strategy : {"layerwise", "ceres_central"}) {
        if (exact_text(line.values[0]) != rows.text(row, "network") || rows.text(row, "strategy") != strategy)
          continue;
        const Value& figure = line.values[column_index(table.columns, strategy + "_max_scaled_error")];
        EXPECT_EQ(number_in(figure), rows.number(row, "max_scaled_error"));
        ++n_found;
      }
  EXPECT_EQ(n_found, 2 * table.rows.size());
}

}  // namespace
}  // namespace jacobench::harness
