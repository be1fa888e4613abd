// The processes of an MPI job that run a study together: rank 0, the root, reads the config, hands out blocks, writes
// the folder and works as well; the others work. The one home of MPI, of which this header says nothing.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "run/workers.hpp"
#include "study/study.hpp"

namespace jacobench::harness {

class Ranks {
 public:
  // Joins the job that a launcher (mpirun, srun) started this process in; where none did, a job of one. Throws
  // InputError where one did and this program was built without MPI.
  Ranks();
  // Of the root: sends the others home.
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  std::size_t size() const;
  bool is_root() const;

  // How many processors this process may use without being in another rank's way: those that it is bound to, shared
  // with the ranks that are bound to the same.
  std::size_t n_processors() const;

  // Of the root: threads of this process and of all others, which make the study of the same config. Throws InputError
  // that names rank and node where one of them cannot, or is of another version; warns where its BLAS is another.
  std::unique_ptr<Workers> workers(const Study& study, const std::vector<Row>& cells, std::size_t n_threads,
                                   std::ostream& warnings);

  // Of the root, once there are workers: ranks, nodes and the version of MPI, for the manifest. Empty for a job of one.
  std::vector<std::pair<std::string, std::string>> circumstances() const;

  // Of the others: work until the root sends them home.
  void serve(std::span<const ExperimentInfo> experiments);

 private:
  struct Job;
  class RankWorkers;
  std::unique_ptr<Job> job_;  // null: a job of one
};

// "Open MPI 4.1.4"; empty where this program was built without MPI.
std::string mpi_version();

}  // namespace jacobench::harness
