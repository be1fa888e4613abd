// A column of a CSV file that the program wrote, whose other columns need not be numbers; a cell that is empty is NaN.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "jacobench/base/matrix.hpp"

namespace jacobench::testing {

inline Vector csv_column(const std::filesystem::path& file, const std::string& name) {
  std::ifstream in(file);
  std::string line;
  std::vector<std::vector<std::string>> rows;
  while (std::getline(in, line)) {
    rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  const auto& header = rows.at(0);
  const auto at = std::find(header.begin(), header.end(), name) - header.begin();
  Vector values(static_cast<Index>(rows.size()) - 1);
  for (Index i = 0; i < values.size(); ++i) {
    const std::string& cell = rows[static_cast<std::size_t>(i + 1)].at(static_cast<std::size_t>(at));
    values[i] = cell.empty() ? std::numeric_limits<double>::quiet_NaN() : std::stod(cell);
  }
  return values;
}

}  // namespace jacobench::testing
