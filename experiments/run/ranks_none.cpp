// Without MPI: every job is of one process.
#include <algorithm>
#include <cstdlib>
#include <thread>

#include "jacobench/base/errors.hpp"

#include "run/ranks.hpp"

namespace jacobench::harness {

struct Ranks::Job {};

Ranks::Ranks() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* size = std::getenv(variable);
    if (size && std::strtol(size, nullptr, 10) > 1)
      throw InputError(
          "run: {} processes were started together, and this program was built without MPI; install it "
          "(scripts/setup mpi), then configure and build anew, or cut the study into shards (--shard)",
          size);
  }
}
Ranks::~Ranks() = default;

std::size_t Ranks::size() const { return 1; }
bool Ranks::is_root() const { return true; }
std::size_t Ranks::n_processors() const { return std::max(1U, std::thread::hardware_concurrency()); }

std::unique_ptr<Workers> Ranks::workers(const Study& study, const std::vector<Row>& cells,
                                        std::size_t n_threads, std::ostream&) {
  return thread_workers(*study.experiment, cells, n_threads);
}

std::vector<std::pair<std::string, std::string>> Ranks::circumstances() const { return {}; }
void Ranks::serve(std::span<const ExperimentInfo>) {}

std::string mpi_version() { return {}; }

}  // namespace jacobench::harness
