// Who does the work of a run: this thread, threads, or the ranks of an MPI job (run/ranks.hpp). They take blocks and
// give them back done, in any order; the experiment does not know who they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "study/experiment.hpp"

namespace jacobench::harness {

// Records of a group, or the rows of one without records.
struct Block {
  std::size_t group = 0;                // its first cell
  std::int64_t first = 0, number = 0;   // of records
  std::size_t record_size = 0;          // of each, in doubles
  std::vector<std::size_t> cells = {};  // whose rows are wanted, where number is 0
};

struct DoneBlock {
  Block block;
  std::vector<double> records = {};
  std::vector<Row> rows = {};
  double seconds = 0;        // of one thread
  std::string failure = {};  // what a maker of records threw; empty where nothing

  std::size_t n_bytes() const { return sizeof(double) * records.size(); }
};

class Workers {
 public:
  virtual ~Workers() = default;

  // How many blocks are worked on side by side.
  virtual std::size_t n_side_by_side() const = 0;

  // Whether somebody could do with one more block, to have at hand when the present one is done.
  virtual bool has_room() const = 0;
  virtual void give(Block block) = 0;

  // Blocks that are done: returns when there is one, or without any after a tenth of a second.
  virtual std::vector<DoneBlock> collect() = 0;

  // The signal that another process of this run was asked to stop by.
  virtual std::optional<int> signal() const { return {}; }
};

// The threads of this process: one is the caller's own, more are made and end with the object, after the blocks that
// they are at. The experiment and its cells outlive it.
std::unique_ptr<Workers> thread_workers(Experiment& experiment, const std::vector<Row>& cells,
                                        std::size_t n_threads);

// Threads besides the caller's, who looks after other things meanwhile.
class Crew : public Workers {
 public:
  // As collect, but waits for so long.
  virtual std::vector<DoneBlock> collect_within(double seconds) = 0;
  virtual std::size_t n_outstanding() const = 0;
};
std::unique_ptr<Crew> make_crew(Experiment& experiment, const std::vector<Row>& cells, std::size_t n_threads);

}  // namespace jacobench::harness
