// Hands out the work of a run, block by block, and keeps what comes back.
//
// Groups end in their order. Who has nothing to do for the present one is given blocks of those after it, so that one
// slow fit keeps nobody idle. Records go to the file of their group in any order, those of a tenth of a second's work
// together: what is killed loses these, and a group that takes no longer has no file. Besides these, the records of the
// present group alone are in memory.
// Blocks: as many records as take a second by the times measured so far (before there are any, a third of one by the
//         experiment's guess), at most 64 MiB, and towards the end of the study half a share of what is left.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "run/interrupt.hpp"
#include "run/progress.hpp"
#include "run/workers.hpp"

namespace jacobench::harness {

// A group of which something is left to do.
struct GroupWork {
  std::size_t first;               // its first cell
  std::vector<std::size_t> cells;  // those without a row
  RecordPlan plan;
  std::int64_t begin, end;  // the records that are this run's to make
};

class HandOut {
 public:
  // What the folder has of records is taken up; other folders are read as well, and not written to. before_writing
  // throws InputError where the folder is not to be written to any more. Throws InputError.
  HandOut(Experiment& experiment, const std::vector<Row>& cells, std::vector<GroupWork> groups,
          Workers& workers, const std::filesystem::path& folder,
          const std::vector<std::filesystem::path>& other_folders, std::function<void()> before_writing,
          double seconds_unsaved, const InterruptGuard& interrupt, Progress& progress);
  ~HandOut();

  // The rows of the g-th group, whose work is done now where it is not done already. Throws Interrupted and
  // RecordsNotKept.
  std::vector<Row> rows_of(std::size_t g);

  // To be called when the rows of the g-th group are on the disk: its records have had their day.
  void forget(std::size_t g);

  // Makes the records of the g-th group that are this run's, and leaves them in their file. Returns why they cannot be
  // made; nothing where they are there.
  std::string make_records(std::size_t g);

  // Puts all records on the disk of which the groups are not forgotten. Throws RecordsNotKept.
  void save();

  // How many records are there, of how many that are this run's to make.
  std::int64_t n_there() const;
  std::int64_t n_wanted() const;

  // What handing out and keeping has come to, in this process.
  struct Effort {
    std::int64_t n_blocks = 0, n_bytes = 0;
    std::int64_t n_syncs = 0;
    double seconds = 0, processor_seconds = 0;
    double sync_seconds = 0;  // of these seconds
  };
  const Effort& effort() const { return effort_; }

  // The signal by which this run was asked to stop.
  std::optional<int> signal() const;

 private:
  struct Group;
  class GroupRecords;

  void take_up(Group& group, const std::filesystem::path& folder, bool is_own);
  void work_until_done(std::size_t g);
  bool give_one(std::size_t g);
  Block next_block(Group& group);
  void keep(std::vector<DoneBlock> blocks);
  bool is_time_to_save() const;
  void load(Group& group);

  Experiment& experiment_;
  const std::vector<Row>& cells_;
  Workers& workers_;
  std::filesystem::path folder_;
  std::vector<std::filesystem::path> other_folders_;
  std::function<void()> before_writing_;
  const double seconds_unsaved_;
  const InterruptGuard& interrupt_;
  Progress& progress_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::unordered_map<std::size_t, Group*> by_first_cell_;
  std::vector<DoneBlock> unsaved_;
  Effort effort_;
  std::int64_t n_missing_ = 0;  // records that nobody has been given, of all groups
};

}  // namespace jacobench::harness
