// Names of things that stand in a table: one place that finds an entry by its name and says which there are.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

namespace jacobench {

// The names in a table whose entries have a member `name`, in the table's order.
template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(std::size(table));
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

// The entry called `name`. Throws InputError, listing the known names, where there is none; `kind` says what
// was looked for, e.g. "strategy".
template <class Table>
const auto& find_by_name(const Table& table, std::string_view name, std::string_view kind) {
  for (const auto& entry : table)
    if (entry.name == name) return entry;
  throw InputError("unknown {} '{}'; known: {}", kind, name, joined(names_of(table), ", "));
}

// The name of the row whose member `id`, such as the enum that it is of, has this value.
template <class Table, class Row, class Id>
std::string name_in(const Table& table, Id Row::*id, const std::type_identity_t<Id>& value) {
  for (const auto& entry : table)
    if (entry.*id == value) return std::string(entry.name);
  JB_EXPECT(false, "a value without a name; there are {}", joined(names_of(table), ", "));
  return {};
}

}  // namespace jacobench
