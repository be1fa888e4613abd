#include "report/chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"

#include "options/value_text.hpp"
#include "report/unfolded.hpp"

namespace jacobench::harness {
namespace {

// Where a bound that has no place along the axis stands: beyond its end.
constexpr double beyond = 1e300;

std::optional<double> place_of_number(const Axis& axis, double value) {
  switch (axis.scale) {
    case Scale::linear:
      return value;
    case Scale::log:
      return value > 0 ? std::optional(std::log10(value)) : std::nullopt;
    case Scale::digits:
      return -std::log10(std::max(value, std::numeric_limits<double>::epsilon() / 2));
    case Scale::signed_log:
      return std::copysign(std::max(0.0, std::log10(std::abs(value) / axis.least)), value);
    case Scale::each:
      break;
  }
  return {};
}

std::string words_for(const Column& column) {
  return column.heading.empty() || column.heading.front() == '/' ? column.name : column.heading;
}

std::string title_of(const Axis& axis, const Column& column) {
  if (!axis.title.empty()) return axis.title;
  return words_for(column) + (column.unit.empty() ? "" : " (" + column.unit + ")");
}

// What people call the value beside those of other columns: what begins with a digit needs the name of its column.
std::string named(const Column& column, const Value& value) {
  const std::string* word = std::get_if<std::string>(&value);
  const bool is_word = word && !word->empty() && (word->front() < '0' || word->front() > '9');
  const std::string text = is_null(value) ? "none" : exact_text_for_people(value);
  return is_word ? text : words_for(column) + " " + text;
}

// Numbers in the order of what they stand for, each once.
class Numbered {
 public:
  std::size_t of(const std::string& name) {
    const auto [place, is_new] = numbers_.try_emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    return place->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> names_;
};

class ChartMaker {
 public:
  ChartMaker(const Figure& figure, const RowTable& table) : figure_(figure), columns_(table.columns) {
    for (const Row& row : table.rows)
      if (row.status == RowStatus::ok) rows_.push_back(&row);
  }

  std::optional<Chart> make() {
    if (!has_columns()) return {};
    std::erase_if(rows_, [&](const Row* row) { return !is_drawn(*row); });
    if (largest_series() < figure_.least_values) return {};
    if (figure_.from_same_place == FromSamePlace::least_y) keep_least();
    if (rows_.empty() || (figure_.y.scale != Scale::each && n_values(figure_.x.column) < 2)) return {};
    chart_.name = figure_.name;
    chart_.title = figure_.title;
    chart_.question = figure_.question;
    colours_ = varying(figure_.colours);
    panels_ = varying(figure_.panels);
    settle_shapes();
    for (const Column& column : columns_)
      if (column.role == ColumnRole::identity && n_values(column.name) > 1) identity_.push_back(column.name);
    settle_places(figure_.x, x_places_);
    settle_places(figure_.y, y_places_);
    add_panels();
    settle_ranges();
    if (has_cut_band_)
      chart_.note += (chart_.note.empty() ? "" : "; ") +
                     std::string("a band that runs along the edge of its panel is wider than the panel");
    add_legend();
    return std::move(chart_);
  }

 private:
  std::optional<std::size_t> find(const std::string& name) const {
    const auto found = std::find_if(columns_.begin(), columns_.end(),
                                    [&](const Column& column) { return column.name == name; });
    if (found == columns_.end()) return {};
    return static_cast<std::size_t>(found - columns_.begin());
  }

  const Value& value(const Row& row, const std::string& name) const {
    static const Value none;
    const auto column = find(name);
    return column ? row.values[*column] : none;
  }

  std::optional<double> number(const Row& row, const std::string& name) const {
    return number_in(value(row, name));
  }

  bool has_columns() const {
    return find(figure_.x.column) && (find(figure_.y.column) || !figure_.layers.front().y.empty());
  }

  const std::string& y_of(const FigureLayer& layer) const {
    return layer.y.empty() ? figure_.y.column : layer.y;
  }

  static bool passes(const RowFilter& filter, const Value& value) {
    if (filter.column.empty()) return true;
    if (is_null(value)) return false;
    return filter.values.empty() ||
           std::find(filter.values.begin(), filter.values.end(), exact_text(value)) != filter.values.end();
  }

  bool is_drawn(const Row& row, const FigureLayer& layer) const {
    return passes(layer.where, value(row, layer.where.column)) && x_value(row) && y_value(row, y_of(layer));
  }

