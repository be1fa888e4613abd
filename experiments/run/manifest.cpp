#include "run/manifest.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "jacobench/base/errors.hpp"
#include "jacobench/base/vector_path.hpp"
#include "jacobench/files/text_file.hpp"

#include "run/build_info.hpp"

namespace jacobench::harness {
namespace {

using Json = nlohmann::ordered_json;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

// "AMD EPYC, family 26 model 2": of one name, machines for hire have several kinds.
std::string cpu_model() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string name = "unknown", family, model;
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {
    const std::size_t colon = line.find(": ");
    if (colon == line.npos) continue;
    const std::string key = line.substr(0, line.find_first_of("\t:")), value = line.substr(colon + 2);
    if (key == "model name") name = value;
    if (key == "cpu family") family = value;
    if (key == "model") model = value;
  }
  return family.empty() ? name : fmt::format("{}, family {} model {}", name, family, model);
}

// Over the last 1, 5 and 15 minutes; null where the system does not tell.
Json load_average() {
  std::array<double, 3> load{};
  if (getloadavg(load.data(), static_cast<int>(load.size())) != static_cast<int>(load.size())) return nullptr;
  return load;
}

Json program() {
  const BuildInfo& build = build_info();
  Json libraries = Json::object();
  for (const LibraryVersion& library : build.libraries)
    if (!library.version.empty()) libraries[std::string(library.name)] = library.version;
  return {{"version", build.version},
          {"commit", build.commit},
          {"tree_state", build.tree_state},
          {"compiler", build.compiler},
          {"flags", build.flags},
          {"build_type", build.build_type},
          {"vector_path", info(vector_path()).name},
          {"libraries", libraries}};
}

ProgramRecord record_of(const Json& program) {
  std::string version = "jacobench", libraries;
  for (const char* part : {"version", "commit", "tree_state", "compiler", "flags", "build_type"})
    version += ' ' + program.value(part, std::string("?"));
  const Json linked = program.value("libraries", Json::object());
  for (const auto& [name, its_version] : linked.items())
    libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, its_version.get<std::string>());
  return {version, libraries};
}

Json machine() { return {{"cpu", cpu_model()}, {"hardware_threads", std::thread::hardware_concurrency()}}; }

Json run_record(const std::string& command_line) {
  return {{"command_line", command_line},
          {"started", utc_now()},
          {"ended", nullptr},
          {"outcome", nullptr},
          {"load_average", load_average()}};
}

Json read_manifest(const std::filesystem::path& file) {
  constexpr bool allow_exceptions = false;
  Json manifest = Json::parse(read_text_file(file), nullptr, allow_exceptions);
  if (!manifest.is_object() || !manifest.contains("run") || !manifest["run"].is_object() ||
      !manifest.contains("resumed") || !manifest["resumed"].is_array() || !manifest.contains("cells") ||
      !manifest["cells"].is_number_integer())
    throw InputError("{}: is not a manifest that jacobench wrote; restore it, or choose another --out",
                     file.string());
  return manifest;
}

std::int64_t schema_version_of(const Json& manifest) {
  const auto version = manifest.find("schema_version");
  return version != manifest.end() && version->is_number_integer() ? version->get<std::int64_t>() : 1;
}

void write_manifest(const std::filesystem::path& file, const Json& manifest) {
  replace_text_file(file, manifest.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::string without_machine_path(const std::string& argument) {
  const std::size_t begin =
      argument.starts_with("--") ? argument.find('=') + 1 : 0;  // find fails: begin is 0
  if (!argument.substr(begin).starts_with('/')) return argument;
  return argument.substr(0, begin) + std::filesystem::path(argument.substr(begin)).filename().string();
}

}  // namespace

std::string command_line_text(std::span<const std::string> arguments) {
  std::string text = "jacobench";
  for (const std::string& argument : arguments) {
    const std::string word = without_machine_path(argument);
    const bool is_plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`;&|<>()*?") == word.npos;
    text += is_plain ? " " + word : " '" + word + "'";
  }
  return text;
}

void record_run_start(const std::filesystem::path& file, const Config& config, std::size_t n_cells,
                      const std::string& command_line,
                      const std::vector<std::pair<std::string, std::string>>& circumstances) {
  Json run = run_record(command_line);
  for (const auto& [name, value] : circumstances) run[name] = value;
  if (std::filesystem::exists(file)) {
    Json manifest = read_manifest(file);
    run["program"] = program();
    run["machine"] = machine();
    manifest["schema_version"] = std::max(schema_version_of(manifest), schema_version);
    manifest["resumed"].push_back(run);
    write_manifest(file, manifest);
    return;
  }
  const auto seed = value_of(config, "seed");
  write_manifest(file, {{"schema_version", schema_version},
                        {"experiment", value_of(config, "experiment").value_or("")},
                        {"seed", seed ? Json(*seed) : Json(nullptr)},
                        {"cells", n_cells},
                        {"program", program()},
                        {"machine", machine()},
                        {"run", run},
                        {"resumed", Json::array()}});
}

void record_run_end(const std::filesystem::path& file, const std::string& outcome,
                    const std::vector<std::pair<std::string, double>>& figures) {
  Json manifest = read_manifest(file);
  Json& run = manifest["resumed"].empty() ? manifest["run"] : manifest["resumed"].back();
  run["ended"] = utc_now();
  run["outcome"] = outcome;
  for (const auto& [name, value] : figures) run[name] = value;
  write_manifest(file, manifest);
}

std::optional<std::int64_t> recorded_cell_count(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return std::nullopt;
  return read_manifest(file)["cells"].get<std::int64_t>();
}

std::int64_t recorded_schema_version(const std::filesystem::path& file) {
  return std::filesystem::exists(file) ? schema_version_of(read_manifest(file)) : 1;
}

ProgramRecord this_program() { return record_of(program()); }

std::vector<ProgramRecord> recorded_programs(const std::filesystem::path& file) {
  const Json manifest = read_manifest(file);
  std::vector<ProgramRecord> records = {record_of(manifest.value("program", Json::object()))};
  for (const Json& run : manifest["resumed"])
    records.push_back(record_of(run.value("program", Json::object())));
  return records;
}

std::vector<std::pair<std::string, std::string>> recorded_conditions(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw InputError("{}: is missing, and with it what the timings depend on; --force compares all the same",
                     file.string());
  const Json manifest = read_manifest(file);
  std::vector<std::pair<std::string, std::string>> conditions;
  const auto add = [&](const char* part, const char* name) {
    const Json& value = manifest.contains(part) ? manifest[part].value(name, Json()) : Json();
    conditions.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
  };
  for (const char* name : {"compiler", "flags", "build_type", "vector_path", "libraries"})
    add("program", name);
  for (const char* name : {"cpu", "hardware_threads"}) add("machine", name);
  return conditions;
}

std::vector<std::pair<std::string, std::string>> recorded_facts(const std::filesystem::path& file) {
  std::vector<std::pair<std::string, std::string>> facts;
  if (!std::filesystem::exists(file)) return facts;
  const Json manifest = read_manifest(file).flatten();
  for (const auto& [path, value] : manifest.items()) {
    std::string name = path.substr(1);
    std::replace(name.begin(), name.end(), '/', ' ');
    std::replace(name.begin(), name.end(), '_', ' ');
    facts.emplace_back(std::move(name), value.is_string() ? value.get<std::string>() : value.dump());
  }
  return facts;
}

}  // namespace jacobench::harness
