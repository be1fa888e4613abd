#include "study/derived_column.hpp"

#include <map>
#include <optional>

#include "options/value_text.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {

std::vector<Value> ratios_to_row(const ColumnList& columns, const std::vector<Row>& rows,
                                 const std::string& figure, const std::string& which,
                                 const std::string& other) {
  const std::size_t figure_column = column_index(columns, figure),
                    which_column = column_index(columns, which);
  ColumnList all_but_which = columns;
  all_but_which[which_column].role = ColumnRole::unknown;
  std::map<std::string, std::optional<double>> figure_of_other;
  for (const Row& row : rows) {
    if (row.values[which_column] != Value(other)) continue;
    const auto [entry, is_first] =
        figure_of_other.emplace(cell_key(all_but_which, row), number_in(row.values[figure_column]));
    if (!is_first) entry->second.reset();
  }
  std::vector<Value> ratios;
  for (const Row& row : rows) {
    const auto found = figure_of_other.find(cell_key(all_but_which, row));
    const auto theirs = found == figure_of_other.end() ? std::nullopt : found->second;
    const auto own = number_in(row.values[figure_column]);
    ratios.push_back(theirs && own ? to_value(*theirs / *own) : Value());
  }
  return ratios;
}

}  // namespace jacobench::harness