  // Where a row has no value a line ends: such rows belong to the figure too.
  bool is_drawn(const Row& row) const {
    return std::any_of(figure_.layers.begin(), figure_.layers.end(), [&](const FigureLayer& layer) {
      if (layer.mark != Mark::line) return is_drawn(row, layer);
      return passes(layer.where, value(row, layer.where.column)) && x_value(row).has_value();
    });
  }

  // The place along the axis, without what sets rows with one value apart.
  std::optional<double> place(const Axis& axis, const Value& value,
                              const std::map<std::string, double>& places) const {
    if (axis.scale != Scale::each) {
      const auto found = number_in(value);
      return found ? place_of_number(axis, *found) : std::nullopt;
    }
    if (is_null(value)) return {};
    const auto found = places.find(exact_text(value));
    return found == places.end() ? 0 : found->second;
  }
  std::optional<double> x_value(const Row& row) const {
    return place(figure_.x, value(row, figure_.x.column), x_places_);
  }
  std::optional<double> y_value(const Row& row, const std::string& column) const {
    return place(figure_.y, value(row, column), y_places_);
  }

  // The columns whose values tell series apart.
  std::vector<std::string> columns_of_series() const {
    std::vector<std::string> names = figure_.colours;
    names.insert(names.end(), figure_.panels.begin(), figure_.panels.end());
    names.push_back(figure_.shapes);
    std::erase_if(names, [&](const std::string& name) { return !find(name); });
    return names;
  }

  // The most different values of x that rows of one series have.
  std::size_t largest_series() const {
    std::vector<std::string> groups = columns_of_series();
    std::erase(groups, figure_.x.column);
    std::map<std::string, std::set<std::string>> values;
    std::size_t most = 0;
    for (const Row* row : rows_) {
      std::set<std::string>& own = values[key(*row, groups)];
      own.insert(exact_text(value(*row, figure_.x.column)));
      most = std::max(most, own.size());
    }
    return most;
  }

  std::size_t n_values(const std::string& column) const {
    std::set<std::string> values;
    for (const Row* row : rows_) values.insert(exact_text(value(*row, column)));
    return values.size();
  }

  std::vector<std::string> varying(const std::vector<std::string>& columns) const {
    std::vector<std::string> found;
    for (const std::string& column : columns)
      if (column != figure_.x.column && find(column) && n_values(column) > 1) found.push_back(column);
    return found;
  }

  // Where there are more colours than can be told apart, marks help them. What the column of the marks says is then
  // told by panels, if it says which cell a row is, or by tips alone.
  void settle_shapes() {
    const auto column = find(figure_.shapes);
    if (!column) return;
    std::set<std::string> colours;
    for (const Row* row : rows_) colours.insert(key(*row, colours_));
    if (colours.size() <= most_colours)
      shapes_ = figure_.shapes;
    else if (columns_[*column].role == ColumnRole::identity && n_values(figure_.shapes) > 1)
      panels_.push_back(figure_.shapes);
  }

  // The values of these columns, in words.
  std::string key(const Row& row, const std::vector<std::string>& columns) const {
    std::vector<std::string> words;
    words.reserve(columns.size());
    for (const std::string& name : columns) words.push_back(named(columns_[*find(name)], value(row, name)));
    return joined(words, ", ");
  }

  // The same with the name of every column: words alone say little above a panel.
  std::string panel_title(const Row& row) const {
    std::vector<std::string> words;
    for (const std::string& name : panels_)
      words.push_back(words_for(columns_[*find(name)]) + " " + exact_text_for_people(value(row, name)));
    return joined(words, ", ");
  }

  void keep_least() {
    std::vector<std::string> groups = columns_of_series();
    groups.push_back(figure_.x.column);
    std::map<std::string, const Row*> least;
    const auto y = [&](const Row* row) { return number(*row, figure_.y.column).value_or(HUGE_VAL); };
    for (const Row* row : rows_) {
      const auto [kept, is_new] = least.try_emplace(key(*row, groups), row);
      if (!is_new && y(row) < y(kept->second)) kept->second = row;
    }
    std::erase_if(rows_, [&](const Row* row) { return least.at(key(*row, groups)) != row; });
  }

