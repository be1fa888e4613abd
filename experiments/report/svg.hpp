// The one renderer: charts as SVG. The same chart gives the same bytes.
#pragma once

#include <iosfwd>
#include <string>

#include "report/chart.hpp"

namespace jacobench::harness {

// The panel as an element <svg>, to stand in a page whose styles are chart_styles(): axes, gridlines, bands, lines, and
// the points as elements of class m, each with its tip as <title>.
std::string panel_svg(const Panel& panel, const std::string& label);

// The mark that stands before an entry of the legend, as an element <svg>.
std::string legend_svg(const LegendEntry& entry);

// Classes of colours and strokes, as CSS.
std::string chart_styles();

// The colours of a dark page, to follow those.
std::string dark_chart_styles();

// The chart as a file of its own: white ground, title, legend, and the panels in rows.
void write_svg(std::ostream& out, const Chart& chart);

}  // namespace jacobench::harness
