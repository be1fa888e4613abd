#include "report/fit_figures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <Eigen/LU>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "jacobench/base/random.hpp"
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

// Of one method and one grid the bands that the page makes itself are those that `interval` wrote, up to the other
// grid's ends.
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

// Two inputs and two outputs, linear in both. Each panel is an output along an input.
class PartialFigures : public ::testing::Test {
 protected:
  static constexpr Index n = 15;

  StoredFit stored(Index n_outputs) {
    RandomStream stream(3, 0, 0, RandomPurpose::noise);
    X_.resize(n, 2);
    X_.col(0) = Vector::LinSpaced(n, 1, 8);
    for (double& x : X_.col(1)) x = 100 + 10 * stream.normal();
    Y_.resize(n, n_outputs);
    for (Index k = 0; k < n_outputs; ++k)
      for (Index i = 0; i < n; ++i)
        Y_(i, k) = static_cast<double>(k + 1) * X_(i, 0) - 0.3 * X_(i, 1) + 0.2 * stream.normal();
    const Perceptron network(2, {{n_outputs, Activation::identity}});
    Z_.resize(n, 3);
    Z_ << Vector::Ones(n), X_;
    least_squares_ = (Z_.transpose() * Z_).inverse() * (Z_.transpose() * Y_);
    std::vector<std::string> outputs = {"left", "right"};
    outputs.resize(static_cast<std::size_t>(n_outputs));
    return {.fit = fit(network, {X_, Y_}, {.n_starts = 3}),
            .inputs = {"a", "b"},
            .outputs = outputs,
            .source = "some.csv"};
  }

  // The regressors at x along input d, the other at its mean.
  Vector at(Index d, double x) const {
    Vector z = Z_.colwise().mean();
    z[d + 1] = x;
    return z;
  }

  Matrix X_, Y_, Z_, least_squares_;
};

TEST_F(PartialFigures, RunAlongEachInputWithTheOtherAtItsMean) {
  const PageSection section = fit_section(stored(2), {});
  const Chart& chart = chart_in(section, "bands");
  ASSERT_EQ(chart.panels.size(), 4u);
  const Matrix residuals = Y_ - Z_ * least_squares_;
  for (Index d = 0; d < 2; ++d)
    for (Index k = 0; k < 2; ++k) {
      const Panel& panel = chart.panels[static_cast<std::size_t>(2 * d + k)];
      EXPECT_EQ(panel.title,
                fmt::format("output {}, input {}", k == 0 ? "left" : "right", d == 0 ? "a" : "b"));
      const auto curve = std::find_if(panel.lines.begin(), panel.lines.end(),
                                      [](const ChartLine& line) { return !line.colour.has_value(); });
      ASSERT_NE(curve, panel.lines.end());
      for (const Point& point : curve->points)
        EXPECT_NEAR(point.y, at(d, point.x).dot(least_squares_.col(k)), 1e-8);
      ASSERT_EQ(panel.points.size(), static_cast<std::size_t>(n));
      for (Index i = 0; i < n; ++i) {
        const ChartPoint& point = panel.points[static_cast<std::size_t>(i)];
        EXPECT_EQ(point.x, X_(i, d));
        EXPECT_NEAR(point.y, at(d, X_(i, d)).dot(least_squares_.col(k)) + residuals(i, k), 1e-8);
      }
    }
  for (const char* name : {"residuals", "quantiles", "leverage"}) {
    const Chart& of_outputs = chart_in(section, name);
    ASSERT_EQ(of_outputs.panels.size(), 2u) << name;
    EXPECT_EQ(of_outputs.panels[1].title, "output right");
    EXPECT_EQ(of_outputs.panels[1].points.size(), static_cast<std::size_t>(n));
  }
}

// Of the linear model: z'b -+ t s sqrt(z' (Z'Z)^-1 z), on n - 3 degrees of freedom.
TEST_F(PartialFigures, HaveTheBandsOfTheLinearModel) {
  const PageSection section = fit_section(stored(1), {});
  const Chart& chart = chart_in(section, "bands");
  ASSERT_EQ(chart.panels.size(), 2u);
  const double s = (Y_ - Z_ * least_squares_).norm() / std::sqrt(n - 3.0),
               t = 2.1788128296672284;  // 12 degrees
  const Matrix inverse = (Z_.transpose() * Z_).inverse();
  for (Index d = 0; d < 2; ++d) {
    const Panel& panel = chart.panels[static_cast<std::size_t>(d)];
    ASSERT_EQ(panel.bands.size(), 1u);
    for (const ChartBand::Edge& edge : panel.bands[0].edges) {
      const Vector z = at(d, edge.x);
      const double middle = z.dot(least_squares_.col(0)), half = t * s * std::sqrt(z.dot(inverse * z));
      EXPECT_NEAR(edge.low, middle - half, 1e-7);
      EXPECT_NEAR(edge.high, middle + half, 1e-7);
    }
  }
}

// In rising order, those that were not finite left out; a file that keeps three of them has these.
TEST(FitFigures, SortTheObjectivesOfTheStarts) {
  StoredFit stored = read_fit(rat42 / "fit.json");
  constexpr double none = std::numeric_limits<double>::infinity();
  stored.fit.end->starts = {
      .n_starts = 5,
      .n_failed = 1,
      .n_at_best = 2,
      .lowest = 8,
      .median = 8,
      .highest = 20,
      .outcomes = {
          {20, true, false}, {8, true, true}, {none, true, false}, {8, false, true}, {12, true, true}}};
  const auto heights = [&] {
    const PageSection section = fit_section(stored, {});
    std::vector<std::pair<double, double>> found;
    for (const ChartPoint& point : chart_in(section, "starts").panels.front().points)
      found.emplace_back(point.x, point.y);
    std::sort(found.begin(), found.end());
    return found;
  };
  EXPECT_EQ(heights(), (std::vector<std::pair<double, double>>{{1, 8}, {2, 8}, {3, 12}, {4, 20}}));
  stored.fit.end->starts.outcomes = {};
  EXPECT_EQ(heights().size(), 3u);
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
            ":2: column growing_time: 'one' is no number; make the file with jacobench interval");
  EXPECT_EQ(refused("method,growing_time,output,fit\n"), ": has no bands under its header");
}

}  // namespace
}  // namespace jacobench::harness
