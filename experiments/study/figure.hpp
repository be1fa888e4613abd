// Figures as data: which column of a table stands on which axis, with which bounds, colours, panels and laws. A figure
// is declared beside the columns that it names; report/chart.hpp fills it in, and report/svg.hpp draws it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "study/power_law.hpp"

namespace jacobench::harness {

enum class Scale {
  linear,
  log,         // values above zero; others are not drawn
  digits,      // a relative error as its number of correct decimal digits, -log10, 15.95 at most
  signed_log,  // of the magnitude to both sides of 0, at which all below Axis::least stand
  each,        // a place for each value; rows that share one stand beside each other
};

struct Axis {
  std::string column;
  std::string title = {};  // empty: the heading of the column, with its unit
  Scale scale = Scale::linear;
  bool takes_zero = false;  // whether it begins at 0
  double least = 0;         // of signed_log, above 0
};

// Two columns that a value lies between, or one of its standard error, of which it lies 1.96 to both sides.
struct BoundColumns {
  std::string low = {}, high = {}, standard_error = {};
  std::string label = {};  // for the legend
};

// Rows that have one of these values, as exact_text, in the column.
struct RowFilter {
  std::string column;
  std::vector<std::string> values = {};  // empty: any
};

enum class Mark {
  points,
  line,   // through the points of a series, in the order of x
  steps,  // a line with its points
};

// What is drawn of the rows that pass the filter.
struct FigureLayer {
  Mark mark = Mark::points;
  std::string y = {};          // a column; empty: that of the axis
  BoundColumns bounds = {};    // of y: error bars of points, a filled band of a line
  BoundColumns x_bounds = {};  // of x, error bars
  RowFilter where = {};
  std::string label = {};  // for the legend; empty: its colours say what it is
  bool dashed = false;
  bool plain = false;  // in the colour of the text whatever the row
};

// A line across the panel: at a number, or at each value that a column has.
struct Rule {
  std::string label;
  double at = 0;
  std::string column = {};
  bool on_x = false;
};

// Of a row that has figures at many places, which its columns of role `series` hold.
struct SeriesColumns {
  std::string name;    // what it is called in the figure
  std::string values;  // a column, with as many as there are places
  std::string bound;   // a column with one number, or empty
};

// What a figure is drawn of where the rows unfold: a row a place of each series, with the columns of the identity and
// series, place, value and bound.
struct Unfolding {
  std::string places = {};  // a column
  std::vector<SeriesColumns> series = {};
};

enum class FromSamePlace {
  all,
  least_y,  // of the rows of one series at one x
};

struct NamedLaw {
  std::string name;
  PowerLaw law;
};

struct Figure {
  std::string name;      // for --figure, and a place on the page
  std::string title;     // what is seen
  std::string question;  // that it answers, and how it is read
  Unfolding unfolding = {};
  Axis x, y;
  std::vector<FigureLayer> layers = {{}};
  std::vector<std::string> colours = {},
                           panels = {};  // columns whose values tell these apart, where they vary
  // A column whose values are told apart by the mark. Rows of one panel, colour and mark are a series.
  std::string shapes = {};
  BoundColumns expected = {};  // behind each point, where it should lie
  std::vector<Rule> rules = {};
  FromSamePlace from_same_place = FromSamePlace::all;
  // Laws of the points of one series.
  std::function<std::vector<NamedLaw>(const std::vector<Point>&)> laws = {};
  // Not drawn where no series has so many different x.
  std::size_t least_values = 1;
  bool marks_least = false;   // rings the least y of each series
  bool has_own_axes = false;  // each panel, which otherwise share their ranges
  // Of y: points and plain lines are all within, bands and dashed lines as far as that much again to both sides.
  bool keeps_to_marks = false;
};

// For Figure::laws: one power law, where it is determined.
std::vector<NamedLaw> one_power_law(const std::vector<Point>& points);

}  // namespace jacobench::harness
