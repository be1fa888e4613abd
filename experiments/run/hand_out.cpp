#include "run/hand_out.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>
#include <stdexcept>
#include <utility>

#include "jacobench/base/large_pages.hpp"

#include "run/group_rows.hpp"
#include "run/record_file.hpp"
#include "study/cell_key.hpp"

namespace jacobench::harness {
namespace {

constexpr double block_seconds = 1, first_block_seconds = 1.0 / 3;
constexpr std::size_t most_block_bytes = 64 << 20;

// Adds what passes until it is stopped, by the clock and of this thread's processor.
class Stopwatch {
 public:
  void stop(double& seconds, double& processor_seconds) const {
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    processor_seconds += processor_now() - processor_start_;
  }

 private:
  static double processor_now() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double processor_start_ = processor_now();
};

}  // namespace

struct HandOut::Group {
  enum class State : char { missing, given, there };

  Group(GroupWork its_work, std::string key)
      : work(std::move(its_work)), whose{std::move(key), work.plan.size} {
    grow(work.end);
  }

  bool has_records() const { return whose.size > 0; }

  void grow(std::int64_t end) {
    work.end = end;
    if (has_records()) states.resize(static_cast<std::size_t>(end - work.begin), State::missing);
    if (is_loaded) make_room();
  }

  void make_room() { resize_in_large_pages(numbers, states.size() * whose.size); }

  std::size_t place(std::int64_t number) const { return static_cast<std::size_t>(number - work.begin); }
  bool is_within(std::int64_t number) const { return number >= work.begin && number < work.end; }

  void take(std::int64_t number, std::span<const double> record) {
    if (!is_within(number)) return;
    if (states[place(number)] != State::there) ++n_there;
    states[place(number)] = State::there;
    if (is_loaded)
      std::copy(record.begin(), record.end(),
                numbers.begin() + static_cast<std::ptrdiff_t>(place(number) * whose.size));
  }

  void take(const DoneBlock& done) {
    for (std::int64_t i = 0; i < done.block.number; ++i)
      take(done.block.first + i,
           std::span(done.records).subspan(static_cast<std::size_t>(i) * whose.size, whose.size));
  }

  std::int64_t n_records() const { return static_cast<std::int64_t>(states.size()); }
  bool is_done() const {
    return !failure.empty() || (has_records() ? n_there == n_records() : rows.has_value());
  }
  std::size_t n_missing() const {
    return static_cast<std::size_t>(std::count(states.begin(), states.end(), State::missing));
  }

  GroupWork work;
  RecordsOf whose;
  std::vector<State> states;      // of the records from work.begin on
  std::size_t first_missing = 0;  // no missing one is before it
  std::int64_t n_there = 0, n_earlier = 0;
  std::size_t n_bytes = 0;         // of the file, as earlier runs left it
  std::optional<RecordFile> file;  // once something is appended
  bool is_loaded = false;          // whether the records are in `numbers` as well
  std::vector<double> numbers;
  std::int64_t n_made = 0;  // just now, which took so long
  double seconds = 0;
  std::string failure;
  bool is_forgotten = false;

  // Of a group without records.
  bool is_given = false;
  std::optional<std::vector<Row>> rows;
};

class HandOut::GroupRecords final : public Records {
 public:
  GroupRecords(HandOut& hand_out, std::size_t g) : hand_out_(hand_out), g_(g), group_(*hand_out.groups_[g]) {}

  std::span<const double> first(std::int64_t number) override {
    if (number > group_.work.end) {
      hand_out_.n_missing_ += number - group_.work.end;
      group_.grow(number);
    }
    hand_out_.load(group_);
    hand_out_.work_until_done(g_);
    if (!group_.failure.empty()) throw std::runtime_error(group_.failure);
    return std::span(group_.numbers).first(static_cast<std::size_t>(number) * group_.whose.size);
  }

  std::optional<double> seconds_each() const override {
    if (group_.n_made == 0) return {};
    return group_.seconds / static_cast<double>(group_.n_made);
  }

