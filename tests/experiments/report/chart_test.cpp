#include "report/chart.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "options/value_text.hpp"

namespace jacobench::harness {
namespace {

const ColumnList measured_columns = {
    {.name = "method", .heading = "method", .role = ColumnRole::identity},
    {.name = "network", .heading = "network", .role = ColumnRole::identity},
    {.name = "P", .heading = "P", .role = ColumnRole::measure},
    {.name = "error", .heading = "error", .unit = "u", .role = ColumnRole::measure},
    {.name = "low", .role = ColumnRole::measure},
    {.name = "high", .role = ColumnRole::measure},
};

Row measured(const std::string& method, const std::string& network, double P, double error) {
  return {RowStatus::ok, "", {method, network, P, to_value(error), to_value(error / 2), to_value(error * 2)}};
}

RowTable two_methods() {
  return {measured_columns,
          {measured("a", "1-1", 10, 1e-3), measured("a", "1-2", 100, 1e-4), measured("a", "1-3", 1000, 1e-5),
           measured("b", "1-1", 10, 1e-16), measured("b", "1-2", 100, 0), measured("b", "1-3", 1000, NAN)}};
}

Figure error_against_P(Scale scale) {
  return {.name = "f",
          .title = "t",
          .question = "q",
          .x = {.column = "P", .scale = Scale::log},
          .y = {.column = "error", .scale = scale},
          .layers = {{.bounds = {.low = "low", .high = "high"}}},
          .colours = {"method"}};
}

TEST(Chart, PutsRowsAtTheirPlaces) {
  const auto chart = chart_of(error_against_P(Scale::log), two_methods());
  ASSERT_TRUE(chart);
  ASSERT_EQ(chart->panels.size(), 1u);
  const Panel& panel = chart->panels.front();
  ASSERT_EQ(panel.points.size(), 4u);  // neither 0 nor what is not finite has a logarithm
  EXPECT_EQ(panel.points[1].x, 2);
  EXPECT_EQ(panel.points[1].y, std::log10(1e-4));
  EXPECT_EQ(panel.points[1].y_bounds->low, std::log10(1e-4 / 2));
  EXPECT_EQ(panel.points[1].tip, "a, network 1-2\nerror 1e-4 u (5.000e-5 to 2.000e-4)\nP 100");
  EXPECT_EQ(panel.y.title, "error (u)");
  ASSERT_EQ(chart->legend.size(), 2u);
  EXPECT_EQ(chart->legend[1].text, "b");
  EXPECT_EQ(panel.points[3].colour, Colour(1));
}

TEST(Chart, DigitsEndWhereADoubleEnds) {
  const auto chart = chart_of(error_against_P(Scale::digits), two_methods());
  ASSERT_EQ(chart->panels.front().points.size(), 5u);
  EXPECT_EQ(chart->panels.front().points[0].y, 3);
  for (const std::size_t i : {3u, 4u})
    EXPECT_NEAR(chart->panels.front().points[i].y, 53 * std::log10(2), 1e-14);
}

TEST(Chart, LawsRunThroughTheirPointsWithTheirBand) {
  Figure figure = error_against_P(Scale::log);
  figure.laws = one_power_law;
  const auto chart = chart_of(figure, two_methods());
  const Panel& panel = chart->panels.front();
  ASSERT_EQ(panel.lines.size(), 1u);  // b has not three points
  EXPECT_EQ(panel.lines[0].colour, Colour(0));
  for (const Point& point : panel.lines[0].points)
    EXPECT_NEAR(point.y, -2 - point.x, 1e-12);  // error = 0.01 / P
  ASSERT_EQ(panel.bands.size(), 1u);
  for (const ChartBand::Edge& edge : panel.bands[0].edges) EXPECT_NEAR(edge.high, edge.low, 1e-9);
}

TEST(Chart, ABandIsNotDrawnWhereThereIsNone) {
  Figure figure = error_against_P(Scale::linear);
  figure.layers = {{.mark = Mark::line, .bounds = {.low = "low", .high = "high"}}};
  figure.colours = {};
  RowTable table{measured_columns, {}};
  for (int i = 1; i <= 7; ++i) table.rows.push_back(measured("a", "1-1", i, 1));
  table.rows[2].values[4] = Value();  // no lower bound at 3
  table.rows[4].values[3] = Value();  // no value at 5
  const auto chart = chart_of(figure, table);
  const Panel& panel = chart->panels.front();
  const auto ends = [](const auto& marks) { return std::pair(marks.front().x, marks.back().x); };
  ASSERT_EQ(panel.bands.size(), 2u);
  EXPECT_EQ(ends(panel.bands[0].edges), std::pair(std::log10(1.), std::log10(2.)));
  EXPECT_EQ(ends(panel.bands[1].edges), std::pair(std::log10(4.), std::log10(7.)));
  ASSERT_EQ(panel.lines.size(), 2u);
  EXPECT_EQ(ends(panel.lines[0].points), std::pair(std::log10(1.), std::log10(4.)));
  EXPECT_EQ(ends(panel.lines[1].points), std::pair(std::log10(6.), std::log10(7.)));
}

TEST(Chart, PanelsAreOfColumnsThatVaryAlone) {
  Figure figure = error_against_P(Scale::log);
  figure.panels = {"method", "network"};
  figure.colours = {};
  RowTable table = two_methods();
  for (Row& row : table.rows) row.values[1] = std::string("1-1");
  const auto chart = chart_of(figure, table);
  ASSERT_EQ(chart->panels.size(), 2u);
  EXPECT_EQ(chart->panels[0].title, "method a");
  EXPECT_EQ(chart->panels[1].title, "method b");
  EXPECT_EQ(chart->panels[0].x.range.low, chart->panels[1].x.range.low);
}

TEST(Chart, RowsAtOnePlaceStandBesideEachOther) {
  Figure figure = error_against_P(Scale::log);
  figure.x = {.column = "network", .scale = Scale::each};
  const auto chart = chart_of(figure, two_methods());
  const auto& points = chart->panels.front().points;
  EXPECT_EQ(chart->panels.front().x.places, (std::vector<std::string>{"1-1", "1-2", "1-3"}));
  EXPECT_DOUBLE_EQ(points[0].x, -0.2);  // of a
  EXPECT_DOUBLE_EQ(points[3].x, 0.2);   // of b, at the same network
  EXPECT_DOUBLE_EQ(points[1].x, 1);     // alone: the error of b is 0
}

TEST(Chart, TheLeastOfAPlaceStandsForIt) {
  Figure figure = error_against_P(Scale::log);
  figure.from_same_place = FromSamePlace::least_y;
  RowTable table = two_methods();
  table.rows.push_back(measured("a", "1-1", 10, 1e-6));
  const auto chart = chart_of(figure, table);
  std::vector<double> at_10;
  for (const ChartPoint& point : chart->panels.front().points)
    if (point.x == 1 && point.colour == Colour(0)) at_10.push_back(point.y);
  EXPECT_EQ(at_10, std::vector<double>{std::log10(1e-6)});
}

TEST(Chart, IsNotThereWhereThereIsNothingToSee) {
  RowTable table = two_methods();
  Figure of_another = error_against_P(Scale::log);
  of_another.x.column = "gone";
  EXPECT_FALSE(chart_of(of_another, table));
  for (Row& row : table.rows) row.status = RowStatus::failed;
  EXPECT_FALSE(chart_of(error_against_P(Scale::log), table));
  table = two_methods();
  for (Row& row : table.rows) row.values[2] = 10.0;
  EXPECT_FALSE(chart_of(error_against_P(Scale::log), table));
  Figure figure = error_against_P(Scale::log);
  figure.least_values = 3;
  EXPECT_TRUE(chart_of(figure, two_methods()));  // a has three, b two
  figure.least_values = 4;
  EXPECT_FALSE(chart_of(figure, two_methods()));
}

// Rows of one place, colour and panel that have another mark are another series.
TEST(Chart, MarksTellSeriesApart) {
  Figure figure = error_against_P(Scale::log);
  figure.layers = {{.mark = Mark::steps}};
  figure.laws = one_power_law;
  figure.shapes = "result";
  RowTable table = two_methods();
  table.columns.push_back({.name = "result", .heading = "result", .role = ColumnRole::identity});
  const RowTable once = table;
  table.rows.clear();
  for (const std::string name : {"old", "new"})
    for (Row row : once.rows) {
      row.values.emplace_back(name);
      if (name == "new" && row.values[3] != Value()) row.values[3] = *number_in(row.values[3]) / 10;
      table.rows.push_back(row);
    }
  const auto chart = chart_of(figure, table);
  ASSERT_EQ(chart->panels.size(), 1u);
  const Panel& panel = chart->panels.front();
  std::vector<std::pair<double, double>> ends;  // of lines of measured points: a of the old, a of the new
  for (const ChartLine& line : panel.lines)
    if (!line.dashed) ends.emplace_back(line.points.front().y, line.points.back().y);
  EXPECT_EQ(ends, (std::vector<std::pair<double, double>>{{std::log10(1e-3), std::log10(1e-5)},
                                                          {std::log10(1e-3 / 10), std::log10(1e-5 / 10)}}));
  EXPECT_EQ(
      std::count_if(panel.lines.begin(), panel.lines.end(), [](const auto& line) { return line.dashed; }), 2);
  EXPECT_NE(panel.lines.front().tip.find("a, old"), std::string::npos) << panel.lines.front().tip;
  for (const ChartPoint& point : panel.points)
    EXPECT_EQ(point.shape, point.tip.find("new") == std::string::npos ? 0u : 1u) << point.tip;
}

// With more colours than there are, marks help them: what they told is told by panels, where it says which cell a row
// is.
TEST(Chart, ManyColoursNeedTheMarks) {
  Figure figure = error_against_P(Scale::log);
  figure.shapes = "verdict";
  RowTable table{measured_columns, {}};
  table.columns.push_back({.name = "verdict", .heading = "verdict", .role = ColumnRole::measure});
  const auto add = [&](std::size_t method, double P, const char* verdict) {
    table.rows.push_back(measured("m" + std::to_string(method), "1-1", P, 1e-3));
    table.rows.back().values.emplace_back(std::string(verdict));
  };
  for (std::size_t method = 0; method <= most_colours; ++method) {
    add(method, 10, "good");
    add(method, 100, "bad");
  }
  auto chart = chart_of(figure, table);
  ASSERT_EQ(chart->panels.size(), 1u);
  std::set<std::pair<std::size_t, std::size_t>> styles;
  for (const ChartPoint& point : chart->panels[0].points)
    styles.insert({*point.colour % most_colours, point.shape % 8});
  EXPECT_EQ(styles.size(), most_colours + 1);
  table.columns.back().role = ColumnRole::identity;
  EXPECT_EQ(chart_of(figure, table)->panels.size(), 2u);
  table.rows.resize(2 * most_colours);
  chart = chart_of(figure, table);
  ASSERT_EQ(chart->panels.size(), 1u);
  for (const ChartPoint& point : chart->panels[0].points) EXPECT_EQ(point.shape, point.x == 1 ? 0u : 1u);
}

// A band of 1000 about a line from 1 to 7: the panel shows as much again as that to both sides, and says so.
TEST(Chart, AWideBandDoesNotHideTheData) {
  Figure figure = error_against_P(Scale::linear);
  figure.layers = {{.mark = Mark::line, .bounds = {.low = "low", .high = "high"}}};
  figure.colours = {};
  RowTable table{measured_columns, {}};
  for (int i = 1; i <= 7; ++i) {
    table.rows.push_back(measured("a", "1-1", i, i));
    table.rows.back().values[4] = table.rows.back().values[5] = table.rows.back().values[3];
  }
  table.rows[3].values[4] = -500.0;
  table.rows[3].values[5] = 500.0;
  EXPECT_GT(chart_of(figure, table)->panels[0].y.range.high, 500);
  figure.keeps_to_marks = true;
  const auto chart = chart_of(figure, table);
  const Span shown = chart->panels[0].y.range;
  EXPECT_NEAR(shown.low, -5 - 0.04 * 18, 1e-12);
  EXPECT_NEAR(shown.high, 13 + 0.04 * 18, 1e-12);
  EXPECT_NE(chart->note, "");
  table.rows[3].values[4] = table.rows[3].values[5] = 4.0;
  EXPECT_EQ(chart_of(figure, table)->note, "");
}

TEST(Chart, UnfoldsSeries) {
  const RowTable table{
      {{.name = "phi", .heading = "phi", .role = ColumnRole::identity},
       {.name = "at", .role = ColumnRole::series},
       {.name = "error", .role = ColumnRole::series},
       {.name = "bound", .role = ColumnRole::measure}},
      {{RowStatus::ok,
        "",
        {std::string("tanh"), std::string("-8 -1 0 1 100"), std::string("1 2 3 4 5"), 6.0}},
       {RowStatus::ok, "", {std::string("older"), Value(), Value(), Value()}},
       {RowStatus::failed, "no", {std::string("failed"), std::string("1"), std::string("1"), 1.0}}}};
  const Figure figure{.name = "f",
                      .title = "t",
                      .question = "q",
                      .unfolding = {.places = "at", .series = {{"error", "error", "bound"}}},
                      .x = {.column = "place", .scale = Scale::signed_log, .least = 2},
                      .y = {.column = "value"},
                      .layers = {{.mark = Mark::line}, {.mark = Mark::line, .y = "bound"}}};
  const auto chart = chart_of(figure, table);
  ASSERT_EQ(chart->panels.size(), 1u);
  ASSERT_EQ(chart->panels[0].lines.size(), 2u);
  const std::vector<double> places = {-std::log10(4.), 0, 0, 0, std::log10(50.)};
  const std::vector<Point>& points = chart->panels[0].lines[0].points;
  ASSERT_EQ(points.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(points[i].x, places[i], 1e-15);
    EXPECT_EQ(points[i].y, static_cast<double>(i + 1));
    EXPECT_EQ(chart->panels[0].lines[1].points[i].y, 6);
  }
}

TEST(Chart, SaysHowManyPanelsItLeavesOut) {
  Figure figure = error_against_P(Scale::log);
  figure.panels = {"network"};
  RowTable table = two_methods();
  for (int i = 0; i < 20; ++i) table.rows.push_back(measured("a", "2-" + std::to_string(i), 10 + i, 1e-3));
  const auto chart = chart_of(figure, table);
  EXPECT_EQ(chart->panels.size(), most_panels);
  EXPECT_EQ(chart->note, "16 of 23 panels are drawn; the table has the rows of all");
}

}  // namespace
}  // namespace jacobench::harness
