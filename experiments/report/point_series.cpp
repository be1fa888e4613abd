#include "report/point_series.hpp"

#include <algorithm>

#include "jacobench/base/errors.hpp"

#include "options/value_text.hpp"

namespace jacobench::harness {

RowsByColumn::RowsByColumn(const ColumnList& columns, const std::vector<Row>& rows) : columns_(columns) {
  for (const Row& row : rows)
    if (row.status == RowStatus::ok) rows_.push_back(row);
}

const Value& RowsByColumn::value(const Row& row, std::string_view column) const {
  return row.values.at(column_index(columns_, column));
}

std::string RowsByColumn::text(const Row& row, std::string_view column) const {
  return exact_text(value(row, column));
}

std::optional<double> RowsByColumn::number(const Row& row, std::string_view column) const {
  return number_in(value(row, column));
}

std::string RowsByColumn::series_name(const Row& row, const std::vector<std::string_view>& columns) const {
  std::string name = text(row, columns.front());
  for (std::size_t c = 1; c < columns.size(); ++c) {
    const std::string here = text(row, columns[c]);
    const bool varies = std::any_of(rows_.begin(), rows_.end(),
                                    [&](const Row& other) { return text(other, columns[c]) != here; });
    if (varies) name += ", " + std::string(columns[c]) + " " + here;
  }
  return name;
}

void PointSeries::add(const std::string& name, Point point) {
  if (points_[name].empty()) names_.push_back(name);
  points_[name].push_back(point);
}

}  // namespace jacobench::harness
