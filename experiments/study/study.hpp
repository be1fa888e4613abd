// A study: an experiment with every option given its value.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "options/settings.hpp"
#include "study/experiment.hpp"

namespace jacobench::harness {

struct Study {
  std::string experiment_name;
  std::unique_ptr<Experiment> experiment;
  OptionTable options;  // bound to members of the experiment

  // The resolved config: the experiment's name under the key `experiment`, then every option with its value.
  Config config() const;
};

// The experiment that the config file names, its options set from the file. Throws InputError where the file
// cannot be read, names no or an unknown experiment, or sets an option to what it does not allow.
Study read_study(const std::filesystem::path& config_file, std::span<const ExperimentInfo> experiments);

}  // namespace jacobench::harness
