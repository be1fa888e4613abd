// The swept options of a study: each is an axis, declared once; the points of the study are the product of the axes.
//   struct Point { const NoiseLawInfo* noise; double noise_sd; };
//   sweep.add(table, {.key = "noise.sd", .help = "...", .column = {.name = "noise_sd", ...}}, &Point::noise_sd,
//             real_number(1e-12, 1e6), {0.1});
// A new axis is a member of the point and one such call: option, product, and the column of the rows follow.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "options/options.hpp"
#include "study/row.hpp"

namespace jacobench::harness {

// Rows of one table in its order, or enums in that of their values.
template <class T>
std::vector<T> in_table_order(std::vector<T> values) {
  std::sort(values.begin(), values.end(), std::less<T>());
  return values;
}

// How an axis is listed in configs and tells points apart in rows.
struct AxisInfo {
  std::string key, help;        // of its option, which is a list
  Column column = {};           // without a name: none, as where the value alone does not say it
  bool in_table_order = false;  // its values run in the order of their table, however they are listed
  std::string just_outside =
      {};  // key of an earlier axis that this one goes around; otherwise it is the innermost
};

template <class Point>
class Sweep {
 public:
  using Entry = typename RowSchema<Point>::Entry;

  Sweep() = default;
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  // The axis has its values from a new option of this table, `values` unless it is set. Its column has a number as it
  // is, and anything else as the option is written.
  template <class T>
  void add(OptionTable& table, const AxisInfo& info, T Point::*member, const ValueFormat<T>& format,
           std::vector<T> values) {
    const auto listed = std::make_shared<std::vector<T>>(std::move(values));
    table.add(info.key, info.help, *listed, list_of(format));
    Axis axis{info.key, {}, {}};
    if constexpr (std::is_pointer_v<T> || std::totally_ordered<T>) {
      axis.extend = extension(member, [listed, sorts = info.in_table_order] {
        return sorts ? in_table_order(*listed) : *listed;
      });
    } else {
      JB_EXPECT(!info.in_table_order, "{}: its values have no order", info.key);
      axis.extend = extension(member, [listed] { return *listed; });
    }
    Column column = info.column;
    if (column.meaning.empty()) column.meaning = info.help;
    if (!column.name.empty())
      axis.columns.push_back(Entry(std::move(column), [member, format](const Point& point) {
        if constexpr (std::is_arithmetic_v<T>)
          return to_value(point.*member);
        else
          return to_value(format.write(point.*member));
      }));
    auto outside = axes_.end();
    if (!info.just_outside.empty()) {
      outside = std::find_if(axes_.begin(), axes_.end(),
                             [&](const Axis& other) { return other.key == info.just_outside; });
      JB_EXPECT(outside != axes_.end(), "{}: no axis {}", info.key, info.just_outside);
    }
    axes_.insert(outside, std::move(axis));
  }

  // An axis, the innermost so far, whose values are made when points are asked for; with its columns.
  template <class T>
  void add(T Point::*member, std::function<std::vector<T>()> values, std::vector<Entry> columns) {
    axes_.push_back({{}, extension(member, std::move(values)), std::move(columns)});
  }

  // A column that follows from the point, behind those of the innermost axis.
  void add_column(Entry column) { axes_.back().columns.push_back(std::move(column)); }

  // The innermost axis runs fastest.
  std::vector<Point> points() const {
    std::vector<Point> points(1);
    for (const Axis& axis : axes_) {
      std::vector<Point> longer;
      for (const Point& point : points) axis.extend(point, longer);
      points = std::move(longer);
    }
    return points;
  }

  // The different values of a member of the points, as they come.
  template <class T>
  std::vector<T> values(T Point::*member) const {
    std::vector<T> values;
    for (const Point& point : points())
      if (std::find(values.begin(), values.end(), point.*member) == values.end())
        values.push_back(point.*member);
    return values;
  }

  // Of all axes, the outermost first.
  std::vector<Entry> columns() const {
    std::vector<Entry> columns;
    for (const Axis& axis : axes_) columns.insert(columns.end(), axis.columns.begin(), axis.columns.end());
    return columns;
  }

 private:
  // Appends the point with each value of an axis.
  using Extend = std::function<void(const Point&, std::vector<Point>&)>;
  struct Axis {
    std::string key;
    Extend extend;
    std::vector<Entry> columns;
  };

  template <class T, class Values>
  static Extend extension(T Point::*member, Values values) {
    return [member, values](const Point& point, std::vector<Point>& extended) {
      for (const T& value : values()) {
        extended.push_back(point);
        extended.back().*member = value;
      }
    };
  }

  std::vector<Axis> axes_;
};

}  // namespace jacobench::harness
