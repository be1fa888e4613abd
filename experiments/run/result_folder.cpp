#include "run/result_folder.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "run/manifest.hpp"
#include "study/row_json.hpp"

namespace jacobench::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_name = "config.ini";
constexpr const char* rows_name = "rows.jsonl";

const fs::path& created(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError("{}: the folder cannot be created ({})", folder.string(), error.message());
  return folder;
}

void take_lock(const FileDescriptor& folder, const fs::path& path) {
  if (::flock(folder.number(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw InputError("{}: another jacobench is writing to this folder; wait for it, or choose another --out",
                     path.string());
  folder.fail("locked");
}

constexpr const char* partial_ending = ".partial";

// What a run left that was killed while it wrote the file; the lock is ours, so no other is writing it now.
void remove_leftover(const fs::path& file) {
  std::error_code ignored;
  fs::remove(file.string() + partial_ending, ignored);
}

// Whether a run may claim the folder: nothing is in it, save what a run leaves that is killed while it claims
// it.
bool is_unclaimed(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().filename() != std::string(config_name) + partial_ending) return false;
  return true;
}

void claim(const fs::path& folder, const Config& config) {
  const fs::path config_file = folder / config_name;
  if (is_unclaimed(folder)) {
    remove_leftover(config_file);
    return replace_text_file(config_file, to_ini(config));
  }
  if (!fs::exists(config_file))
    throw InputError("{}: is not empty and not a result of jacobench; choose another --out", folder.string());
  if (const auto what = difference(to_config(read_config_file(config_file)), config))
    throw InputError("{}: belongs to another config ({}); choose another --out, or remove that folder",
                     folder.string(), *what);
}

std::vector<Row> to_rows(const JsonLines& lines, const ColumnList& columns, const fs::path& file) {
  std::vector<Row> rows;
  for (const nlohmann::ordered_json& value : lines.values) {
    try {
      rows.push_back(row_from_json(columns, value));
    } catch (const InputError& problem) {
      throw InputError("{}:{}: the row {}", file.string(), rows.size() + 1, problem.what());
    }
  }
  return rows;
}

}  // namespace

ResultFolder::ResultFolder(const fs::path& folder, const Config& config, const ColumnList& columns,
                           std::ostream& warnings)
    : path_(folder), lock_(created(folder), O_RDONLY | O_DIRECTORY, "opened as a folder"), columns_(columns) {
  take_lock(lock_, folder);
  claim(folder, config);
  remove_leftover(manifest_file());
  const fs::path rows_file = folder / rows_name;
  JsonLines lines;
  if (fs::exists(rows_file)) lines = read_json_lines(rows_file, warnings);
  earlier_rows_ = to_rows(lines, columns, rows_file);
  writer_.emplace(rows_file, lines.n_bytes);
  lock_.sync();
}

void ResultFolder::append(const Row& row) { writer_->append(row_to_json_line(columns_, row)); }

std::string StoredResult::progress_text() const {
  return fmt::format("{} of {}", rows.size(), n_cells ? std::to_string(*n_cells) : "an unknown number of");
}

StoredResult read_result(const fs::path& folder, std::span<const ExperimentInfo> experiments,
                         std::ostream& warnings) {
  if (!fs::is_directory(folder))
    throw InputError("{}: is not a folder; name a result folder", folder.string());
  if (!fs::exists(folder / config_name))
    throw InputError("{}: is not a result folder (it has no {})", folder.string(), config_name);
  StoredResult result{folder, read_study(folder / config_name, experiments), {}, {}};
  const fs::path rows_file = folder / rows_name;
  if (fs::exists(rows_file))
    result.rows = to_rows(read_json_lines(rows_file, warnings), result.columns(), rows_file);
  result.n_cells = recorded_cell_count(folder / "manifest.json");
  return result;
}

}  // namespace jacobench::harness
