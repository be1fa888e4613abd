// The toy run into a folder of a test.
#pragma once

#include <sstream>
#include <string>

#include "run/result_folder.hpp"
#include "run/runner.hpp"
#include "study/study.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_experiment.hpp"

namespace jacobench::testing {

struct ToyRun {
  explicit ToyRun(const TemporaryFolder& folder, const std::string& config = toy_config)
      : config_file(folder.file("toy.ini", config)), result(folder.path() / "result") {}

  // Each block of records is on the disk before the next one is made, unless the options say otherwise.
  harness::RunSummary run(const harness::RunOptions& options = {.seconds_unsaved = 0}) {
    harness::Study study = harness::read_study(config_file, toy_experiments());
    return harness::run_study(study, result, "jacobench run toy.ini", {.out = said}, options);
  }
  std::filesystem::path rows_file() const { return result / "rows.jsonl"; }
  harness::StoredResult stored() { return stored_in(result); }
  harness::StoredResult stored_in(const std::filesystem::path& folder) {
    return harness::read_result(folder, toy_experiments(), said);
  }

  std::filesystem::path config_file, result;
  std::ostringstream said;  // progress and warnings
};

}  // namespace jacobench::testing