  // Numbers in their order, words in that of the rows; those of a vertical axis from its top.
  void settle_places(const Axis& axis, std::map<std::string, double>& places) {
    if (axis.scale != Scale::each) return;
    std::vector<std::pair<Value, std::string>> values;
    std::set<std::string> seen;
    for (const Row* row : rows_) {
      const Value& here = value(*row, axis.column);
      if (seen.insert(exact_text(here)).second) values.emplace_back(here, exact_text_for_people(here));
    }
    if (std::all_of(values.begin(), values.end(), [](const auto& one) { return is_number(one.first); }))
      std::stable_sort(values.begin(), values.end(), [](const auto& a, const auto& b) {
        return *number_in(a.first) < *number_in(b.first);
      });
    if (&axis == &figure_.y) std::reverse(values.begin(), values.end());
    std::vector<std::string>& words = &axis == &figure_.y ? y_words_ : x_words_;
    for (const auto& [here, text] : values) {
      places[exact_text(here)] = static_cast<double>(words.size());
      words.push_back(text);
    }
  }

  std::string text_of_bounds(const std::optional<Span>& raw) const {
    return raw ? fmt::format(" ({} to {})", rounded_text(raw->low, 4), rounded_text(raw->high, 4)) : "";
  }

  std::optional<Span> raw_bounds(const Row& row, const BoundColumns& bounds, const std::string& of) const {
    if (!bounds.standard_error.empty()) {
      const auto middle = number(row, of), se = number(row, bounds.standard_error);
      if (!middle || !se) return {};
      return Span{*middle - 1.96 * *se, *middle + 1.96 * *se};
    }
    if (bounds.low.empty()) return {};
    const auto low = number(row, bounds.low), high = number(row, bounds.high);
    if (!low || !high) return {};
    return Span{*low, *high};
  }

  static std::optional<Span> placed(const std::optional<Span>& raw, const Axis& axis) {
    if (!raw) return {};
    const Span span{place_of_number(axis, raw->low).value_or(-beyond),
                    place_of_number(axis, raw->high).value_or(beyond)};
    return Span{std::min(span.low, span.high), std::max(span.low, span.high)};
  }

  std::string tip(const Row& row, const FigureLayer& layer) const {
    const std::string& y = y_of(layer);
    std::string text = key(row, identity_);
    const auto add = [&](const std::string& name, const std::optional<Span>& bounds) {
      const auto column = find(name);
      if (!column || is_null(row.values[*column])) return;
      if (std::find(identity_.begin(), identity_.end(), name) != identity_.end()) return;
      const std::string& unit = columns_[*column].unit;
      text += fmt::format("{}{} {}{}{}", text.empty() ? "" : "\n", words_for(columns_[*column]),
                          exact_text_for_people(row.values[*column]), unit.empty() ? "" : " " + unit,
                          text_of_bounds(bounds));
    };
    add(y, raw_bounds(row, layer.bounds, y));
    add(figure_.x.column, raw_bounds(row, layer.x_bounds, figure_.x.column));
    if (!figure_.shapes.empty()) add(figure_.shapes, {});
    return text;
  }

  Colour colour_of(const Row& row, const FigureLayer& layer) {
    if (layer.plain) return {};
    return colour_names_.of(colours_.empty() && layer.mark == Mark::points ? layer.label
                                                                           : key(row, colours_));
  }

  // The number of its mark, where a column tells marks apart.
  std::optional<std::size_t> shape_of(const Row& row) {
    const auto column = find(shapes_);
    if (!column) return {};
    return shape_names_.of(named(columns_[*column], row.values[*column]));
  }

  // Of the rows of one colour and mark.
  std::string series_name(const Row& row) {
    std::vector<std::string> columns = colours_;
    if (find(shapes_)) columns.push_back(shapes_);
    return key(row, columns);
  }

  void add_panels() {
    std::vector<std::pair<std::string, std::vector<const Row*>>> by_title;
    for (const Row* row : rows_) {
      const std::string title = panel_title(*row);
      auto place = std::find_if(by_title.begin(), by_title.end(),
                                [&](const auto& panel) { return panel.first == title; });
      if (place == by_title.end()) place = by_title.insert(by_title.end(), {title, {}});
      place->second.push_back(row);
    }
    // Colours and shapes in the order of all rows, whichever panels are drawn.
    for (const FigureLayer& layer : figure_.layers)
      for (const Row* row : rows_)
        if (is_drawn(*row, layer)) {
          colour_of(*row, layer);
          shape_of(*row);
        }
    if (by_title.size() > most_panels) {
      chart_.note = fmt::format("{} of {} panels are drawn; the table has the rows of all", most_panels,
                                by_title.size());
      by_title.resize(most_panels);
    }
    for (const auto& [title, rows] : by_title) add_panel(title, rows);
  }

