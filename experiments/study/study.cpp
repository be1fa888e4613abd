#include "study/study.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"
#include "jacobench/base/names.hpp"

#include "options/message.hpp"

namespace jacobench::harness {
namespace {

constexpr std::string_view experiment_key = "experiment";

Config with_experiment(const std::string& name, Config config) {
  config.insert(config.begin(), {std::string(experiment_key), name});
  return config;
}

// The experiment that these settings of the file name, with no option set yet.
Study named_study(const std::filesystem::path& config_file, const std::vector<Setting>& settings,
                  std::span<const ExperimentInfo> experiments) {
  const auto named = std::find_if(settings.begin(), settings.end(),
                                  [](const Setting& setting) { return setting.key == experiment_key; });
  if (named == settings.end())
    throw InputError("{}: names no experiment; begin it with a line such as experiment = NAME (known: {})",
                     config_file.string(), joined(names_of(experiments), ", "));
  const auto info =
      std::find_if(experiments.begin(), experiments.end(),
                   [&](const ExperimentInfo& candidate) { return candidate.name == named->value; });
  if (info == experiments.end())
    throw InputError("{}: {} is not a known experiment; {}", named->where, in_quotes(named->value),
                     suggestion(named->value, names_of(experiments)));

  std::unique_ptr<Experiment> experiment = info->make();
  OptionTable options = experiment->options();
  return {std::string(info->name), std::move(experiment), std::move(options)};
}

Study configured_study(const std::filesystem::path& config_file, const std::vector<Setting>& settings,
                       std::span<const ExperimentInfo> experiments) {
  Study study = named_study(config_file, settings, experiments);
  for (const Setting& setting : settings)
    if (setting.key != experiment_key) study.options.assign(setting);
  return study;
}

}  // namespace

Config Study::config() const { return with_experiment(experiment_name, options.config()); }

Config Study::defaults() const { return with_experiment(experiment_name, options.defaults()); }

Study study_of(const Config& config, std::span<const ExperimentInfo> experiments) {
  std::vector<Setting> settings;
  for (const ConfigEntry& entry : config) settings.push_back({entry.key, entry.value, entry.key});
  return configured_study("the config", settings, experiments);
}

std::optional<std::string> Study::difference(const Config& there, const Config& here) const {
  return harness::difference(options.with_effect(there), options.with_effect(here), defaults());
}

Study read_study(const std::filesystem::path& config_file, std::span<const ExperimentInfo> experiments) {
  return configured_study(config_file, read_config_file(config_file), experiments);
}
StoredStudy read_stored_study(const std::filesystem::path& config_file,
                              std::span<const ExperimentInfo> experiments) {
  const std::vector<Setting> settings = read_config_file(config_file);
  StoredStudy stored{named_study(config_file, settings, experiments), {}, {}};
  Config kept;
  for (const Setting& setting : settings) {
    if (setting.key == experiment_key) continue;
    try {
      stored.study.options.assign(setting);
    } catch (const InputError&) {
      kept.push_back({setting.key, setting.value});
      stored.unknown.push_back(setting.where);
    }
  }
  stored.config = stored.study.config();
  for (ConfigEntry& entry : kept) {
    const auto same_key = std::find_if(stored.config.begin(), stored.config.end(),
                                       [&](const ConfigEntry& known) { return known.key == entry.key; });
    if (same_key != stored.config.end())
      same_key->value = entry.value;
    else
      stored.config.push_back(std::move(entry));
  }
  return stored;
}

}  // namespace jacobench::harness
