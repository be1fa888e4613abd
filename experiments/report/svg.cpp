#include "report/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <ostream>

#include <fmt/format.h>

#include "options/print.hpp"
#include "options/value_text.hpp"
#include "report/escaped.hpp"

namespace jacobench::harness {
namespace {

constexpr double panel_width = 440, panel_height = 300, font = 13, line_height = 17;
constexpr int slant = 35;  // of words below an axis that would lie over each other, in degrees
constexpr std::size_t most_characters = 50;

// Okabe and Ito (2008), Color Universal Design: told apart by all kinds of colour vision. Without their yellow, which
// does not show on white, and their black, which is the colour of the text.
struct Tone {
  const char *on_light, *on_dark;
};
constexpr std::array<Tone, most_colours> tones = {
    Tone{"#0072B2", "#56A5E0"}, {"#D55E00", "#F08038"}, {"#009E73", "#2CC295"}, {"#CC79A7", "#DE93BC"},
    {"#E69F00", "#F0B429"},     {"#56B4E9", "#8CCBF2"}, {"#6E6E6E", "#A8A8A8"}};

// A coordinate to a tenth of a pixel.
std::string at(double value) {
  const double tenths = std::round(10 * value);
  return fmt::format("{:.10g}", (tenths == 0 ? 0 : tenths) / 10);
}

double text_width(std::string_view text, double size = font) {
  return 0.57 * size * static_cast<double>(n_characters(text));
}

std::size_t characters_in(double width) { return static_cast<std::size_t>(width / (0.62 * font)); }

std::string text_element(double x, double y, std::string_view anchor, std::string_view text,
                         const std::string& attributes = "") {
  return fmt::format("<text x=\"{}\" y=\"{}\"{}{}>{}</text>\n", at(x), at(y),
                     anchor == "start" ? "" : fmt::format(" text-anchor=\"{}\"", anchor), attributes,
                     escaped(shortened(text, most_characters)));
}

std::string superscript(int number) {
  static constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = number < 0 ? "⁻" : "";
  for (const char digit : std::to_string(std::abs(number))) text += digits[digit - '0'];
  return text;
}

struct Tick {
  double place;
  std::string text;
};

// The largest of 1, 2, 5 times a power of ten of which at most so many fit into the range.
double nice_step(double range, double most) {
  const double rough = range / most, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::vector<Tick> linear_ticks(Span range, double most) {
  const double step = nice_step(range.high - range.low, most);
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  const int digits = std::max(2, static_cast<int>(std::ceil(std::log10(largest / step))) + 1);
  std::vector<Tick> ticks;
  for (double k = std::ceil(range.low / step - 1e-9); k * step <= range.high + 1e-9 * step; ++k) {
    const double value = k == 0 ? 0 : k * step;
    ticks.push_back({value, decimals > 4 || largest >= 1e6 ? (value == 0 ? "0" : rounded_text(value, digits))
                                                           : fmt::format("{:.{}f}", value, decimals)});
  }
  return ticks;
}

std::vector<Tick> log_ticks(Span range, double most) {
  const int first = static_cast<int>(std::ceil(range.low - 1e-9)),
            last = static_cast<int>(std::floor(range.high + 1e-9));
  std::vector<Tick> ticks;
  if (last - first < 2) {
    for (int power = first - 1; power <= last; ++power)
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double value = factor * std::pow(10.0, power), place = std::log10(value);
        if (place >= range.low && place <= range.high)
          ticks.push_back({place, fmt::format("{:.10g}", value)});
      }
    if (ticks.size() > 1) return ticks;
    ticks = linear_ticks({std::pow(10.0, range.low), std::pow(10.0, range.high)}, most);
    for (Tick& tick : ticks) tick.place = std::log10(tick.place);
    return ticks;
  }
  const int stride = std::max(1, static_cast<int>(std::ceil((last - first + 1) / most)));
  const bool is_plain = first >= -3 && last <= 4;
  for (int power = first; power <= last; ++power)
    if (power % stride == 0)
      ticks.push_back(
          {static_cast<double>(power),
           is_plain ? fmt::format("{:.3g}", std::pow(10.0, power)).substr(0, 6) : "10" + superscript(power)});
  if (is_plain)
    for (Tick& tick : ticks)
      tick.text =
          fmt::format("{:.{}f}", std::pow(10.0, tick.place), std::max(0, -static_cast<int>(tick.place)));
  return ticks;
}

// 0, and to both sides powers of ten.
std::vector<Tick> signed_log_ticks(const ChartAxis& axis, double most) {
  const double least = std::log10(axis.least), longest = std::max(-axis.range.low, axis.range.high);
  const int stride = std::max(1, static_cast<int>(std::ceil(longest / std::max(1.0, (most - 1) / 2))));
  std::vector<Tick> ticks{{0, "0"}};
  for (int power = static_cast<int>(std::floor(least + longest)); power - least > 0.75 * stride;
       power -= stride)
    for (const int sign : {1, -1}) {
      const double place = sign * (power - least);
      if (place >= axis.range.low && place <= axis.range.high)
        ticks.push_back({place, (sign < 0 ? "-10" : "10") + superscript(power)});
    }
  return ticks;
}

std::vector<Tick> ticks_of(const ChartAxis& axis, double most) {
  if (axis.scale == Scale::log) return log_ticks(axis.range, most);
  if (axis.scale == Scale::signed_log) return signed_log_ticks(axis, most);
  if (axis.scale != Scale::each) return linear_ticks(axis.range, most);
  std::vector<Tick> ticks;
  for (std::size_t i = 0; i < axis.places.size(); ++i)
    ticks.push_back({static_cast<double>(i), shortened(axis.places[i], 48)});
  return ticks;
}

double widest(const std::vector<Tick>& ticks) {
  double width = 0;
  for (const Tick& tick : ticks) width = std::max(width, text_width(tick.text));
  return width;
}

// To what fits into the width.
void shorten(std::vector<Tick>& ticks, double width) {
  for (Tick& tick : ticks) tick.text = shortened(tick.text, characters_in(width));
}

// The class of the colour; k is that of the text.
std::string colour_class(Colour colour) {
  return colour ? "c" + std::to_string(*colour % tones.size()) : std::string("k");
}

// One of eight shapes about (x, y); the last two are strokes.
std::string shape_path(std::size_t shape, double x, double y) {
  constexpr double r = 3.6;
  const auto path = [&](std::initializer_list<std::pair<double, double>> corners) {
    std::string d;
    for (const auto& [dx, dy] : corners) d += (d.empty() ? "M" : "L") + at(x + dx * r) + "," + at(y + dy * r);
    return d + "Z";
  };
  switch (shape % 8) {
    case 0:
      return fmt::format("M{0},{1}a{2},{2} 0 1 0 {3},0a{2},{2} 0 1 0 -{3},0Z", at(x - r), at(y), at(r),
                         at(2 * r));
    case 1:
      return path({{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}});
    case 2:
      return path({{0, -1.2}, {1.1, 0.8}, {-1.1, 0.8}});
    case 3:
      return path({{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}});
    case 4:
      return path({{0, 1.2}, {1.1, -0.8}, {-1.1, -0.8}});
    case 5:
      return path({{-0.4, -1.2},
                   {0.4, -1.2},
                   {0.4, -0.4},
                   {1.2, -0.4},
                   {1.2, 0.4},
                   {0.4, 0.4},
                   {0.4, 1.2},
                   {-0.4, 1.2},
                   {-0.4, 0.4},
                   {-1.2, 0.4},
                   {-1.2, -0.4},
                   {-0.4, -0.4}});
    case 6:
      return path({{-1.2, -0.7},
                   {-0.7, -1.2},
                   {0, -0.5},
                   {0.7, -1.2},
                   {1.2, -0.7},
                   {0.5, 0},
                   {1.2, 0.7},
                   {0.7, 1.2},
                   {0, 0.5},
                   {-0.7, 1.2},
                   {-1.2, 0.7},
                   {-0.5, 0}});
    default:
      return path({{-1.3, -0.45}, {1.3, -0.45}, {1.3, 0.45}, {-1.3, 0.45}});
  }
}

// Where a panel's axes stand within it, and what is drawn there.
class PanelDrawing {
 public:
  explicit PanelDrawing(const Panel& panel) : panel_(panel) {
    const bool is_tall = panel.y.scale == Scale::each;
    y_ticks_ = ticks_of(panel.y, 7);
    shorten(y_ticks_, 0.45 * panel_width);
    left_ = 30 + widest(y_ticks_);
    x_ticks_ = ticks_of(panel.x, std::max(2.0, (panel_width - left_) / 62));
    const double slot =
        (panel_width - left_ - right) / static_cast<double>(std::max<std::size_t>(1, x_ticks_.size()));
    is_slanted_ = panel.x.scale == Scale::each && widest(x_ticks_) > 0.95 * slot;
    // The first one ends at its place, and begins within the panel.
    if (is_slanted_) shorten(x_ticks_, std::min(150.0, (left_ + slot / 2) / std::cos(slant * 3.14159 / 180)));
    top_ = panel.title.empty() ? 10 : 28;
    bottom_ = 40 + (is_slanted_ ? 0.5 * widest(x_ticks_) : 0);
    height_ = is_tall ? top_ + bottom_ + 18 * static_cast<double>(panel.y.places.size())
                      : panel_height + (is_slanted_ ? bottom_ - 40 : 0);
  }