  void add_panel(const std::string& title, const std::vector<const Row*>& rows) {
    Panel panel;
    panel.title = title;
    panel.x = {title_of(figure_.x, columns_[*find(figure_.x.column)]),
               figure_.x.scale,
               {},
               x_words_,
               figure_.x.least};
    const auto y_column = find(y_of(figure_.layers.front()));
    panel.y = {
        title_of(figure_.y, columns_[y_column.value_or(0)]), figure_.y.scale, {}, y_words_, figure_.y.least};
    for (const FigureLayer& layer : figure_.layers) add_layer(layer, rows, panel);
    for (const Rule& rule : figure_.rules) {
      std::set<double> at;
      if (rule.column.empty()) at.insert(rule.at);
      for (const Row* row : rows)
        if (const auto found = number(*row, rule.column)) at.insert(*found);
      const Axis& axis = rule.on_x ? figure_.x : figure_.y;
      for (const double one : at)
        if (const auto place = place_of_number(axis, one)) panel.rules.push_back({*place, rule.on_x});
    }
    chart_.panels.push_back(std::move(panel));
  }

  // How far from their place along an axis of `each` the rows of a layer stand, so that none hides another.
  std::map<const Row*, double> set_apart(const std::vector<const Row*>& rows, const FigureLayer& layer) {
    std::map<const Row*, double> shifts;
    if (figure_.x.scale != Scale::each) return shifts;
    std::map<double, std::vector<const Row*>> by_place;
    for (const Row* row : rows)
      if (is_drawn(*row, layer)) by_place[*x_value(*row)].push_back(row);
    for (auto& [place, here] : by_place) {
      std::stable_sort(here.begin(), here.end(), [&](const Row* a, const Row* b) {
        return colour_of(*a, layer) < colour_of(*b, layer);
      });
      for (std::size_t i = 0; i < here.size(); ++i)
        shifts[here[i]] = 0.8 * ((static_cast<double>(i) + 0.5) / static_cast<double>(here.size()) - 0.5);
    }
    return shifts;
  }

  struct Placed {
    const Row* row;
    double x;
    std::optional<double> y;
  };

  // A line and its band end where a row has no value or no bounds, and begin anew behind it.
  void add_line(const FigureLayer& layer, Colour colour, std::vector<Placed> placed_rows, Panel& panel) {
    std::stable_sort(placed_rows.begin(), placed_rows.end(),
                     [](const Placed& a, const Placed& b) { return a.x < b.x; });
    const std::string whose = series_name(*placed_rows.front().row);
    const ChartLine no_line{.points = {},
                            .colour = colour,
                            .dashed = layer.dashed,
                            .tip = whose + (whose.empty() || layer.label.empty() ? "" : ", ") + layer.label};
    ChartLine line = no_line;
    ChartBand band{.edges = {}, .colour = colour};
    const auto end_line = [&] {
      if (line.points.size() > 1) panel.lines.push_back(line);
      line = no_line;
    };
    const auto end_band = [&] {
      if (band.edges.size() > 1) panel.bands.push_back(band);
      band.edges.clear();
    };
    for (const Placed& one : placed_rows) {
      if (one.y)
        line.points.push_back({one.x, *one.y});
      else
        end_line();
      const auto bounds = placed(raw_bounds(*one.row, layer.bounds, y_of(layer)), figure_.y);
      if (bounds && layer.mark == Mark::line)
        band.edges.push_back({one.x, bounds->low, bounds->high});
      else
        end_band();
    }
    end_line();
    end_band();
  }

