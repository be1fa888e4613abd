#include "jacobench/jacobian/layerwise.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "jacobench/base/caches.hpp"
#include "jacobench/base/large_pages.hpp"
#include "jacobench/base/parallel.hpp"
#include "jacobench/jacobian/backward_pass.hpp"
#include "jacobench/jacobian/jacobian_fill.hpp"
#include "jacobench/jacobian/overflow.hpp"
#include "jacobench/kernel/kernels.hpp"
#include "jacobench/network/wide_row.hpp"

namespace jacobench {
namespace {

// The rows of X in a batch.
struct Rows {
  Index first;
  Index owned;
  Index computed;
  Index of;

  // Calls with where each part of the owned rows begins in X and in the batch, and how many rows it has: after the last
  // of X the first come again.
  template <class Part>
  void for_each_part(Part part) const {
    const Index n = std::min(owned, of - first);
    part(first, Index{0}, n);
    if (n < owned) part(Index{0}, n, owned - n);
  }
};

// What one evaluation does. The first batch owns `first_step` rows of the results, every other `step` rows, and each
// computes `overlap` rows more.
//
// Streaming stores take whole cache lines. Where all columns of J_y_theta have their first line at the same row,
// batches end where lines do. Where they have not, each column of a batch is written from its first whole line in the
// batch to the same place in the next batch: the rows between belong to two batches and are computed by both, which is
// cheaper than writing every batch's ends line by line through the cache.
// The columns of one output follow each other without a gap, and share the lines at their ends. Batches then go round:
// the first begins where the first line does, or at the first row where batches overlap, and after the last rows the
// first come again, so that the line in which one column ends and the next begins is written whole.
struct Plan {
  const VectorView& theta;
  const MatrixView& X;
  const Outputs& out;
  Direction direction;
  Stores stores;
  Index first_step;
  Index step;
  Index overlap;
  bool goes_round;
  Index first_row;  // of the first batch

  bool goes_backward() const { return out.J_y_theta || (out.J_y_x && direction == Direction::backward); }
  bool goes_forward() const { return out.J_y_x && direction == Direction::forward; }
  Slopes slopes() const { return out.J_y_theta || out.J_y_x ? Slopes::kept : Slopes::none; }
  bool streams() const { return out.J_y_theta && stores == Stores::streaming; }
  Index n_batches() const { return 1 + std::max<Index>(X.rows() - first_step + step - 1, 0) / step; }

  Rows rows_of(Index batch) const {
    const Index before = batch == 0 ? 0 : first_step + (batch - 1) * step, left = X.rows() - before;
    const Index owned = std::min(batch == 0 ? first_step : step, left);
    return {.first = first_row + before,
            .owned = owned,
            .computed = goes_round ? owned + overlap : std::min(owned + overlap, left),
            .of = X.rows()};
  }
};

// Whether writing a batch beside the computation of the next is faster on this machine than writing it before: both are
// tried on batches of one size that follow each other, first in turns and then the one that seems slower now and then,
// and the way that took less time at its best is kept. Neither changes a bit.
class WaysOfWriting {
 public:
  enum Way { beside, before, n_ways };

  Way next() const {
    if (n_timed_ < n_in_turns) return static_cast<Way>(n_timed_ % n_ways);
    const bool is_now_and_then = n_timed_ < most_timed && n_timed_ % 8 == 0;
    return (least_[beside] <= least_[before]) == is_now_and_then ? before : beside;
  }

  // Runs a batch of so many rows after one of so many by the next way.
  template <class Run>
  void run(Index n_rows, Index n_rows_before, Run run_batch) {
    const Way way = next();
    if (n_rows != n_rows_before || n_timed_ == most_timed) return run_batch(way);
    const auto start = std::chrono::steady_clock::now();
    run_batch(way);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    least_[way] = std::min(least_[way], seconds.count() / static_cast<double>(n_rows));
    ++n_timed_;
  }

 private:
  static constexpr int n_in_turns = 16, most_timed = 256;

