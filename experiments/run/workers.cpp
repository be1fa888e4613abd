#include "run/workers.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "jacobench/base/large_pages.hpp"

#include "run/group_rows.hpp"

namespace jacobench::harness {
namespace {

// What one thread works with.
class Worker {
 public:
  Worker(Experiment& experiment, const std::vector<Row>& cells) : experiment_(experiment), cells_(cells) {}

  DoneBlock run(Block block) {
    const auto start = std::chrono::steady_clock::now();
    DoneBlock done{.block = std::move(block)};
    if (done.block.number > 0) {
      make_records(done);
    } else {
      NoRecords none;
      done.rows = rows_of_group(experiment_, cells_, done.block.cells, none);
    }
    done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return done;
  }

 private:
  void make_records(DoneBlock& done) {
    const Block& block = done.block;
    try {
      if (!maker_ || group_ != block.group) {
        maker_ = experiment_.record_maker(block.group);
        group_ = block.group;
      }
      resize_in_large_pages(done.records, static_cast<std::size_t>(block.number) * block.record_size);
      maker_->make(block.first, done.records);
    } catch (...) {
      done.failure = reason_of_current_exception();
      maker_.reset();
    }
  }

  Experiment& experiment_;
  const std::vector<Row>& cells_;
  std::unique_ptr<RecordMaker> maker_;
  std::size_t group_ = 0;  // of the maker
};

class ThisThread final : public Workers {
 public:
  ThisThread(Experiment& experiment, const std::vector<Row>& cells) : worker_(experiment, cells) {}

  std::size_t n_side_by_side() const override { return 1; }
  bool has_room() const override { return !block_; }
  void give(Block block) override { block_ = std::move(block); }
  std::vector<DoneBlock> collect() override {
    std::vector<DoneBlock> done;
    if (block_) done.push_back(worker_.run(std::move(*std::exchange(block_, std::nullopt))));
    return done;
  }

 private:
  Worker worker_;
  std::optional<Block> block_;
};

class Threads final : public Crew {
 public:
  Threads(Experiment& experiment, const std::vector<Row>& cells, std::size_t n_threads) {
    for (std::size_t i = 0; i < n_threads; ++i)
      threads_.emplace_back([this, &experiment, &cells](const std::stop_token& stop) {
        work(Worker(experiment, cells), stop);
      });
  }

  std::size_t n_side_by_side() const override { return threads_.size(); }
  bool has_room() const override { return n_outstanding_ < 2 * threads_.size(); }
  std::size_t n_outstanding() const override { return n_outstanding_; }

  void give(Block block) override {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back(std::move(block));
    }
    ++n_outstanding_;
    given_.notify_one();
  }

  std::vector<DoneBlock> collect() override { return collect_within(0.1); }

  std::vector<DoneBlock> collect_within(double seconds) override {
    std::unique_lock lock(mutex_);
    finished_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return !done_.empty(); });
    n_outstanding_ -= done_.size();
    return std::exchange(done_, {});
  }

 private:
  void work(Worker worker, const std::stop_token& stop) {
    for (;;) {
      std::unique_lock lock(mutex_);
      if (!given_.wait(lock, stop, [&] { return !queue_.empty(); }) || stop.stop_requested()) return;
      Block block = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      DoneBlock done = worker.run(std::move(block));
      lock.lock();
      done_.push_back(std::move(done));
      finished_.notify_one();
    }
  }

  std::size_t n_outstanding_ = 0;  // given and not collected; of the caller's thread
  std::mutex mutex_;
  std::condition_variable_any given_;
  std::condition_variable finished_;
  std::deque<Block> queue_;
  std::vector<DoneBlock> done_;
  std::vector<std::jthread> threads_;  // the last member: they end first
};

}  // namespace

std::unique_ptr<Workers> thread_workers(Experiment& experiment, const std::vector<Row>& cells,
                                        std::size_t n_threads) {
  if (n_threads <= 1) return std::make_unique<ThisThread>(experiment, cells);
  return make_crew(experiment, cells, n_threads);
}

std::unique_ptr<Crew> make_crew(Experiment& experiment, const std::vector<Row>& cells,
                                std::size_t n_threads) {
  return std::make_unique<Threads>(experiment, cells, n_threads);
}

}  // namespace jacobench::harness