  void add_layer(const FigureLayer& layer, const std::vector<const Row*>& rows, Panel& panel) {
    const auto shifts = set_apart(rows, layer);
    std::map<std::pair<Colour, std::optional<std::size_t>>, std::vector<Placed>> series;
    for (const Row* row : rows) {
      if (!passes(layer.where, value(*row, layer.where.column)) || !x_value(*row)) continue;
      const auto shift = shifts.find(row);
      series[{colour_of(*row, layer), shape_of(*row)}].push_back(
          {row, *x_value(*row) + (shift == shifts.end() ? 0 : shift->second), y_value(*row, y_of(layer))});
    }
    for (auto& [style, placed_rows] : series) {
      const auto [colour, shape] = style;
      if (layer.mark != Mark::points) add_line(layer, colour, placed_rows, panel);
      std::erase_if(placed_rows, [](const Placed& one) { return !one.y; });
      if (layer.mark == Mark::line || placed_rows.empty()) continue;
      const auto least =
          std::min_element(placed_rows.begin(), placed_rows.end(), [&](const auto& a, const auto& b) {
            return number(*a.row, y_of(layer)) < number(*b.row, y_of(layer));
          });
      for (const Placed& one : placed_rows) {
        ChartPoint point{.x = one.x,
                         .y = *one.y,
                         .x_bounds = {},
                         .y_bounds = {},
                         .expected = {},
                         .colour = colour,
                         .shape = shape.value_or(colour.value_or(0)),
                         .has_ring = false,
                         .tip = {}};
        point.y_bounds = placed(raw_bounds(*one.row, layer.bounds, y_of(layer)), figure_.y);
        point.x_bounds = placed(raw_bounds(*one.row, layer.x_bounds, figure_.x.column), figure_.x);
        point.expected = placed(raw_bounds(*one.row, figure_.expected, y_of(layer)), figure_.y);
        point.has_ring = figure_.marks_least && one.row == least->row;
        point.tip = tip(*one.row, layer);
        panel.points.push_back(std::move(point));
      }
      if (&layer == &figure_.layers.front() && figure_.laws) add_laws(placed_rows, colour, layer, panel);
    }
  }

  template <class Rows>
  void add_laws(const Rows& rows, Colour colour, const FigureLayer& layer, Panel& panel) {
    std::vector<Point> points;
    for (const auto& one : rows) {
      const auto x = number(*one.row, figure_.x.column), y = number(*one.row, y_of(layer));
      if (x && y) points.push_back({*x, *y});
    }
    for (const auto& [name, law] : figure_.laws(points)) {
      constexpr int steps = 24;
      ChartLine line{.points = {}, .colour = colour, .dashed = true, .tip = {}};
      ChartBand band{.edges = {}, .colour = colour};
      for (int i = 0; i <= steps; ++i) {
        const double x = law.from * std::pow(law.to / law.from, static_cast<double>(i) / steps);
        const double y = law.at(x), wide = law.band_at(x);
        const auto at_x = place_of_number(figure_.x, x), at_y = place_of_number(figure_.y, y);
        const auto span = placed(Span{y / wide, y * wide}, figure_.y);
        line.points.push_back({*at_x, *at_y});
        band.edges.push_back({*at_x, span->low, span->high});
      }
      const std::string whose = series_name(*rows.front().row);
      line.tip = fmt::format("{}{}{}{}", whose, whose.empty() || name.empty() ? "" : ", ", name,
                             whose.empty() && name.empty() ? "" : ": ") +
                 to_text(law, words_for(columns_[*find(figure_.x.column)]));
      panel.lines.push_back(std::move(line));
      panel.bands.push_back(std::move(band));
      has_laws_ = true;
    }
  }

  static void widen(Span& range, double at) {
    if (std::abs(at) >= beyond) return;
    range = {std::min(range.low, at), std::max(range.high, at)};
  }

  Span along(const Panel& panel, bool is_x) {
    Span range{HUGE_VAL, -HUGE_VAL};
    for (const ChartPoint& point : panel.points) {
      widen(range, is_x ? point.x : point.y);
      for (const auto& bounds :
           {is_x ? point.x_bounds : point.y_bounds, is_x ? std::nullopt : point.expected})
        if (bounds) {
          widen(range, bounds->low);
          widen(range, bounds->high);
        }
    }
    const auto add_lines = [&](bool dashed) {
      for (const ChartLine& line : panel.lines)
        if (line.dashed == dashed)
          for (const Point& point : line.points) widen(range, is_x ? point.x : point.y);
    };
    add_lines(false);
    const Span marks = range;
    add_lines(true);
    for (const ChartBand& band : panel.bands)
      for (const ChartBand::Edge& edge : band.edges) {
        widen(range, is_x ? edge.x : edge.low);
        widen(range, is_x ? edge.x : edge.high);
      }
    for (const ChartRule& rule : panel.rules)
      if (rule.on_x == is_x) widen(range, rule.at);
    const double again = marks.high - marks.low;
    if (is_x || !figure_.keeps_to_marks || !(again > 0)) return range;
    if (range.low < marks.low - again || range.high > marks.high + again) has_cut_band_ = true;
    return {std::max(range.low, marks.low - again), std::min(range.high, marks.high + again)};
  }