  int n_timed_ = 0;
  double least_[n_ways] = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
};

// One thread's workspace, and what it does with it: a batch at a time, first computed and then written. Batches that
// are written past the cache have two sets of passes, so that one can be written beside the computation of the next.
class Worker {
 public:
  Worker(const Perceptron& network, Index batch_rows, bool streams)
      : network_(network),
        fill_(std::make_unique<JacobianFill>(network, batch_rows)),
        current_(batch_rows, network.widest_layer()),
        next_(batch_rows, network.widest_layer()) {
    for (int i = 0; i < (streams ? 2 : 1); ++i) {
      forward_.emplace_back(network, batch_rows);
      backward_.emplace_back(network, batch_rows);
    }
  }

  void compute(const Plan& plan, Index first_batch, Index end_batch) {
    overflowing_.clear();
    fill_->forget_rest();  // of an evaluation that threw
    task_.J_y_theta = plan.out.J_y_theta;
    task_.batches_overlap = plan.overlap > 0;
    task_.goes_round = plan.goes_round;
    task_.stores = plan.stores;
    for (Index batch = first_batch; batch < end_batch; ++batch) {
      const Rows rows = plan.rows_of(batch);
      ForwardPass& forward = forward_[static_cast<std::size_t>(batch) % forward_.size()];
      if (plan.streams() && batch > first_batch)
        ways_.run(rows.owned, plan.rows_of(batch - 1).owned,
                  [&](WaysOfWriting::Way way) { compute_batch(plan, rows, forward, way); });
      else
        compute_batch(plan, rows, forward, WaysOfWriting::before);
    }
    for (Index& row : overflowing_)
      if (row >= plan.X.rows()) row -= plan.X.rows();
    if (!plan.streams()) return;
    fill_->write_rest();
    JacobianFill::finish();
  }

  // The rows of X at which doubles overflowed in the last computation: their Jacobians are to be written anew.
  std::vector<Index>& overflowing() { return overflowing_; }

  EvaluationCounts counts() const {
    EvaluationCounts sum;
    for (const ForwardPass& forward : forward_) sum = sum + forward.counts();
    return sum;
  }

 private:
  void compute_batch(const Plan& plan, const Rows& rows, ForwardPass& forward, WaysOfWriting::Way way) {
    if (plan.streams() && way == WaysOfWriting::before) fill_->write_rest();
    const bool is_beside = plan.streams() && way == WaysOfWriting::beside;
    kernel::LinesBeside* beside =
        is_beside ? fill_->beside(rows.computed * fill_->work_of_passes()) : nullptr;
    const Index n_again = std::max<Index>(rows.first + rows.computed - rows.of, 0);
    forward.run(plan.theta, plan.X, rows.first, rows.computed - n_again, plan.slopes(), beside, n_again);
    if (plan.out.values)
      rows.for_each_part([&](Index to, Index from, Index n) {
        plan.out.values->middleRows(to, n) = forward.outputs().rows(rows.owned).middleRows(from, n);
      });
    for (const Index n : forward.overflowing())
      if (n < rows.owned) overflowing_.push_back(rows.first + n);
    if (plan.goes_backward())
      for (Index k = 0; k < network_.n_outputs(); ++k) go_backward(plan, rows, k, forward, beside);
    if (plan.goes_forward())
      for (Index d = 0; d < network_.n_inputs(); ++d) go_forward(plan, rows, d, forward);
  }

  // One output's deltas, from the top down to the first layer or the inputs, beside what is left of the batch before.
  void go_backward(const Plan& plan, const Rows& rows, Index k, const ForwardPass& forward,
                   kernel::LinesBeside* beside) {
    const Index first_row = k * rows.of + rows.first;
    n_backward_ += plan.streams() ? 1 : 0;
    BackwardPass& backward = backward_[n_backward_ % backward_.size()];
    backward.run_from_output(k, plan.theta, forward, rows.computed, k == 0 ? beside : nullptr);
    // A delta that is not finite leaves none below that is.
    append_overflowing_rows(backward.delta(0).rows(rows.owned), rows.first, overflowing_);
    if (plan.out.J_y_x && plan.direction == Direction::backward) {
      const auto J_y_x = backward.run_to_inputs(plan.theta, rows.owned).rows(rows.owned);
      rows.for_each_part([&](Index to, Index from, Index n) {
        plan.out.J_y_x->middleRows(k * rows.of + to, n) = J_y_x.middleRows(from, n);
      });
    }
    if (!plan.out.J_y_theta) return;
    if (plan.streams()) fill_->write_rest();
    task_.forward = &forward;
    task_.backward = &backward;
    task_.output = k;
    task_.first_row = first_row;
    task_.n_owned = rows.owned;
    task_.n_computed = rows.computed;
    task_.starts_columns = rows.first == 0;
    if (plan.streams())
      fill_->begin(task_);
    else
      fill_->write(task_);
  }

