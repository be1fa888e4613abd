// With MPI-3. Messages are small and few: a block to do, a block that is done, and three words besides. Nobody waits in
// a call of MPI, which would take a processor from those who compute: all look for messages a thousand times a second,
// and have one block more than they work on.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <list>
#include <numeric>
#include <optional>
#include <ostream>
#include <thread>
#include <type_traits>

#include <fmt/format.h>
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>
#include <nlohmann/json.hpp>
#include <sched.h>

#include "jacobench/base/errors.hpp"

#include "options/message.hpp"
#include "options/print.hpp"
#include "run/interrupt.hpp"
#include "run/manifest.hpp"
#include "run/ranks.hpp"
#include "study/row_json.hpp"

namespace jacobench::harness {
namespace {

constexpr int root = 0;
constexpr double between_looks = 1e-3;  // s

enum Tag : int { study, ready, block_to_do, block_done, interrupted, go_home, gone };

// The order of the parts of a message is that in which they are put and taken.
class MessageWriter {
 public:
  template <class T>
  void put(const T& number) requires std::is_arithmetic_v<T> {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  template <class T>
  void put(const std::vector<T>& numbers) {
    put(numbers.size());
    bytes_.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
  }
  void put(const std::string& text) {
    put(text.size());
    bytes_ += text;
  }
  void put(const Block& block) {
    put(block.group);
    put(block.first);
    put(block.number);
    put(block.record_size);
    put(block.cells);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class MessageReader {
 public:
  explicit MessageReader(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  void get(T& number) requires std::is_arithmetic_v<T> {
    copy(&number, sizeof number);
  }
  template <class T>
  void get(std::vector<T>& numbers) {
    std::size_t size = 0;
    get(size);
    numbers.resize(size);
    copy(numbers.data(), size * sizeof(T));
  }
  void get(std::string& text) {
    std::size_t size = 0;
    get(size);
    text.resize(size);
    copy(text.data(), size);
  }
  void get(Block& block) {
    get(block.group);
    get(block.first);
    get(block.number);
    get(block.record_size);
    get(block.cells);
  }

 private:
  void copy(void* to, std::size_t n_bytes) {
    JB_EXPECT(at_ + n_bytes <= bytes_.size(), "a message of {} bytes ends early", bytes_.size());
    if (n_bytes > 0) std::memcpy(to, &bytes_[at_], n_bytes);
    at_ += n_bytes;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

struct Message {
  int rank, tag;
  std::string bytes;
};

std::optional<Message> next_message() {
  int is_there = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &is_there, &status);
  if (!is_there) return std::nullopt;
  int n_bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &n_bytes);
  Message message{status.MPI_SOURCE, status.MPI_TAG, std::string(static_cast<std::size_t>(n_bytes), '\0')};
  MPI_Recv(message.bytes.data(), n_bytes, MPI_BYTE, message.rank, message.tag, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  return message;
}

// Sends that the other side has not taken yet.
class Outbox {
 public:
  void send(int rank, Tag tag, std::string bytes) {
    Sent& sent = sent_.emplace_back();
    sent.bytes = std::move(bytes);
    MPI_Isend(sent.bytes.data(), static_cast<int>(sent.bytes.size()), MPI_BYTE, rank, tag, MPI_COMM_WORLD,
              &sent.request);
    clear();
  }

  // Forgets what has been taken; true where nothing is left.
  bool clear() {
    sent_.remove_if([](Sent& sent) {
      int is_taken = 0;
      MPI_Test(&sent.request, &is_taken, MPI_STATUS_IGNORE);
      return is_taken != 0;
    });
    return sent_.empty();
  }

 private:
  struct Sent {
    std::string bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::list<Sent> sent_;
};

std::string node_name() {
  std::array<char, MPI_MAX_PROCESSOR_NAME + 1> name{};
  int length = 0;
  MPI_Get_processor_name(name.data(), &length);
  return name.data();
}

// Processors of this process, over the ranks of its node that are bound to the same ones.
std::size_t processors_for_one() {
  cpu_set_t own;
  CPU_ZERO(&own);
  sched_getaffinity(0, sizeof own, &own);
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  int n_on_node = 1;
  MPI_Comm_size(node, &n_on_node);
  std::vector<cpu_set_t> all(static_cast<std::size_t>(n_on_node));
  MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, node);
  MPI_Comm_free(&node);
  const auto n_alike =
      std::count_if(all.begin(), all.end(), [&](const cpu_set_t& other) { return CPU_EQUAL(&own, &other); });
  return static_cast<std::size_t>(std::max<long>(1, CPU_COUNT(&own) / n_alike));
}

std::string done_message(const DoneBlock& done, const ColumnList& columns) {
  MessageWriter message;
  message.put(done.block);
  message.put(done.records);
  std::string rows;
  for (const Row& row : done.rows) rows += row_to_json_line(columns, row) + '\n';
  message.put(rows);
  message.put(done.seconds);
  message.put(done.failure);
  return message.take();
}

DoneBlock read_done_message(const std::string& bytes, const ColumnList& columns) {
  MessageReader message(bytes);
  DoneBlock done;
  std::string rows;
  message.get(done.block);
  message.get(done.records);
  message.get(rows);
  message.get(done.seconds);
  message.get(done.failure);
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end + 1) {
    end = rows.find('\n', begin);
    done.rows.push_back(
        row_from_json(columns, nlohmann::ordered_json::parse(rows.substr(begin, end - begin))));
  }
  return done;
}

struct OtherRank {
  std::string node;
  std::size_t n_threads = 1, n_outstanding = 0;
};

}  // namespace

struct Ranks::Job {
  int rank = 0, size = 1;
  std::size_t n_processors = 1;
  Outbox outbox;
  std::vector<OtherRank> others;  // of the root, once there are workers; by rank - 1
  std::size_t own_threads = 1;
  std::optional<int> signal;
};

// Threads of the root, and the other ranks: each is given twice as many blocks as it has threads.
class Ranks::RankWorkers final : public Workers {
 public:
  RankWorkers(Job& job, Experiment& experiment, const std::vector<Row>& cells)
      : job_(job), columns_(experiment.columns()), crew_(make_crew(experiment, cells, job.own_threads)) {}

  std::size_t n_side_by_side() const override {
    return std::accumulate(job_.others.begin(), job_.others.end(), crew_->n_side_by_side(),
                           [](std::size_t n, const OtherRank& other) { return n + other.n_threads; });
  }

  bool has_room() const override { return crew_->has_room() || least_busy() != job_.others.end(); }

  void give(Block block) override {
    const auto other = least_busy();
    const auto load = [](std::size_t n_outstanding, std::size_t n_threads) {
      return static_cast<double>(n_outstanding) / static_cast<double>(n_threads);
    };
    if (other == job_.others.end() ||
        load(crew_->n_outstanding(), crew_->n_side_by_side()) <= load(other->n_outstanding, other->n_threads))
      return crew_->give(std::move(block));
    MessageWriter message;
    message.put(block);
    const auto its = static_cast<std::size_t>(other - job_.others.begin());
    ++job_.others[its].n_outstanding;
    job_.outbox.send(static_cast<int>(its) + 1, block_to_do, message.take());
  }

  std::vector<DoneBlock> collect() override {
    constexpr int most_looks = 100;
    std::vector<DoneBlock> done;
    for (int look = 0; look < most_looks && done.empty(); ++look) {
      done = crew_->collect_within(between_looks);
      while (const std::optional<Message> message = next_message()) take(*message, done);
      if (job_.signal) break;
    }
    return done;
  }

  std::optional<int> signal() const override { return job_.signal; }

 private:
  std::vector<OtherRank>::const_iterator least_busy() const {
    auto best = job_.others.end();
    for (auto other = job_.others.begin(); other != job_.others.end(); ++other)
      if (other->n_outstanding < 2 * other->n_threads &&
          (best == job_.others.end() ||
           other->n_outstanding * best->n_threads < best->n_outstanding * other->n_threads))
        best = other;
    return best;
  }

  void take(const Message& message, std::vector<DoneBlock>& done) {
    if (message.tag == interrupted) {
      int signal = 0;
      MessageReader(message.bytes).get(signal);
      job_.signal = signal;
    }
    if (message.tag != block_done) return;
    --job_.others[static_cast<std::size_t>(message.rank) - 1].n_outstanding;
    done.push_back(read_done_message(message.bytes, columns_));
  }

  Job& job_;
  const ColumnList& columns_;
  std::unique_ptr<Crew> crew_;
};

Ranks::Ranks() {
  const std::array variables = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"};
  if (std::none_of(variables.begin(), variables.end(), [](const char* name) { return std::getenv(name); }))
    return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  if (provided < MPI_THREAD_FUNNELED) throw InputError("run: this MPI allows no threads beside its own");
  job_ = std::make_unique<Job>();
  MPI_Comm_rank(MPI_COMM_WORLD, &job_->rank);
  MPI_Comm_size(MPI_COMM_WORLD, &job_->size);
  job_->n_processors = processors_for_one();
}

Ranks::~Ranks() {
  if (!job_) return;
  if (!is_root() && std::uncaught_exceptions() > 0)
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);  // the root would wait
  if (is_root()) {
    for (int rank = 1; rank < job_->size; ++rank) job_->outbox.send(rank, go_home, "");
    for (int n_gone = 1; n_gone < job_->size;) {
      job_->outbox.clear();
      const std::optional<Message> message = next_message();
      if (message && message->tag == gone) ++n_gone;
      if (!message) std::this_thread::sleep_for(std::chrono::duration<double>(between_looks));
    }
  }
  MPI_Finalize();
}

std::size_t Ranks::size() const { return job_ ? static_cast<std::size_t>(job_->size) : 1; }
bool Ranks::is_root() const { return !job_ || job_->rank == root; }
std::size_t Ranks::n_processors() const {
  return job_ ? job_->n_processors : std::max(1U, std::thread::hardware_concurrency());
}

std::unique_ptr<Workers> Ranks::workers(const Study& its_study, const std::vector<Row>& cells,
                                        std::size_t n_threads, std::ostream& warnings) {
  if (size() == 1) return thread_workers(*its_study.experiment, cells, n_threads);
  MessageWriter config;
  const Config entries = its_study.config();
  config.put(entries.size());
  for (const ConfigEntry& entry : entries) {
    config.put(entry.key);
    config.put(entry.value);
  }
  const std::string text = config.take();
  for (int rank = 1; rank < job_->size; ++rank) job_->outbox.send(rank, study, text);
  job_->own_threads = n_threads;
  job_->others.resize(size() - 1);
  const ProgramRecord ours = this_program();
  std::optional<std::string> problem;
  for (std::size_t n_ready = 1; n_ready < size();) {
    job_->outbox.clear();
    const std::optional<Message> message = next_message();
    if (!message) {
      std::this_thread::sleep_for(std::chrono::duration<double>(between_looks));
      continue;
    }
    if (message->tag != ready) continue;
    ++n_ready;
    OtherRank& other = job_->others[static_cast<std::size_t>(message->rank) - 1];
    std::string its_problem;
    ProgramRecord program;
    MessageReader reader(message->bytes);
    reader.get(its_problem);
    reader.get(other.node);
    reader.get(other.n_threads);
    reader.get(program.version);
    reader.get(program.libraries);
    if (its_problem.empty() && program.version != ours.version)
      its_problem =
          fmt::format("is {}, and rank 0 {}; start one build everywhere", program.version, ours.version);
    if (!its_problem.empty() && !problem)
      problem = fmt::format("rank {} on {}: {}", message->rank, other.node, its_problem);
    if (program.libraries != ours.libraries)
      print(warnings, "warning: rank {} on {} has {}, and rank 0 {}: last digits may differ\n", message->rank,
            other.node, program.libraries, ours.libraries);
  }
  if (problem) throw InputError("{}", *problem);
  return std::make_unique<RankWorkers>(*job_, *its_study.experiment, cells);
}

std::vector<std::pair<std::string, std::string>> Ranks::circumstances() const {
  if (size() == 1) return {};
  std::vector<std::pair<std::string, std::size_t>> nodes = {{node_name(), 1}};
  std::string threads = std::to_string(job_->own_threads);
  for (const OtherRank& other : job_->others) {
    threads += fmt::format(" {}", other.n_threads);
    const auto same =
        std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.first == other.node; });
    if (same != nodes.end())
      ++same->second;
    else
      nodes.emplace_back(other.node, 1);
  }
  std::string text;
  for (const auto& [node, n_ranks] : nodes)
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", n_ranks, node);
  return {{"mpi", mpi_version()},
          {"ranks", std::to_string(size())},
          {"nodes", text},
          {"threads_of_ranks", threads}};
}

void Ranks::serve(std::span<const ExperimentInfo> experiments) {
  const InterruptGuard interrupt;
  std::optional<Study> its_study;
  std::vector<Row> cells;
  std::unique_ptr<Crew> crew;
  bool signal_is_told = false;
  const auto begin = [&](const std::string& bytes) {
    std::string problem;
    std::size_t n_threads = n_processors();
    try {
      MessageReader message(bytes);
      std::size_t n_entries = 0;
      message.get(n_entries);
      Config config(n_entries);
      for (ConfigEntry& entry : config) {
        message.get(entry.key);
        message.get(entry.value);
      }
      its_study = study_of(config, experiments);
      Experiment& experiment = *its_study->experiment;
      cells = experiment.cells();
      if (const auto wanted = experiment.n_threads()) n_threads = static_cast<std::size_t>(*wanted);
      crew = make_crew(experiment, cells, n_threads);
    } catch (const std::exception& error) {
      problem = one_line(error.what());
    }
    MessageWriter answer;
    answer.put(problem);
    answer.put(node_name());
    answer.put(n_threads);
    answer.put(this_program().version);
    answer.put(this_program().libraries);
    job_->outbox.send(root, ready, answer.take());
  };

  for (bool is_at_work = true; is_at_work;) {
    if (crew) {
      for (const DoneBlock& done : crew->collect_within(between_looks))
        job_->outbox.send(root, block_done, done_message(done, its_study->experiment->columns()));
    } else {
      std::this_thread::sleep_for(std::chrono::duration<double>(between_looks));
    }
    job_->outbox.clear();
    if (interrupt.signal() && !std::exchange(signal_is_told, true)) {
      MessageWriter message;
      message.put(*interrupt.signal());
      job_->outbox.send(root, interrupted, message.take());
    }
    while (const std::optional<Message> message = next_message()) {
      if (message->tag == study) begin(message->bytes);
      if (message->tag == block_to_do) {
        Block block;
        MessageReader(message->bytes).get(block);
        crew->give(std::move(block));
      }
      is_at_work &= message->tag != go_home;
    }
  }
  crew.reset();
  job_->outbox.send(root, gone, "");
  while (!job_->outbox.clear()) std::this_thread::sleep_for(std::chrono::duration<double>(between_looks));
}

std::string mpi_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING + 1> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string version(text.data());
  return version.substr(0, version.find_first_of(",\n"));
}

}  // namespace jacobench::harness
