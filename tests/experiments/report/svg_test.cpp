#include "report/svg.hpp"

#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "jacobench/files/text_file.hpp"

namespace jacobench::harness {
namespace {

Chart chart_of_everything() {
  Panel panel{.title = "a <panel>",
              .x = {.title = "P", .scale = Scale::log, .range = {0, 4}},
              .y = {.title = "error (u)", .scale = Scale::log, .range = {-16, 0}},
              .bands = {{.edges = {{1, -9, -7}, {3, -5, -3}}, .colour = 0}},
              .rules = {{-4, false}, {2, true}},
              .lines = {{.points = {{1, -8}, {3, -4}}, .colour = 0, .dashed = true, .tip = "law"}},
              .points = {}};
  for (std::size_t i = 0; i < 8; ++i) {
    const double x = 0.4 * static_cast<double>(i + 1);
    panel.points.push_back({.x = x,
                            .y = -2 * x,
                            .x_bounds = Span{x - 0.1, x + 0.1},
                            .y_bounds = Span{-1e300, -2 * x + 1},
                            .expected = Span{-2 * x - 1, -2 * x + 1},
                            .colour = i,
                            .shape = i,
                            .has_ring = i == 2,
                            .tip = "cell " + std::to_string(i) + "\n1 < 2"});
  }
  Panel words = panel;
  words.x = {.title = "network",
             .scale = Scale::each,
             .range = {-0.5, 2.5},
             .places = {"a name that takes place", "another that takes place", "one more that takes place"}};
  words.y = {.title = "digits", .scale = Scale::digits, .range = {0, 16}};
  words.rules = {};
  words.bands = {};
  words.lines = {};
  words.points = {{.x = 0, .y = 3, .x_bounds = {}, .y_bounds = {}, .expected = {}, .colour = {}, .tip = "x"}};
  return {.name = "all",
          .title = "Everything & more",
          .question = "",
          .panels = {panel, words},
          .legend = {{LegendEntry::mark, 0, 0, "a"},
                     {LegendEntry::ring, {}, 0, "best"},
                     {LegendEntry::rule, {}, 0, "limit"}},
          .note = ""};
}

std::string svg_of(const Chart& chart) {
  std::ostringstream out;
  write_svg(out, chart);
  return out.str();
}

// The bytes of a picture that was looked at. After a change of the renderer that is meant, look at the picture that the
// message names, and put it in its place.
TEST(Svg, TheSameChartGivesTheSameBytes) {
  const std::filesystem::path golden = JACOBENCH_SOURCE "/tests/experiments/report/everything.svg";
  const std::string drawn = svg_of(chart_of_everything());
  EXPECT_EQ(drawn, svg_of(chart_of_everything()));
  const std::filesystem::path made = std::filesystem::current_path() / "everything.svg";
  if (std::filesystem::exists(golden) && drawn == read_text_file(golden)) return;
  replace_text_file(made, drawn);
  FAIL() << "the picture is another one: " << made << " instead of " << golden;
}

// An axis has two numbers at least, however little it spans, and none of them is told twice.
TEST(Svg, AxesHaveNumbersThatDiffer) {
  for (const ChartAxis& axis : {ChartAxis{.scale = Scale::log, .range = {0.9, 0.91}},
                                ChartAxis{.scale = Scale::log, .range = {-0.1, 2.4}},
                                ChartAxis{.scale = Scale::log, .range = {-300, 300}},
                                ChartAxis{.scale = Scale::linear, .range = {1e6, 1e6 + 1}},
                                ChartAxis{.scale = Scale::signed_log, .range = {-10, 10}, .least = 3e-8},
                                ChartAxis{.scale = Scale::signed_log, .range = {-1.5, 2}, .least = 0.5},
                                ChartAxis{.scale = Scale::signed_log, .range = {0, 600}, .least = 1e-300}}) {
    const std::string svg = panel_svg({.title = "", .x = axis, .y = {.scale = Scale::each}}, "");
    const std::regex of_text("<text[^>]*>([^<]+)</text>");
    std::vector<std::string> numbers;
    for (std::sregex_iterator found(svg.begin(), svg.end(), of_text), end; found != end; ++found)
      numbers.push_back((*found)[1]);
    const std::set<std::string> different(numbers.begin(), numbers.end());
    EXPECT_GE(different.size(), 2u) << svg;
    EXPECT_EQ(different.size(), numbers.size()) << svg;
  }
}

TEST(Svg, TextOfDataIsNoMarkup) {
  Chart chart = chart_of_everything();
  const std::string hostile = "</title></text><script>alert(1)</script>";
  chart.title = chart.panels[0].title = chart.panels[0].x.title = chart.panels[0].points[0].tip = hostile;
  chart.legend[0].text = chart.panels[1].x.places[0] = hostile;
  const std::string svg = svg_of(chart);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_NE(svg.find("&lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos);
}

TEST(Svg, LongNamesAreCut) {
  Chart chart = chart_of_everything();
  chart.panels[1].x.places[0] = chart.panels[0].title = chart.legend[0].text = std::string(10000, 'x');
  EXPECT_LT(svg_of(chart).size(), svg_of(chart_of_everything()).size() + 1000);
}

}  // namespace
}  // namespace jacobench::harness
