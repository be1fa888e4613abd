// The records of a group that are there already, in a result folder: a file that is there only while the group is
// unfinished, and in the folder of a shard stays.
// Format: the line "jacobench-records 2 SIZE KEY", SIZE being the doubles in a record and KEY the cell_key of
//         the group's first cell; then for each record its number, the doubles and a checksum, each little-endian in
//         eight bytes. In any order; a record that is there twice is the same both times.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "jacobench/files/file_descriptor.hpp"

namespace jacobench::harness {

// The file of the group that this cell opens.
std::filesystem::path record_file_path(const std::filesystem::path& folder, std::size_t first_cell);

// Whose records these are.
struct RecordsOf {
  std::string group_key;
  std::size_t size;  // doubles in a record
};

// Visits every record of the file, up to a torn one, and returns how many bytes they and the header take, 0 where there
// is nothing of this group: a file that is missing, of another group, of another record size or not of records at all.
// `warn` hears of it where records are lost so. Throws InputError where the file cannot be read.
// Cost: memory for one record
std::size_t read_records(const std::filesystem::path& path, const RecordsOf& whose,
                         const std::function<void(std::int64_t number, std::span<const double>)>& visit,
                         const std::function<void(const std::string&)>& warn);

// Appends records.
class RecordFile {
 public:
  // Keeps the first n_bytes, which read_records returned. Throws InputError.
  RecordFile(std::filesystem::path path, const RecordsOf& whose, std::size_t n_bytes);

  // The records first, first + 1, ... Throws InputError (disk full).
  void append(std::int64_t first, std::span<const double> records);

  // Returns when they are on the disk. Throws InputError.
  void sync() { file_.sync(); }

 private:
  std::filesystem::path path_;
  std::size_t size_;
  FileDescriptor file_;
};

// The first cells of the groups that have a file of records in the folder.
std::vector<std::size_t> groups_with_records(const std::filesystem::path& folder);

}  // namespace jacobench::harness