  double height() const { return height_; }

  std::string draw() const {
    std::string text;
    if (!panel_.title.empty())
      text +=
          text_element(left_, 17, "start",
                       shortened(panel_.title, characters_in(0.9 * (panel_width - left_))), " class=\"h\"");
    draw_axes(text);
    for (const ChartBand& band : panel_.bands) draw_band(band, text);
    for (const ChartRule& rule : panel_.rules)
      text += rule.on_x ? fmt::format("<path class=\"r\" d=\"M{0},{1}V{2}\"/>\n", at(x_of(rule.at)), at(top_),
                                      at(height_ - bottom_))
                        : fmt::format("<path class=\"r\" d=\"M{1},{0}H{2}\"/>\n", at(y_of(rule.at)),
                                      at(left_), at(panel_width - right));
    for (const ChartPoint& point : panel_.points)
      if (point.expected)
        text += fmt::format("<path class=\"e\" d=\"M{},{}V{}\"/>\n", at(x_of(point.x)),
                            at(y_of(point.expected->low)), at(y_of(point.expected->high)));
    for (const ChartLine& line : panel_.lines) draw_line(line, text);
    for (const ChartPoint& point : panel_.points) draw_point(point, text);
    return text;
  }

 private:
  static constexpr double right = 14;

  double x_of(double place) const {
    const Span& range = panel_.x.range;
    const double share = std::clamp((place - range.low) / (range.high - range.low), 0.0, 1.0);
    return left_ + share * (panel_width - left_ - right);
  }
  double y_of(double place) const {
    const Span& range = panel_.y.range;
    const double share = std::clamp((place - range.low) / (range.high - range.low), 0.0, 1.0);
    return height_ - bottom_ - share * (height_ - top_ - bottom_);
  }

