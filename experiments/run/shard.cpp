#include "run/shard.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "jacobench/base/errors.hpp"
#include "jacobench/files/text_file.hpp"

#include "options/message.hpp"

namespace jacobench::harness {

namespace {

constexpr std::int64_t most_shards = 1'000'000;

}  // namespace

std::pair<std::int64_t, std::int64_t> Shard::share_of_records(std::int64_t n) const {
  return {(number - 1) * n / of, number * n / of};
}

bool Shard::has_group(std::size_t place) const { return static_cast<std::int64_t>(place) % of == number - 1; }

std::string Shard::text() const { return fmt::format("{}/{}", number, of); }

ValueFormat<Shard> shard() {
  const std::string allowed = "which one of how many, such as 3/16";
  auto parse = [allowed](std::string_view text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    try {
      const auto of = whole_number(1, most_shards).parse(text.substr(std::min(slash + 1, text.size())));
      return Shard{whole_number(1, of).parse(text.substr(0, slash)), of};
    } catch (const InputError&) {
      throw InputError("{} is no shard; allowed: {}", in_quotes(text), allowed);
    }
  };
  return {allowed, parse, [](const Shard& value) { return value.text(); }};
}

void write_shard(const std::filesystem::path& folder, const Shard& shard) {
  replace_text_file(folder / shard_file_name, shard.text() + '\n');
}

std::optional<Shard> read_shard(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / shard_file_name;
  if (!std::filesystem::exists(file)) return std::nullopt;
  std::string text = read_text_file(file);
  if (text.ends_with('\n')) text.pop_back();
  try {
    return shard().parse(text);
  } catch (const InputError& problem) {
    throw InputError("{}: {}", file.string(), problem.what());
  }
}

}  // namespace jacobench::harness
