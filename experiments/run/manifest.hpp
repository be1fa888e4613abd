// The manifest of a result: the circumstances in which its rows came to be. It holds no path of the machine, and no
// host name but those of an MPI job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "options/settings.hpp"

namespace jacobench::harness {

// What results are written in: the manifest's "schema_version". Raise it whenever a column, a setting or a status of
// any experiment is added or retired, so that an older program can say why it meets what it does not know; see
// CONTRIBUTING.md.
//   1  up to 0.1.0, whose manifests do not say so
//   2  speed stores no speed-ups over other strategies, and says why nothing is promised of a row; coverage stores
//      whether fits and refits have settled, why it makes no claim, and the median SE ratio; activations stores errors
//      by octave
inline constexpr std::int64_t schema_version = 2;

// The command line as the user gave it; of a path that begins at the root only the last part is kept.
std::string command_line_text(std::span<const std::string> arguments);

// Notes in the manifest file that a run begins: a new manifest where there is none yet, else one more record under
// `resumed`, and the later of its schema version and ours. Circumstances: what the experiment adds about the machine.
// Throws InputError where the file cannot be read or written.
void record_run_start(const std::filesystem::path& file, const Config& config, std::size_t n_cells,
                      const std::string& command_line,
                      const std::vector<std::pair<std::string, std::string>>& circumstances = {});

// Notes that the last run to begin has ended, and figures of it by name. Outcome: "complete" or "interrupted". A run
// that was killed has none.
void record_run_end(const std::filesystem::path& file, const std::string& outcome,
                    const std::vector<std::pair<std::string, double>>& figures = {});

// How many cells the study has, by its manifest; nothing where the file is missing.
std::optional<std::int64_t> recorded_cell_count(const std::filesystem::path& file);

// The schema version of the result, by its manifest: 1 where the file is missing or says nothing of it.
std::int64_t recorded_schema_version(const std::filesystem::path& file);

// A program that took part in a result.
struct ProgramRecord {
  std::string version;    // in words: version, commit, compiler and flags, which together make the bits
  std::string libraries;  // in words; their last digits may differ
};

ProgramRecord this_program();

// All that did, by its manifest. Throws InputError where there is none.
std::vector<ProgramRecord> recorded_programs(const std::filesystem::path& file);

// Name and value of all that timings depend on: processor, threads, compiler, flags, SIMD, library versions. Throws
// InputError where there is no manifest.
std::vector<std::pair<std::string, std::string>> recorded_conditions(const std::filesystem::path& file);

// All that the manifest says, "machine cpu" and "AMD EPYC", in its order; nothing where there is no manifest. Throws
// InputError where it is none.
std::vector<std::pair<std::string, std::string>> recorded_facts(const std::filesystem::path& file);

}  // namespace jacobench::harness
