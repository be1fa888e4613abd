// The journal of a group that runs into a result folder: the file partial.records, which is there only while
// a group is unfinished.
// Format: the line "jacobench-records 1 SIZE KEY", SIZE being the doubles in a record and KEY the cell_key of
//         the group's first cell; then the records, as little-endian doubles of eight bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include "jacobench/files/file_descriptor.hpp"

#include "run/interrupt.hpp"
#include "run/progress.hpp"
#include "study/record_journal.hpp"

namespace jacobench::harness {

class RecordFile final : public RecordJournal {
 public:
  // The file is touched by `earlier` at the first.
  RecordFile(std::filesystem::path path, std::string group_key, const InterruptGuard& interrupt,
             Progress& progress);

  // A torn last record is cut off. What is of another group, of another record size or not readable is
  // discarded, with a warning where records are lost. Throws InputError where the file cannot be read or
  // written.
  std::vector<double> earlier(std::size_t record_size) override;
  void append(std::span<const double> records) override;
  bool stop_requested() const override { return interrupt_.signal().has_value(); }
  void show_progress(double fraction) override { progress_.show_fraction(fraction); }

  // Whether the file could not be read or written.
  bool has_failed() const { return has_failed_; }

  // Called when the rows of the group are on the disk: the records have had their day.
  void remove();

 private:
  std::vector<double> taken_up();

  std::filesystem::path path_;
  std::string group_key_;
  const InterruptGuard& interrupt_;
  Progress& progress_;
  std::size_t record_size_ = 0;
  std::optional<FileDescriptor> file_;
  bool has_failed_ = false;
};

// The key of the group that this file's records are of; nothing where there is no such file or none can be
// read in it.
std::optional<std::string> group_key_of_records(const std::filesystem::path& path);

}  // namespace jacobench::harness
