#include "report/fit_figures.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "jacobench/files/csv.hpp"

#include "support/error_line.hpp"
#include "support/temporary_folder.hpp"

namespace jacobench::harness {
namespace {

const std::filesystem::path rat42 = JACOBENCH_SOURCE "/results/rat42";

const Chart& chart_in(const PageSection& section, const std::string& name) {
  const auto found = std::find_if(section.charts.begin(), section.charts.end(),
                                  [&](const Chart& chart) { return chart.name == name; });
  JB_EXPECT(found != section.charts.end(), "no figure {}", name);
  return *found;
}

TEST(FitFigures, DrawTheBandsOfTheFileAmongTheData) {
  const StoredFit stored = read_fit(rat42 / "fit.json");
  const PageSection section = fit_section(stored, rat42 / "bands.csv");
  const Panel& panel = chart_in(section, "bands").panels.front();
  const Matrix file = read_csv(rat42 / "bands.csv", {"growing_time", "fit", "mean_lower", "mean_upper"});
  ASSERT_EQ(static_cast<Index>(panel.bands.front().edges.size()), file.rows());
  for (Index m = 0; m < file.rows(); ++m) {
    const ChartBand::Edge& edge = panel.bands.front().edges[static_cast<std::size_t>(m)];
    EXPECT_EQ(edge.x, file(m, 0));
    EXPECT_EQ(edge.low, file(m, 2));
    EXPECT_EQ(edge.high, file(m, 3));
  }
  ASSERT_EQ(panel.points.size(), 9u);
  EXPECT_EQ(panel.points[0].x, 9);
  EXPECT_EQ(panel.points[0].y, 8.93);
}

// Of one method and one grid the bands that the page makes itself are those that `interval` wrote, up to the other grid's ends.
TEST(FitFigures, MakeBandsWhereNoneAreGiven) {
  const StoredFit stored = read_fit(rat42 / "fit.json");
  const Panel own = chart_in(fit_section(stored, {}), "bands").panels.front();
  const Panel file = chart_in(fit_section(stored, rat42 / "bands.csv"), "bands").panels.front();
  const auto &first = own.bands.front().edges.front(), &last = own.bands.front().edges.back();
  const auto &given_first = file.bands.front().edges.front(), &given_last = file.bands.front().edges.back();
  for (const auto& [a, b] : {std::pair(first, given_first), {last, given_last}}) {
    EXPECT_DOUBLE_EQ(a.x, b.x);
    EXPECT_NEAR(a.low, b.low, 1e-9 * std::abs(b.low));
    EXPECT_NEAR(a.high, b.high, 1e-9 * std::abs(b.high));
  }
}

// Leverages sum to the rank, 3; residuals to the sum of squares of the file; normal quantiles are symmetric.
TEST(FitFigures, ResidualsAreThoseOfTheFit) {
  const StoredFit stored = read_fit(rat42 / "fit.json");
  const PageSection section = fit_section(stored, {});
  double squares = 0, leverages = 0, quantiles = 0;
  for (const ChartPoint& point : chart_in(section, "residuals").panels.front().points)
    squares += point.y * point.y;
  for (const ChartPoint& point : chart_in(section, "leverage").panels.front().points) leverages += point.x;
  for (const ChartPoint& point : chart_in(section, "quantiles").panels.front().points) quantiles += point.x;
  EXPECT_NEAR(squares, stored.fit.rss(), 1e-12 * stored.fit.rss());
  EXPECT_NEAR(leverages, 3, 1e-10);
  EXPECT_NEAR(quantiles, 0, 1e-12);
}

TEST(FitFigures, RefuseAFileThatHasNoBandsOfTheFit) {
  const StoredFit stored = read_fit(rat42 / "fit.json");
  const testing::TemporaryFolder folder;
  const auto refused = [&](const std::string& contents) {
    const auto file = folder.file("bands.csv", contents);
    const std::string line = testing::error_line([&] { fit_section(stored, file); });
    return line.substr(std::min(line.size(), file.string().size()));
  };
  EXPECT_EQ(refused("a,b\n1,2\n"), ": has no column method; give a file that jacobench interval wrote");
  EXPECT_EQ(refused("method,x,output,fit\ndelta,1,y,2\n"),
            ": has not the inputs of the fit, growing_time; make it with jacobench interval");
  EXPECT_EQ(refused("method,growing_time,output,fit\ndelta,one,y,2\n"),
            ":2: column growing_time: one is no number; make the file with jacobench interval");
  EXPECT_EQ(refused("method,growing_time,output,fit\n"), ": has no bands under its header");
}

}  // namespace
}  // namespace jacobench::harness