  void draw_axes(std::string& text) const {
    const double base = height_ - bottom_, end = panel_width - right;
    std::string grid;
    for (const Tick& tick : y_ticks_)
      grid += fmt::format("M{},{}H{}", at(left_), at(y_of(tick.place)), at(end));
    if (panel_.x.scale == Scale::each)
      for (std::size_t i = 1; i < x_ticks_.size(); ++i)
        grid += fmt::format("M{},{}V{}", at(x_of(static_cast<double>(i) - 0.5)), at(top_), at(base));
    else
      for (const Tick& tick : x_ticks_)
        grid += fmt::format("M{},{}V{}", at(x_of(tick.place)), at(top_), at(base));
    text += fmt::format("<path class=\"g\" d=\"{}\"/>\n", grid);
    text += fmt::format("<path class=\"f\" d=\"M{},{}V{}H{}\"/>\n", at(left_), at(top_), at(base), at(end));
    for (const Tick& tick : y_ticks_)
      text += text_element(left_ - 6, y_of(tick.place) + 4.5, "end", tick.text);
    for (const Tick& tick : x_ticks_) {
      const double x = x_of(tick.place), y = base + 17;
      text += is_slanted_
                  ? text_element(x + 4, y - 3, "end", tick.text,
                                 fmt::format(" transform=\"rotate(-{} {} {})\"", slant, at(x + 4), at(y - 3)))
                  : text_element(x, y, "middle", tick.text);
    }
    text += text_element((left_ + end) / 2, height_ - 6, "middle",
                         shortened(panel_.x.title, characters_in(end - left_)));
    const double middle = (top_ + base) / 2;
    if (panel_.y.scale != Scale::each)
      text += text_element(14, middle, "middle",
                           shortened(panel_.y.title, characters_in(2 * std::min(middle, height_ - middle))),
                           fmt::format(" transform=\"rotate(-90 14 {})\"", at(middle)));
  }

