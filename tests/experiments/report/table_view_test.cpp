#include "report/table_view.hpp"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "options/value_text.hpp"
#include "report/table_layout.hpp"
#include "support/error_line.hpp"
#include "support/table_text.hpp"

namespace jacobench::harness {
namespace {

using namespace testing;

// A study of two networks and two methods. P and activation follow from the network.
RowTable study() {
  RowTable table{
      .columns =
          {{.name = "network", .heading = "network", .role = ColumnRole::identity, .starts_group = true},
           {.name = "n_params", .heading = "P", .role = ColumnRole::measure},
           {.name = "activation", .heading = "activation", .role = ColumnRole::identity},
           {.name = "method", .heading = "method", .role = ColumnRole::identity},
           {.name = "replicates", .heading = "replicates", .role = ColumnRole::measure},
           {.name = "coverage",
            .heading = "coverage",
            .role = ColumnRole::estimate,
            .standard_error = "coverage_se",
            .is_answer = true},
           {.name = "coverage_se", .role = ColumnRole::measure},
           {.name = "verdict", .heading = "verdict", .role = ColumnRole::measure, .is_answer = true},
           {.name = "width", .heading = "width", .unit = "kg", .role = ColumnRole::measure}},
      .rows = {},
      .preamble = {"coverage, 4 of 4 cells"},
      .notes = {"a law that takes more words than there is room for on one line of a narrow terminal"}};
  const auto add = [&](const char* network, std::int64_t P, const char* activation, const char* method,
                       Value coverage, double width) {
    table.rows.push_back(
        {RowStatus::ok,
         {},
         {network, P, activation, method, std::int64_t{400}, coverage, 0.003, "nominal", width}});
  };
  add("2-1", 3, "identity", "delta", 0.948, 0.5);
  add("2-1", 3, "identity", "hc3", 0.961, 12.0);
  add("2-4-1", 17, "tanh", "delta", 0.9, 0.25);
  add("2-4-1", 17, "tanh", "hc3", Value(), 7.0);
  return table;
}

std::string text(const RowTable& table, std::optional<std::size_t> width = {}) {
  std::ostringstream out;
  write_text(out, table, width);
  return "\n" + out.str();
}

TEST(TableView, ShowsTheRowsThatAreWanted) {
  const auto methods = [](const TableView& view) {
    std::string all;
    for (const Row& row : in_view(study(), view).rows)
      all += exact_text(row.values[0]) + ' ' + exact_text(row.values[3]) + ';';
    return all;
  };
  EXPECT_EQ(methods({.where = {"network=2-1", "method = hc3"}}), "2-1 hc3;");
  EXPECT_EQ(methods({.where = {"P=17|3", "method=delta"}}), "2-1 delta;2-4-1 delta;");
  EXPECT_EQ(methods({.where = {"coverage=0.900"}}), "2-4-1 delta;");  // as people read it
  EXPECT_EQ(methods({.where = {"coverage=0.9"}}), "2-4-1 delta;");    // as files have it
  EXPECT_EQ(methods({.sort = {"coverage"}}), "2-4-1 delta;2-1 delta;2-1 hc3;2-4-1 hc3;");
  EXPECT_EQ(methods({.sort = {"-coverage"}}), "2-1 hc3;2-1 delta;2-4-1 delta;2-4-1 hc3;");
  EXPECT_EQ(methods({.sort = {"method", "-width"}}), "2-1 delta;2-4-1 delta;2-1 hc3;2-4-1 hc3;");
}

TEST(TableView, ShowsTheColumnsThatAreWantedInTheirOrder) {
  const RowTable shown =
      in_view(study(), {.columns = {"width", "coverage", "coverage_se"}, .where = {"method=delta"}});
  EXPECT_EQ(text_of(shown, "csv"),
            "width,coverage,coverage_se,status,reason\n0.5,0.948,0.003,ok,\n0.25,0.9,0.003,ok,\n");
  const RowTable with_error = in_view(study(), {.columns = {"P", "coverage"}, .where = {"method=delta"}});
  EXPECT_EQ(text_of(with_error, "csv"),
            "n_params,coverage,coverage_se,status,reason\n3,0.948,0.003,ok,\n17,0.9,0.003,ok,\n");
  EXPECT_NE(text(with_error).find("0.9480 +- 0.0030"), std::string::npos);
}

TEST(TableView, SaysWhatThereIsInThePlaceOfWhatThereIsNot) {
  const auto refusal = [](const TableView& view) { return error_line([&] { in_view(study(), view); }); };
  EXPECT_EQ(refusal({.where = {"network=9-9"}}), "--where network=9-9: no row is so; network is 2-1, 2-4-1");
  EXPECT_EQ(refusal({.where = {"network"}}),
            "--where: \"network\" is no condition; write such as network=5-10-1");
  for (const TableView& view : {TableView{.columns = {"coverag"}}, TableView{.where = {"coverag=1"}},
                                TableView{.sort = {"-coverag"}}})
    EXPECT_NE(refusal(view).find("\"coverag\" is no column of this table; "), std::string::npos)
        << refusal(view);
}

TEST(FittedTable, IsAsItIsWhereItFits) {
  RowTable table = study();
  table.notes.clear();
  EXPECT_EQ(text(table, text_width(printed_table(table))), text(table));
}

// Constant details go to the heading; then what tells rows apart, what answers, and what else there is room for.
TEST(FittedTable, ShowsTheAnswersFirst) {
  EXPECT_EQ(text(study(), 60), R"(
coverage, 4 of 4 cells
in all rows: replicates 400

network   P  activation  method          coverage  verdict
----------------------------------------------------------
2-1       3  identity    delta   0.9480 +- 0.0030  nominal
          3  identity    hc3     0.9610 +- 0.0030  nominal

2-4-1    17  tanh        delta   0.9000 +- 0.0030  nominal
         17  tanh        hc3                       nominal

left out to fit 60 columns: width (--wide shows all,
    --columns chooses)
a law that takes more words than there is room for on one
    line of a narrow terminal
)");
}

TEST(FittedTable, IsNeverWiderThanTheTerminal) {
  RowTable table = study();
  table.rows[1].values[0] = std::string(10'000, 'x');
  table.notes.push_back(std::string(500, 'y'));
  table.rows[2] = {RowStatus::failed, std::string(300, 'z'), table.rows[2].values};
  for (const RowTable& shown : {study(), table})
    for (std::size_t width = 20; width < 140; ++width) {
      std::istringstream lines(text(shown, width));
      for (std::string line; std::getline(lines, line);) ASSERT_LE(line.size(), width) << line;
    }
}

// A column is left out rather than cut.
TEST(FittedTable, CutsNoColumnWhileItHasTwo) {
  for (std::size_t width = 20; width < 90; ++width)
    EXPECT_EQ(text(study(), width).find("..."), std::string::npos) << width;
}

TEST(Tables, AsJsonHaveEveryColumnAndRow) {
  const auto json = nlohmann::json::parse(text_of(study(), "json"));
  EXPECT_EQ(json["about"][0], "coverage, 4 of 4 cells");
  EXPECT_EQ(json["columns"].size(), 9u);
  EXPECT_EQ(json["columns"][5]["standard_error"], "coverage_se");
  EXPECT_EQ(json["columns"][8]["unit"], "kg");
  ASSERT_EQ(json["rows"].size(), 4u);
  EXPECT_EQ(json["rows"][0]["coverage"], 0.948);
  EXPECT_TRUE(json["rows"][3]["coverage"].is_null());
  EXPECT_EQ(json["rows"][3]["status"], "ok");
}

}  // namespace
}  // namespace jacobench::harness
