// What a group of cells that takes long keeps of its work as it goes: fixed-size records of doubles, from
// which an interrupted run goes on in mid-cell.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace jacobench::harness {

// Thrown by run_cells where the user wants the run to stop: the records are kept, and no row is written.
struct Interrupted {};

// The records of one group; from one thread at a time. A group that runs in blocks:
//   std::vector<double> records = journal.earlier(record_size);
//   journal.show_progress(FRACTION);
//   while (...) {
//     if (journal.stop_requested()) throw Interrupted();
//     ... compute one block of records ...
//     journal.append(block);
//     journal.show_progress(FRACTION);
//   }
class RecordJournal {
 public:
  virtual ~RecordJournal() = default;

  // The whole records that an earlier, interrupted run of this group appended, in their order: a multiple of
  // record_size doubles. Called once, before the first append. They are those of the whole group, also where
  // some of its cells have their rows already.
  virtual std::vector<double> earlier(std::size_t record_size) = 0;

  // Appends whole records; they are on the disk when this returns. Throws InputError (disk full), which is to
  // be let through.
  virtual void append(std::span<const double> records) = 0;

  // Whether the user wants the run to stop (SIGINT, SIGTERM).
  virtual bool stop_requested() const = 0;

  // How much of the group is done, from 0 to 1, earlier records included: before the first block, then after
  // each.
  virtual void show_progress(double fraction) = 0;
};

// Records in memory, for a group that runs without a result folder: nobody interrupts it, and nobody watches.
class MemoryJournal : public RecordJournal {
 public:
  explicit MemoryJournal(std::vector<double> earlier = {}) : records_(std::move(earlier)) {}

  std::vector<double> earlier(std::size_t) override { return records_; }
  void append(std::span<const double> records) override {
    records_.insert(records_.end(), records.begin(), records.end());
  }
  bool stop_requested() const override { return false; }
  void show_progress(double) override {}

  // All of them, the earlier ones first.
  const std::vector<double>& records() const { return records_; }

 private:
  std::vector<double> records_;
};

}  // namespace jacobench::harness
