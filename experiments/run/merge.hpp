// Shards of a study, each run into a folder of its own, put together.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <span>
#include <vector>

#include "study/study.hpp"

namespace jacobench::harness {

// The study of these folders, which are all of its shards, each once and complete. Throws InputError where one is
// missing, there twice, unfinished, of another config, of another count or of another version than the others and this
// program; all that is wrong is named. Warns where shards were made with other libraries, whose last digits may differ.
// Cost: every record is read once, and none is kept
Study study_of_shards(const std::vector<std::filesystem::path>& folders,
                      std::span<const ExperimentInfo> experiments, std::ostream& warnings);

}  // namespace jacobench::harness
