// The options of an experiment or a command: one declaration serves the config file, the command line, --help
// and the resolved config that is stored with a result.
//   OptionTable t;
//   t.add("network.hidden", "hidden widths, bottom to top; none for no hidden layer", hidden_,
//         list_of(shape(1, 100000)));
//   t.add("seed", "seed of all random numbers", seed_, whole_number(0, 1'000'000));
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "options/settings.hpp"
#include "options/value_format.hpp"

namespace jacobench::harness {

// Each option is bound to a variable, which must outlive the table and whose value at `add` is the default.
class OptionTable {
 public:
  // Key: `name` or `section.name`, of a-z, 0-9 and _, not in the table yet.
  template <class T>
  void add(const std::string& key, const std::string& help, T& variable, ValueFormat<T> format) {
    add_entry({.key = key,
               .help = help,
               .allowed = format.allowed,
               .default_text = format.write(variable),
               .assign = [&variable, format](std::string_view text) { variable = format.parse(text); },
               .text = [&variable, format] { return format.write(variable); }});
  }

  // One that no figure depends on.
  template <class T>
  void add_without_effect(const std::string& key, const std::string& help, T& variable,
                          ValueFormat<T> format) {
    add(key, help + "; the figures do not depend on it", variable, std::move(format));
    entries_.back().has_effect = false;
  }

  // An option of the command line that may be given several times: each appends an entry.
  template <class T>
  void add_each(const std::string& key, const std::string& help, std::vector<T>& variable,
                ValueFormat<T> format) {
    add_entry(
        {.key = key,
         .help = help + " (may be given several times)",
         .allowed = format.allowed,
         .default_text = {},
         .may_repeat = true,
         .assign = [&variable, format](std::string_view text) { variable.push_back(format.parse(text)); },
         .text = [] { return std::string(); }});
  }

  // An option of the command line that takes no value: there or not.
  void add_flag(std::string key, std::string help, bool& variable);

  bool has(std::string_view key) const;
  std::vector<OptionName> names() const;

  // Gives an option its value. Throws InputError "WHERE: what is wrong; what is allowed" on an unknown key
  // (with the nearest known one) and on a value that is not allowed.
  void assign(const Setting& setting);

  // Every option with its present value, in the order of the table. Assigning them gives the same values.
  Config config() const;

  // The settings without those of this table that no figure depends on.
  Config with_effect(Config settings) const;

  // The present value of an option of this table, as config() has it.
  std::string text(std::string_view key) const;

  // The same with the value that each had at `add`.
  Config defaults() const;

  // What the option of this table is for, as it was declared.
  const std::string& meaning(std::string_view key) const;

  // For people: key, help, allowed values and default of every option.
  std::string help() const;

 private:
  struct Entry {
    std::string key, help, allowed, default_text;
    bool takes_value = true;
    bool may_repeat = false;
    bool has_effect = true;
    std::function<void(std::string_view)> assign;
    std::function<std::string()> text;
  };

  void add_entry(Entry entry);
  const Entry* find(std::string_view key) const;

  std::vector<Entry> entries_;
};

// Gives the options in these tables their values from the command line, and returns the operands.
// Throws InputError as read_command_line and OptionTable::assign do.
std::vector<std::string> assign_command_line(std::span<const std::string> arguments,
                                             const std::vector<OptionTable*>& tables);

}  // namespace jacobench::harness
