#include "options/settings.hpp"

#include <algorithm>
#include <sstream>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "options/message.hpp"
#include "options/quoting.hpp"

namespace jacobench::harness {
namespace {

namespace po = boost::program_options;

constexpr std::size_t max_config_bytes = 1 << 20;

// Without a comment, which begins with a # that does not stand in quotes, and the blanks around the rest.
std::string_view bare(std::string_view line) {
  const std::size_t equals = line.find('='), hash = line.find('#');
  if (hash < equals) return without_blanks_around(line.substr(0, hash));
  if (equals == std::string_view::npos) return without_blanks_around(line);
  const std::string_view value = line.substr(equals + 1);
  const std::size_t length = std::min(find_outside_quotes(value, '#'), value.size());
  return without_blanks_around(line.substr(0, equals + 1 + length));
}

bool is_section(std::string_view bare_line) { return bare_line.starts_with('[') && bare_line.ends_with(']'); }

void refuse_second(const std::vector<Setting>& settings, const Setting& setting) {
  for (const Setting& earlier : settings)
    if (earlier.key == setting.key) throw InputError("{}: is given twice; keep one", setting.where);
}

std::size_t section_length(std::string_view key) {
  const std::size_t dot = key.find('.');
  return dot == std::string_view::npos ? 0 : dot + 1;
}

[[noreturn]] void refuse_unknown_option(const std::string& key, const std::vector<OptionName>& known) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const OptionName& option : known) names.push_back("--" + option.key);
  throw InputError("--{}: is not an option here; {}", key, suggestion("--" + key, names));
}

}  // namespace

std::vector<Setting> read_config_file(const std::filesystem::path& path) {
  std::istringstream lines(read_text_file(path, max_config_bytes));
  std::vector<Setting> settings;
  std::string line, section;
  for (int number = 1; std::getline(lines, line); ++number) {
    const std::string_view text = bare(line);
    const std::string place = fmt::format("{}:{}", path.string(), number);
    if (text == "[]") throw InputError("{}: the section has no name; write such as [network]", place);
    if (is_section(text)) section = fmt::format("{}.", text.substr(1, text.size() - 2));
    if (text.empty() || is_section(text)) continue;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw InputError("{}: {} cannot be read; a line is key = value, [section] or # comment", place,
                       in_quotes(text));
    const std::string key = fmt::format("{}{}", section, without_blanks_around(text.substr(0, equals)));
    Setting setting{key, std::string(without_blanks_around(text.substr(equals + 1))),
                    fmt::format("{}: {}", place, key)};
    refuse_second(settings, setting);
    settings.push_back(std::move(setting));
  }
  return settings;
}

Config to_config(const std::vector<Setting>& settings) {
  Config config;
  for (const Setting& setting : settings) config.push_back({setting.key, setting.value});
  return config;
}

std::string to_ini(const Config& config) {
  std::vector<std::string_view> sections = {""};  // those without a section must come first in an INI file
  for (const ConfigEntry& entry : config) {
    const std::string_view section = std::string_view(entry.key).substr(0, section_length(entry.key));
    if (std::find(sections.begin(), sections.end(), section) == sections.end()) sections.push_back(section);
  }
  std::string text;
  for (const std::string_view section : sections) {
    if (!section.empty()) text += fmt::format("\n[{}]\n", section.substr(0, section.size() - 1));
    for (const ConfigEntry& entry : config) {
      const std::size_t length = section_length(entry.key);
      if (std::string_view(entry.key).substr(0, length) == section)
        text += fmt::format("{} = {}\n", entry.key.substr(length), entry.value);
    }
  }
  return text;
}

std::optional<std::string> difference(const Config& there, const Config& here, const Config& defaults) {
  for (const ConfigEntry& entry : there) {
    const auto value = value_of(here, entry.key);
    if (!value) return fmt::format("{} is {} there and not known here", entry.key, entry.value);
    if (*value != entry.value)
      return fmt::format("{} is {} there and {} here", entry.key, entry.value, *value);
  }
  for (const ConfigEntry& entry : here)
    if (!value_of(there, entry.key) && value_of(defaults, entry.key) != entry.value)
      return fmt::format("{} is {} here and not set there", entry.key, entry.value);
  return std::nullopt;
}

std::optional<std::string> value_of(const Config& config, std::string_view key) {
  for (const ConfigEntry& entry : config)
    if (entry.key == key) return entry.value;
  return std::nullopt;
}

CommandLine read_command_line(std::span<const std::string> arguments, const std::vector<OptionName>& known) {
  po::options_description description;
  for (const OptionName& option : known) {
    if (option.takes_value)
      description.add_options()(option.key.c_str(), po::value<std::string>());
    else
      description.add_options()(option.key.c_str(), "");
  }
  using namespace po::command_line_style;
  constexpr int names_in_full = allow_long | long_allow_adjacent | long_allow_next;

  CommandLine line;
  try {
    const std::vector<std::string> words(arguments.begin(), arguments.end());
    const auto parsed =
        po::command_line_parser(words).options(description).style(names_in_full).allow_unregistered().run();
    for (const po::option& option : parsed.options)
      if (option.unregistered) refuse_unknown_option(option.string_key, known);
    for (const po::option& option : parsed.options) {
      if (option.position_key >= 0) {
        line.operands.push_back(option.value.at(0));
        if (line.operands.back().starts_with('-'))
          throw InputError("{}: is not an option; options are written --key value", line.operands.back());
        continue;
      }
      Setting setting{option.string_key, option.value.empty() ? "yes" : option.value.at(0),
                      "--" + option.string_key};
      // Boost takes the next word as the value even where that is an option.
      if (setting.value.starts_with("--")) throw InputError("{}: its value is missing", setting.where);
      const auto name =
          std::find_if(known.begin(), known.end(), [&](const OptionName& n) { return n.key == setting.key; });
      if (!name->may_repeat) refuse_second(line.settings, setting);
      line.settings.push_back(std::move(setting));
    }
  } catch (const po::invalid_command_line_syntax& error) {
    const bool unwanted = error.kind() == po::invalid_syntax::extra_parameter;
    throw InputError("{}: {}", error.get_option_name(), unwanted ? "takes no value" : "its value is missing");
  }
  return line;
}

}  // namespace jacobench::harness
