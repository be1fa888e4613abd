#include "report/unfolded.hpp"

#include <algorithm>
#include <sstream>

namespace jacobench::harness {
namespace {

std::vector<double> numbers_in(const Value& value) {
  std::vector<double> numbers;
  if (const std::string* text = std::get_if<std::string>(&value)) {
    std::istringstream words(*text);
    for (double number = 0; words >> number;) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

RowTable unfolded(const RowTable& table, const Unfolding& unfolding) {
  RowTable rows;
  std::vector<std::size_t> kept;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (table.columns[c].role == ColumnRole::identity) {
      kept.push_back(c);
      rows.columns.push_back(table.columns[c]);
    }
  rows.columns.push_back({.name = "series", .heading = "series", .role = ColumnRole::identity});
  for (const char* name : {"place", "value", "bound"})
    rows.columns.push_back({.name = name, .heading = name, .role = ColumnRole::measure});
  const auto value_in = [&](const Row& row, const std::string& column) {
    return column.empty() ? Value() : row.values[column_index(table.columns, column)];
  };
  for (const Row& row : table.rows) {
    if (row.status != RowStatus::ok) continue;
    const std::vector<double> places = numbers_in(value_in(row, unfolding.places));
    for (const SeriesColumns& series : unfolding.series) {
      const std::vector<double> values = numbers_in(value_in(row, series.values));
      for (std::size_t i = 0; i < std::min(places.size(), values.size()); ++i) {
        Row one;
        for (const std::size_t c : kept) one.values.push_back(row.values[c]);
        one.values.insert(one.values.end(), {series.name, places[i], values[i], value_in(row, series.bound)});
        rows.rows.push_back(std::move(one));
      }
    }
  }
  return rows;
}

}  // namespace jacobench::harness