  void draw_band(const ChartBand& band, std::string& text) const {
    std::string d;
    for (const ChartBand::Edge& edge : band.edges)
      d += (d.empty() ? "M" : "L") + at(x_of(edge.x)) + "," + at(y_of(edge.high));
    for (auto edge = band.edges.rbegin(); edge != band.edges.rend(); ++edge)
      d += "L" + at(x_of(edge->x)) + "," + at(y_of(edge->low));
    text += fmt::format("<path class=\"b {}\" d=\"{}Z\"/>\n", colour_class(band.colour), d);
  }

  void draw_line(const ChartLine& line, std::string& text) const {
    std::string d;
    for (const Point& point : line.points)
      d += (d.empty() ? "M" : "L") + at(x_of(point.x)) + "," + at(y_of(point.y));
    text += fmt::format("<path class=\"l {}{}\" d=\"{}\">{}</path>\n", colour_class(line.colour),
                        line.dashed ? " d" : "", d,
                        line.tip.empty() ? "" : "<title>" + escaped(line.tip) + "</title>");
  }

  void draw_point(const ChartPoint& point, std::string& text) const {
    const double x = x_of(point.x), y = y_of(point.y);
    const std::string colour = colour_class(point.colour);
    if (point.y_bounds)
      text += fmt::format("<path class=\"i {}\" d=\"M{},{}V{}\"/>\n", colour, at(x),
                          at(y_of(point.y_bounds->low)), at(y_of(point.y_bounds->high)));
    if (point.x_bounds)
      text += fmt::format("<path class=\"i {}\" d=\"M{},{}H{}\"/>\n", colour, at(x_of(point.x_bounds->low)),
                          at(y), at(x_of(point.x_bounds->high)));
    if (point.has_ring)
      text += fmt::format("<circle class=\"o\" cx=\"{}\" cy=\"{}\" r=\"7\"/>\n", at(x), at(y));
    text += fmt::format("<path class=\"m {}\" d=\"{}\"><title>{}</title></path>\n", colour,
                        shape_path(point.shape, x, y), escaped(point.tip));
  }

