// A study: an experiment with every option given its value.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "options/settings.hpp"
#include "study/experiment.hpp"

namespace jacobench::harness {

struct Study {
  std::string experiment_name;
  std::unique_ptr<Experiment> experiment;
  OptionTable options;  // bound to members of the experiment

  // The resolved config: the experiment's name under the key `experiment`, then every option with its value.
  Config config() const;

  // The same with every option at its default.
  Config defaults() const;

  // The first difference in words between configs of such studies, but for what no figure depends on.
  std::optional<std::string> difference(const Config& there, const Config& here) const;
};

// The experiment that the config file names, its options set from the file. Throws InputError where the file
// cannot be read, names no or an unknown experiment, or sets an option to what it does not allow.
Study read_study(const std::filesystem::path& config_file, std::span<const ExperimentInfo> experiments);

// The same from a config that Study::config gave. Throws InputError.
Study study_of(const Config& config, std::span<const ExperimentInfo> experiments);

// A study as it was stored with its result, perhaps by a version with other settings.
struct StoredStudy {
  Study study;
  // Every setting: what the file does not have stands at today's default, and what this version does not know, the
  // setting or its value, is the text of the file.
  Config config;
  std::vector<std::string> unknown;  // the places of the latter: "result/config.ini:4: network.hidden"
};

// Throws InputError where the file cannot be read or names no or an unknown experiment.
StoredStudy read_stored_study(const std::filesystem::path& config_file,
                              std::span<const ExperimentInfo> experiments);

}  // namespace jacobench::harness
