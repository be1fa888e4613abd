#include "report/baseline.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "study/cell_key.hpp"
#include "study/row_json.hpp"

namespace jacobench::harness {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_name = "jacobench-baseline";
constexpr int format_version = 1;

bool is_figure(ColumnRole role) {
  return role == ColumnRole::promise || role == ColumnRole::gated || role == ColumnRole::estimate ||
         role == ColumnRole::measure || role == ColumnRole::through_blas;
}

Json to_json(const BaselineCell& cell) {
  Json json = Json::object();
  if (cell.status != RowStatus::ok) json["status"] = name_of(cell.status);
  for (const auto& [column, value] : cell.figures) json[column] = value_to_json(value);
  return json;
}

BaselineCell cell_from_json(const std::string& key, const Json& json) {
  if (!json.is_object()) throw InputError("is not an object");
  BaselineCell cell{key, RowStatus::ok, {}};
  for (const auto& [column, value] : json.items()) {
    if (column != "status") {
      cell.figures.emplace_back(column, value_from_json(value));
      continue;
    }
    const auto status = value.is_string() ? row_status_named(value.get<std::string>()) : std::nullopt;
    if (!status) throw InputError("has no valid status");
    cell.status = *status;
  }
  return cell;
}

Baseline from_json(const Json& json, const std::string& file) {
  const bool has_format = json.is_object() && json.contains("format") && json["format"] == format_name;
  if (!has_format) throw InputError("{}: is not a baseline of jacobench", file);
  if (!json.contains("version") || json["version"] != format_version)
    throw InputError("{}: is a baseline of another version, want {}", file, format_version);
  const bool is_complete = json.contains("config") && json["config"].is_object() && json.contains("cells") &&
                           json["cells"].is_object();
  if (!is_complete) throw InputError("{}: has no config or no cells", file);

  Baseline baseline;
  for (const auto& [key, value] : json["config"].items()) {
    if (!value.is_string()) throw InputError("{}: config: {}: is not a string", file, key);
    baseline.config.push_back({key, value.get<std::string>()});
  }
  for (const auto& [key, value] : json["cells"].items()) {
    try {
      baseline.cells.push_back(cell_from_json(key, value));
    } catch (const InputError& problem) {
      throw InputError("{}: cell {}: {}", file, key, problem.what());
    }
  }
  return baseline;
}

}  // namespace

std::optional<Value> BaselineCell::figure(const std::string& column) const {
  for (const auto& [name, value] : figures)
    if (name == column) return value;
  return std::nullopt;
}

std::set<std::string> Baseline::columns_with_figures() const {
  std::set<std::string> columns;
  for (const BaselineCell& cell : cells)
    for (const auto& [column, value] : cell.figures) columns.insert(column);
  return columns;
}

ColumnList Baseline::columns_in_keys(ColumnList columns) const {
  for (Column& column : columns) {
    const auto is_named = [&, word = column.name + "="](const BaselineCell& cell) {
      return cell.key.starts_with(word) || cell.key.find(" " + word) != std::string::npos;
    };
    if (column.role == ColumnRole::identity && std::none_of(cells.begin(), cells.end(), is_named))
      column.role = ColumnRole::unknown;
  }
  return columns;
}

const BaselineCell* Baseline::find(const std::string& key) const {
  const auto cell = std::find_if(cells.begin(), cells.end(),
                                 [&](const BaselineCell& candidate) { return candidate.key == key; });
  return cell == cells.end() ? nullptr : &*cell;
}

Baseline baseline_of(const StoredResult& result) {
  const ColumnList& columns = result.columns();
  Baseline baseline{result.config, {}};
  for (const Row& row : rows_of_cells(result)) {
    BaselineCell cell{cell_key(columns, row), row.status, {}};
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (is_figure(columns[i].role) && !std::holds_alternative<std::monostate>(row.values[i]))
        cell.figures.emplace_back(columns[i].name, row.values[i]);
    baseline.cells.push_back(std::move(cell));
  }
  return baseline;
}

Baseline read_baseline(const std::filesystem::path& file) {
  constexpr bool allow_exceptions = false;
  const Json json = Json::parse(read_text_file(file), nullptr, allow_exceptions);
  if (json.is_discarded()) throw InputError("{}: is not JSON", file.string());
  return from_json(json, file.string());
}

std::string to_baseline_text(const Baseline& baseline) {
  Json config = Json::object();
  for (const ConfigEntry& entry : baseline.config) config[entry.key] = entry.value;
  Json cells = Json::object();
  for (const BaselineCell& cell : baseline.cells) cells[cell.key] = to_json(cell);
  const Json json = {
      {"format", format_name}, {"version", format_version}, {"config", config}, {"cells", cells}};
  return json.dump(2) + '\n';
}

}  // namespace jacobench::harness
