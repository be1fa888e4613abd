#include "run/merge.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/joined.hpp"

#include "options/print.hpp"
#include "run/manifest.hpp"
#include "run/record_file.hpp"
#include "run/result_folder.hpp"
#include "run/shard.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

namespace fs = std::filesystem;

struct ShardFolder {
  fs::path folder;
  Shard shard;
  Config config;
};

ShardFolder read_shard_folder(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw InputError("{}: is not a folder; name the folders of all shards", folder.string());
  const std::optional<Shard> shard = read_shard(folder);
  if (!shard || !fs::exists(folder / "config.ini"))
    throw InputError("{}: is not the folder of a shard (jacobench run CONFIG --shard I/N)", folder.string());
  return {folder, *shard, to_config(read_config_file(folder / "config.ini"))};
}

// What is wrong with the folders as a set; empty where nothing is.
std::vector<std::string> problems_of_set(const std::vector<ShardFolder>& shards, const Study& study) {
  std::vector<std::string> problems;
  std::map<std::int64_t, fs::path> by_number;
  for (const ShardFolder& its : shards) {
    if (its.shard.of != shards.front().shard.of)
      problems.push_back(fmt::format("{} is shard {}, and {} is shard {}", its.folder.string(),
                                     its.shard.text(), shards.front().folder.string(),
                                     shards.front().shard.text()));
    if (const auto what = study.difference(its.config, shards.front().config))
      problems.push_back(fmt::format("{} is of another config than {} ({})", its.folder.string(),
                                     shards.front().folder.string(), *what));
    const auto [first, is_new] = by_number.emplace(its.shard.number, its.folder);
    if (!is_new)
      problems.push_back(fmt::format("shard {} is there twice, in {} and {}", its.shard.text(),
                                     first->second.string(), its.folder.string()));
  }
  std::vector<std::string> missing;
  for (std::int64_t number = 1; number <= shards.front().shard.of; ++number)
    if (!by_number.contains(number)) missing.push_back(Shard{number, shards.front().shard.of}.text());
  if (!missing.empty())
    problems.push_back(fmt::format("{} {} missing", missing.size() == 1 ? "shard" : "shards",
                                   joined(missing, ", ") + (missing.size() == 1 ? " is" : " are")));
  return problems;
}

// What the shard has not done of its share; empty where that is nothing.
std::string what_is_left(const ShardFolder& its, Experiment& experiment, const std::vector<Row>& cells) {
  std::set<std::string> keys;
  for (const Row& row : rows_in(its.folder, experiment.columns()))
    keys.insert(cell_key(experiment.columns(), row));
  std::int64_t n_records = 0, n_missing = 0;
  std::size_t n_rows = 0, place = 0;
  std::vector<std::string> warnings;
  for (std::size_t first = 0, end = 0; first < cells.size(); first = end) {
    end = first + experiment.group_size(first);
    const RecordPlan plan = experiment.records_of(first);
    if (plan.size == 0) {
      if (!its.shard.has_group(place++)) continue;
      for (std::size_t i = first; i < end; ++i)
        n_rows += keys.contains(cell_key(experiment.columns(), cells[i])) ? 0 : 1;
      continue;
    }
    const auto [begin, stop] = its.shard.share_of_records(plan.number);
    std::vector<bool> is_there(static_cast<std::size_t>(stop - begin));
    read_records(
        record_file_path(its.folder, first), {cell_key(experiment.columns(), cells[first]), plan.size},
        [&, begin = begin, stop = stop](std::int64_t number, std::span<const double>) {
          if (number >= begin && number < stop) is_there[static_cast<std::size_t>(number - begin)] = true;
        },
        [&](const std::string& warning) { warnings.push_back(warning); });
    n_records += stop - begin;
    n_missing += std::count(is_there.begin(), is_there.end(), false);
  }
  std::string left;
  if (n_missing > 0) left = fmt::format("{} of its {} records are missing", n_missing, n_records);
  if (n_rows > 0) left += fmt::format("{}{} of its rows are missing", left.empty() ? "" : ", ", n_rows);
  if (left.empty()) return left;
  if (!warnings.empty()) left += fmt::format(" ({})", joined(warnings, "; "));
  return fmt::format("shard {} in {} is unfinished: {}; its own command goes on from there", its.shard.text(),
                     its.folder.string(), left);
}

std::vector<std::string> problems_of_versions(const std::vector<ShardFolder>& shards,
                                              std::ostream& warnings) {
  const ProgramRecord ours = this_program();
  std::vector<std::string> problems;
  std::set<std::string> libraries = {ours.libraries};
  for (const ShardFolder& its : shards)
    for (const ProgramRecord& its_program : recorded_programs(its.folder / "manifest.json")) {
      if (its_program.version != ours.version)
        problems.push_back(fmt::format("shard {} in {} was made by {}, and this is {}", its.shard.text(),
                                       its.folder.string(), its_program.version, ours.version));
      if (libraries.insert(its_program.libraries).second)
        print(warnings, "{}: warning: was made with {}, and this program has {}; last digits may differ\n",
              its.folder.string(), its_program.libraries, ours.libraries);
    }
  return problems;
}

}  // namespace

Study study_of_shards(const std::vector<fs::path>& folders, std::span<const ExperimentInfo> experiments,
                      std::ostream& warnings) {
  std::vector<ShardFolder> shards;
  shards.reserve(folders.size());
  for (const fs::path& folder : folders) shards.push_back(read_shard_folder(folder));
  Study study = read_study(shards.front().folder / "config.ini", experiments);
  std::vector<std::string> problems = problems_of_set(shards, study);
  if (problems.empty()) problems = problems_of_versions(shards, warnings);
  if (problems.empty()) {
    const std::vector<Row> cells = study.experiment->cells();
    for (const ShardFolder& its : shards)
      if (std::string left = what_is_left(its, *study.experiment, cells); !left.empty())
        problems.push_back(std::move(left));
  }
  if (!problems.empty()) throw InputError("merge: {}", joined(problems, "; "));
  return study;
}

}  // namespace jacobench::harness
