// Settings: keys with their values as text, each with the place it came from. They are read from INI files, in which
// a # within quotes is text (options/quoting.hpp), and from command lines (by Boost.Program_options, which is named in
// this file's source alone), and written as INI.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jacobench::harness {

struct Setting {
  std::string key;    // "seed", or with its section "network.hidden"
  std::string value;  // without the blanks around it
  std::string where;  // how a message about it begins: "quick.ini:4: network.hidden" or "--network.hidden"
};

// Settings without a place: what a config amounts to once every option has its value.
struct ConfigEntry {
  std::string key, value;
  bool operator==(const ConfigEntry&) const = default;
};
using Config = std::vector<ConfigEntry>;

// The settings of an INI file, in its order. Throws InputError where the file cannot be read, a line is
// neither a setting, a [section] nor a comment, or a key comes twice.
std::vector<Setting> read_config_file(const std::filesystem::path& path);

// The same without the places.
Config to_config(const std::vector<Setting>& settings);

// The INI text that reads back as this config: keys without a section first, then section by section.
std::string to_ini(const Config& config);

// The first difference in words, "network.hidden is 10x5 there and 20 here"; nothing where they are the same. A setting
// that only `here` has is new since `there` was written, and no difference where it stands at its default.
std::optional<std::string> difference(const Config& there, const Config& here, const Config& defaults = {});

// The value of a key; nothing where the config does not have it.
std::optional<std::string> value_of(const Config& config, std::string_view key);

// An option as a command line may name it.
struct OptionName {
  std::string key;
  bool takes_value = true;
  bool may_repeat = false;
};

struct CommandLine {
  std::vector<std::string> operands;  // arguments that belong to no option
  std::vector<Setting> settings;      // --key value or --key=value; a flag has the value "yes"
};

// Throws InputError on a name that is not known in full, a value that is missing or not wanted, an option
// that comes twice.
CommandLine read_command_line(std::span<const std::string> arguments, const std::vector<OptionName>& known);

}  // namespace jacobench::harness