  const Panel& panel_;
  std::vector<Tick> x_ticks_, y_ticks_;
  double left_, top_, bottom_, height_;
  bool is_slanted_;
};

constexpr double key_width = 26;

std::string legend_mark(const LegendEntry& entry) {
  const std::string colour = colour_class(entry.colour);
  switch (entry.kind) {
    case LegendEntry::mark:
      return fmt::format("<path class=\"m {}\" d=\"{}\"/>", colour, shape_path(entry.shape, 12, 8));
    case LegendEntry::line:
      return fmt::format("<path class=\"l {}\" d=\"M2,8H22\"/>", colour);
    case LegendEntry::dashed_line:
      return fmt::format("<path class=\"l d {}\" d=\"M2,8H22\"/>", colour);
    case LegendEntry::band:
      return fmt::format("<path class=\"b {}\" d=\"M2,2H22V14H2Z\"/>", colour);
    case LegendEntry::bar:
      return fmt::format("<path class=\"i {}\" d=\"M12,1V15\"/>", colour);
    case LegendEntry::expected:
      return "<path class=\"e\" d=\"M12,1V15\"/>";
    case LegendEntry::ring:
      return "<circle class=\"o\" cx=\"12\" cy=\"8\" r=\"6\"/>";
    case LegendEntry::rule:
      return "<path class=\"r\" d=\"M2,8H22\"/>";
  }
  return {};
}

}  // namespace

std::string panel_svg(const Panel& panel, const std::string& label) {
  const PanelDrawing drawing(panel);
  return fmt::format("<svg class=\"panel\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
                     at(panel_width), at(drawing.height()), escaped(shortened(label, 200)), drawing.draw());
}

std::string legend_svg(const LegendEntry& entry) {
  return "<svg class=\"key\" viewBox=\"0 0 24 16\" aria-hidden=\"true\">" + legend_mark(entry) + "</svg>";
}

std::string chart_styles() {
  std::string styles = R"(
svg text { font: 13px Helvetica, Arial, "DejaVu Sans", sans-serif; fill: #1a1a1a; unicode-bidi: isolate }
svg .h { font-weight: bold }
.k { color: #1a1a1a }
.g { stroke: #e4e4e4; fill: none } .f { stroke: #777777; fill: none }
.r { stroke: #555555; fill: none; stroke-dasharray: 2 3; stroke-width: 1.3 }
.e { stroke: #999999; stroke-opacity: .45; stroke-width: 6; fill: none }
.o { stroke: #1a1a1a; fill: none; stroke-width: 1.4 }
.b { fill: currentColor; fill-opacity: .16; stroke: none }
.l { stroke: currentColor; fill: none; stroke-width: 1.8 } .d { stroke-dasharray: 6 4; stroke-width: 1.4 }
.i { stroke: currentColor; fill: none; stroke-width: 1.4 }
.m { fill: currentColor; stroke: #ffffff; stroke-width: .6 }
)";
  for (std::size_t c = 0; c < tones.size(); ++c)
    styles += fmt::format(".c{} {{ color: {} }}\n", c, tones[c].on_light);
  return styles;
}

std::string dark_chart_styles() {
  std::string styles =
      "svg text { fill: #e8e8e8 } .k { color: #e8e8e8 } .g { stroke: #383838 } .f { stroke: #909090 }\n"
      ".b { fill-opacity: .3 } .r { stroke: #b0b0b0 } .o { stroke: #e8e8e8 } .m { stroke: #161616 }\n";
  for (std::size_t c = 0; c < tones.size(); ++c)
    styles += fmt::format(".c{} {{ color: {} }}\n", c, tones[c].on_dark);
  return styles;
}

void write_svg(std::ostream& out, const Chart& chart) {
  const std::size_t n = chart.panels.size(), per_row = n == 1 ? 1 : n <= 4 ? 2 : 3;
  const double width = static_cast<double>(per_row) * panel_width;
  std::string body;
  double y = 24;
  body += text_element(10, y, "start", chart.title, " class=\"h\"");
  y += 10;
  double x = 10;
  for (const LegendEntry& entry : chart.legend) {
    const std::string text = shortened(entry.text, most_characters);
    const double wide = key_width + text_width(text) + 18;
    if (x > 10 && x + wide > width) {
      x = 10;
      y += line_height;
    }
    body += fmt::format("<g transform=\"translate({} {})\">{}</g>\n", at(x), at(y), legend_mark(entry));
    body += text_element(x + key_width, y + 12.5, "start", text);
    x += wide;
  }
  if (!chart.legend.empty()) y += line_height + 4;
  for (std::size_t first = 0; first < n; first += per_row) {
    double tallest = 0;
    for (std::size_t i = first; i < std::min(n, first + per_row); ++i) {
      const PanelDrawing drawing(chart.panels[i]);
      body += fmt::format("<g transform=\"translate({} {})\">\n{}</g>\n",
                          at(static_cast<double>(i - first) * panel_width), at(y), drawing.draw());
      tallest = std::max(tallest, drawing.height());
    }
    y += tallest + 8;
  }
  print(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n"
        "<style>{2}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{3}</svg>\n",
        at(width), at(y), chart_styles(), body);
}

}  // namespace jacobench::harness
