#include "study/row_json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"

namespace jacobench::harness {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char *status_name = "status", *reason_name = "reason";

// Whether a value that may stand in a JSON row may stand in a Row.
bool is_value(const Json& json) {
  const bool too_large = json.is_number_unsigned() &&
                         json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  return json.is_primitive() && !json.is_binary() && !too_large;
}

Value unknown_value(const Json& json) { return is_value(json) ? value_from_json(json) : Value(json.dump()); }

}  // namespace

Json value_to_json(const Value& value) {
  struct ToJson {
    Json operator()(std::monostate) const { return nullptr; }
    Json operator()(double v) const { return std::isfinite(v) ? Json(v) : Json(nullptr); }
    Json operator()(bool v) const { return v; }
    Json operator()(std::int64_t v) const { return v; }
    Json operator()(const std::string& v) const { return v; }
  };
  return std::visit(ToJson{}, value);
}

Value value_from_json(const Json& json) {
  if (!is_value(json)) throw InputError("has a value that cannot stand in a row");
  if (json.is_null()) return std::monostate{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return json.get<std::int64_t>();
}

std::string row_to_json_line(const ColumnList& columns, const Row& row) {
  JB_EXPECT(row.values.size() == columns.size(), "a row of {} values, want {}", row.values.size(),
            columns.size());
  Json json = Json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) json[columns[i].name] = value_to_json(row.values[i]);
  json[status_name] = name_of(row.status);
  json[reason_name] = row.reason;
  // Messages come from anywhere: what is not UTF-8 in them is replaced, not thrown at.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ColumnList columns_of_stored_rows(const ColumnList& known, const std::vector<Json>& rows) {
  ColumnList columns = known;
  std::set<std::string> names = {status_name, reason_name};
  for (const Column& column : known) names.insert(column.name);
  for (const Json& row : rows)
    for (const auto& member : row.items())
      if (row.is_object() && names.insert(member.key()).second)
        columns.push_back({.name = member.key(), .role = ColumnRole::unknown});
  return columns;
}

Row row_from_json(const ColumnList& columns, const Json& json) {
  if (!json.is_object()) throw InputError("is not a row");
  Row row;
  std::size_t n_identity = 0, n_identity_lacking = 0;
  for (const Column& column : columns) {
    const auto found = json.find(column.name);
    const bool lacks_it = found == json.end();
    if (column.role != ColumnRole::unknown) row.lacking.push_back(lacks_it);
    if (lacks_it)
      row.values.emplace_back();
    else
      row.values.push_back(column.role == ColumnRole::unknown ? unknown_value(*found)
                                                              : value_from_json(*found));
    if (column.role != ColumnRole::identity) continue;
    ++n_identity;
    if (lacks_it) ++n_identity_lacking;
  }
  if (n_identity > 0 && n_identity_lacking == n_identity)
    throw InputError("does not say which cell it is of");
  if (std::find(row.lacking.begin(), row.lacking.end(), true) == row.lacking.end()) row.lacking.clear();

  const auto text = [&](const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                     : std::nullopt;
  };
  const std::optional<std::string> status = text(status_name), reason = text(reason_name);
  const auto known = status ? row_status_named(*status) : std::nullopt;
  if (!known || !reason) throw InputError("has no valid status");
  row.status = *known;
  row.reason = *reason;
  return row;
}

}  // namespace jacobench::harness