 private:
  HandOut& hand_out_;
  std::size_t g_;
  Group& group_;
};

HandOut::HandOut(Experiment& experiment, const std::vector<Row>& cells, std::vector<GroupWork> groups,
                 Workers& workers, const std::filesystem::path& folder,
                 const std::vector<std::filesystem::path>& other_folders,
                 std::function<void()> before_writing, double seconds_unsaved,
                 const InterruptGuard& interrupt, Progress& progress)
    : experiment_(experiment),
      cells_(cells),
      workers_(workers),
      folder_(folder),
      other_folders_(other_folders),
      before_writing_(std::move(before_writing)),
      seconds_unsaved_(seconds_unsaved),
      interrupt_(interrupt),
      progress_(progress) {
  for (GroupWork& work : groups) {
    const std::string key = cell_key(experiment.columns(), cells[work.first]);
    Group& group = *groups_.emplace_back(std::make_unique<Group>(std::move(work), key));
    by_first_cell_.emplace(group.work.first, &group);
    if (!group.has_records()) continue;
    take_up(group, folder_, true);
    for (const std::filesystem::path& other : other_folders_) take_up(group, other, false);
    group.n_earlier = group.n_there;
    n_missing_ += static_cast<std::int64_t>(group.n_missing());
  }
}

HandOut::~HandOut() = default;

void HandOut::take_up(Group& group, const std::filesystem::path& folder, bool is_own) {
  const std::size_t n_bytes = read_records(
      record_file_path(folder, group.work.first), group.whose,
      [&](std::int64_t number, std::span<const double> record) { group.take(number, record); },
      [&](const std::string& warning) { progress_.say(warning); });
  if (is_own) group.n_bytes = n_bytes;
}

void HandOut::load(Group& group) {
  if (group.is_loaded) return;
  group.is_loaded = true;
  group.make_room();
  if (group.file || group.n_bytes > 0) take_up(group, folder_, true);
  for (const std::filesystem::path& other : other_folders_) take_up(group, other, false);
  for (const DoneBlock& done : unsaved_)
    if (done.block.group == group.work.first) group.take(done);
}

std::optional<int> HandOut::signal() const {
  const std::optional<int> own = interrupt_.signal();
  return own ? own : workers_.signal();
}

std::vector<Row> HandOut::rows_of(std::size_t g) {
  Group& group = *groups_[g];
  if (group.has_records()) {
    GroupRecords records(*this, g);
    return rows_of_group(experiment_, cells_, group.work.cells, records);
  }
  work_until_done(g);
  return *std::exchange(group.rows, std::nullopt);
}

std::string HandOut::make_records(std::size_t g) {
  work_until_done(g);
  save();
  groups_[g]->file.reset();
  return groups_[g]->failure;
}

void HandOut::forget(std::size_t g) {
  Group& group = *groups_[g];
  group.is_forgotten = true;
  group.file.reset();
  group.numbers = {};
  group.states = {};
  std::erase_if(unsaved_, [&](const DoneBlock& done) { return done.block.group == group.work.first; });
  std::error_code ignored;  // what is left behind is removed when the study is taken up again
  if (group.has_records()) std::filesystem::remove(record_file_path(folder_, group.work.first), ignored);
}

void HandOut::work_until_done(std::size_t g) {
  Group& group = *groups_[g];
  const auto show = [&](std::int64_t n_there) {
    if (group.has_records() && group.n_records() > 0)
      progress_.show_fraction(static_cast<double>(n_there) / static_cast<double>(group.n_records()));
  };
  show(group.n_earlier);
  while (!group.is_done()) {
    if (signal()) throw Interrupted();
    const Stopwatch giving;
    while (workers_.has_room() && give_one(g)) {
    }
    giving.stop(effort_.seconds, effort_.processor_seconds);
    std::vector<DoneBlock> done = workers_.collect();
    const Stopwatch keeping;
    keep(std::move(done));
    keeping.stop(effort_.seconds, effort_.processor_seconds);
    show(group.n_there);
  }
}

// To somebody, of the g-th group or of one after it; false where there is nothing left to give.
bool HandOut::give_one(std::size_t g) {
  for (; g < groups_.size(); ++g) {
    Group& group = *groups_[g];
    if (group.is_done()) continue;
    if (!group.has_records() && !std::exchange(group.is_given, true)) {
      workers_.give({.group = group.work.first, .cells = group.work.cells});
      return true;
    }
    while (group.first_missing < group.states.size() &&
           group.states[group.first_missing] != Group::State::missing)
      ++group.first_missing;
    if (group.first_missing == group.states.size()) continue;
    workers_.give(next_block(group));
    return true;
  }
  return false;
}

Block HandOut::next_block(Group& group) {
  const bool is_timed = group.n_made > 0;
  const double each =
      is_timed ? group.seconds / static_cast<double>(group.n_made) : group.work.plan.seconds_each;
  double most = each > 0 ? (is_timed ? block_seconds : first_block_seconds) / each : 1;
  most = std::min(
      {most, static_cast<double>(group.work.plan.most_in_block),
       static_cast<double>(most_block_bytes) / static_cast<double>(sizeof(double) * group.whose.size)});
  const auto n_workers = static_cast<double>(workers_.n_side_by_side());
  if (n_workers > 1) most = std::min(most, static_cast<double>(n_missing_) / (2 * n_workers));
  const auto limit = static_cast<std::size_t>(std::max(most, 1.0));
  Block block{.group = group.work.first,
              .first = group.work.begin + static_cast<std::int64_t>(group.first_missing),
              .record_size = group.whose.size};
  std::size_t at = group.first_missing;
  for (; at < group.states.size() && group.states[at] == Group::State::missing &&
         at < group.first_missing + limit;
       ++at)
    group.states[at] = Group::State::given;
  block.number = static_cast<std::int64_t>(at - group.first_missing);
  group.first_missing = at;
  n_missing_ -= block.number;
  return block;
}

void HandOut::keep(std::vector<DoneBlock> blocks) {
  for (DoneBlock& done : blocks) {
    ++effort_.n_blocks;
    effort_.n_bytes += static_cast<std::int64_t>(done.n_bytes());
    Group& group = *by_first_cell_.at(done.block.group);
    if (group.is_forgotten) continue;
    if (!group.has_records()) {
      group.rows = std::move(done.rows);
      continue;
    }
    if (!done.failure.empty()) {
      if (group.failure.empty()) group.failure = done.failure;
      continue;
    }
    group.take(done);
    group.n_made += done.block.number;
    group.seconds += done.seconds;
    unsaved_.push_back(std::move(done));
  }
  if (is_time_to_save()) save();
}

bool HandOut::is_time_to_save() const {
  std::size_t n_bytes = 0;
  double seconds = 0;  // of all threads
  for (const DoneBlock& done : unsaved_) n_bytes += done.n_bytes(), seconds += done.seconds;
  return n_bytes > most_block_bytes ||
         seconds >= seconds_unsaved_ * static_cast<double>(workers_.n_side_by_side());
}

void HandOut::save() {
  if (unsaved_.empty()) return;
  std::set<Group*> written;
  try {
    before_writing_();
    for (const DoneBlock& done : unsaved_) {
      Group& group = *by_first_cell_.at(done.block.group);
      if (!group.file)
        group.file.emplace(record_file_path(folder_, group.work.first), group.whose, group.n_bytes);
      group.file->append(done.block.first, done.records);
      written.insert(&group);
    }
    unsaved_.clear();
    const Stopwatch syncing;
    double of_processor = 0;
    for (Group* group : written) group->file->sync();
    syncing.stop(effort_.sync_seconds, of_processor);
    ++effort_.n_syncs;
  } catch (const InputError& problem) {
    throw RecordsNotKept("{}", problem.what());
  }
}

std::int64_t HandOut::n_there() const {
  std::int64_t n = 0;
  for (const auto& group : groups_) n += group->n_there;
  return n;
}

std::int64_t HandOut::n_wanted() const {
  std::int64_t n = 0;
  for (const auto& group : groups_) n += group->work.end - group->work.begin;
  return n;
}

}  // namespace jacobench::harness
