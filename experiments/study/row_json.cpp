#include "study/row_json.hpp"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"

namespace jacobench::harness {

using Json = nlohmann::ordered_json;

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
  if (json.is_null()) return std::monostate{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  const bool too_large = json.is_number_unsigned() &&
                         json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
  if (!json.is_number_integer() || too_large) throw InputError("has a value that cannot stand in a row");
  return json.get<std::int64_t>();
}

std::string row_to_json_line(const ColumnList& columns, const Row& row) {
  JB_EXPECT(row.values.size() == columns.size(), "a row of {} values, want {}", row.values.size(),
            columns.size());
  Json json = Json::object();
  for (std::size_t i = 0; i < columns.size(); ++i) json[columns[i].name] = value_to_json(row.values[i]);
  json["status"] = name_of(row.status);
  json["reason"] = row.reason;
  // Messages come from anywhere: what is not UTF-8 in them is replaced, not thrown at.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Row row_from_json(const ColumnList& columns, const Json& json) {
  if (!json.is_object()) throw InputError("is not a row");
  const auto member = [&](const std::string& name) -> const Json& {
    const auto found = json.find(name);
    if (found == json.end()) throw InputError("has no column {}", name);
    return *found;
  };
  Row row;
  for (const Column& column : columns) row.values.push_back(value_from_json(member(column.name)));
  if (json.size() != columns.size() + 2) throw InputError("has columns that this version does not know");

  const Json& status = member("status");
  const Json& reason = member("reason");
  const auto known = status.is_string() ? row_status_named(status.get<std::string>()) : std::nullopt;
  if (!known || !reason.is_string()) throw InputError("has no valid status");
  row.status = *known;
  row.reason = reason.get<std::string>();
  return row;
}

}  // namespace jacobench::harness
