// Points of the rows of a result, in series: what the fitted laws are fitted to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/power_law.hpp"
#include "study/row.hpp"

namespace jacobench::harness {

// The rows that are ok, read by the names of their columns.
class RowsByColumn {
 public:
  RowsByColumn(const ColumnList& columns, const std::vector<Row>& rows);

  const std::vector<Row>& rows() const { return rows_; }
  std::string text(const Row& row, std::string_view column) const;
  std::optional<double> number(const Row& row, std::string_view column) const;

  // The values of these columns in this row, with the column's name before it; columns that are the same throughout
  // say nothing and are left out, but for the first.
  std::string series_name(const Row& row, const std::vector<std::string_view>& columns) const;

 private:
  const Value& value(const Row& row, std::string_view column) const;

  const ColumnList& columns_;
  std::vector<Row> rows_;
};

// Points under a name, the names in the order in which they came.
class PointSeries {
 public:
  void add(const std::string& name, Point point);
  const std::vector<std::string>& names() const { return names_; }
  const std::vector<Point>& of(const std::string& name) const { return points_.at(name); }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::vector<Point>> points_;
};

}  // namespace jacobench::harness
