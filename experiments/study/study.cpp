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

}  // namespace

Config Study::config() const {
  Config config = options.config();
  config.insert(config.begin(), {std::string(experiment_key), experiment_name});
  return config;
}

Study read_study(const std::filesystem::path& config_file, std::span<const ExperimentInfo> experiments) {
  const std::vector<Setting> settings = read_config_file(config_file);
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
  for (const Setting& setting : settings)
    if (setting.key != experiment_key) options.assign(setting);
  return {std::string(info->name), std::move(experiment), std::move(options)};
}

}  // namespace jacobench::harness
