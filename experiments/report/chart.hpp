// A figure filled in with the rows of a table: panels with points, lines and bands at their places along the axes, and
// words for people. Nothing is laid out yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "study/figure.hpp"
#include "study/row.hpp"

namespace jacobench::harness {

struct Span {
  double low, high;
};

// A place along a logarithmic axis is log10 of the value; along one of digits, -log10; along signed_log, log10 of the
// magnitude over the least, with the sign of the value; of `each`, a whole number near which rows with the same value
// stand.
struct ChartAxis {
  std::string title = {};
  Scale scale = Scale::linear;
  Span range = {0, 1};
  std::vector<std::string> places = {};  // of `each`, from 0
  double least = 0;                      // of signed_log
};

// Colours and shapes are numbers, in the order of the legend; no colour is that of the text.
using Colour = std::optional<std::size_t>;

struct ChartPoint {
  double x, y;
  std::optional<Span> x_bounds, y_bounds, expected;
  Colour colour;
  std::size_t shape = 0;
  bool has_ring = false;
  std::string tip;  // the cell and exact values, a line each
};

struct ChartLine {
  std::vector<Point> points;
  Colour colour;
  bool dashed = false;
  std::string tip;
};

struct ChartBand {
  struct Edge {
    double x, low, high;
  };
  std::vector<Edge> edges;
  Colour colour;
};

struct ChartRule {
  double at;
  bool on_x;
};

struct Panel {
  std::string title = {};
  ChartAxis x, y;
  std::vector<ChartBand> bands = {};
  std::vector<ChartRule> rules = {};
  std::vector<ChartLine> lines = {};
  std::vector<ChartPoint> points = {};
};

struct LegendEntry {
  enum Kind { mark, line, dashed_line, band, bar, expected, ring, rule };
  Kind kind;
  Colour colour;
  std::size_t shape = 0;
  std::string text;
};

struct Chart {
  std::string name, title, question;
  std::vector<Panel> panels;
  std::vector<LegendEntry> legend;
  std::string note;  // what is not drawn; empty where all is

  std::size_t n_marks() const;  // points and lines
};

// So many can be told apart; the next ones are the first again, with another mark.
inline constexpr std::size_t most_colours = 7;

// More panels than this are not drawn, and a note says how many there are.
inline constexpr std::size_t most_panels = 16;

// Nothing where the rows have nothing to show in it: no such columns, or one x alone. Rows that are not ok are not
// drawn.
std::optional<Chart> chart_of(const Figure& figure, const RowTable& table);

std::vector<Chart> charts_of(const std::vector<Figure>& figures, const RowTable& table);

}  // namespace jacobench::harness
