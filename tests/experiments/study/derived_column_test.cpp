#include "study/derived_column.hpp"

#include <gtest/gtest.h>

#include "support/stub_result.hpp"

namespace jacobench::harness {
namespace {

using Values = std::vector<Value>;

const ColumnList time_columns = {{.name = "network", .role = ColumnRole::identity},
                                 {.name = "work", .role = ColumnRole::identity},
                                 {.name = "time", .role = ColumnRole::timing}};

Row time_row(const std::string& network, const std::string& work, Value time) {
  return {time == Value() ? RowStatus::skipped : RowStatus::ok, "", {network, work, time}};
}

TEST(RatiosToRow, AreWithinTheRowsThatAgreeInAllElse) {
  const std::vector<Row> rows = {time_row("a", "slow", 6.0),        time_row("a", "fast", 2.0),
                                 time_row("b", "fast", 8.0),        time_row("b", "slow", 4.0),
                                 time_row("b", "skipped", Value()), time_row("c", "fast", 1.0)};
  EXPECT_EQ(ratios_to_row(time_columns, rows, "time", "work", "slow"),
            (Values{1.0, 3.0, 0.5, 1.0, Value(), Value()}));
  EXPECT_EQ(ratios_to_row(time_columns, rows, "time", "work", "skipped"), Values(6));
}

// Two rows that only a column tells apart that this version does not know.
TEST(RatiosToRow, AreNullWhereSeveralRowsAreMeant) {
  const std::vector<Row> rows = {time_row("a", "slow", 6.0), time_row("a", "slow", 4.0),
                                 time_row("a", "fast", 2.0)};
  EXPECT_EQ(ratios_to_row(time_columns, rows, "time", "work", "slow"), Values(3));
}

// An experiment of which every column is also there doubled.
class Doubling final : public testing::StubExperiment {
 public:
  Doubling() : StubExperiment({{.name = "cell", .role = ColumnRole::identity}}, {}, {}) {}

  std::vector<DerivedColumn> derived_columns() const override {
    return {doubled("twice", "cell"), doubled("four_times", "twice")};
  }

 private:
  static DerivedColumn doubled(const std::string& name, const std::string& of) {
    return {{.name = name, .heading = name, .role = ColumnRole::timing},
            [of](const ColumnList& columns, const std::vector<Row>& rows) {
              Values values;
              for (const Row& row : rows)
                values.push_back(2 * std::get<double>(row.values[column_index(columns, of)]));
              return values;
            }};
  }
};

std::vector<std::string> names_in(const ColumnList& columns) {
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  return names;
}

TEST(DerivedColumns, StandBetweenTheKnownAndTheUnknown) {
  ColumnList columns = {{.name = "cell", .role = ColumnRole::identity},
                        {.name = "other", .role = ColumnRole::unknown}};
  std::vector<Row> rows = {{RowStatus::ok, "", {1.0, std::string("x")}}};
  derive_columns(Doubling(), columns, rows);
  EXPECT_EQ(names_in(columns), (std::vector<std::string>{"cell", "twice", "four_times", "other"}));
  EXPECT_EQ(rows[0].values, (Values{1.0, 2.0, 4.0, std::string("x")}));
}

// Once, and as it was stored; computed where a row does not have it.
TEST(DerivedColumns, LeaveWhatWasStoredUnderTheirName) {
  ColumnList columns = {{.name = "cell", .role = ColumnRole::identity},
                        {.name = "other", .role = ColumnRole::unknown},
                        {.name = "twice", .role = ColumnRole::unknown}};
  std::vector<Row> rows = {{RowStatus::ok, "", {1.0, std::string("x"), 2.25}},
                           {RowStatus::ok, "", {3.0, std::string("y"), Value()}}};
  derive_columns(Doubling(), columns, rows);
  EXPECT_EQ(names_in(columns), (std::vector<std::string>{"cell", "twice", "four_times", "other"}));
  EXPECT_EQ(columns[1].heading, "twice");
  EXPECT_EQ(rows[0].values, (Values{1.0, 2.25, 4.5, std::string("x")}));
  EXPECT_EQ(rows[1].values, (Values{3.0, 6.0, 12.0, std::string("y")}));
}

}  // namespace
}  // namespace jacobench::harness