  // One input's sensitivities from the identity up: S_1 = phi_1' o W_1(:, d), S_l = phi_l' o (S_{l-1} W_l').
  void go_forward(const Plan& plan, const Rows& rows, Index d, const ForwardPass& forward) {
    const Index n = rows.owned;
    const auto product = kernel::kernels().product;
    current_.rows(n).leftCols(network_.layer(0).n_units) =
        forward.slope(0).rows(n).array().rowwise() *
        network_.weights(plan.theta, 0).col(d).transpose().array();
    for (Index l = 1; l < network_.n_layers(); ++l) {
      multiply_by_weights(current_.view(), network_.weights(plan.theta, l), nullptr, next_.buffer(), n);
      for (Index i = 0; i < network_.layer(l).n_units; ++i)
        product(next_.column(i), forward.slope(l).column(i), next_.column(i), n);
      std::swap(current_, next_);
    }
    append_overflowing_rows(current_.rows(n).leftCols(network_.n_outputs()), rows.first, overflowing_);
    for (Index k = 0; k < network_.n_outputs(); ++k)
      rows.for_each_part([&](Index to, Index from, Index n_part) {
        plan.out.J_y_x->col(d).segment(k * rows.of + to, n_part) =
            current_.rows(n).col(k).segment(from, n_part);
      });
  }

  const Perceptron network_;
  std::vector<ForwardPass> forward_;
  std::vector<BackwardPass> backward_;
  std::size_t n_backward_ = 0;  // outputs that were gone down from, where these are written past the cache
  std::unique_ptr<JacobianFill> fill_;
  JacobianFill::Task task_;
  WaysOfWriting ways_;
  Batch current_, next_;  // S on the way up
  std::vector<Index> overflowing_;
};

bool may_stream(const Perceptron& network, Index max_rows) {
  const Index n_entries = max_rows * network.n_outputs() * network.n_params();
  return kernel::stores_for(n_entries * static_cast<Index>(sizeof(double))) == Stores::streaming;
}

class Layerwise final : public Evaluator {
 public:
  Layerwise(const Perceptron& network, Index max_rows, const StrategyOptions& options)
      : Evaluator(network, max_rows),
        direction_(options.direction),
        batch_rows_(layerwise_batch_rows(network, max_rows, std::max<Index>(options.n_threads, 1))) {
    // A thread is worth having for a batch of its own.
    const Index n_batches = (max_rows + batch_rows_ - 1) / batch_rows_;
    for (Index t = 0; t < std::clamp<Index>(options.n_threads, 1, std::max<Index>(n_batches, 1)); ++t)
      workers_.emplace_back(network, batch_rows_, may_stream(network, max_rows));
  }

  EvaluationCounts counts() const override {
    EvaluationCounts sum;
    for (const Worker& worker : workers_) sum = sum + worker.counts();
    return sum;
  }