  static Span with_margin(Span range, const Axis& axis, std::size_t n_places) {
    if (axis.scale == Scale::each) return {-0.5, static_cast<double>(n_places) - 0.5};
    const bool at_zero = axis.takes_zero && range.low >= 0;
    if (axis.takes_zero) widen(range, 0);
    if (range.low == range.high)
      return at_zero ? Span{0, range.high + 1} : Span{range.low - 0.5, range.high + 0.5};
    const double margin = 0.04 * (range.high - range.low);
    return {at_zero ? 0 : range.low - margin, range.high + margin};
  }

  void settle_ranges() {
    for (const bool is_x : {true, false}) {
      Span all{HUGE_VAL, -HUGE_VAL};
      for (const Panel& panel : chart_.panels) {
        const Span own = along(panel, is_x);
        widen(all, own.low);
        widen(all, own.high);
      }
      for (Panel& panel : chart_.panels) {
        ChartAxis& axis = is_x ? panel.x : panel.y;
        axis.range = with_margin(figure_.has_own_axes ? along(panel, is_x) : all,
                                 is_x ? figure_.x : figure_.y, axis.places.size());
      }
    }
  }

  void add_legend() {
    std::vector<LegendEntry>& legend = chart_.legend;
    const bool has_points = std::any_of(chart_.panels.begin(), chart_.panels.end(), [](const Panel& panel) {
      return std::any_of(panel.points.begin(), panel.points.end(),
                         [](const ChartPoint& point) { return point.colour.has_value(); });
    });
    const auto& colours = colour_names_.names();
    if (colours.size() > 1 || !colours_.empty())
      for (std::size_t c = 0; c < colours.size(); ++c)
        legend.push_back(
            {has_points && shapes_.empty() ? LegendEntry::mark : LegendEntry::line, c, c, colours[c]});
    const auto& shapes = shape_names_.names();
    for (std::size_t s = 0; s < shapes.size(); ++s) legend.push_back({LegendEntry::mark, {}, s, shapes[s]});
    for (const FigureLayer& layer : figure_.layers) {
      if (std::none_of(rows_.begin(), rows_.end(), [&](const Row* row) { return is_drawn(*row, layer); }))
        continue;
      const bool is_line = layer.mark == Mark::line;
      const bool is_told = std::find(colours.begin(), colours.end(), layer.label) != colours.end();
      if (!layer.label.empty() && !is_told)
        legend.push_back({!is_line       ? LegendEntry::mark
                          : layer.dashed ? LegendEntry::dashed_line
                                         : LegendEntry::line,
                          {},
                          0,
                          layer.label});
      for (const BoundColumns* bounds : {&layer.bounds, &layer.x_bounds})
        if (!bounds->label.empty())
          legend.push_back({is_line ? LegendEntry::band : LegendEntry::bar, {}, 0, bounds->label});
    }
    if (!figure_.expected.label.empty())
      legend.push_back({LegendEntry::expected, {}, 0, figure_.expected.label});
    if (has_laws_) {
      legend.push_back({LegendEntry::dashed_line, {}, 0, "fitted law"});
      legend.push_back({LegendEntry::band, {}, 0, "its 95% band"});
    }
    if (figure_.marks_least) legend.push_back({LegendEntry::ring, {}, 0, "best"});
    for (const Rule& rule : figure_.rules)
      if (!rule.label.empty()) legend.push_back({LegendEntry::rule, {}, 0, rule.label});
  }

  const Figure& figure_;
  const ColumnList& columns_;
  std::vector<const Row*> rows_;
  Chart chart_;
  std::vector<std::string> colours_, panels_, identity_;
  std::string shapes_;
  std::map<std::string, double> x_places_, y_places_;
  std::vector<std::string> x_words_, y_words_;
  Numbered colour_names_, shape_names_;
  bool has_laws_ = false, has_cut_band_ = false;
};

}  // namespace

std::size_t Chart::n_marks() const {
  std::size_t n = 0;
  for (const Panel& panel : panels) n += panel.points.size() + panel.lines.size();
  return n;
}

std::optional<Chart> chart_of(const Figure& figure, const RowTable& table) {
  if (figure.unfolding.series.empty()) return ChartMaker(figure, table).make();
  return ChartMaker(figure, unfolded(table, figure.unfolding)).make();
}

std::vector<Chart> charts_of(const std::vector<Figure>& figures, const RowTable& table) {
  std::vector<Chart> charts;
  for (const Figure& figure : figures)
    if (auto chart = chart_of(figure, table)) charts.push_back(std::move(*chart));
  return charts;
}

}  // namespace jacobench::harness
