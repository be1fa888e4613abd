#include "jacobench/inference/refit.hpp"

#include <algorithm>

#include "jacobench/base/parallel.hpp"
#include "jacobench/fit/fitter.hpp"

namespace jacobench {

FitOptions refit_options(const Fit& like, Index max_iterations) {
  return {.n_starts = 0,
          .n_tries_from_start = 1,
          .decay = like.decay,
          .max_iterations = max_iterations,
          .relative_offset = 1e-7,
          .jacobian = like.jacobian};
}

// One thread's refits.
class Refitting::Worker final : public ManyFits {
 public:
  Worker(const Fit& like, const Dataset& data, Index max_iterations, Index number)
      : number_(number),
        fitter_(like.network, data, refit_options(like, max_iterations)),
        slots_(static_cast<std::size_t>(fitter_.n_slots())) {}

  // Those that are left, from `next` on.
  void run(const Task& task, std::atomic<Index>& next, RefitCount& count) {
    task_ = &task;
    next_ = &next;
    count_ = &count;
    for (Slot& slot : slots_) slot.data = task.data;
    fitter_.fit_all(*this);
  }

  bool put_next(Index slot) override {
    Slot& its = slots_[static_cast<std::size_t>(slot)];
    its.refit = (*next_)++;
    if (its.refit >= task_->n_refits) return false;
    task_->draw(its.refit, its.data);
    return true;
  }
  const Dataset& data(Index slot) const override { return slots_[static_cast<std::size_t>(slot)].data; }
  const Vector& start(Index) const override { return task_->start; }

  void take(std::span<const Fitted> fitted) override {
    for (const auto& [slot, fit] : fitted) {
      task_->use(slots_[static_cast<std::size_t>(slot)].refit, *fit, number_);
      count_->one_is_done(number_);
    }
  }

 private:
  struct Slot {
    Dataset data;
    Index refit;
  };

  const Index number_;
  Fitter fitter_;
  std::vector<Slot> slots_;
  const Task* task_ = nullptr;
  std::atomic<Index>* next_ = nullptr;
  RefitCount* count_ = nullptr;
};

Refitting::Refitting(const Fit& like, Index max_iterations, Index n_threads)
    : like_(like), max_iterations_(max_iterations), workers_(static_cast<std::size_t>(n_threads)) {}

Refitting::~Refitting() = default;

void Refitting::run(const Task& task, RefitCount& count) {
  std::atomic<Index> next = 0;
  const Index n_threads = std::min(std::ssize(workers_), task.n_refits);
  parallel_for_workers(n_threads, n_threads, [&](Index, Index w) {
    auto& worker = workers_[static_cast<std::size_t>(w)];
    try {
      if (!worker) worker = std::make_unique<Worker>(like_, task.data, max_iterations_, w);
      worker->run(task, next, count);
    } catch (...) {
      next = task.n_refits;
      throw;
    }
  });
}

}  // namespace jacobench