 private:
  void compute(const VectorView& theta, const MatrixView& X, const Outputs& out) override {
    const Index bytes = out.J_y_theta ? out.J_y_theta->size() * static_cast<Index>(sizeof(double)) : 0;
    const Stores stores = kernel::stores_for(bytes);
    if (stores == Stores::streaming)
      prefer_large_pages(out.J_y_theta->data(), static_cast<std::size_t>(bytes));
    Index first_step = batch_rows_, step = batch_rows_, overlap = 0, first_row = 0;
    bool goes_round = false;
    const Index to_line = out.J_y_theta ? doubles_to_line(out.J_y_theta->data()) : 0;
    const bool is_one_batch = X.rows() <= batch_rows_;
    if (stores == Stores::ordinary && !is_one_batch && to_line > 0 && X.rows() % doubles_in_line == 0)
      first_step = step - doubles_in_line + to_line;  // all batches after it begin where lines do
    if (stores == Stores::streaming && !is_one_batch) {
      if (X.rows() % doubles_in_line != 0) overlap = doubles_in_line;
      step -= overlap;
      // The first batch, which has nothing to be computed beside, has what is left by others of equal size, but not a
      // few rows only.
      constexpr Index fewest = 32;
      const Index left = kernel::round_up((X.rows() - 1) % step + 1, doubles_in_line);
      first_step = std::min(std::max(left, fewest), step);
      // The batch before the last writes the whole line in which each column ends, whose rows are the last's.
      const Index n_last = (X.rows() - first_step - 1) % step + 1;
      if (overlap > 0 && n_last < doubles_in_line) first_step -= doubles_in_line;
      goes_round = network().n_outputs() == 1 && (overlap > 0 || to_line > 0);
      if (overlap == 0 && goes_round)
        first_row = to_line;
      else if (overlap == 0 && to_line > 0)
        first_step = std::min(first_step, step - doubles_in_line) + to_line;
    }
    const Plan plan{.theta = theta,
                    .X = X,
                    .out = out,
                    .direction = direction_for(out),
                    .stores = stores,
                    .first_step = first_step,
                    .step = step,
                    .overlap = overlap,
                    .goes_round = goes_round,
                    .first_row = first_row};
    // Each worker takes whole batches, so that the bits are those of one worker.
    const auto n_workers = static_cast<Index>(workers_.size());
    parallel_for(n_workers, n_workers, [&](Index w) {
      workers_[static_cast<std::size_t>(w)].compute(plan, w * plan.n_batches() / n_workers,
                                                    (w + 1) * plan.n_batches() / n_workers);
    });
    if (out.J_y_theta || out.J_y_x)
      for (Worker& worker : workers_) rewrite_rows(network(), theta, X, worker.overflowing(), out);
  }

  // Where the deltas are computed anyway, for J_y_theta, backward is nearly free.
  Direction direction_for(const Outputs& out) const {
    if (direction_ != Direction::cheaper) return direction_;
    return out.J_y_theta ? Direction::backward : cheaper_input_direction(network());
  }

  const Direction direction_;
  const Index batch_rows_;
  std::vector<Worker> workers_;
};

}  // namespace

Index layerwise_batch_rows(const Perceptron& network, Index max_rows, Index n_threads) {
  Index n_columns = network.n_inputs();
  for (const Layer& layer : network.layers())
    n_columns += 3 * layer.n_units;  // activations, slopes and deltas
  // Beside lines that are on their way to memory a line that is not in the first-level cache waits for them, and few
  // lines at a time are hidden best: columns of at most eight. Where a batch has ends of columns to write, or rows that
  // the next computes too, few rows would not cover these.
  const bool has_ends = !may_stream(network, max_rows) || max_rows % doubles_in_line != 0;
  const Index fewest = has_ends ? 96 : 32, enough = has_ends ? 128 : 32, most = has_ends ? 1024 : 64;
  const Index of_a_thread =
      std::max(kernel::round_up((max_rows + n_threads - 1) / n_threads, doubles_in_line), fewest);
  Index in_cache = std::max(rows_per_batch(n_columns, of_a_thread, caches().first / 2),
                            std::min(rows_per_batch(n_columns, of_a_thread, caches().second / 2), enough));
  in_cache = std::min(in_cache, most);
  // The first batch has nothing to be computed beside, and the last nothing that it is written beside.
  constexpr Index fewest_batches = 6;
  if (may_stream(network, max_rows))
    in_cache = std::min(in_cache, kernel::round_up((of_a_thread + fewest_batches - 1) / fewest_batches, 32));
  in_cache = std::max(in_cache, fewest);
  // A second batch of a few rows would write the ends of columns and little else.
  const Index rows = of_a_thread < 2 * in_cache ? of_a_thread : in_cache;
  return std::min(rows, std::max<Index>(max_rows, 1));
}

Direction cheaper_input_direction(const Perceptron& network) {
  // A pass over all layers costs the same either way but for its first step, which is a product with one
  // column: the bottom layer going up, the top layer going down.
  Index n_weights = 0;
  for (const Layer& layer : network.layers()) n_weights += layer.n_weights();
  const Index up = network.n_inputs() * (n_weights - network.layers().front().n_weights());
  const Index down = network.n_outputs() * (n_weights - network.layers().back().n_weights());
  return up < down ? Direction::forward : Direction::backward;
}

std::unique_ptr<Evaluator> make_layerwise(const Perceptron& network, Index max_rows,
                                          const StrategyOptions& options) {
  return std::make_unique<Layerwise>(network, max_rows, options);
}

}  // namespace jacobench
