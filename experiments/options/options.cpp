#include "options/options.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"

namespace jacobench::harness {
namespace {

bool is_key(std::string_view key) {
  const auto may_stand_in_key = [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_' || c == '.';
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), may_stand_in_key) && !key.starts_with('.') &&
         !key.ends_with('.') && std::count(key.begin(), key.end(), '.') <= 1;
}

}  // namespace

void OptionTable::add_flag(std::string key, std::string help, bool& variable) {
  add_entry({.key = std::move(key),
             .help = std::move(help),
             .allowed = {},
             .default_text = {},
             .takes_value = false,
             .assign = [&variable](std::string_view) { variable = true; },
             .text = [&variable] { return std::string(variable ? "yes" : "no"); }});
}

void OptionTable::add_entry(Entry entry) {
  JB_EXPECT(is_key(entry.key), "{} cannot be the key of an option", entry.key);
  JB_EXPECT(!has(entry.key), "option {} is declared twice", entry.key);
  entries_.push_back(std::move(entry));
}

const OptionTable::Entry* OptionTable::find(std::string_view key) const {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  return entry == entries_.end() ? nullptr : &*entry;
}

bool OptionTable::has(std::string_view key) const { return find(key) != nullptr; }

std::vector<OptionName> OptionTable::names() const {
  std::vector<OptionName> names;
  for (const Entry& entry : entries_) names.push_back({entry.key, entry.takes_value, entry.may_repeat});
  return names;
}

void OptionTable::assign(const Setting& setting) {
  const Entry* entry = find(setting.key);
  if (!entry) {
    std::vector<std::string> keys;
    for (const Entry& known : entries_) keys.push_back(known.key);
    throw InputError("{}: is not a known key; {}", setting.where, suggestion(setting.key, keys));
  }
  try {
    entry->assign(setting.value);
  } catch (const InputError& problem) {
    throw InputError("{}: {}", setting.where, problem.what());
  }
}

Config OptionTable::config() const {
  Config config;
  for (const Entry& entry : entries_) config.push_back({entry.key, entry.text()});
  return config;
}

Config OptionTable::with_effect(Config settings) const {
  std::erase_if(settings, [&](const ConfigEntry& setting) {
    const Entry* entry = find(setting.key);
    return entry && !entry->has_effect;
  });
  return settings;
}

std::string OptionTable::text(std::string_view key) const {
  const Entry* entry = find(key);
  JB_EXPECT(entry, "no option {}", key);
  return entry->text();
}

Config OptionTable::defaults() const {
  Config config;
  for (const Entry& entry : entries_) config.push_back({entry.key, entry.default_text});
  return config;
}

const std::string& OptionTable::meaning(std::string_view key) const {
  const Entry* entry = find(key);
  JB_EXPECT(entry, "no option {}", key);
  return entry->help;
}

std::string OptionTable::help() const {
  std::string text;
  for (const Entry& entry : entries_) {
    text += fmt::format("  --{}{}\n      {}\n", entry.key, entry.takes_value ? " VALUE" : "", entry.help);
    if (!entry.allowed.empty()) text += fmt::format("      allowed: {}\n", entry.allowed);
    if (!entry.default_text.empty()) text += fmt::format("      default: {}\n", entry.default_text);
  }
  return text;
}

std::vector<std::string> assign_command_line(std::span<const std::string> arguments,
                                             const std::vector<OptionTable*>& tables) {
  std::vector<OptionName> known;
  for (const OptionTable* table : tables)
    for (OptionName& name : table->names()) known.push_back(std::move(name));
  const CommandLine line = read_command_line(arguments, known);
  for (const Setting& setting : line.settings)
    for (OptionTable* table : tables)
      if (table->has(setting.key)) table->assign(setting);
  return line.operands;
}

}  // namespace jacobench::harness
