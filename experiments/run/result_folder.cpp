#include "run/result_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <set>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "options/print.hpp"
#include "run/manifest.hpp"
#include "study/cell_key.hpp"
#include "study/row_json.hpp"

namespace jacobench::harness {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_name = "config.ini";
constexpr const char* rows_name = "rows.jsonl";
constexpr const char* manifest_name = "manifest.json";

const fs::path& created(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw InputError("{}: the folder cannot be created ({})", folder.string(), error.message());
  return folder;
}

constexpr const char* writer_name = "writer.txt";

// Node, process, and what tells this run from every other.
std::string new_writer_mark() {
  std::array<char, 256> node{};
  if (::gethostname(node.data(), node.size() - 1) != 0) node[0] = '?';
  std::random_device random;
  return fmt::format("{} {} {:08x}{:08x}\n", node.data(), ::getpid(), random(), random());
}

// EOPNOTSUPP and others: a file system without locks, where the mark of the writer must do.
void take_lock(const FileDescriptor& folder, const fs::path& path) {
  if (::flock(folder.number(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw InputError("{}: another jacobench is writing to this folder; wait for it, or choose another --out",
                     path.string());
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
  const std::set<std::string> of_a_claim = {std::string(config_name) + partial_ending, shard_file_name,
                                            std::string(shard_file_name) + partial_ending, writer_name,
                                            std::string(writer_name) + partial_ending};
  return std::all_of(fs::directory_iterator(folder), fs::directory_iterator(),
                     [&](const fs::directory_entry& entry) {
                       return of_a_claim.contains(entry.path().filename().string());
                     });
}

void expect_shard(const fs::path& folder, const std::optional<Shard>& shard) {
  const std::optional<Shard> found = read_shard(folder);
  if (found == shard) return;
  const std::string is =
      found ? fmt::format("shard {} of this study", found->text()) : "a run of the whole study";
  const std::string remedy = found ? fmt::format("give --shard {}", found->text()) : "leave --shard out";
  throw InputError("{}: is {}; {}, or choose another --out", folder.string(), is, remedy);
}

void claim(const fs::path& folder, const Study& study, const std::optional<Shard>& shard) {
  const Config config = study.config();
  const fs::path config_file = folder / config_name;
  if (is_unclaimed(folder)) {
    remove_leftover(config_file);
    fs::remove(folder / shard_file_name);
    if (shard) write_shard(folder, *shard);
    return replace_text_file(config_file, to_ini(config));
  }
  if (!fs::exists(config_file))
    throw InputError("{}: is not empty and not a result of jacobench; choose another --out", folder.string());
  if (const auto what = study.difference(to_config(read_config_file(config_file)), config))
    throw InputError("{}: belongs to another config ({}); choose another --out, or remove that folder",
                     folder.string(), *what);
  expect_shard(folder, shard);
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

void warn_of_later_schema(const fs::path& manifest_file, std::ostream& warnings) {
  const std::int64_t version = recorded_schema_version(manifest_file);
  if (version <= schema_version) return;
  print(warnings,
        "{}: warning: is of schema version {}, later than this program's {}; what is new in it is kept as "
        "text\n",
        manifest_file.string(), version, schema_version);
}

}  // namespace

ResultFolder::ResultFolder(const fs::path& folder, const Study& study, std::ostream& warnings,
                           const std::optional<Shard>& shard)
    : path_(folder),
      lock_(created(folder), O_RDONLY | O_DIRECTORY, "opened as a folder"),
      writer_mark_(new_writer_mark()),
      columns_(study.experiment->columns()) {
  take_lock(lock_, folder);
  claim(folder, study, shard);
  warn_of_later_schema(manifest_file(), warnings);
  remove_leftover(manifest_file());
  const fs::path rows_file = folder / rows_name;
  JsonLines lines;
  if (fs::exists(rows_file)) lines = read_json_lines(rows_file, warnings);
  earlier_rows_ = to_rows(lines, columns_, rows_file);
  replace_text_file(folder / writer_name, writer_mark_);
  writer_.emplace(rows_file, lines.n_bytes);
  lock_.sync();
}

ResultFolder::~ResultFolder() {
  try {
    expect_ours();
    std::error_code ignored;
    fs::remove(path_ / writer_name, ignored);
  } catch (const std::exception&) {  // another run's mark is there now
  }
}

void ResultFolder::append(const std::vector<Row>& rows) {
  expect_ours();
  std::vector<std::string> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) lines.push_back(row_to_json_line(columns_, row));
  writer_->append(lines);
}

void ResultFolder::expect_ours() const {
  const fs::path file = path_ / writer_name;
  const std::string mark = fs::exists(file) ? read_text_file(file) : "nobody";
  if (mark == writer_mark_) return;
  std::istringstream words(mark);
  std::string node, process;
  words >> node >> process;
  throw InputError(
      "{}: another jacobench has taken this folder over (process {} on {}), as the file system does not hold "
      "locks; "
      "that one goes on from what is here",
      path_.string(), process, node);
}

std::vector<Row> rows_in(const fs::path& folder, const ColumnList& columns) {
  const fs::path file = folder / rows_name;
  std::ostringstream torn_last_rows;  // are no rows
  return fs::exists(file) ? to_rows(read_json_lines(file, torn_last_rows), columns, file)
                          : std::vector<Row>{};
}

std::string StoredResult::progress_text() const {
  return fmt::format("{} of {}", rows.size(), n_cells ? std::to_string(*n_cells) : "an unknown number of");
}

StoredResult read_result(const fs::path& folder, std::span<const ExperimentInfo> experiments,
                         std::ostream& warnings) {
  if (!fs::is_directory(folder))
    throw InputError("{}: is not a folder; name a result folder", folder.string());
  if (!fs::exists(folder / config_name))
    throw InputError("{}: is not a result folder (it has no {})", folder.string(), config_name);
  StoredStudy stored = read_stored_study(folder / config_name, experiments);
  for (const std::string& place : stored.unknown)
    print(warnings,
          "{}: warning: this version knows no such setting, or not this value; it is kept as text\n", place);
  const fs::path manifest_file = folder / manifest_name, rows_file = folder / rows_name;
  warn_of_later_schema(manifest_file, warnings);
  StoredResult result{.folder = folder,
                      .study = std::move(stored.study),
                      .config = std::move(stored.config),
                      .config_is_known = stored.unknown.empty(),
                      .row_columns = {},
                      .rows = {},
                      .n_cells = recorded_cell_count(manifest_file)};
  const JsonLines lines = fs::exists(rows_file) ? read_json_lines(rows_file, warnings) : JsonLines{};
  result.row_columns = columns_of_stored_rows(result.study.experiment->columns(), lines.values);
  result.rows = to_rows(lines, result.row_columns, rows_file);
  derive_columns(*result.study.experiment, result.row_columns, result.rows);
  return result;
}

void derive_columns(const Experiment& experiment, ColumnList& columns, std::vector<Row>& rows) {
  std::size_t place = experiment.columns().size();
  for (const DerivedColumn& derived : experiment.derived_columns()) {
    std::vector<Value> values = derived.values(columns, rows);
    const auto stored = std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
      return column.name == derived.column.name;
    });
    const auto at = static_cast<std::ptrdiff_t>(place++);
    const std::ptrdiff_t old_place = stored - columns.begin();
    const bool was_stored = stored != columns.end();
    JB_EXPECT(old_place >= at, "{} is derived and stored", derived.column.name);
    if (was_stored) columns.erase(stored);
    columns.insert(columns.begin() + at, derived.column);
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::vector<Value>& row = rows[r].values;
      if (was_stored) {
        if (!is_null(row[old_place])) values[r] = row[old_place];
        row.erase(row.begin() + old_place);
      }
      row.insert(row.begin() + at, values[r]);
    }
  }
}

std::vector<Row> rows_of_cells(const StoredResult& result) {
  const ColumnList& columns = result.study.experiment->columns();
  std::vector<Row> rows = result.rows;
  const auto is_older = [&](const Row& row) { return lacks_identity(columns, row); };
  if (!result.config_is_known || std::none_of(rows.begin(), rows.end(), is_older)) return rows;
  const std::vector<Row> cells = result.study.experiment->cells();
  const CellFinder finder(columns, cells);
  for (Row& row : rows) {
    const std::vector<std::size_t> its = finder.cells_of(row);
    if (its.size() != 1) continue;
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].role == ColumnRole::identity && row.lacks(i))
        row.values[i] = cells[its.front()].values[i];
  }
  return rows;
}

}  // namespace jacobench::harness
