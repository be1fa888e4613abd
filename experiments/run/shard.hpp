// A share of a study that is run by itself, into a folder of its own: one task of a job array.
//
// Of a group with n records, shard i of N does those numbered (i - 1) n / N to i n / N - 1, rounded down; of the groups
// without records, in their order, every N-th from the i-th on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "options/value_format.hpp"

namespace jacobench::harness {

struct Shard {
  std::int64_t number = 1, of = 1;

  // The records of n that it does: from the first to before the second.
  std::pair<std::int64_t, std::int64_t> share_of_records(std::int64_t n) const;

  // Whether it does the group without records that is at this place among those, from 0.
  bool has_group(std::size_t place) const;

  std::string text() const;  // 3/16

  bool operator==(const Shard&) const = default;
};

// 3/16
ValueFormat<Shard> shard();

// Notes in a folder which shard is there, and what a folder says: nothing where it is no shard's. Throws InputError.
void write_shard(const std::filesystem::path& folder, const Shard& shard);
std::optional<Shard> read_shard(const std::filesystem::path& folder);

inline constexpr const char* shard_file_name = "shard.txt";

}  // namespace jacobench::harness
